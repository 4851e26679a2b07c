"""A plan as CSV: one row a number, as it was resolved, foreseen and dealt with; stable column codes."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from phones.models import LaneSnapshot, PlanItem
from phones.services.clock import local_iso
from phones.services.routing.lanes import FIELDS, Lane
from phones.services.tables.cell_guard import number_cell
from phones.services.tables.csv_writer import csv_stream

CHUNK = 2000
COLUMNS = (
    "plan_id",
    "row",
    "line",
    "phone_id",
    "number",
    "nickname",
    *(f"{name}_{side}" for name in FIELDS for side in ("before", "after")),
    *(f"{name}_{side}_agent_id" for name in Lane for side in ("before", "after")),
    "fields",
    "foreseen",
    "why",
    "result",
    "cause",
    "message",
    "http_status",
    "change_id",
    "takes_back",
    "finished_at",
)


def csv_lines(items: QuerySet[PlanItem]) -> Iterator[str]:
    """Yield the rows of a plan as lines of CSV with a header, in the order of its list; never all in memory."""
    ordered = items.select_related("phone", "change").order_by("number").iterator(chunk_size=CHUNK)
    return csv_stream(COLUMNS, ([number_cell(str(value)) for value in _row(item).values()] for item in ordered))


def _row(item: PlanItem) -> dict[str, Any]:
    """Return a row by column. A field that the plan keeps is empty; `fields` names those it changes."""
    change = item.change
    row: dict[str, Any] = dict.fromkeys(COLUMNS, "")
    row |= {
        "plan_id": item.plan_id,
        "row": item.number,
        "line": item.line or "",
        "phone_id": item.phone_id,
        "number": item.phone.number,
        "nickname": item.phone.nickname or "",
        "fields": " ".join(name for name in FIELDS if name in item.after),
        "foreseen": item.foreseen,
        "why": item.why,
        "result": item.state,
        "cause": change.cause if change else item.cause,
        "message": change.message if change else item.message,
        "http_status": (change.http_status if change else None) or "",
        "change_id": item.change_id or "",
        "takes_back": item.reverts_id or "",
        "finished_at": local_iso(item.finished_at),
    }
    for side, values in (("before", item.before), ("after", item.after)):
        for name, value in values.items():
            row[f"{name}_{side}"] = _text(value)
            if isinstance(value, LaneSnapshot):
                row[f"{name}_{side}_agent_id"] = value.agent_id
    return row


def _text(value: Any) -> str:
    return value.label if isinstance(value, LaneSnapshot) else str(value or "")
