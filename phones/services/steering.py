"""Letting a plan run, holding it, ending it. What each act needs is looked at under a lock on the plan's row."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from phones.models import Foreseen, ItemState, Plan, PlanState, Project

from .persons import name_of
from .plan_effects import publishings_of
from .plan_totals import totals_of
from .planning import renew_preview

Clock = Callable[[], datetime]


class PlanHasMoved(Exception):
    """The plan is not in a state in which this can be done: somebody was quicker. `plan` says how it is now."""

    def __init__(self, plan: Plan) -> None:
        super().__init__("The plan is no longer in the state that was shown")
        self.plan = plan


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


def needs_typing(project: Project, count: int) -> bool:
    """Say whether so many changes ask for their count to be typed."""
    return project.typed_above is not None and count > project.typed_above


def needs_approval(project: Project, count: int) -> bool:
    """Say whether so many changes ask for a second person."""
    return project.approved_above is not None and count > project.approved_above


def will_publish(plan: Plan) -> list[str]:
    """Return the ids of the versions that the plan, as it is ticked, will publish. One query."""
    return sorted(publishing.version_id for publishing in publishings_of(plan))


def tick_rows(*, plan: Plan, numbers: Collection[int], is_ticked: bool) -> int:
    """Take rows that need a look into the plan, or leave them out again; return how many have moved.

    :raises PlanHasMoved: the plan is no longer a preview.
    """
    have, want = (ItemState.LEFT_OUT, ItemState.WAITING) if is_ticked else (ItemState.WAITING, ItemState.LEFT_OUT)
    with _held(plan, PlanState.PREVIEW):
        rows = plan.items.filter(foreseen=Foreseen.NEEDS_LOOK, number__in=list(numbers), state=have)
        return rows.update(state=want)


def apply_plan(
    *, plan: Plan, by: User, shown_count: int, shown_publish: Collection[str], typed: str, clock: Clock
) -> None:
    """Let a plan run exactly as it was shown, or propose it where a second person has to say yes.

    `shown_count` rows and the versions `shown_publish` stood on the page; `typed` is what was typed as the count.

    :raises PlanHasMoved: the plan is no longer a preview.
    :raises PreviewHasMoved: what it will do has moved on; the preview is fresh now, nothing was started.
    :raises NothingToApply: no row is left that would change anything.
    :raises CountNotTyped: the project asks for the count, and `typed` isn't it.
    """
    changed_at = plan.project.agents_changed_at
    if (
        plan.state == PlanState.PREVIEW
        and changed_at
        and changed_at > plan.foreseen_at
        and renew_preview(plan, clock=clock)
    ):
        raise PreviewHasMoved
    with _held(plan, PlanState.PREVIEW) as held:
        count = totals_of(held)[ItemState.WAITING]
        if not count:
            raise NothingToApply
        publishes = will_publish(held)
        if count != shown_count or publishes != sorted(shown_publish):
            raise PreviewHasMoved
        if needs_typing(held.project, count) and digits_typed(typed) != str(count):
            raise CountNotTyped(count)
        held.agreed = publishes
        if needs_approval(held.project, count):
            held.state = PlanState.PROPOSED
            held.save(update_fields=["state", "agreed"])
        else:
            _start(held, by, clock())
    plan.refresh_from_db()


def approve_plan(*, plan: Plan, by: User, shown_count: int, clock: Clock) -> None:
    """Let a proposed plan run; whoever says yes answers for it as well.

    :raises PlanHasMoved: the plan waits for nobody's approval.
    :raises NotYourPlan: the author can't approve their own plan.
    :raises PreviewHasMoved: the count of rows is not the one shown.
    """
    with _held(plan, PlanState.PROPOSED) as held:
        if held.author_id == by.pk:
            raise NotYourPlan
        if totals_of(held)[ItemState.WAITING] != shown_count:
            raise PreviewHasMoved
        _start(held, by, clock())
    plan.refresh_from_db()


def return_plan(*, plan: Plan) -> None:
    """Give a proposed plan back to its author, as a preview.

    :raises PlanHasMoved: the plan waits for nobody's approval.
    """
    with _held(plan, PlanState.PROPOSED) as held:
        held.state, held.agreed = PlanState.PREVIEW, []
        held.save(update_fields=["state", "agreed"])
    plan.refresh_from_db()


def discard_plan(*, plan: Plan, clock: Clock) -> None:
    """Put a plan away that nothing was sent of.

    :raises PlanHasMoved: it runs already, or is over.
    """
    with _held(plan, PlanState.PREVIEW, PlanState.PROPOSED) as held:
        held.state, held.finished_at = PlanState.DISCARDED, clock()
        held.save(update_fields=["state", "finished_at"])
    plan.refresh_from_db()


def pause_plan(*, plan: Plan, clock: Clock, cause: str = "", message: str = "") -> None:
    """Hold a plan: what is under way ends, nothing new begins. `cause` says why, if no person did it.

    :raises PlanHasMoved: it is not running.
    """
    with _held(plan, PlanState.RUNNING) as held:
        _halt(held, PlanState.PAUSED, clock())
        held.cause, held.message, held.is_told = cause, message, False
        held.save(update_fields=["state", "ran_seconds", "resumed_at", "cause", "message", "is_told"])
    plan.refresh_from_db()


def resume_plan(*, plan: Plan, by: User, clock: Clock) -> None:
    """Let a held plan go on; from now on the rights of whoever resumed it count as well.

    :raises PlanHasMoved: it is not paused.
    """
    with _held(plan, PlanState.PAUSED) as held:
        held.cause = held.message = ""
        _start(held, by, clock())
    plan.refresh_from_db()


def stop_plan(*, plan: Plan, clock: Clock) -> None:
    """End a plan: what is under way ends, the rest is not attempted.

    :raises PlanHasMoved: it neither runs nor is paused.
    """
    with _held(plan, PlanState.RUNNING, PlanState.PAUSED) as held:
        now = clock()
        if held.is_running:
            _halt(held, PlanState.STOPPED, now)
        held.state, held.finished_at = PlanState.STOPPED, now
        held.save(update_fields=["state", "ran_seconds", "resumed_at", "finished_at"])
        # Rows that a worker is reading now are given up by it: it looks at the plan before it writes anything down.
        rest = held.items.filter(state__in=[ItemState.WAITING, ItemState.CLAIMED])
        rest.update(state=ItemState.NOT_TRIED, owner=None, leased_until=None, finished_at=now)
    plan.refresh_from_db()


def finish_if_done(plan: Plan, *, clock: Clock) -> bool:
    """End a running plan of which no row is open any more; say whether it has ended."""
    with transaction.atomic():
        held = Plan.objects.select_for_update(no_key=True).get(pk=plan.pk)
        if not held.is_running or totals_of(held).open:
            return False
        now = clock()
        _halt(held, PlanState.FINISHED, now)
        held.finished_at = now
        held.save(update_fields=["state", "ran_seconds", "resumed_at", "finished_at"])
    return True


@contextmanager
def _held(plan: Plan, *states: PlanState) -> Iterator[Plan]:
    """Lock the plan's row for an act that is possible in these states only.

    Not its key: a worker that writes down a change of the plan, and holds rows of it, must not wait for us.
    """
    with transaction.atomic():
        held = Plan.objects.select_for_update(of=("self",), no_key=True).select_related("project").get(pk=plan.pk)
        if held.state not in states:
            raise PlanHasMoved(held)
        yield held


def _start(plan: Plan, by: User, now: datetime) -> None:
    plan.state, plan.resumed_at = PlanState.RUNNING, now
    plan.started_at = plan.started_at or now
    plan.approver, plan.approver_name = by, name_of(by)
    # How it ends is news, even to somebody who has seen it paused.
    plan.is_told = False
    changed = [
        "state",
        "started_at",
        "resumed_at",
        "approver",
        "approver_name",
        "agreed",
        "cause",
        "message",
        "is_told",
    ]
    plan.save(update_fields=changed)


def _halt(plan: Plan, state: PlanState, now: datetime) -> None:
    ran = (now - plan.resumed_at).total_seconds() if plan.resumed_at else 0.0
    # A clock may have been set back meanwhile.
    plan.ran_seconds += max(0.0, ran)
    plan.resumed_at, plan.state = None, state


def digits_typed(typed: str) -> str:
    """Return the digits of a typed count: people group thousands with a point, a comma or a blank."""
    return "".join(letter for letter in typed if letter not in ".,'’ \u00a0\u202f")
