"""Passkeys: the site that they are for, and forms that accept a browser's answer for that site alone."""

import struct
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.parse import urlsplit

from allauth.account.internal.flows.login import record_authentication
from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from fido2.utils import websafe_decode
from fido2.webauthn import CollectedClientData

Result = TypeVar("Result")

NAME_LENGTH = 60
# What allauth and fido2 raise for nonsense.
NONSENSE = (LookupError, TypeError, ValueError, AttributeError, OverflowError, AssertionError, struct.error)


def site_name() -> str:
    """Return the host of `SITE_URL`, to which browsers tie a passkey (the RP ID)."""
    return str(urlsplit(settings.SITE_URL).hostname)


def work_here() -> bool:
    """Return whether browsers make passkeys for this site: they do for a name, and never for an IP address."""
    try:
        ip_address(site_name())
    except ValueError:
        return True
    return False


def _checked(clean: Callable[[], Result], credential: Any) -> Result:
    """Return what allauth makes of a browser's answer; it would take one that was given to a subdomain of this site.

    :raises ValidationError: the answer is nonsense, was given to another origin, or is wrong.
    """
    try:
        said = CollectedClientData(websafe_decode(credential["response"]["clientDataJSON"]))
        if said.origin == settings.SITE_URL:
            return clean()
    except NONSENSE:
        pass
    raise get_adapter().validation_error("incorrect_code")


class AddForm(webauthn.AddWebAuthnForm):
    """A new passkey. It can sign in without a password, so there is no choice whether it may."""

    passwordless = None  # type: ignore[assignment]
    name = forms.CharField(label=_("Name"), required=False, max_length=NAME_LENGTH)

    def clean(self) -> dict[str, Any]:
        """Return the fields. The passkey proves possession, so what follows doesn't ask for one more proof."""
        credential = self.cleaned_data.get("credential")
        cleaned: dict[str, Any] = _checked(super().clean, credential) if credential else self.cleaned_data
        if credential:
            record_authentication(context.request, self.user, "mfa", type=Authenticator.Type.WEBAUTHN.value)
        return cleaned


class RenameForm(webauthn.EditWebAuthnForm):
    """Another name for a passkey."""

    name = forms.CharField(label=_("Name"), max_length=NAME_LENGTH)


class _ForThisSite(webauthn.AuthenticateWebAuthnForm):
    def clean_credential(self) -> Authenticator:
        """Return the passkey that the browser used."""
        return _checked(super().clean_credential, self.cleaned_data["credential"])


class AuthenticateForm(_ForThisSite):
    """The second step of sign-in."""


class LoginForm(_ForThisSite, webauthn.LoginWebAuthnForm):
    """Sign-in without a password."""


class ReauthenticateForm(_ForThisSite, webauthn.ReauthenticateWebAuthnForm):
    """Reauthentication."""
