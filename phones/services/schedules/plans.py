"""A plan at its time: it is started, or what it has done is put back by a plan of its own."""

from datetime import datetime

from django.contrib.auth.models import User

from phones.models import (
    OPEN_ITEMS,
    ItemState,
    Plan,
    PlanKind,
    PlanState,
    Schedule,
    ScheduleKind,
    ScheduleState,
)
from phones.services.clock import Clock
from phones.services.display_names import unique_name_of
from phones.services.editing.put_backs import record_set
from phones.services.plans import lifecycle
from phones.services.plans.create import NothingPlanned
from phones.services.plans.follow_ups import plan_again
from phones.services.plans.forecasts.fingerprint import fingerprint_of
from phones.services.plans.lock import PlanHasMoved, held_plan
from phones.services.plans.totals import totals_of
from phones.services.schedules.claiming import end, note_sent, put_off
from phones.services.schedules.sending import versions_of

# Why a plan pauses by itself that may go on later; after any other reason a person decides.
PASSING = {"unreachable": "server_error", "slow_down": "rate_limited", "no_key": "no_key", "key_rejected": "auth"}
_REST = (ItemState.FAILED, ItemState.REFUSED, ItemState.MISMATCH, ItemState.UNKNOWN, ItemState.NOT_TRIED)
_LEFT = (ItemState.LEFT_OUT, ItemState.CHANGED)


class CanNotBeSet(Exception):
    """The plan is over, publishes a version, needs a second person, or is not as it was shown."""


def schedule_plan(
    *, plan: Plan, kind: ScheduleKind, due_at: datetime, by: User, now: datetime, reviewed: str = "", typed: str = ""
) -> Schedule:
    """Set a plan for a time: to be started then (`START_PLAN`), or put back (`PUT_BACK_PLAN`).

    For a start, `reviewed` and `typed` are as for `apply_plan`. There is one of each kind a plan at a time. Where a
    second person has to agree, an end is set before the plan is proposed, so that they agree to both.

    :raises CanNotBeSet: the plan can't be started or put back by itself.
    :raises CountNotTyped: the project asks for the count, and `typed` isn't it.
    :raises PlanHasMoved: the plan is over.
    """
    states = [PlanState.PREVIEW]
    if kind == ScheduleKind.PUT_BACK_PLAN:
        states += [PlanState.RUNNING, PlanState.PAUSED, PlanState.STOPPED, PlanState.FINISHED]
    with held_plan(plan, *states) as held:
        if held.is_publishing or held.schedules.filter(kind=kind, state__in=["WAITING", "CLAIMED", "SENT"]).exists():
            raise CanNotBeSet
        if kind == ScheduleKind.PUT_BACK_PLAN and needs_second_person_to_end(held):
            raise CanNotBeSet
        agreed = [_reviewed(held, reviewed, typed)] if kind == ScheduleKind.START_PLAN else []
        row = Schedule.objects.create(
            project=held.project,
            kind=kind,
            due_at=due_at,
            author=by,
            author_name=unique_name_of(by),
            reason=held.reason,
            ticket=held.ticket,
            plan=held,
            agreed=agreed,
            created_at=now,
        )
        record_set(row)
    return row


def needs_second_person_to_end(plan: Plan) -> bool:
    """Say whether a plan that was started has more to put back than one person alone may change. One query at most."""
    if plan.project.approved_above is None or plan.started_at is None:
        return False
    totals = totals_of(plan)
    return lifecycle.needs_approval(plan.project, totals[ItemState.DONE] + totals.open)


def _reviewed(plan: Plan, reviewed: str, typed: str) -> str:
    """Return the fingerprint of what is to be started, if it is what was shown and needs no second person."""
    count = totals_of(plan)[ItemState.WAITING]
    if not count or fingerprint_of(plan) != reviewed or lifecycle.needs_approval(plan.project, count):
        raise CanNotBeSet
    if lifecycle.needs_typing(plan.project, count) and lifecycle.digits_typed(typed) != str(count):
        raise lifecycle.CountNotTyped(count)
    return reviewed


def do_plan(row: Schedule, clock: Clock) -> None:
    """Do a claimed row of a plan. A worker finds the plan when its bell rings next, within a minute."""
    if row.kind == ScheduleKind.START_PLAN:
        _start(row, clock)
    elif row.made_plan and row.made_plan.is_paused:
        _resume(row, row.made_plan, clock)
    else:
        _put_back(row, clock)


def _start(row: Schedule, clock: Clock) -> None:
    plan, author = _plan_of(row)
    count = totals_of(plan)[ItemState.WAITING]
    if lifecycle.needs_approval(row.project, count):
        # The rule is newer than the row.
        end(row, ScheduleState.FAILED, now=clock(), cause="second_person")
        return
    try:
        lifecycle.apply_plan(plan=plan, by=author, reviewed=row.agreed[0], typed=str(count), clock=clock)
    except lifecycle.PreviewHasMoved:
        end(row, ScheduleState.FAILED, now=clock(), cause="preview_moved")
    except lifecycle.NothingToApply:
        end(row, ScheduleState.DONE, now=clock(), cause="same")
    except PlanHasMoved as moved:
        # Somebody has discarded it; or started it, as a worker that died may have.
        is_started = moved.plan.started_at is not None
        end(row, ScheduleState.DONE if is_started else ScheduleState.CANCELLED, now=clock())
    else:
        end(row, ScheduleState.DONE, now=clock())


def _put_back(row: Schedule, clock: Clock) -> None:
    """Make the plan that takes back what was done, and start it. Made before by a worker that died, it is the same."""
    plan, author = _plan_of(row)
    if plan.started_at is None:
        end(row, ScheduleState.CANCELLED, now=clock(), cause="not_applied")
        return
    if not plan.is_over:
        lifecycle.stop_plan(plan=plan, clock=clock)
    if plan.items.filter(state__in=[*OPEN_ITEMS, ItemState.UNKNOWN]).exists():
        put_off(row, now=clock(), cause="plan_running")
        return
    try:
        made = plan_again(
            plan=plan,
            kind=PlanKind.PUT_BACK,
            author=author,
            reason=row.reason,
            ticket=row.ticket,
            form_token=row.send_token,
            form_digest="put back",
            clock=clock,
        )
    except NothingPlanned:
        end(row, ScheduleState.DONE, now=clock(), cause="same")
        return
    try:
        lifecycle.start_put_back(plan=made, by=author, agreed=_versions_before(plan), clock=clock)
    except lifecycle.NothingToApply:
        note_sent(row, made_plan=made)
        _end_by_rows(row, made, clock())
    except PlanHasMoved:
        note_sent(row, made_plan=made)
    else:
        note_sent(row, made_plan=made)


def _resume(row: Schedule, made: Plan, clock: Clock) -> None:
    _plan, author = _plan_of(row)
    lifecycle.resume_plan(plan=made, by=author, clock=clock)
    note_sent(row, made_plan=made)


def _plan_of(row: Schedule) -> tuple[Plan, User]:
    if row.plan is None or row.author is None:
        raise TypeError("A schedule of a plan has a plan, and is done on behalf of somebody")
    row.plan.project = row.project
    return row.plan, row.author


def _versions_before(plan: Plan) -> set[str]:
    """Return the ids of the versions that stood in the rows before: whoever wants them back agrees to them."""
    befores = plan.items.values_list("before", flat=True)
    return {version_id for before in befores for version_id in versions_of(before)}


def follow_plan(row: Schedule, now: datetime) -> None:
    """Settle a row that is under way by what became of its plan; one that a person has paused stays so."""
    made = row.made_plan
    if made is None:
        return
    if made.is_paused and made.cause in PASSING:
        put_off(row, now=now, cause=PASSING[made.cause], message=made.message)
    elif made.is_paused and made.cause:
        end(row, ScheduleState.FAILED, now=now, cause="plan_paused", message=made.message)
    elif made.is_over:
        _end_by_rows(row, made, now)


def _end_by_rows(row: Schedule, made: Plan, now: datetime) -> None:
    totals = totals_of(made)
    if any(totals[state] for state in _REST):
        end(row, ScheduleState.FAILED, now=now, cause="plan_rest")
    elif any(totals[state] for state in _LEFT):
        end(row, ScheduleState.SKIPPED, now=now, cause="plan_left")
    else:
        end(row, ScheduleState.DONE, now=now)
