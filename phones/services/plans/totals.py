"""How many rows of a plan are in which state. They always add up to the number of rows."""

from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from django.db.models import Count

from phones.models import OPEN_ITEMS, Foreseen, ItemState, Plan

log = structlog.get_logger("phones.plans")


@dataclass(frozen=True, slots=True)
class Totals:
    """The rows of a plan by state; a state without rows counts 0."""

    counts: Mapping[ItemState, int]

    def __getitem__(self, state: ItemState) -> int:
        # A template asks for every name here first: what is no state isn't 0.
        return self.counts.get(ItemState(state), 0)

    @property
    def total(self) -> int:
        """All rows."""
        return sum(self.counts.values())

    @property
    def open(self) -> int:
        """The rows that are still to be dealt with."""
        return sum(self[state] for state in OPEN_ITEMS)

    @property
    def left_out(self) -> int:
        """The rows that the plan never meant to send."""
        return self[ItemState.LEFT_OUT]

    @property
    def planned(self) -> int:
        """The rows that the plan means to deal with, or has dealt with."""
        return self.total - self.left_out

    @property
    def ended(self) -> int:
        """The rows that have been dealt with; left out are those it was not to touch."""
        return self.planned - self.open


def totals_of(plan: Plan) -> Totals:
    """Return the totals. One query."""
    rows = plan.items.order_by().values_list("state").annotate(count=Count("pk"))
    return Totals({ItemState(state): count for state, count in rows})


def foreseen_of(plan: Plan) -> dict[Foreseen, int]:
    """Return how many rows the preview has put where. One query."""
    rows = plan.items.order_by().values_list("foreseen").annotate(count=Count("pk"))
    counts = {Foreseen(foreseen): count for foreseen, count in rows}
    return {foreseen: counts.get(foreseen, 0) for foreseen in Foreseen}


def log_outcome(plan: Plan) -> None:
    """Log that a plan has ended or was paused, and how many of its rows are in which state. One query."""
    log.info(
        "plan",
        project=plan.project.slug,
        plan=plan.pk,
        outcome=plan.state,
        cause=plan.cause,
        seconds=round(plan.ran_seconds, 1),
        rows={state.value: count for state, count in totals_of(plan).counts.items()},
    )
