"""Values of a phone at an earlier moment: today's values, with the later changes of the audit log undone.

`read_at` in an export says when its values were read. The audit log has a change of this desk from before it is sent,
and one made outside from when it was seen. So the value at a moment is the `before` of the earliest later change.
While a change is under way a read may return either value; then both are possible.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q

from phones.models import Change, LaneSnapshot
from phones.services.routing.lanes import FIELDS
from phones.services.tables.cell_guard import guarded

Changes = Mapping[uuid.UUID, Sequence[Change]]
_READ = ("phone_id", "before", "created_at", "settled_at")


def read_moment(cell: str | None) -> datetime | None:
    """Return the moment in a `read_at` cell, None if it can't be read. Without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat((cell or "").strip().removeprefix("'"))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def changes_since(moments: Mapping[uuid.UUID, datetime | None]) -> Changes:
    """Return the changes of these phones that may be later than the moment of each, oldest first. At most one query."""
    since = min(filter(None, moments.values()), default=None)
    found: defaultdict[uuid.UUID, list[Change]] = defaultdict(list)
    if since is not None:
        later = Q(created_at__gt=since) | Q(settled_at__gt=since) | Q(settled_at=None)
        for change in Change.objects.filter(later, phone__in=list(moments)).only(*_READ).order_by("pk"):
            found[change.phone_id].append(change)
    return found


def values_then(changes: Iterable[Change], moment: datetime | None) -> list[dict[str, Any]]:
    """Return the values, as the audit log has them, of fields that have changed since a moment.

    Usually one result; two if a change was under way at that moment.
    """
    if moment is None:
        return []
    begun_later: dict[str, Any] = {}
    ended_later: dict[str, Any] = {}
    for change in changes:
        for name in FIELDS:
            if name not in change.before:
                continue
            if change.created_at > moment:
                begun_later.setdefault(name, change.before[name])
            if change.settled_at is None or change.settled_at > moment:
                ended_later.setdefault(name, change.before[name])
    return [begun_later] if begun_later == ended_later else [begun_later, ended_later]


def written_then(written: Mapping[str, str], values: Mapping[str, Any]) -> dict[str, str]:
    """Return the cells that an export wrote of a phone with these earlier values; `written` are today's cells."""
    cells = dict(written)
    for name, value in values.items():
        if name == "nickname":
            cells["nickname"] = guarded(value or "")
            continue
        lane: LaneSnapshot | None = value
        cells[f"{name}_agent"] = guarded((lane and lane.agent_name) or "")
        cells[f"{name}_agent_id"] = str(lane.agent_id) if lane else ""
        cells[f"{name}_version"] = lane.version_label if lane else ""
    return cells
