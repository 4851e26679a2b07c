"""Rows of phones in bulk, past model instances: compared with what Diga says by the database, and written as columns.

A sync compares 100,000 rows and, the first time, writes them all; making an object of each would take longer
than fetching them. Values are converted column by column.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from itertools import chain, repeat
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction
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
LANES = ("inbound", "outbound")
# Where lists put a phone by its agents: looked up by the agents' ids when a row is written.
SORT_KEYS = tuple(f"{lane}_key" for lane in LANES)
UPDATED = (*COPIED, *DERIVED, *SORT_KEYS, "fetched_at", "missing_since", "unlisted_since")
# A generated column, and what is no answer of Diga.
NOT_INSERTED = {
    *SORT_KEYS,
    "assigned_key",
    "refused_at",
    "refused_status",
    "refused_message",
    "answered_otherwise_at",
    "tags",
}
INSERTED = tuple(field.attname for field in Phone._meta.concrete_fields if field.attname not in NOT_INSERTED)
# So many rows are compared or written by a statement. SQLite takes 32,766 values in one.
STATEMENT_ROWS = 100
# So many new rows are inserted by a transaction. SQLite knows one lock, for which everybody who saves would wait.
INSERTED_ROWS = {"sqlite": 100, "postgresql": 1000}

_copied = attrgetter("id", *COPIED)

Columns = Mapping[str, Sequence[Any]]


class Comparison(NamedTuple):
    """Which answers say something new, by their places: those about phones we don't have, and those about others."""

    new: list[int]
    differing: list[int]


class ForeignRow(Exception):
    """An id is that of another project's phone."""


def copied_columns(records: Sequence[diga.Phone]) -> Columns:
    """Return the ids and Diga's fields of answers, as the database takes them."""
    columns = zip(*map(_copied, records), strict=True) if records else repeat(())
    return {name: _raw(name, column) for name, column in zip(("id", *COPIED), columns, strict=False)}


def compare(project_id: UUID, copied: Columns) -> Comparison:
    """Compare answers, given by `copied_columns`, with the rows. No lock; a query for `STATEMENT_ROWS` of them.

    A row that counts as missing or unlisted, or that Diga refused to tell about since it was read, differs from any
    answer.

    :raises ForeignRow: one of the ids is that of another project's phone.
    """
    found = Comparison([], [])
    ids = copied["id"]
    if ids and not _has_any(ids):
        return found._replace(new=list(range(len(ids))))
    (project,) = _raw("project_id", [project_id])
    for start in range(0, len(copied["id"]), STATEMENT_ROWS):
        some = part_of(copied, start)
        count = len(some["id"])
        some["place"] = range(start, start + count)
        with connection.cursor() as cursor:
            cursor.execute(_compare(count), [*_parameters(some, _COMPARED), project])
            for place, owner_id in cursor.fetchall():
                if owner_id and _id_of(owner_id) != project_id:
                    raise ForeignRow
                (found.differing if owner_id else found.new).append(place)
    return found


def _has_any(ids: Sequence[str]) -> bool:
    """Return whether one of these phones is there. A first sync has nothing to compare; else the first id is a hit."""
    # One parameter on PostgreSQL: psycopg takes long to write thousands.
    is_one = connection.vendor == "postgresql"
    wanted = "= ANY(%s::uuid[])" if is_one else f"IN ({', '.join(['%s'] * len(ids))})"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM phones_phone WHERE id {wanted} LIMIT 1", [list(ids)] if is_one else list(ids))  # noqa: S608
        return cursor.fetchone() is not None


def part_of(columns: Columns, start: int, count: int = STATEMENT_ROWS) -> dict[str, Sequence[Any]]:
    """Return so many rows from there on, or what is left."""
    return {name: column[start : start + count] for name, column in columns.items()}


def touch(phone_ids: Sequence[UUID], *, fetched_at: datetime) -> None:
    """Note that these rows were read anew, and said the same; one that was read later is left alone."""
    # Ids alone: with the project beside them SQLite would look through all phones of the project.
    older = Phone.objects.filter(pk__in=phone_ids, fetched_at__lt=fetched_at)
    with transaction.atomic():
        if connection.vendor == "postgresql":
            # In the order of a save's locks; an UPDATE locks in the table's, and would deadlock with it.
            list(older.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
        older.update(fetched_at=fetched_at)


def columns_of(phones: Sequence[Phone]) -> Columns:
    """Return what `upsert` takes, of model instances."""
    return raw_columns({name: [getattr(phone, name) for phone in phones] for name in INSERTED})


def raw_columns(columns: Columns) -> Columns:
    """Return columns as the database takes them; texts of JSON may be texts already."""
    return {name: _raw(name, column) for name, column in columns.items()}


def insert(columns: Columns) -> int:
    """Insert rows, given by the columns of `INSERTED`, and index them; return how many.

    One that is there by now is left as it is.
    """
    return _write(columns, "DO NOTHING")


def upsert(columns: Columns) -> None:
    """Insert rows, given by the columns of `INSERTED`, or update Diga's fields of those that are there; index them.

    All are of one project, and no id is given twice. Notes, tags, and what was seen first, are never updated. A row of
    another project, or one that was read later, is left as it is.
    """
    news = ", ".join(f'"{name}" = excluded."{name}"' for name in UPDATED)
    _write(
        columns,
        f'DO UPDATE SET {news} WHERE "phones_phone"."project_id" = excluded."project_id" '
        'AND "phones_phone"."fetched_at" <= excluded."fetched_at"',
    )


def _write(columns: Columns, on_conflict: str) -> int:
    written_count = 0
    size = INSERTED_ROWS[connection.vendor]
    for start in range(0, len(columns["id"]), size):
        some = part_of(columns, start, size)
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(_write_all(on_conflict), _parameters(some, INSERTED))
            else:
                rows = zip(*(some[name] for name in INSERTED), strict=True)
                named = [dict(zip(INSERTED, row, strict=True)) for row in rows]
                cursor.executemany(_write_one(on_conflict), named)
            written_count += cursor.rowcount
        index_phones(columns["project_id"][0], some["id"])
    return written_count


def _raw(name: str, column: Iterable[Any]) -> Sequence[Any]:
    return _converters()[name](column)


def _json_texts(column: Iterable[Any]) -> Sequence[Any]:
    return [value if isinstance(value, str) else _json_text(value) for value in column]


def _json_text(value: Any) -> str:
    # Thousands of phones share a few lists of regions.
    return _region_codes(value) if isinstance(value, tuple) else _encode(value)


_encode = SnapshotEncoder().encode
_region_codes = lru_cache(maxsize=256)(_encode)


def _hexes(column: Iterable[UUID | None]) -> Sequence[Any]:
    return [value.hex if value else None for value in column]


def _moments(column: Iterable[datetime | None]) -> Sequence[Any]:
    return [value and _moment(value) for value in column]


@lru_cache(maxsize=1024)
def _moment(value: datetime) -> str:
    return str(value.astimezone(UTC))


def _naive_moments(column: Iterable[datetime | None]) -> Sequence[Any]:
    return [value and value[: -len("+00:00")] for value in _moments(column)]


@cache
def _converters() -> Mapping[str, Callable[[Iterable[Any]], Sequence[Any]]]:
    """Return what to do with the values of each column: as they are for most. By database, which never changes."""
    moments = _moments if connection.features.supports_timezones else _naive_moments
    kinds: tuple[tuple[type[Field[Any, Any]], Callable[[Iterable[Any]], Sequence[Any]]], ...] = (
        (JSONField, _json_texts),
        (UUIDField, _hexes),
        (ForeignKey, _hexes),
        (DateTimeField, moments),
    )
    return {
        field.attname: next((convert for kind, convert in kinds if isinstance(field, kind)), list)
        for field in Phone._meta.concrete_fields
    }


def _id_of(value: object) -> UUID:
    return value if isinstance(value, UUID) else UUID(hex=str(value))


_COMPARED = ("place", "id", *COPIED)


def _parameters(columns: Columns, names: Sequence[str]) -> list[Any]:
    """Return the parameters of `_answered` for these rows."""
    rows = zip(*(columns[name] for name in names), strict=True)
    if connection.vendor == "postgresql":
        return [json.dumps([dict(zip(names, row, strict=True)) for row in rows], ensure_ascii=False)]
    return list(chain.from_iterable(rows))


def _answered(names: Sequence[str], count: int) -> str:
    """Return the table expression `answered` of so many rows, which are its parameters."""
    if connection.vendor == "postgresql":
        # One JSON document: psycopg takes longer to write thousands of values, or arrays of them, than Diga to answer.
        # JSON columns are texts in it.
        types = {name: str(Phone._meta.get_field(name).db_type(connection)) for name in names if name != "place"}
        given = ", ".join(f"{name} {types.get(name, 'integer').replace('jsonb', 'text')}" for name in names)
        values = ", ".join(f"{name}::{types[name]}" if name in types else name for name in names)
        return f"answered AS (SELECT {values} FROM json_to_recordset(%s::json) AS given ({given}))"  # noqa: S608
    marks = f"({', '.join(['%s'] * len(names))})"
    return f"answered ({_names(names)}) AS (VALUES {', '.join([marks] * count)})"


@cache
def _compare(count: int) -> str:
    """Return the statement that finds answers that are no rows yet, which have no owner, or that differ from theirs."""
    differs = " OR ".join(f"phone.{name} IS DISTINCT FROM answered.{name}" for name in COPIED)
    return (  # Names of our own columns.
        f"WITH {_answered(_COMPARED, count)} SELECT place, phone.project_id "  # noqa: S608
        "FROM answered LEFT JOIN phones_phone AS phone ON phone.id = answered.id "
        "WHERE phone.id IS NULL OR phone.project_id <> %s OR phone.missing_since IS NOT NULL "
        f"OR phone.unlisted_since IS NOT NULL OR phone.refused_at >= phone.fetched_at OR {differs}"
    )


@cache
def _write_all(on_conflict: str) -> str:
    """Return PostgreSQL's statement, for any number of rows."""
    keys = ", ".join(_agent_key(f"{lane}_agent_id", "answered.project_id") for lane in LANES)
    return (  # Names of our own columns.
        f"INSERT INTO phones_phone ({_names((*INSERTED, *SORT_KEYS))}) "  # noqa: S608
        f"WITH {_answered(INSERTED, 1)} SELECT *, {keys} FROM answered ON CONFLICT (id) {on_conflict}"
    )


@cache
def _write_one(on_conflict: str) -> str:
    """Return SQLite's statement for a row. One that may write several keeps a copy of each block that it changes."""
    place = {name: f"%({name})s" for name in INSERTED}
    keys = ", ".join(_agent_key(place[f"{lane}_agent_id"], place["project_id"]) for lane in LANES)
    return (  # Names of our own columns.
        f"INSERT INTO phones_phone ({_names((*INSERTED, *SORT_KEYS))}) "  # noqa: S608
        f"VALUES ({', '.join(place.values())}, {keys}) ON CONFLICT (id) {on_conflict}"
    )


def _agent_key(agent: str, project: str) -> str:
    """Return the sort key of an agent: no agent first, then one that we don't know, then by name."""
    return (
        f"CASE WHEN {agent} IS NULL THEN '' ELSE coalesce((SELECT sort_key FROM phones_agent "  # noqa: S608
        f"WHERE id = {agent} AND project_id = {project}), '{UNKNOWN_KEY}') END"
    )


def _names(columns: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)
