"""What people do with a schedule: cancel it, move it, do it at once, or acknowledge that it was not done."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from phones.models import ActKind, Schedule, ScheduleKind, ScheduleState
from phones.services.audit.acts import record_act
from phones.services.display_names import unique_name_of
from phones.services.editing.put_backs import details_of


class ScheduleHasMoved(Exception):
    """The row is not in a state in which this can be done: it is being done, or is over."""


class TooLate(Exception):
    """A change can't begin after the moment at which it is put back."""


def cancel(*, schedule: Schedule, by: User, now: datetime) -> None:
    """Give up what waits for its time.

    :raises ScheduleHasMoved: it does not wait any more.
    """
    with _held(schedule, by, ActKind.SCHEDULE_CANCELLED, now, ScheduleState.WAITING) as row:
        row.state, row.cause, row.ended_at = ScheduleState.CANCELLED, "", now


def move(*, schedule: Schedule, by: User, due_at: datetime, now: datetime) -> None:
    """Set what waits for its time for another one.

    :raises ScheduleHasMoved: it does not wait any more.
    :raises TooLate: it would begin after its own end.
    """
    with _held(schedule, by, ActKind.SCHEDULE_MOVED, now, ScheduleState.WAITING) as row:
        if row.until_at and due_at >= row.until_at:
            raise TooLate
        _set(row, due_at)


def hurry(*, schedule: Schedule, by: User, now: datetime) -> None:
    """Let something be done now, on behalf of who says so: before its time, or once more after it has failed.

    :raises ScheduleHasMoved: it is being done, or was.
    """
    with _held(schedule, by, ActKind.SCHEDULE_HURRIED, now, ScheduleState.WAITING, ScheduleState.FAILED) as row:
        _set(row, now)
        if row.kind == ScheduleKind.PUT_BACK:
            # The plan that put it back with others is over for it.
            row.made_plan = None
        row.state, row.ended_at = ScheduleState.WAITING, None
        row.author, row.author_name = by, unique_name_of(by)


def acknowledge(*, schedule: Schedule, by: User, now: datetime) -> None:
    """Note who has seen that something was not done.

    :raises ScheduleHasMoved: there is nothing to be seen, or somebody has seen it.
    """
    with _held(schedule, by, ActKind.SCHEDULE_SEEN, now, ScheduleState.SKIPPED, ScheduleState.FAILED) as row:
        if row.seen_at is not None:
            raise ScheduleHasMoved
        row.seen_by, row.seen_by_name, row.seen_at = by, unique_name_of(by), now


def _set(row: Schedule, due_at: datetime) -> None:
    row.due_at, row.next_try_at, row.try_count, row.cause, row.message = due_at, None, 0, "", ""


@contextmanager
def _held(schedule: Schedule, by: User, kind: ActKind, now: datetime, *states: ScheduleState) -> Iterator[Schedule]:
    """Lock the row for an act that is possible in some states only; save it with the act, and reload `schedule`."""
    with transaction.atomic():
        row = Schedule.objects.select_for_update(of=("self",)).select_related("project", "phone").get(pk=schedule.pk)
        if row.state not in states:
            raise ScheduleHasMoved
        yield row
        row.save()
        record_act(kind=kind, project=row.project, actor=by, at=now, details=details_of(row))
    schedule.refresh_from_db()
