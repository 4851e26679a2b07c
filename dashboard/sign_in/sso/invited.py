"""Invitations that are accepted by a sign-in at the provider, without a password of their own.

Two proofs are needed: the link of the invitation, opened in this browser; and that the provider calls the person by the
invited username: by a verified mail address, or by `preferred_username`. To an account that exists already, only a
verified address links the person.
"""

from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils import timezone

from dashboard.sign_in.opened_links import all_opened
from dashboard.sign_in.sso.config import PROVIDER_ID
from dashboard.sign_in.sso.provider import claims_in
from dashboard.sign_in.sso.tokens import Claims
from phones.models import Invitation
from phones.services.people import invitations
from phones.services.people.usernames import find_account, username_key


def let_in_if_invited(request: HttpRequest, sociallogin: SocialLogin) -> None:
    """Link a person whom no account knows yet with the one of their invitation, which is made if there is none.

    A new account is a member at once. An existing one has passed no second factor yet: it is only linked, and the
    invitation waits on its start page.
    """
    claims, now = claims_in(sociallogin), timezone.now()
    address, name = _verified_address(claims), _folded(claims.get("preferred_username"))
    for invitation in all_opened(request, now=now):
        if invitation.username_key not in {address, name}:
            continue
        user = _existing(invitation) if invitation.username_key == address else None
        try:
            user = user or invitations.accept_without_password(invitation, now=now)
        except (invitations.AccountExists, invitations.InvitationOver):
            continue
        sociallogin.connect(request, user)
        return


def _existing(invitation: Invitation) -> User | None:
    """Return the account of the invited username, unless somebody else at the provider is linked with it."""
    user = find_account(invitation.username)
    if user is None or not user.is_active or SocialAccount.objects.filter(user=user, provider=PROVIDER_ID).exists():
        return None
    return user


def _verified_address(claims: Claims) -> str:
    return _folded(claims.get("email")) if claims.get("email_verified") is True else ""


def _folded(name: object) -> str:
    return username_key(name) if isinstance(name, str) else ""
