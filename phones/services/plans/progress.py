"""How far a plan has come: how many rows were tried, how quickly, and how long the rest will take."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count

from phones.models import Change, Foreseen, ItemState, Outcome, Plan
from phones.services.editing.recheck_times import is_soon_known
from phones.services.plans.totals import Totals

# The rate is that of the last seconds: a plan slows down and recovers with Diga.
WINDOW = timedelta(seconds=10)
# More unknown rows than a worker can have sent at a time, so that the newest of them are among these.
ENOUGH = 100


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a plan has come. `to_try` rows were or will be compared and sent; `rate` is in rows a second."""

    totals: Totals
    to_try: int
    tried: int
    rate: float | None = None
    seconds_left: int | None = None

    @property
    def busy(self) -> int:
        """The rows that a worker has in hand now."""
        return self.totals[ItemState.CLAIMED] + self.totals[ItemState.SENDING]


def has_soon_known_rows(plan: Plan, totals: Totals) -> bool:
    """Say whether it will soon be known of a row what became of it. One query where any is unknown."""
    if not totals[ItemState.UNKNOWN]:
        return False
    unknown = Change.objects.filter(plan=plan, outcome=Outcome.UNKNOWN).order_by("-pk")
    return any(is_soon_known(change) for change in unknown.only("outcome", "next_look_at", "answer_lost_at")[:ENOUGH])


def progress_of(plan: Plan, *, now: datetime) -> Progress:
    """Return how far a plan has come. One query, two while it runs."""
    rows = plan.items.order_by().values_list("state", "foreseen").annotate(count=Count("pk"))
    counts: dict[ItemState, int] = {}
    to_try = 0
    for state, foreseen, count in rows:
        counts[ItemState(state)] = counts.get(ItemState(state), 0) + count
        if state != ItemState.LEFT_OUT and foreseen != Foreseen.ALREADY_SO:
            to_try += count
    totals = Totals(counts)
    rest = totals.open
    if not plan.is_running or plan.resumed_at is None:
        return Progress(totals, to_try, to_try - rest)
    window = min(WINDOW, max(now - plan.resumed_at, timedelta(seconds=1)))
    ended = plan.items.filter(finished_at__gt=now - window, finished_at__lte=now).count()
    rate = ended / window.total_seconds()
    return Progress(totals, to_try, to_try - rest, rate, round(rest / rate) if rate else None)
