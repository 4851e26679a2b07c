"""The rows of a plan by pages, as they stand in its list: by what is foreseen of them, or by what became of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q

from phones.models import Foreseen, ItemState, Plan, PlanItem
from phones.services.routing.lanes import FIELDS

FIRST_SIZE = 10
PAGE_SIZE = 100
LATEST_SIZE = 8
BUSY = (ItemState.SENDING, ItemState.CLAIMED)
GROUPS = (Foreseen.WILL_CHANGE, Foreseen.ALREADY_SO, Foreseen.CANNOT, Foreseen.NEEDS_LOOK)


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows in the order of the list. `after` and `before` are the numbers to page on from, None at an end."""

    items: Sequence[PlanItem]
    before: int | None = None
    after: int | None = None


def group_rows(
    plan: Plan, counts: Mapping[Foreseen, int], *, opened: Foreseen | None = None, after: int = 0
) -> dict[Foreseen, Rows]:
    """Return the first rows of each group that has any, or a page of the one that is opened. One query a group."""
    return {
        group: _page(plan, foreseen=group, after=after, size=PAGE_SIZE)
        if group == opened
        else _page(plan, foreseen=group, after=0, size=FIRST_SIZE)
        for group in GROUPS
        if counts[group]
    }


def state_rows(plan: Plan, *, state: ItemState | None, after: int = 0) -> Rows:
    """Return a page of the rows in a state, or of all. One query, two after the first page."""
    return _page(plan, after=after, size=PAGE_SIZE, **({"state": state} if state else {}))


def latest_rows(plan: Plan) -> list[PlanItem]:
    """Return the rows that are under way, then those that ended last. Two queries."""
    rows = plan.items.select_related("phone", "change")
    busy = list(rows.filter(state__in=BUSY).order_by("number")[:LATEST_SIZE])
    ended = rows.filter(finished_at__isnull=False).order_by("-finished_at", "-number")
    return busy + list(ended[: LATEST_SIZE - len(busy)])


def fields_of(plan: Plan) -> tuple[str, ...]:
    """Return the fields that any row of the plan changes. One query where the rows differ."""
    if plan.wish and not plan.is_publishing:
        return tuple(name for name in FIELDS if name in plan.wish)
    counts = {name: Count("pk", filter=Q(after__has_key=name)) for name in FIELDS}
    found = plan.items.aggregate(**counts)
    return tuple(name for name in FIELDS if found[name])


def numbers_to_look_at(plan: Plan) -> list[int]:
    """Return the numbers of all rows that need a look. One query."""
    return list(plan.items.filter(foreseen=Foreseen.NEEDS_LOOK).values_list("number", flat=True))


def _page(plan: Plan, *, after: int, size: int, **narrowed: str) -> Rows:
    found = plan.items.filter(**narrowed).select_related("phone", "change").order_by("number")
    items = list(found.filter(number__gt=after)[: size + 1])
    before = None
    if after:
        # The page before begins `size` rows back, at the very start where there are fewer.
        earlier = list(found.filter(number__lte=after).reverse().values_list("number", flat=True)[: size + 1])
        before = earlier[size] if len(earlier) > size else 0
    return Rows(items[:size], before, items[size - 1].number if len(items) > size else None)
