"""What follows from a sign-in at the provider: whose account it opens, with which proofs and roles."""

import functools
from typing import Any, cast

import requests
import structlog
from allauth.account.internal.flows.login import record_authentication
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialLogin
from allauth.socialaccount.providers.base.constants import AuthError, AuthProcess
from django.contrib import messages
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from dashboard.sign_in.authentication import SSO
from dashboard.sign_in.sso import tokens
from dashboard.sign_in.sso.config import configured
from dashboard.sign_in.sso.invited import let_in_if_invited
from dashboard.sign_in.sso.provider import Refused, claims_in
from phones.models import Role
from phones.services.people.group_roles import apply_group_roles

log = structlog.get_logger("dashboard.sign_in.sso")
# Seconds to connect, and between two parts of an answer.
TIMEOUT = 5


class People(DefaultSocialAccountAdapter):
    """Finds accounts by the subject alone; unknown people get a page, or an account if that is switched on."""

    def get_requests_session(self) -> requests.Session:
        """Return a session with a timeout, without redirects, and without proxies and passwords of the environment."""
        session = requests.Session()
        session.trust_env = False
        session.max_redirects = 0
        session.request = functools.partial(session.request, timeout=TIMEOUT)  # type: ignore[method-assign]
        return session

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Let somebody in who has opened the link of an invitation, and whom no account knows yet."""
        is_known = sociallogin.is_existing or sociallogin.state.get("process") == AuthProcess.CONNECT
        if not is_known and not request.user.is_authenticated:
            let_in_if_invited(request, sociallogin)

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Return True for a person to whom groups give a role, if accounts are made.

        :raises ImmediateHttpResponse: for everybody else, with a page that says what to do.
        """
        sso = configured()
        groups = tokens.groups_in(claims_in(sociallogin), sso.groups_claim) or []
        if sso.creates_accounts and any(sso.roles_of(groups).values()):
            return True
        log.warning("sso_unknown_person")
        name = sociallogin.account.extra_data["name"]
        context = {"provider": sso.name, "name": name, "is_mapped": sso.creates_accounts}
        raise ImmediateHttpResponse(render(request, "account/sso_unknown.html", context, status=403))

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        """Make the account, in one transaction with the look whether its username is free."""
        with transaction.atomic():
            return cast(User, super().save_user(request, sociallogin, form))

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: str | None = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        """Lead back to the sign-in page, or to the account, with a sentence; the log has what was wrong.

        :raises ImmediateHttpResponse: always.
        """
        # Not the text of other exceptions: allauth's holds what the provider answered.
        why = str(exception) if isinstance(exception, Refused) else type(exception).__name__
        log.warning("sso_failed", error=error, why=why)
        if error == AuthError.CANCELLED:
            messages.warning(request, _("The sign-in with %(name)s was cancelled.") % {"name": configured().name})
        else:
            words = _("The sign-in with %(name)s did not work. Try again, or tell an administrator of this server.")
            messages.error(request, words % {"name": configured().name})
        raise ImmediateHttpResponse(redirect("account" if request.user.is_authenticated else "account_login"))

    def get_connect_redirect_url(self, request: HttpRequest, socialaccount: SocialAccount) -> str:
        """Return the page of the link."""
        return reverse("sso_link")


def accept(request: HttpRequest, user: User, sociallogin: SocialLogin) -> None:
    """Note what the sign-in proves, and give the person the roles of their groups."""
    sso, claims = configured(), claims_in(sociallogin)
    record_authentication(
        request,
        user,
        SSO,
        auth_time=tokens.authenticated_at(claims),
        has_both_factors=tokens.has_both_factors(claims),
    )
    groups = tokens.groups_in(claims, sso.groups_claim)
    if groups is None:
        if sso.roles:
            log.warning("sso_without_groups", user_id=user.pk)
        return
    roles = {slug: Role(role) if role else None for slug, role in sso.roles_of(groups).items()}
    apply_group_roles(user=user, roles=roles, now=timezone.now())
