"""Rows of plans follow their changes: whenever a change is settled, its row says so from the same moment on."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q

from phones.models import Change, ItemState, Outcome, Plan, PlanItem, PlanState
from phones.services.upstream.failures import was_not_looked_at

# How often a row is tried that Diga never looked at.
MAX_TRIES = 5
_STATES = {
    Outcome.PENDING: ItemState.SENDING,
    Outcome.CONFIRMED: ItemState.DONE,
    Outcome.MISMATCH: ItemState.MISMATCH,
    Outcome.REFUSED: ItemState.REFUSED,
    Outcome.FAILED: ItemState.FAILED,
    Outcome.UNKNOWN: ItemState.UNKNOWN,
}


def hold_plans(changes: Iterable[Change]) -> None:
    """Lock the plans of which rows will wait again, so that none is stopped or finished meanwhile. Call it first."""
    plans = {change.plan_id for change in changes if change.plan_id is not None and was_not_looked_at(change)}
    if plans:
        list(Plan.objects.select_for_update(no_key=True).filter(pk__in=plans).order_by("pk").values_list("pk"))


def follow(changes: Iterable[Change]) -> None:
    """Set the states of plans' rows by the outcomes of their changes. One query an outcome; none without a plan.

    What Diga has not looked at, because of the key, its pace or the way to it, waits for another turn.
    """
    ended: dict[tuple[ItemState, datetime], list[int]] = {}
    again: list[Change] = []
    for change in changes:
        if change.plan_id is None:
            continue
        if was_not_looked_at(change):
            again.append(change)
        else:
            state = _STATES[Outcome(change.outcome)]
            ended.setdefault((state, change.settled_at or change.created_at), []).append(change.pk)
    for (state, at), ids in ended.items():
        PlanItem.objects.filter(change__in=ids).update(state=state, finished_at=at, owner=None, leased_until=None)
    if again:
        _give_back([change.pk for change in again], max(change.settled_at or change.created_at for change in again))


def _give_back(changes: list[int], at: datetime) -> None:
    """Release rows to WAITING; end those whose tries are used up or whose plan is over."""
    items = PlanItem.objects.filter(change__in=changes, state__in=[ItemState.SENDING, ItemState.UNKNOWN])
    is_tired = Q(try_count__gte=MAX_TRIES)
    is_over = Q(plan__state__in=[PlanState.STOPPED, PlanState.FINISHED])
    # A plan may have come to its end while nobody knew what became of a row.
    has_failed = is_tired | (is_over & Q(state=ItemState.UNKNOWN))
    is_not_tried = ~is_tired & is_over & Q(state=ItemState.SENDING)
    free: dict[str, Any] = {"owner": None, "leased_until": None}
    items.filter(has_failed).update(state=ItemState.FAILED, finished_at=at, **free)
    items.filter(is_not_tried).update(state=ItemState.NOT_TRIED, finished_at=at, **free)
    items.filter(~is_tired, ~is_over).update(state=ItemState.WAITING, change=None, finished_at=None, **free)
