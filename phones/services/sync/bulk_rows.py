"""Rows of phones as the database keeps them: a page read, or written, by one statement, past model instances.

A sync compares 100,000 rows and, the first time, writes them all; making an object of each would take longer
than fetching them. Django holds SQLite to 40 such rows a statement, too, and each statement costs: the trigram index
of SQLite writes what it has gathered before the next one begins.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import chain, islice
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from phones import diga
from phones.models import Phone, SnapshotEncoder

COPIED = (
    "number",
    "telephony_provider",
    "status",
    "nickname",
    "assigned_at",
    "scheduled_release_at",
    "released_at",
    "inbound_agent_id",
    "outbound_agent_id",
    "region_codes",
)
DERIVED = ("shown", "digits", "search_text", "nickname_key")
UPDATED = (*COPIED, *DERIVED, "fetched_at", "missing_since")
# The database fills the others by itself: generated columns, sort keys by its triggers, and what is no answer of Diga.
KEPT_BY_DATABASE = {
    "inbound_key",
    "outbound_key",
    "assigned_key",
    "refused_at",
    "refused_status",
    "refused_message",
}
INSERTED = tuple(field.attname for field in Phone._meta.concrete_fields if field.attname not in KEPT_BY_DATABASE)
# A page of Diga's list; SQLite takes 32,766 values a statement.
STATEMENT_ROWS = 100

_copied = attrgetter(*COPIED)


class Kept(NamedTuple):
    """A row as its table has it. `copied` has Diga's fields in the order of `COPIED`, for `says`."""

    project_id: UUID
    fetched_at: datetime
    is_missing: bool
    copied: tuple[object, ...]

    def says(self, record: diga.Phone) -> bool:
        """Say whether the row has all that the answer says."""
        answered = tuple(map(raw, _copied(record)))
        return not self.is_missing and (self.copied == answered or self._says_with_other_quotes(answered))

    def _says_with_other_quotes(self, answered: tuple[object, ...]) -> bool:
        """Compare the lists of regions as lists: there are many ways to write the same JSON."""
        *ours, our_regions = self.copied
        *theirs, their_regions = answered
        return ours == theirs and json.loads(str(our_regions)) == json.loads(str(their_regions))


def raw(value: Any) -> Any:
    """Return a value as the database's driver takes and gives it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, UUID):
        return value if _has_uuids() else value.hex
    if isinstance(value, datetime):
        value = value.astimezone(UTC)
        return value if _has_zones() else value.replace(tzinfo=None)
    return json.dumps(value, cls=SnapshotEncoder)


@cache
def _has_uuids() -> bool:
    """Say it without asking the connection of this thread each time: it is asked for a million values."""
    return connection.features.has_native_uuid_field


@cache
def _has_zones() -> bool:
    return connection.features.supports_timezones


def _id_of(value: object) -> UUID:
    return value if isinstance(value, UUID) else UUID(hex=str(value))


def read_kept(phone_ids: Iterable[UUID]) -> dict[UUID, Kept]:
    """Return the rows of a page of phones, whosever they are, by id. One query, no lock."""
    ids = [raw(phone_id) for phone_id in phone_ids]
    if not ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_select(len(ids)), ids)
        rows = cursor.fetchall()
    return {
        _id_of(phone_id): Kept(_id_of(project_id), _aware(fetched_at), missing_since is not None, tuple(copied))
        for phone_id, project_id, fetched_at, missing_since, *copied in rows
    }


def _aware(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)


@cache
def _select(count: int) -> str:
    columns = ("id", "project_id", "fetched_at", "missing_since", *COPIED)
    marks = ", ".join(["%s"] * count)
    return f'SELECT {_names(columns)} FROM "phones_phone" WHERE "id" IN ({marks})'  # noqa: S608 - names of our own columns


def touch(phone_ids: Sequence[UUID], *, fetched_at: datetime) -> None:
    """Note that these rows were read anew, and said the same; one that was read later is left alone."""
    # Ids alone: with the project beside them SQLite would look through all phones of the project.
    Phone.objects.filter(pk__in=phone_ids, fetched_at__lt=fetched_at).update(fetched_at=fetched_at)


def row_of(phone: Phone) -> dict[str, Any]:
    """Return what `upsert` takes, of a model instance."""
    return {name: getattr(phone, name) for name in INSERTED}


def upsert(rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert rows, given by the names of `INSERTED`, or update Diga's fields of those that are there.

    No id may be given twice. A note, and what was seen first, are never updated. A row of another project, or one
    that was read later, is left as it is.
    """
    waiting = iter(rows)
    while some := list(islice(waiting, STATEMENT_ROWS)):
        values: list[Any] = [[raw(row[name]) for name in INSERTED] for row in some]
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(_upsert(0), [list(column) for column in zip(*values, strict=True)])
            else:
                cursor.execute(_upsert(len(values)), list(chain.from_iterable(values)))


@cache
def _upsert(count: int) -> str:
    """Return the statement for so many rows; for columns of any length, as arrays, where `count` is 0."""
    if count:
        marks = ", ".join(["%s"] * len(INSERTED))
        source = f"VALUES {', '.join([f'({marks})'] * count)}"
    else:
        # Arrays, as psycopg reads a statement of thousands of marks anew each time, which takes longer than Diga.
        types = (Phone._meta.get_field(name).db_type(connection) for name in INSERTED)
        source = f"SELECT * FROM unnest({', '.join(f'%s::{kind}[]' for kind in types)})"  # noqa: S608
    news = ", ".join(f'"{name}" = excluded."{name}"' for name in UPDATED)
    # Names of our own columns.
    return (
        f'INSERT INTO "phones_phone" ({_names(INSERTED)}) {source} ON CONFLICT ("id") DO UPDATE SET {news} '
        'WHERE "phones_phone"."project_id" = excluded."project_id" '
        'AND "phones_phone"."fetched_at" <= excluded."fetched_at"'
    )


def _names(columns: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)
