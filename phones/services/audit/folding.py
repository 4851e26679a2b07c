"""The history with the changes of each plan as one entry: its newest change stands for all of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db.models import Count, Max, Q, QuerySet

from phones.models import Change, Outcome


@dataclass(frozen=True, slots=True)
class PlanCount:
    """How many changes a plan has made, and how many of them Diga has not confirmed."""

    count: int = 1
    unconfirmed_count: int = 0


def folded(found: QuerySet[Change], limit: int, *, among: QuerySet[Change], is_rising: bool = False) -> list[Change]:
    """Return the first changes, one of each plan: its newest in `among`, of which `found` is a stretch.

    `found` is ordered by its ids, downwards unless `is_rising`. Two queries a round: the rest of a plan that was met in
    one is left out of the next by the database.
    """
    heads: dict[int, int] = {}
    kept: list[Change] = []
    rest = found
    while True:
        rows = list(rest[:limit])
        heads |= _heads({row.plan_id for row in rows if row.plan_id} - heads.keys(), among)
        kept += [row for row in rows if row.plan_id is None or heads[row.plan_id] == row.pk]
        if len(kept) >= limit or len(rows) < limit:
            return kept[:limit]
        beyond = Q(pk__gt=rows[-1].pk) if is_rising else Q(pk__lt=rows[-1].pk)
        rest = found.filter(beyond, Q(plan=None) | ~Q(plan__in=list(heads)) | Q(pk__in=list(heads.values())))


def _heads(plan_ids: Collection[int], among: QuerySet[Change]) -> dict[int, int]:
    """Return the newest of these changes of each plan. One query if there are any."""
    if not plan_ids:
        return {}
    newest = among.filter(plan__in=plan_ids).order_by().values_list("plan_id").annotate(newest=Max("pk"))
    return {plan_id: pk for plan_id, pk in newest if plan_id is not None}


def counts_of_plans(plan_ids: Collection[int], among: QuerySet[Change]) -> Mapping[int, PlanCount]:
    """Return how many of these changes each plan has made. One query if there are any."""
    if not plan_ids:
        return {}
    missed = Count("pk", filter=~Q(outcome=Outcome.CONFIRMED))
    rows = among.filter(plan__in=plan_ids).order_by().values_list("plan_id")
    counted = rows.annotate(count=Count("pk"), missed=missed)
    return {plan_id: PlanCount(count, missed) for plan_id, count, missed in counted if plan_id is not None}
