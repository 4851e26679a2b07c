"""Sealing of secrets: authenticated encryption with keys that are not SECRET_KEY."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class SealBroken(Exception):
    """A sealed text can't be opened: its key is gone, or it was moved or altered."""


def _box() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.TOKEN_KEYS])


def seal(text: str) -> str:
    """Return `text` encrypted with the newest of TOKEN_KEYS."""
    return _box().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """Return what `seal` encrypted.

    :raises SealBroken: no key of TOKEN_KEYS fits, or the text was altered.
    """
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise SealBroken from None


def reseal(sealed: str) -> str:
    """Return `sealed` encrypted anew with the newest key.

    :raises SealBroken: no key of TOKEN_KEYS fits, or the text was altered.
    """
    try:
        return _box().rotate(sealed.encode()).decode()
    except InvalidToken:
        raise SealBroken from None
