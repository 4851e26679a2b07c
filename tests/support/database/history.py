"""Entries of the history, made by hand."""

import uuid
from datetime import UTC, datetime, timedelta

from phones.models import Change, LaneSnapshot, Outcome, Phone

THEN = datetime(2026, 3, 29, 0, 59, 58, tzinfo=UTC)


def add_changes(phone: Phone, count: int, **values: object) -> list[Change]:
    """Add entries to a phone's diary: renames that Diga confirmed, unless `values` say otherwise."""
    common = {
        "project": phone.project,
        "phone": phone,
        "number": phone.shown,
        "source": "FORM",
        "actor_name": "Lola Ruiz",
        "before": {"nickname": "Old"},
        "after": {"nickname": "New"},
        "outcome": Outcome.CONFIRMED,
        "settled_at": THEN + timedelta(seconds=2),
        "created_at": THEN,
    }
    return [Change.objects.create(**(common | values)) for _ in range(count)]


def lane(name: str | None, number: int | None) -> LaneSnapshot:
    """Return a lane as the diary keeps it."""
    return LaneSnapshot(uuid.UUID(int=7), name, None, number)
