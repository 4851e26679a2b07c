"""The plans of a project by pages, newest first, each with its totals."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count

from phones.models import ItemState, Plan, PlanItem, Project
from phones.services.plans.totals import Totals

PAGE_SIZE = 25


@dataclass(frozen=True, slots=True)
class PlansPage:
    """One page. `older` and `newer` are the ids to page on from, None where there is nothing."""

    plans: Sequence[tuple[Plan, Totals]]
    older: int | None
    newer: int | None


def plans_page(project: Project, *, older_than: int | None = None, newer_than: int | None = None) -> PlansPage:
    """Return one page of the plans. Two queries; `older_than` wins, and the newest page is always a whole one."""
    found = Plan.objects.filter(project=project).order_by("-id")
    if older_than is not None:
        return _page(list(found.filter(pk__lt=older_than)[: PAGE_SIZE + 1]), is_first=False)
    if newer_than is not None:
        newer = list(found.filter(pk__gt=newer_than).reverse()[: PAGE_SIZE + 1])
        if len(newer) > PAGE_SIZE:
            plans = newer[:PAGE_SIZE][::-1]
            return PlansPage(_with_totals(plans), plans[-1].pk, plans[0].pk)
    return _page(list(found[: PAGE_SIZE + 1]), is_first=True)


def _page(rows: list[Plan], *, is_first: bool) -> PlansPage:
    plans = rows[:PAGE_SIZE]
    older = plans[-1].pk if len(rows) > PAGE_SIZE else None
    return PlansPage(_with_totals(plans), older, None if is_first or not plans else plans[0].pk)


def _with_totals(plans: Sequence[Plan]) -> list[tuple[Plan, Totals]]:
    counts: dict[int, dict[ItemState, int]] = {plan.pk: {} for plan in plans}
    rows = PlanItem.objects.filter(plan__in=counts).order_by().values_list("plan", "state").annotate(count=Count("pk"))
    for plan_id, state, count in rows:
        counts[plan_id][ItemState(state)] = count
    return [(plan, Totals(counts[plan.pk])) for plan in plans]
