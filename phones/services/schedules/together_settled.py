"""What became of put-backs that one plan has done together: each row says so for its own number."""

from contextlib import suppress
from datetime import datetime

from django.db.models import OuterRef, QuerySet, Subquery

from phones.models import (
    OPEN_ITEMS,
    Change,
    ItemState,
    Plan,
    PlanItem,
    PlanState,
    Project,
    Schedule,
    ScheduleKind,
    ScheduleState,
)
from phones.services.clock import Clock
from phones.services.editing.recheck_times import is_given_up
from phones.services.plans.lifecycle import stop_plan
from phones.services.plans.lock import PlanHasMoved
from phones.services.schedules.claiming import WAITS, end, put_all_off, put_off
from phones.services.schedules.plans import PASSING

# Codes of a row of a plan that a schedule has another code for.
_SAID = {"unknown_phone": "not_found", "gone": "no_version"}


def settle_together(project: Project, clock: Clock) -> None:
    """Settle the rows of plans that do not run now, and put those off of plans that wait for Diga or for a key."""
    sent = _sent().filter(project=project).exclude(made_plan__state=PlanState.RUNNING).order_by()
    for plan in Plan.objects.filter(pk__in=sent.values("made_plan")).order_by("pk"):
        rows = _sent().filter(made_plan=plan)
        _settle(rows, plan, clock())
        if plan.is_paused and plan.cause in PASSING:
            _put_off(rows, plan, clock)


def _sent() -> QuerySet[Schedule]:
    return Schedule.objects.filter(kind=ScheduleKind.PUT_BACK, state=ScheduleState.SENT, made_plan__isnull=False)


def _items(plan: Plan, *states: ItemState) -> QuerySet[PlanItem]:
    return plan.items.filter(state__in=states).order_by()


def _settle(rows: QuerySet[Schedule], plan: Plan, now: datetime) -> None:
    """Settle by what became of each row of the plan. What went well takes two statements, however many it is."""
    done = _items(plan, ItemState.DONE)
    result = Subquery(done.filter(reverts=OuterRef("change")).values("change")[:1])
    well = {"state": ScheduleState.DONE, "ended_at": now}
    rows.filter(change__in=done.values("reverts")).update(**well, cause="", result=result)
    rows.filter(change__in=_items(plan, ItemState.SAME).values("reverts")).update(**well, cause="same")
    items = {
        item.reverts_id: item for item in plan.items.filter(reverts__in=rows.values("change")).select_related("change")
    }
    for row in rows.select_related("project", "phone"):
        if row.change_id in items:
            _settle_one(row, items[row.change_id], plan, now)


def _settle_one(row: Schedule, item: PlanItem, plan: Plan, now: datetime) -> None:
    change: Change | None = item.change
    code = (change.cause if change else item.cause) or "not_applied"
    cause = _SAID.get(code, code)
    message = change.message if change else item.message
    match item.state:
        case ItemState.CHANGED if cause == "closed":
            end(row, ScheduleState.FAILED, now=now, cause=cause)
        case ItemState.CHANGED:
            end(row, ScheduleState.SKIPPED, now=now, cause="changed")
        case ItemState.FAILED:
            # It has certainly not been applied: it is tried again by itself.
            put_off(row, now=now, cause=cause, message=message, is_new_write=True)
            Schedule.objects.filter(pk=row.pk).update(made_plan=None)
        case ItemState.REFUSED:
            end(row, ScheduleState.FAILED, now=now, cause=cause, message=message)
        case ItemState.MISMATCH:
            end(row, ScheduleState.FAILED, now=now, cause="mismatch", message=message)
        case ItemState.UNKNOWN if change and is_given_up(change):
            end(row, ScheduleState.FAILED, now=now, cause="unknown")
        case ItemState.UNKNOWN:
            pass
        case _ if plan.is_over:
            end(row, ScheduleState.FAILED, now=now, cause="plan_stopped")


def _put_off(rows: QuerySet[Schedule], plan: Plan, clock: Clock) -> None:
    """Let the rest of a paused plan be tried again later; after the last time it is stopped, and each row fails."""
    items = _items(plan, *OPEN_ITEMS)
    left = list(rows.filter(change__in=items.values("reverts")).select_related("project", "phone"))
    cause = PASSING[plan.cause]
    if items.exists() and all(row.try_count < len(WAITS) for row in left):
        put_all_off(left, now=clock(), cause=cause, message=plan.message)
        return
    with suppress(PlanHasMoved):
        stop_plan(plan=plan, clock=clock)
        for row in left:
            end(row, ScheduleState.FAILED, now=clock(), cause=cause, message=plan.message)
