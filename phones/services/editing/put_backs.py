"""Putting changes back at a later time: the row that says so is committed with the change's entry, before it is sent.

So no process that dies in between leaves a change for good that was meant for a time.
"""

from collections.abc import Iterable
from datetime import datetime

from phones.models import ActKind, Change, Schedule, ScheduleKind
from phones.services.audit.acts import record_act


def keep_put_backs(changes: Iterable[tuple[Change, datetime | None]]) -> None:
    """Add a row for each change that ends at a moment, in the transaction that adds the changes."""
    for change, until in changes:
        if until is None:
            continue
        row = Schedule.objects.create(
            project=change.project,
            kind=ScheduleKind.PUT_BACK,
            due_at=until,
            author=change.actor,
            author_name=change.actor_name,
            reason=change.reason,
            ticket=change.ticket,
            phone=change.phone,
            change=change,
            created_at=change.created_at,
        )
        record_set(row)


def record_set(row: Schedule) -> None:
    """Record that a schedule was made by its author, in the transaction that adds it."""
    record_act(
        kind=ActKind.SCHEDULE_SET,
        project=row.project,
        actor=row.author,
        at=row.created_at,
        details=details_of(row),
    )


def details_of(row: Schedule) -> dict[str, str | int]:
    """Return what acts on a schedule say of it."""
    about: dict[str, str | int] = {"schedule": row.pk, "due_at": row.due_at.isoformat(timespec="seconds")}
    if row.phone:
        about["number"] = row.phone.shown
    if row.change_id:
        about["change"] = row.change_id
    if row.plan_id:
        about["plan"] = row.plan_id
    return about
