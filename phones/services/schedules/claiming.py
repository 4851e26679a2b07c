"""Which schedules are due, and who does each. That is decided by the database, by one conditional UPDATE a row.

A row is done once, whatever clocks do: none that has ended is ever due again.
"""

import uuid
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from phones.models import ActKind, Change, Outcome, Plan, PlanState, Project, Schedule, ScheduleState
from phones.services.audit.acts import record_act
from phones.services.editing.put_backs import details_of

# Longer than reading, sending and reading back may take at a slow Diga; then its worker counts as dead.
LEASE = timedelta(minutes=5)
# How long after each failed try the next one is made. After the last of them it fails for good.
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 20, 40))
# What a row points to.
RELATED = ("project", "author", "phone", "change", "plan", "result", "made_plan")
_FREE: Mapping[str, None] = {"owner": None, "leased_until": None}
_ACTS = {ScheduleState.SKIPPED: ActKind.SCHEDULE_SKIPPED, ScheduleState.FAILED: ActKind.SCHEDULE_FAILED}

# Says whether the person on whose behalf a row is done may do it now.
MayRun = Callable[[Schedule], bool]


def due(now: datetime) -> QuerySet[Schedule]:
    """Return the rows that somebody may claim now."""
    # A lease, or a next try, further ahead than any is of a clock that was set back.
    is_over = Q(leased_until__lt=now) | Q(leased_until__gt=now + 2 * LEASE)
    may_try = Q(next_try_at=None) | Q(next_try_at__lte=now) | Q(next_try_at__gt=now + 2 * WAITS[-1])
    is_free = Q(state=ScheduleState.WAITING) & may_try | Q(state=ScheduleState.CLAIMED) & is_over
    return Schedule.objects.filter(is_free, due_at__lte=now)


def settled() -> QuerySet[Schedule]:
    """Return the rows that are under way, and whose write or plan has come to something."""
    # Nobody looks any more at an unknown outcome that has no next look.
    is_known = ~Q(outcome__in=[Outcome.PENDING, Outcome.UNKNOWN]) | Q(outcome=Outcome.UNKNOWN, next_look_at=None)
    changes, plans = Change.objects.filter(is_known), Plan.objects.exclude(state=PlanState.RUNNING)
    return Schedule.objects.filter(Q(result__in=changes) | Q(made_plan__in=plans), state=ScheduleState.SENT)


def due_projects(now: datetime) -> list[Project]:
    """Return the projects in which there is something to do. One query."""
    ids = due(now).order_by().values("project").union(settled().order_by().values("project"))
    return list(Project.objects.filter(pk__in=ids).order_by("pk"))


def loaded(pk: int) -> Schedule:
    """Return a row with all that it points to."""
    return Schedule.objects.select_related(*RELATED).get(pk=pk)


def claim(pk: int, *, owner: uuid.UUID, now: datetime) -> Schedule | None:
    """Take a row that is due; None if another worker was quicker."""
    taken = due(now).filter(pk=pk).update(state=ScheduleState.CLAIMED, owner=owner, leased_until=now + LEASE)
    return loaded(pk) if taken else None


def claim_all(ids: Collection[int], *, owner: uuid.UUID, now: datetime) -> list[Schedule]:
    """Take those of these rows that are due and that nobody else takes, with all they point to, by id."""
    with transaction.atomic():
        # In one order, so that two workers that take the same rows wait for none of each other's.
        free = due(now).filter(pk__in=ids).select_for_update(skip_locked=True).order_by("pk")
        taken = list(free.values_list("pk", flat=True))
        Schedule.objects.filter(pk__in=taken).update(state=ScheduleState.CLAIMED, owner=owner, leased_until=now + LEASE)
    return list(Schedule.objects.select_related(*RELATED).filter(pk__in=taken).order_by("pk"))


def release(rows: Collection[Schedule]) -> None:
    """Let claimed rows wait again."""
    held = Schedule.objects.filter(pk__in=[row.pk for row in rows], state=ScheduleState.CLAIMED)
    held.filter(owner__in={row.owner for row in rows}).update(state=ScheduleState.WAITING, **_FREE)


def note_all_sent(rows: Collection[Schedule], *, made_plan: Plan) -> None:
    """Note by which plan claimed rows are done."""
    held = Schedule.objects.filter(pk__in=[row.pk for row in rows], state=ScheduleState.CLAIMED)
    held.filter(owner__in={row.owner for row in rows}).update(state=ScheduleState.SENT, made_plan=made_plan, **_FREE)


def put_all_off(rows: Collection[Schedule], *, now: datetime, cause: str, message: str) -> None:
    """Put rows off that were sent by a plan, as `put_off` does; none has had its last try yet."""
    sent = Schedule.objects.filter(pk__in=[row.pk for row in rows], state=ScheduleState.SENT)
    for count in sorted({row.try_count for row in rows}, reverse=True):
        sent.filter(try_count=count).update(
            state=ScheduleState.WAITING,
            next_try_at=now + WAITS[count],
            try_count=count + 1,
            cause=cause,
            message=message,
        )


def note_sent(row: Schedule, *, result: Change | None = None, made_plan: Plan | None = None) -> None:
    """Note by which change, or by which plan, a row is done."""
    _store(row, {"state": ScheduleState.SENT, "result": result, "made_plan": made_plan})


def put_off(row: Schedule, *, now: datetime, cause: str, message: str = "", is_new_write: bool = False) -> None:
    """Let a row be tried again later, at growing distances; after the last one it has failed.

    With `is_new_write` its last write has certainly not been applied, so that the next one is another.
    """
    if row.try_count >= len(WAITS):
        end(row, ScheduleState.FAILED, now=now, cause=cause, message=message)
        return
    news = {
        "state": ScheduleState.WAITING,
        "next_try_at": now + WAITS[row.try_count],
        "try_count": F("try_count") + 1,
        "cause": cause,
        "message": message,
    }
    _store(row, news | ({"send_token": uuid.uuid4()} if is_new_write else {}))


def end(row: Schedule, state: ScheduleState, *, now: datetime, cause: str = "", message: str = "") -> None:
    """Say what became of a row; what somebody has to see is an act, too."""
    with transaction.atomic():
        is_ours = _store(row, {"state": state, "cause": cause, "message": message, "ended_at": now})
        if is_ours and state in _ACTS:
            details = details_of(row) | {"ending": cause}
            record_act(kind=_ACTS[state], project=row.project, actor=None, at=now, details=details)


def _store(row: Schedule, news: dict[str, object]) -> bool:
    """Store what became of a row, unless somebody else has it by now; say whether it was stored."""
    held = Schedule.objects.filter(pk=row.pk, state=row.state, owner=row.owner)
    is_ours = bool(held.update(**news, **_FREE))
    row.refresh_from_db()
    return is_ours
