"""The forms of the second factor: each TOTP code is accepted once, and reauthentication asks for the password too."""

from typing import Any

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.account.fields import PasswordField
from allauth.account.internal.flows.login import record_authentication
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
from django.utils.translation import gettext_lazy as _lazy

from dashboard.sign_in.throttles import take_try


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
        # A passkey has no code. The authenticator app's first: the error message is about it.
        with_codes = Authenticator.objects.filter(user=self.user).exclude(type=Authenticator.Type.WEBAUTHN)
        known = sorted(with_codes, key=lambda each: each.type != "totp")
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
    """Reauthentication by the password, if the account has one, and a code."""

    field_order = ("password", "code")

    password = PasswordField(label=_lazy("Password"), autocomplete="current-password")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.user.has_usable_password():
            del self.fields["password"]

    def clean_password(self) -> str:
        """Return the password if it is right.

        :raises ValidationError: it is not, or there were too many attempts.
        """
        password: str = self.cleaned_data["password"]
        if not get_account_adapter().reauthenticate(self.user, password):
            raise get_account_adapter().validation_error("incorrect_password")
        return password

    def clean_code(self) -> str:
        """Return the code if it is valid; one beside a wrong password is neither tried nor used up."""
        is_tried = "password" not in self.fields or "password" in self.cleaned_data
        return super().clean_code() if is_tried else ""


class ActivateTOTPForm(totp.ActivateTOTPForm):
    """Activation of the second factor: the code used for it is recorded too."""

    def clean_code(self) -> Any:
        """Return the code if it is valid. It proves possession, so what follows doesn't ask for one more."""
        code = super().clean_code()
        use_up(self.user, code)
        record_authentication(context.request, self.user, "mfa", type=Authenticator.Type.TOTP.value)
        return code
