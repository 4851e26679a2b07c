"""Usernames, each of which is taken in every case and width: the databases know too few letters to say so alone."""

import unicodedata
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError


class UsernameTaken(ValidationError):
    """There is an account of this username, perhaps in another case."""

    def __init__(self, username: str) -> None:
        super().__init__(f"There is an account {username} already.")


def username_key(username: str) -> str:
    """Return the form in which usernames are compared, whatever their case."""
    return unicodedata.normalize("NFKC", username).casefold()


def find_account(username: str) -> User | None:
    """Return the account of a username in any case, or None. Two queries at most, one of them of all names.

    The comparison is here because SQLite's own knows only the capitals of ASCII.
    """
    names = User.objects.order_by("pk").values_list("pk", "username")
    key = username_key(username)
    pk = next((pk for pk, name in names.iterator() if username_key(name) == key), None)
    return User.objects.filter(pk=pk).first() if pk is not None else None


def refuse_taken(instance: User, raw: bool = False, update_fields: frozenset[str] | None = None, **signal: Any) -> None:
    """Keep a person from being saved with another one's username; a receiver of `pre_save`.

    Two at once, in no transaction, are left to the index of the database, which knows Spanish and its neighbours.

    :raises UsernameTaken: it is another account's.
    """
    if raw or (update_fields is not None and "username" not in update_fields):
        return
    other = find_account(instance.username)
    if other is not None and other.pk != instance.pk:
        raise UsernameTaken(other.username)
