"""Rows of phones as the database keeps them: a page read, or written, by one statement, past model instances.

A sync compares 100,000 rows and, the first time, writes them all; making an object of each would take longer
than fetching them. Django holds SQLite to 40 such rows a statement, too. Values are converted column by column.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import chain
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import DateTimeField, Field, ForeignKey, JSONField, UUIDField

from phones import diga
from phones.models import Phone, SnapshotEncoder
from phones.services.finding.keyset import UNKNOWN_KEY
from phones.services.finding.sqlite_search import index_phones

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
# Where lists put a phone by its agents: `upsert` looks them up by the agents' ids.
SORT_KEYS = ("inbound_key", "outbound_key")
UPDATED = (*COPIED, *DERIVED, *SORT_KEYS, "fetched_at", "missing_since")
# A generated column, and what is no answer of Diga.
NOT_INSERTED = {*SORT_KEYS, "assigned_key", "refused_at", "refused_status", "refused_message"}
INSERTED = tuple(field.attname for field in Phone._meta.concrete_fields if field.attname not in NOT_INSERTED)
# A page of Diga's list; SQLite takes 32,766 values a statement.
STATEMENT_ROWS = 100

_copied = attrgetter(*COPIED)

Columns = Mapping[str, Sequence[Any]]


class Kept(NamedTuple):
    """A row as its table has it. `copied` has Diga's fields in the order of `COPIED`, as the driver gives them."""

    project_id: UUID
    fetched_at: datetime
    is_missing: bool
    copied: tuple[Any, ...]


def same_as(kept: Mapping[UUID, Kept], records: Mapping[UUID, diga.Phone]) -> list[UUID]:
    """Return the ids of the rows that have all that the answers about them say."""
    columns = copied_columns([records[phone_id] for phone_id in kept])
    answered = zip(*(_raw(name, column) for name, column in columns.items()), strict=True)
    return [
        phone_id
        for (phone_id, row), answer in zip(kept.items(), answered, strict=True)
        if not row.is_missing and (row.copied == answer or _is_same_json(row.copied, answer))
    ]


def _is_same_json(ours: tuple[Any, ...], theirs: tuple[Any, ...]) -> bool:
    """Compare the lists of regions as lists: there are many ways to write the same JSON."""
    return ours[:-1] == theirs[:-1] and bool(json.loads(ours[-1]) == json.loads(theirs[-1]))


def copied_columns(records: Iterable[diga.Phone]) -> dict[str, Sequence[Any]]:
    """Return Diga's fields of answers by the names of `COPIED`; nothing where there are no answers."""
    return dict(zip(COPIED, zip(*map(_copied, records), strict=True), strict=False))


def _raw(name: str, column: Iterable[Any]) -> Sequence[Any]:
    """Return the values of a column as the database's driver takes and gives them; JSON may be text already."""
    return _converters()[name](column)


def _json_texts(column: Iterable[Any]) -> Sequence[Any]:
    encode = SnapshotEncoder().encode
    return [value if isinstance(value, str) else encode(value) for value in column]


def _hexes(column: Iterable[UUID | None]) -> Sequence[Any]:
    return [value.hex if value else None for value in column]


def _naive_moments(column: Iterable[datetime | None]) -> Sequence[Any]:
    return [value.astimezone(UTC).replace(tzinfo=None) if value else None for value in column]


@cache
def _converters() -> dict[str, Callable[[Iterable[Any]], Sequence[Any]]]:
    """Return what to do with the values of each column: as they are for most. By database, which never changes."""
    kinds: list[tuple[type[Field[Any, Any]], Callable[[Iterable[Any]], Sequence[Any]]]] = [(JSONField, _json_texts)]
    if not connection.features.has_native_uuid_field:
        kinds += [(UUIDField, _hexes), (ForeignKey, _hexes)]
    if not connection.features.supports_timezones:
        kinds += [(DateTimeField, _naive_moments)]
    return {
        field.attname: next((convert for kind, convert in kinds if isinstance(field, kind)), list)
        for field in Phone._meta.concrete_fields
    }


def _id_of(value: object) -> UUID:
    return value if isinstance(value, UUID) else UUID(hex=str(value))


def read_kept(phone_ids: Iterable[UUID]) -> dict[UUID, Kept]:
    """Return the rows of a page of phones, whosever they are, by id. One query, no lock."""
    ids = _raw("id", phone_ids)
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


def columns_of(phones: Sequence[Phone]) -> Columns:
    """Return what `upsert` takes, of model instances."""
    return {name: [getattr(phone, name) for phone in phones] for name in INSERTED}


def upsert(columns: Columns) -> None:
    """Insert rows, given by the columns of `INSERTED`, or update Diga's fields of those that are there; index them.

    All are of one project, and no id is given twice. A note, and what was seen first, are never updated. A row of
    another project, or one that was read later, is left as it is.
    """
    values = [_raw(name, columns[name]) for name in INSERTED]
    count = len(columns["id"])
    for start in range(0, count, STATEMENT_ROWS):
        some: list[Any] = [column[start : start + STATEMENT_ROWS] for column in values]
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(_upsert(0), some)
            else:
                cursor.execute(_upsert(len(some[0])), list(chain.from_iterable(zip(*some, strict=True))))
        index_phones(columns["project_id"][start], columns["id"][start : start + STATEMENT_ROWS])


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
    return (  # Names of our own columns.
        f'INSERT INTO "phones_phone" ({_names((*INSERTED, *SORT_KEYS))}) '  # noqa: S608
        f"WITH answered ({_names(INSERTED)}) AS ({source}) "
        f"SELECT *, {_agent_key('inbound_agent_id')}, {_agent_key('outbound_agent_id')} FROM answered WHERE true "
        f'ON CONFLICT ("id") DO UPDATE SET {news} '
        'WHERE "phones_phone"."project_id" = excluded."project_id" '
        'AND "phones_phone"."fetched_at" <= excluded."fetched_at"'
    )


def _agent_key(lane: str) -> str:
    """Return the sort key of the agent in a lane: no agent first, then one that we don't know, then by name."""
    return (
        f"CASE WHEN {lane} IS NULL THEN '' ELSE coalesce((SELECT sort_key FROM phones_agent "  # noqa: S608
        f"WHERE id = {lane} AND phones_agent.project_id = answered.project_id), '{UNKNOWN_KEY}') END"
    )


def _names(columns: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)
