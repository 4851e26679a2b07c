"""Taking rows of a plan, and giving them back. Who holds a row is decided by the database, never by a message."""

import uuid
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet

from phones.models import OPEN_ITEMS, ItemState, Plan, PlanItem, PlanState
from phones.services.plan_items.following import MAX_TRIES

# Longer than reading a row may take, its turns and retries included; then its worker counts as dead.
LEASE = timedelta(seconds=60)
# A worker that is alive says so that often: its rows may wait for as long as it takes.
RENEW_AFTER = timedelta(seconds=15)


def claim(plan: Plan, *, owner: uuid.UUID, limit: int, now: datetime) -> list[PlanItem]:
    """Take up to `limit` rows of a plan, with their phones, in the plan's order. Two workers never get one row.

    `now` is the database's (`database_clock`), as for `renew`.

    Rows that publish a version come first and alone, so that all others find it published.
    """
    with transaction.atomic():
        if plan.items.filter(goes_first=True, state__in=OPEN_ITEMS).exists():
            return _claim_publishing(plan, owner, now)
        return _claim_batch(plan, owner, limit, now)


def _claim_publishing(plan: Plan, owner: uuid.UUID, now: datetime) -> list[PlanItem]:
    """Take the next row that publishes a version; none while another one is held, or being sent."""
    # Whoever takes one of them takes it alone; two at a time would each find the other's row free.
    Plan.objects.select_for_update(no_key=True).get(pk=plan.pk)
    free = _free(plan, owner, now).filter(goes_first=True)
    under_way = plan.items.filter(goes_first=True, state__in=OPEN_ITEMS).exclude(pk__in=free.values("pk"))
    return [] if under_way.exists() else _take(free, owner, 1, now)


def _claim_batch(plan: Plan, owner: uuid.UUID, limit: int, now: datetime) -> list[PlanItem]:
    """Take up to `limit` of the rows that publish nothing."""
    return _take(_free(plan, owner, now).filter(goes_first=False), owner, limit, now)


def _take(free: QuerySet[PlanItem], owner: uuid.UUID, limit: int, now: datetime) -> list[PlanItem]:
    ids = free.select_for_update(skip_locked=True).order_by("number").values_list("pk", flat=True)
    taken = list(ids[:limit])
    if not taken:
        return []
    PlanItem.objects.filter(pk__in=taken).update(
        state=ItemState.CLAIMED, owner=owner, leased_until=now + LEASE, try_count=F("try_count") + 1
    )
    return list(PlanItem.objects.filter(pk__in=taken).select_related("phone", "reverts").order_by("number"))


def _free(plan: Plan, owner: uuid.UUID, now: datetime) -> QuerySet[PlanItem]:
    """Return the rows that nobody holds; a lease further ahead than any is of a clock that was set back.

    A worker holds its own as long as it lives, whatever their leases say.
    """
    is_over = Q(leased_until__lt=now) | Q(leased_until__gt=now + 2 * LEASE)
    is_left = Q(state=ItemState.CLAIMED) & is_over & ~Q(owner=owner)
    return plan.items.filter(Q(state=ItemState.WAITING) | is_left)


def renew(items: Iterable[PlanItem], *, owner: uuid.UUID, now: datetime) -> None:
    """Hold rows for longer that wait to be read, or are being read; one that somebody else took is left alone."""
    held = PlanItem.objects.filter(pk__in=[item.pk for item in items], owner=owner, state=ItemState.CLAIMED)
    held.update(leased_until=now + LEASE)


def still_held(items: Collection[PlanItem], owner: uuid.UUID) -> set[int]:
    """Lock rows, and return the ids of those that are still this worker's in a plan that is still running."""
    held = PlanItem.objects.filter(
        pk__in=[item.pk for item in items], owner=owner, state=ItemState.CLAIMED, plan__state=PlanState.RUNNING
    )
    return set(held.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))


def mark_sending(changes: Mapping[int, int]) -> None:
    """Note which change each row is sent by, in the transaction that writes the changes down."""
    items = [
        PlanItem(pk=item_id, change_id=change_id, state=ItemState.SENDING) for item_id, change_id in changes.items()
    ]
    PlanItem.objects.bulk_update(items, ["change_id", "state"])


def end(item: PlanItem, state: ItemState, *, owner: uuid.UUID, now: datetime, cause: str = "", **more: Any) -> None:
    """Say what became of a row of which nothing was sent; one that somebody else holds by now is left alone."""
    PlanItem.objects.filter(pk=item.pk, owner=owner, state=ItemState.CLAIMED).update(
        state=state, cause=cause, finished_at=now, owner=None, leased_until=None, **more
    )


def give_back(items: Iterable[PlanItem], *, owner: uuid.UUID, now: datetime, counts: bool) -> None:
    """Release rows of which nothing was sent to WAITING; `counts` says whether it was one of a row's limited tries."""
    ids = [item.pk for item in items]
    if not ids:
        return
    held = PlanItem.objects.filter(pk__in=ids, owner=owner, state=ItemState.CLAIMED)
    free: dict[str, Any] = {"owner": None, "leased_until": None}
    if not counts:
        held.update(state=ItemState.WAITING, try_count=F("try_count") - 1, **free)
        return
    tired = held.filter(try_count__gte=MAX_TRIES)
    tired.update(state=ItemState.FAILED, cause="unreadable", finished_at=now, **free)
    held.filter(try_count__lt=MAX_TRIES).update(state=ItemState.WAITING, **free)
