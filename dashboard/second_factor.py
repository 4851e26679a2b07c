"""The forms of the second factor: codes of an app are good once, for as long as they would be accepted."""

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
    """Note that a right code was used.

    allauth remembers it for one step of 30 s, and accepts it for three: those before and after are good, too.

    :raises ValidationError: it was used before.
    """
    seconds = app_settings.TOTP_PERIOD * (2 * app_settings.TOTP_TOLERANCE + 1)
    if not cache.add(f"totp-used:{user.pk}:{normalize_user_code(code)}", True, timeout=seconds):
        raise ValidationError(_("This code was used before. Wait for the next one."), code="used_code")


def _is_right(authenticator: Authenticator, code: str) -> bool:
    """Say whether a code is right, and use it up.

    :raises ValidationError: it was right, and used before.
    """
    if authenticator.type != Authenticator.Type.TOTP:
        return bool(authenticator.wrap().validate_code(code))
    is_right = bool(validate_totp_code(decrypt(authenticator.data["secret"]), code))
    if is_right:
        use_up(authenticator.user, code)
    return is_right


class _OneTime(base.BaseAuthenticateForm):
    def clean_code(self) -> str:
        """Return the code if it is right and new.

        :raises ValidationError: it is not, or too many were tried; the latter for a known device by itself.
        """
        code: str = self.cleaned_data["code"]
        used = take_try(context.request, "code", self.user.get_username())
        # An app's first: a failure is told of it.
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
    """The second step of signing in."""


class ReauthenticateForm(_OneTime, base.ReauthenticateForm):
    """Confirming by a code that it is you."""


class ActivateTOTPForm(totp.ActivateTOTPForm):
    """Switching the second factor on: the code that does is used, too."""

    def clean_code(self) -> Any:
        """Return the code if it is right."""
        code = super().clean_code()
        use_up(self.user, code)
        return code
