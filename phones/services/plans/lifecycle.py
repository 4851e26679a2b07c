"""Starting, pausing and ending a plan. Each act checks its conditions under a lock of the plan's row."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from phones.models import ActKind, Foreseen, ItemState, Plan, PlanState, PlanStep, Project, StepKind
from phones.services.audit.acts import record_act
from phones.services.audit.plan_rows import AGREED, plan_digest
from phones.services.clock import Clock, database_now
from phones.services.display_names import unique_name_of
from phones.services.plans.forecasts.effects import publishings_of
from phones.services.plans.forecasts.fingerprint import fingerprint_of
from phones.services.plans.forecasts.preview import renew_preview
from phones.services.plans.lock import held_plan
from phones.services.plans.publishing.create import ids_of, renew_publish
from phones.services.plans.totals import log_outcome, totals_of


class PreviewHasMoved(Exception):
    """What the plan will do is no longer what was shown: nothing was started."""


class CountNotTyped(Exception):
    """So many rows need their count typed in, and it wasn't: nothing was started. `count` is the count."""

    def __init__(self, count: int) -> None:
        super().__init__("The count of changes has to be typed")
        self.count = count


class NothingToApply(Exception):
    """No row of the plan would change anything."""


class NotYourPlan(Exception):
    """Whoever made a plan can't be the one who approves it."""


class NotItsAuthor(Exception):
    """Only whoever made a plan says which rows are in it, and asks for a second person's yes."""


def needs_typing(project: Project, count: int) -> bool:
    """Say whether so many changes ask for their count to be typed."""
    return project.typed_above is not None and count > project.typed_above


def needs_approval(project: Project, count: int) -> bool:
    """Say whether so many changes ask for a second person."""
    return project.approved_above is not None and count > project.approved_above


def will_publish(plan: Plan) -> list[str]:
    """Return the ids of the versions that the plan, as it is ticked, will publish. One query at most."""
    if plan.is_publishing:
        return [str(ids_of(plan)[1])]
    return sorted(publishing.version_id for publishing in publishings_of(plan))


def tick_rows(*, plan: Plan, by: User, numbers: Collection[int], is_ticked: bool) -> int:
    """Take rows that need a look into the plan, or leave them out again; return how many have moved.

    :raises PlanHasMoved: the plan is no longer a preview.
    :raises NotItsAuthor: somebody else has made it.
    """
    have, want = (ItemState.LEFT_OUT, ItemState.WAITING) if is_ticked else (ItemState.WAITING, ItemState.LEFT_OUT)
    with held_plan(plan, PlanState.PREVIEW) as held:
        if held.author_id != by.pk:
            raise NotItsAuthor
        rows = held.items.filter(foreseen=Foreseen.NEEDS_LOOK, number__in=list(numbers), state=have)
        return rows.update(state=want)


def apply_plan(*, plan: Plan, by: User, reviewed: str, typed: str, clock: Clock) -> None:
    """Start a plan exactly as it was shown, or propose it where a second person has to approve.

    `reviewed` is the fingerprint that stood on the page (`plan_fingerprint`); `typed` is what was typed as the count.

    :raises PlanHasMoved: the plan is no longer a preview.
    :raises PreviewHasMoved: what it will do has moved on; the preview is fresh now, nothing was started.
    :raises NothingToApply: no row is left that would change anything.
    :raises CountNotTyped: the project asks for the count, and `typed` isn't it.
    :raises NotItsAuthor: it needs a second person's yes, for which only its author asks.
    """
    if _is_overtaken(plan, PlanState.PREVIEW, clock):
        raise PreviewHasMoved
    with held_plan(plan, PlanState.PREVIEW) as held:
        _refuse_unread(held, reviewed)
        count = totals_of(held)[ItemState.WAITING]
        if not count:
            raise NothingToApply
        if needs_typing(held.project, count) and digits_typed(typed) != str(count):
            raise CountNotTyped(count)
        held.agreed = will_publish(held)
        if needs_approval(held.project, count):
            if held.author_id != by.pk:
                raise NotItsAuthor
            held.state = PlanState.PROPOSED
            held.save(update_fields=["state", "agreed"])
            _note(held, StepKind.PROPOSED, by, database_now(clock))
        else:
            _let_run(held, StepKind.APPLIED, by, database_now(clock))
    plan.refresh_from_db()


def start_put_back(*, plan: Plan, by: User, agreed: Collection[str], clock: Clock) -> None:
    """Start a plan that puts another one back at its time; what its preview left out stays left out.

    `agreed` are the ids of the versions that it may publish. Nobody types a count or approves: whoever let the first
    plan run for a time has.

    :raises PlanHasMoved: it is no longer a preview.
    :raises NothingToApply: no row is left that would change anything.
    """
    with held_plan(plan, PlanState.PREVIEW) as held:
        if not totals_of(held)[ItemState.WAITING]:
            raise NothingToApply
        held.agreed = [version_id for version_id in will_publish(held) if version_id in agreed]
        _let_run(held, StepKind.APPLIED, by, database_now(clock))
    plan.refresh_from_db()


def approve_plan(*, plan: Plan, by: User, reviewed: str, clock: Clock) -> None:
    """Start a proposed plan exactly as it was shown; the approver answers for it as well.

    If agents have moved since it was proposed, so that it would do something else, its author has to propose it anew.

    :raises PlanHasMoved: the plan waits for nobody's approval.
    :raises NotYourPlan: the author can't approve their own plan.
    :raises PreviewHasMoved: it is not what was shown; nothing was started.
    """
    if plan.author_id != by.pk and _is_overtaken(plan, PlanState.PROPOSED, clock):
        return_plan(plan=plan, by=by, clock=clock)
        raise PreviewHasMoved
    with held_plan(plan, PlanState.PROPOSED) as held:
        if held.author_id == by.pk:
            raise NotYourPlan
        _refuse_unread(held, reviewed)
        _let_run(held, StepKind.APPROVED, by, database_now(clock))
    plan.refresh_from_db()


def renew(plan: Plan, *, clock: Clock, state: PlanState = PlanState.PREVIEW) -> bool:
    """Compute the preview of a plan of any kind anew, and return whether anything in it has moved.

    :raises PlanHasMoved: it is no longer in this state.
    """
    return (renew_publish if plan.is_publishing else renew_preview)(plan, clock=clock, state=state)


def _is_overtaken(plan: Plan, state: PlanState, clock: Clock) -> bool:
    """Compute a plan anew if agents have moved since it was foreseen; say whether it would do something else.

    One that publishes a version is computed anew in any case: it is about all numbers that the agent has today.
    """
    changed_at = plan.project.agents_changed_at
    is_old = plan.is_publishing or (changed_at is not None and changed_at > plan.foreseen_at)
    return plan.state == state and is_old and renew(plan, clock=clock, state=state)


def _refuse_unread(held: Plan, reviewed: str) -> None:
    """Check that the plan is as it was read when shown. Under the row's lock, so that it stays so."""
    if fingerprint_of(held) != reviewed:
        raise PreviewHasMoved


def return_plan(*, plan: Plan, by: User, clock: Clock) -> None:
    """Give a proposed plan back to its author, as a preview.

    :raises PlanHasMoved: the plan waits for nobody's approval.
    """
    with held_plan(plan, PlanState.PROPOSED) as held:
        held.state, held.agreed = PlanState.PREVIEW, []
        held.save(update_fields=["state", "agreed"])
        _note(held, StepKind.RETURNED, by, database_now(clock))
    plan.refresh_from_db()


def discard_plan(*, plan: Plan, clock: Clock, by: User | None = None) -> None:
    """Put a plan away that nothing was sent of.

    :raises PlanHasMoved: it runs already, or is over.
    """
    with held_plan(plan, PlanState.PREVIEW, PlanState.PROPOSED) as held:
        held.state, held.finished_at = PlanState.DISCARDED, database_now(clock)
        held.save(update_fields=["state", "finished_at"])
        _note(held, StepKind.DISCARDED, by, held.finished_at)
    plan.refresh_from_db()


def pause_plan(*, plan: Plan, clock: Clock, by: User | None = None, cause: str = "", message: str = "") -> None:
    """Hold a plan: what is under way ends, nothing new begins. `cause` says why, if no person did it.

    :raises PlanHasMoved: it is not running.
    """
    with held_plan(plan, PlanState.RUNNING) as held:
        now = database_now(clock)
        _halt(held, PlanState.PAUSED, now)
        held.cause, held.message, held.is_told = cause, message, False
        held.save(update_fields=["state", "ran_seconds", "resumed_at", "cause", "message", "is_told"])
        _note(held, StepKind.PAUSED, by, now, cause=cause)
    plan.refresh_from_db()
    log_outcome(plan)


def resume_plan(*, plan: Plan, by: User, clock: Clock) -> None:
    """Resume a held plan; from now on it also needs the rights of whoever resumed it.

    :raises PlanHasMoved: it is not paused.
    """
    with held_plan(plan, PlanState.PAUSED) as held:
        held.cause = held.message = ""
        _start(held, StepKind.RESUMED, by, database_now(clock))
    plan.refresh_from_db()


def stop_plan(*, plan: Plan, clock: Clock, by: User | None = None) -> None:
    """End a plan: what is under way ends, the rest is not attempted.

    :raises PlanHasMoved: it neither runs nor is paused.
    """
    with held_plan(plan, PlanState.RUNNING, PlanState.PAUSED) as held:
        now = database_now(clock)
        if held.is_running:
            _halt(held, PlanState.STOPPED, now)
        held.state, held.finished_at = PlanState.STOPPED, now
        held.save(update_fields=["state", "ran_seconds", "resumed_at", "finished_at"])
        # Rows that a worker is reading now are given up by it: it looks at the plan before it writes anything down.
        rest = held.items.filter(state__in=[ItemState.WAITING, ItemState.CLAIMED])
        rest.update(state=ItemState.NOT_TRIED, owner=None, leased_until=None, finished_at=now)
        _note(held, StepKind.STOPPED, by, now)
    plan.refresh_from_db()
    log_outcome(plan)


def finish_if_done(plan: Plan, *, clock: Clock) -> bool:
    """End a running plan of which no row is open any more; say whether it has ended."""
    with transaction.atomic():
        held = Plan.objects.select_for_update(no_key=True).get(pk=plan.pk)
        if not held.is_running or totals_of(held).open:
            return False
        now = database_now(clock)
        _halt(held, PlanState.FINISHED, now)
        held.finished_at = now
        held.save(update_fields=["state", "ran_seconds", "resumed_at", "finished_at"])
    log_outcome(held)
    return True


def _let_run(plan: Plan, kind: StepKind, by: User, now: datetime) -> None:
    """Start a plan by the yes of this person, which stays, whoever holds it and lets it go on later."""
    plan.started_at = now
    plan.approver, plan.approver_name = by, unique_name_of(by)
    plan.save(update_fields=["started_at", "approver", "approver_name", "agreed"])
    _start(plan, kind, by, now)


def _start(plan: Plan, kind: StepKind, by: User, now: datetime) -> None:
    # How it ends is news, even to somebody who has seen it paused.
    plan.state, plan.resumed_at, plan.is_told = PlanState.RUNNING, now, False
    plan.save(update_fields=["state", "resumed_at", "cause", "message", "is_told"])
    _note(plan, kind, by, now)


def _note(plan: Plan, kind: StepKind, by: User | None, now: datetime, *, cause: str = "") -> None:
    """Keep who did what to a plan, in the transaction that does it."""
    PlanStep.objects.create(
        plan=plan, kind=kind, actor=by, actor_name=unique_name_of(by) if by else "", cause=cause, created_at=now
    )
    act = ActKind(f"PLAN_{kind}")
    details: dict[str, Any] = {"plan": plan.pk} | ({"cause": cause} if cause else {})
    if act in AGREED:
        details |= {"rows": totals_of(plan)[ItemState.WAITING], "digest": plan_digest(plan.pk)}
    record_act(kind=act, project=plan.project, actor=by, at=now, details=details)


def _halt(plan: Plan, state: PlanState, now: datetime) -> None:
    ran = (now - plan.resumed_at).total_seconds() if plan.resumed_at else 0.0
    # A clock may have been set back meanwhile.
    plan.ran_seconds += max(0.0, ran)
    plan.resumed_at, plan.state = None, state


def digits_typed(typed: str) -> str:
    """Return the digits of a typed count: people group thousands with a point, a comma or a blank."""
    return "".join(letter for letter in typed if letter not in ".,'’ \u00a0\u202f")
