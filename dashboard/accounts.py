"""How allauth behaves here: no sign-up, and second-factor secrets sealed at rest."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest

from phones.models.fields import seal, unseal


class ClosedSignup(DefaultAccountAdapter):
    """Accounts are made by an administrator's invitation, never by a visitor."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Say no to everybody."""
        return False


class SealedSecrets(DefaultMFAAdapter):
    """TOTP secrets and recovery seeds are stored encrypted with the token keys."""

    def encrypt(self, text: str) -> str:
        """Return `text` sealed."""
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Return what `encrypt` sealed."""
        return unseal(encrypted_text)
