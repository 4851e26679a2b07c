"""Rows of phones that a test makes up, written by the one way that lets them be found and sorted."""

from collections.abc import Iterable

from django.db import connection

from phones.models import Phone
from phones.services.sync.bulk_rows import columns_of, upsert
from phones.services.sync.merge import derive_in_memory


def made_up(phone: Phone) -> Phone:
    """Return a phone with what storing makes of its number, nickname and note."""
    derive_in_memory(phone)
    return phone


def store_rows(phones: Iterable[Phone]) -> list[Phone]:
    """Write phones of one project, and return their rows in the same order."""
    made = list(phones)
    upsert(columns_of(made))
    rows = Phone.objects.in_bulk([phone.pk for phone in made])
    return [rows[phone.pk] for phone in made]


def delete_phones() -> None:
    """Delete all phones, which the desk never does, and what SQLite's index has of them."""
    Phone.objects.all().delete()
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM phones_search")
            cursor.execute("DELETE FROM phones_searchkey")
