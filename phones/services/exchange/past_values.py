"""What an export said of a phone at an earlier moment: today's values, with what the log knows of later changes undone.

An export says in `read_at` when its values were read. A change of ours stands in the log from before it is sent, one
that was made outside from the moment it was seen; so what was there at a moment is what the earliest later change
found. While a change is under way a read may show either value, so that there are two answers then.
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
    """Return the moment that `read_at` names; None where it names none, or was spoilt. Without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat((cell or "").strip().removeprefix("'"))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def changes_since(moments: Mapping[uuid.UUID, datetime | None]) -> Changes:
    """Return the changes of these phones that may be later than the moment of each, oldest first. One query at most."""
    since = min(filter(None, moments.values()), default=None)
    found: defaultdict[uuid.UUID, list[Change]] = defaultdict(list)
    if since is not None:
        later = Q(created_at__gt=since) | Q(settled_at__gt=since) | Q(settled_at=None)
        for change in Change.objects.filter(later, phone__in=list(moments)).only(*_READ).order_by("pk"):
            found[change.phone_id].append(change)
    return found


def values_then(changes: Iterable[Change], moment: datetime | None) -> list[dict[str, Any]]:
    """Return the values, as the log keeps them, that fields had at a moment and no longer may have.

    Usually one answer; two where a change was under way at that moment.
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
    """Return the cells that an export wrote of a phone that is written so today, and had these values then."""
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
