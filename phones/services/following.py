"""Rows of plans follow their changes: whenever a change is settled, its row says so from the same moment on."""

from collections.abc import Iterable
from datetime import datetime

from phones.models import Change, ItemState, Outcome, PlanItem, PlanState

from .classifying import was_not_looked_at

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


def follow(changes: Iterable[Change]) -> None:
    """Let the rows of plans say what their changes came to. No query for changes of no plan; one for each outcome.

    What Diga has not looked at, because of the key, its pace or the way to it, waits for another turn.
    """
    ended: dict[tuple[ItemState, datetime], list[int]] = {}
    again: list[int] = []
    for change in changes:
        if change.plan_id is None:
            continue
        if was_not_looked_at(change):
            again.append(change.pk)
        else:
            state = _STATES[Outcome(change.outcome)]
            ended.setdefault((state, change.settled_at or change.created_at), []).append(change.pk)
    for (state, at), ids in ended.items():
        PlanItem.objects.filter(change__in=ids).update(state=state, finished_at=at, owner=None, leased_until=None)
    if again:
        _give_back(again)


def _give_back(changes: list[int]) -> None:
    """Let rows wait again, or end where they were tried often enough or their plan is over."""
    items = PlanItem.objects.filter(change__in=changes)
    items.filter(try_count__gte=MAX_TRIES).update(state=ItemState.FAILED, owner=None, leased_until=None)
    sent = items.filter(state=ItemState.SENDING)
    sent.filter(plan__state=PlanState.STOPPED).update(state=ItemState.NOT_TRIED, owner=None, leased_until=None)
    sent.update(state=ItemState.WAITING, change=None, owner=None, leased_until=None)
