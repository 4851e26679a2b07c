"""How allauth behaves here: no sign-up, throttles that know devices, and second-factor secrets sealed at rest."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib import messages
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from dashboard.devices import remember
from dashboard.throttles import take_try
from phones.models.fields import seal, unseal


class ClosedSignup(DefaultAccountAdapter):
    """Accounts are made by an administrator's invitation, never by a visitor."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Say no to everybody."""
        return False

    def respond_user_inactive(self, request: HttpRequest, user: AbstractBaseUser) -> HttpResponse:
        """Send somebody whose account is switched off back to the sign-in page; allauth's own page isn't routed."""
        messages.error(request, _("This account is switched off. Ask an administrator of your project."))
        return redirect("account_login")

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count a try of a password; a right one is taken back by allauth.

        :raises ValidationError: too many were tried.
        """
        self._login_failed_rl_usage = take_try(request, "password", credentials["username"])

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **options: Any) -> HttpResponse:
        """Return the answer to a finished sign-in, which makes the browser a known device."""
        response: HttpResponse = super().post_login(request, user, **options)
        remember(request, response, user.get_username())
        return response


class SealedSecrets(DefaultMFAAdapter):
    """TOTP secrets and recovery seeds are stored encrypted with the token keys."""

    def encrypt(self, text: str) -> str:
        """Return `text` sealed."""
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Return what `encrypt` sealed."""
        return unseal(encrypted_text)
