"""Encryption of secrets: authenticated, with keys that are not SECRET_KEY."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class SealBroken(Exception):
    """A ciphertext can't be decrypted: its key is missing, or it was moved or altered."""


def _box() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.TOKEN_KEYS])


def seal(text: str) -> str:
    """Return `text` encrypted with the newest of TOKEN_KEYS."""
    return _box().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """Return the text that `seal` encrypted.

    :raises SealBroken: no key of TOKEN_KEYS fits, or the ciphertext was altered.
    """
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise SealBroken from None


def reseal(sealed: str) -> str:
    """Return `sealed` encrypted again with the newest key.

    :raises SealBroken: no key of TOKEN_KEYS fits, or the ciphertext was altered.
    """
    try:
        return _box().rotate(sealed.encode()).decode()
    except InvalidToken:
        raise SealBroken from None
