"""The audit log as CSV: one row a change, stable column codes, times with their offset."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from phones.models import Change, LaneSnapshot
from phones.services.audit.queries import CHANGED_FIELDS
from phones.services.clock import local_iso
from phones.services.routing.lanes import Lane
from phones.services.tables.cell_guard import guarded, number_cell
from phones.services.tables.csv_writer import csv_stream

CHUNK = 2000
COLUMNS = (
    "change_id",
    "created_at",
    "seen_from",
    "settled_at",
    "phone_id",
    "number",
    "person",
    "username",
    "source",
    "outcome",
    "takes_back",
    "reason",
    "ticket",
    "fields",
    *(f"{name}_{side}" for name in CHANGED_FIELDS for side in ("before", "after", "stored")),
    *(f"{name}_{side}_agent_id" for name in Lane for side in ("before", "after", "stored")),
    "cause",
    "message",
    "http_status",
    "request_id",
    "duration_ms",
)


def csv_lines(changes: QuerySet[Change]) -> Iterator[str]:
    """Yield the changes as lines of CSV with a header, in batches; memory does not grow with their number."""
    rows = (_row(change) for change in changes.select_related("phone").iterator(chunk_size=CHUNK))
    yield from csv_stream(COLUMNS, (_cells(row) for row in rows))


def _cells(row: dict[str, Any]) -> Iterator[str]:
    return (number_cell(str(value)) if name == "number" else guarded(str(value)) for name, value in row.items())


def _row(change: Change) -> dict[str, Any]:
    """Return a change by column. A field that wasn't changed is empty; `fields` names those that were."""
    row: dict[str, Any] = dict.fromkeys(COLUMNS, "")
    row |= {
        "change_id": change.pk,
        "created_at": local_iso(change.created_at),
        "seen_from": local_iso(change.seen_from),
        "settled_at": local_iso(change.settled_at),
        "phone_id": change.phone_id,
        "number": change.phone.number,
        "person": change.actor_name,
        "username": change.actor_username or "",
        "source": change.source,
        "outcome": change.outcome,
        "takes_back": change.reverts_id or "",
        "reason": change.reason,
        "ticket": change.ticket,
        "fields": " ".join(name for name in CHANGED_FIELDS if name in change.after),
        "cause": change.cause,
        "message": change.message,
        "http_status": change.http_status or "",
        "request_id": change.request_id,
        "duration_ms": "" if change.duration_ms is None else change.duration_ms,
    }
    for side, values in (("before", change.before), ("after", change.after), ("stored", change.stored)):
        for name, value in values.items():
            row[f"{name}_{side}"] = _text(value)
            if isinstance(value, LaneSnapshot):
                row[f"{name}_{side}_agent_id"] = value.agent_id
    return row


def _text(value: Any) -> str:
    return value.label if isinstance(value, LaneSnapshot) else str(value or "")
