"""Configuration of allauth: no sign-up, throttles per device, and second-factor secrets encrypted at rest."""

from functools import wraps
from typing import Any, cast

from allauth.account import views
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from dashboard.sign_in.authentication import demand_fresh, has_second_factor
from dashboard.sign_in.devices import remember
from dashboard.sign_in.passkeys import site_name
from dashboard.sign_in.sso.adapter import accept
from dashboard.sign_in.sso.config import PROVIDER_ID
from dashboard.sign_in.throttles import take_try
from phones.models.fields import seal, unseal
from phones.services.people.usernames import refuse_taken


class ClosedSignup(DefaultAccountAdapter):
    """Sign-up is closed: accounts are made by an administrator's invitation only."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return False for everybody."""
        return False

    def clean_username(self, username: str, shallow: bool = False) -> str:
        """Return the username by which a provider calls somebody.

        :raises ValidationError: it breaks allauth's rules or is another account's; allauth makes one up then.
        """
        if not shallow:
            refuse_taken(User(username=username))
        return super().clean_username(username, shallow)

    def respond_user_inactive(self, request: HttpRequest, user: AbstractBaseUser) -> HttpResponse:
        """Redirect a person with an inactive account to the sign-in page; allauth's own page isn't routed."""
        messages.error(request, _("This account is switched off. Ask an administrator of your project."))
        return redirect("account_login")

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count an attempt with a password. allauth reverts the count if the password is right.

        :raises ValidationError: there were too many attempts.
        """
        self._login_failed_rl_usage = take_try(request, "password", credentials["username"])

    def pre_login(self, request: HttpRequest, user: AbstractBaseUser, **options: Any) -> HttpResponse | None:
        """Note what a single sign-on proves and which roles it gives, unless the account is switched off."""
        response: HttpResponse | None = super().pre_login(request, user, **options)
        sociallogin = (options.get("signal_kwargs") or {}).get("sociallogin")
        if response is None and sociallogin:
            accept(request, cast(User, user), sociallogin)
        return response

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **options: Any) -> HttpResponse:
        """Return the response to a finished sign-in, with the cookie that makes the browser a known device."""
        response: HttpResponse = super().post_login(request, user, **options)
        remember(request, response, user.get_username())
        return response

    def is_reauthentication_required(self, *, app: str, **options: Any) -> bool:
        """Apply our own rule to allauth's pages: theirs takes a password for enough, and asks again after a sign-in.

        :raises StaleSignIn: the last sign-in isn't fresh.
        """
        demand_fresh(context.request)
        return False

    def get_reauthentication_methods(self, user: AbstractBaseUser | AnonymousUser) -> list[dict[str, Any]]:
        """Return the ways to prove who one is, the preferred one first.

        With a second factor there is no way by the password alone: `mfa_reauthenticate` asks for it and a code.
        """
        words = {
            "reauthenticate": _("Use your password"),
            "mfa_reauthenticate": _("Use your password and a code"),
            "mfa_reauthenticate:webauthn": _("Use a passkey"),
        }
        methods = [each | {"description": words[each["id"]]} for each in super().get_reauthentication_methods(user)]
        if not methods and settings.SSO and SocialAccount.objects.filter(user_id=user.pk or 0).exists():
            url = reverse("openid_connect_login", kwargs={"provider_id": PROVIDER_ID})
            words_of_it = _("Go on with %(provider)s") % {"provider": settings.SSO.name}
            return [{"id": "sso", "description": words_of_it, "url": url}]
        if not has_second_factor(user):
            return methods
        with_both = [each for each in methods if each["id"] != "reauthenticate"]
        has_app = Authenticator.objects.filter(user_id=user.pk or 0, type=Authenticator.Type.TOTP).exists()
        return with_both if has_app else with_both[::-1]


@wraps(views.logout)
def sign_out(request: HttpRequest) -> HttpResponse:
    """Sign the person out as allauth does, and have the browser drop what it keeps of the pages.

    Cookies stay: the language, and the known device. The session's own is deleted, and opens nothing any more.
    """
    response: HttpResponse = views.logout(request)
    if request.method == "POST":
        response["Clear-Site-Data"] = '"cache", "storage"'
    return response


class SecondFactors(DefaultMFAAdapter):
    """Encrypts TOTP secrets and recovery seeds at rest, with TOKEN_KEYS; passkeys are for the host of SITE_URL."""

    def encrypt(self, text: str) -> str:
        """Return `text` encrypted."""
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Return the text that `encrypt` encrypted."""
        return unseal(encrypted_text)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Return the site as a passkey names it."""
        return {"id": site_name(), "name": "Phone Desk"}

    def generate_authenticator_name(self, user: AbstractBaseUser, type: Authenticator.Type) -> str:  # noqa: A002
        """Return a name for one more passkey."""
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return _("Passkey %(number)d") % {"number": count + 1} if count else _("Passkey")


def password_change(request: HttpRequest) -> HttpResponseBase:
    """Show and change the password; an account without one has its own page only, as nobody sets a first one."""
    if isinstance(request.user, User) and request.user.has_usable_password():
        return views.password_change(request)
    return redirect("account")
