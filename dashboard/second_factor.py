"""The forms of the second factor: each TOTP code is accepted once."""

from typing import Any

from allauth.core import context
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as base
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp
from allauth.mfa.totp.internal.auth import validate_totp_code
from allauth.mfa.utils import decrypt
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from dashboard.throttles import take_try


def use_up(user: User, code: str) -> None:
    """Record that a valid code was used.

    allauth remembers a code for one step of 30 s, but accepts it for three: the one before and the one after too.

    :raises ValidationError: the code was used before.
    """
    seconds = app_settings.TOTP_PERIOD * (2 * app_settings.TOTP_TOLERANCE + 1)
    if not cache.add(f"totp-used:{user.pk}:{normalize_user_code(code)}", True, timeout=seconds):
        raise ValidationError(_("This code was used before. Wait for the next one."), code="used_code")


def _is_right(authenticator: Authenticator, code: str) -> bool:
    """Return whether a code is valid, and record its use.

    :raises ValidationError: it is valid, but was used before.
    """
    if authenticator.type != Authenticator.Type.TOTP:
        return bool(authenticator.wrap().validate_code(code))
    is_right = bool(validate_totp_code(decrypt(authenticator.data["secret"]), code))
    if is_right:
        use_up(authenticator.user, code)
    return is_right


class _OneTime(base.BaseAuthenticateForm):
    def clean_code(self) -> str:
        """Return the code if it is valid and unused.

        :raises ValidationError: it is not, or there were too many attempts, which a known device counts by itself.
        """
        code: str = self.cleaned_data["code"]
        used = take_try(context.request, "code", self.user.get_username())
        # The authenticator app's first: the error message is about it.
        known = sorted(Authenticator.objects.filter(user=self.user), key=lambda each: each.type != "totp")
        for authenticator in known:
            if _is_right(authenticator, code):
                used.rollback()
                self.authenticator = authenticator
                return code
        for authenticator in known[:1]:
            self._emit_authentication_failed(authenticator)
        raise get_adapter().validation_error("incorrect_code")


class AuthenticateForm(_OneTime, base.AuthenticateForm):
    """The second step of sign-in."""


class ReauthenticateForm(_OneTime, base.ReauthenticateForm):
    """Reauthentication by a code."""


class ActivateTOTPForm(totp.ActivateTOTPForm):
    """Activation of the second factor: the code used for it is recorded too."""

    def clean_code(self) -> Any:
        """Return the code if it is valid."""
        code = super().clean_code()
        use_up(self.user, code)
        return code
