"""The rows of a plan that one worker holds and nothing was sent of yet: taken, kept by a lease, and given back."""

import time
import uuid
from collections.abc import Iterable
from typing import Any

from django.conf import settings

from phones.models import ItemState, Plan, PlanItem
from phones.services.clock import Clock, has_passed
from phones.services.plan_items import claiming

# How long no row is taken after there were no turns to be had at Diga.
REST_SECONDS = 0.5


class RowFeed:
    """Rows of a plan for one worker, in the plan's order. The database decides who holds a row (`claiming`)."""

    def __init__(self, plan: Plan, clock: Clock) -> None:
        self.owner = uuid.uuid4()
        self._plan = plan
        self._clock = clock
        self._claimed: list[PlanItem] = []
        self._renewed_at = clock()
        self._rests_until = 0.0

    @property
    def is_resting(self) -> bool:
        """True while it is no use to take rows."""
        return time.monotonic() < self._rests_until

    def rest(self) -> None:
        """Take no row for a moment."""
        self._rests_until = time.monotonic() + REST_SECONDS

    def take(self, count: int) -> list[PlanItem]:
        """Return up to `count` rows, with their phones; none while it rests."""
        if self.is_resting:
            return []
        if count > len(self._claimed):
            # More than are needed at once: each time it takes a transaction.
            lot = 2 * settings.PLAN_CONCURRENCY
            self._claimed += claiming.claim(self._plan, owner=self.owner, limit=lot, now=self._clock())
        taken, self._claimed = self._claimed[:count], self._claimed[count:]
        return taken

    def renew(self, reading: Iterable[PlanItem]) -> None:
        """Hold the rows for longer that wait here or are being read: Diga may be slower than a lease lasts."""
        now = self._clock()
        if has_passed(claiming.RENEW_AFTER, self._renewed_at, now):
            self._renewed_at = now
            claiming.renew([*self._claimed, *reading], owner=self.owner, now=now)

    def end(self, item: PlanItem, state: ItemState, **columns: Any) -> None:
        """Say what became of a row of which nothing was sent."""
        claiming.end(item, state, owner=self.owner, now=self._clock(), **columns)

    def give_back(self, items: Iterable[PlanItem], *, counts: bool = False) -> None:
        """Release rows of which nothing was sent; `counts` says whether that was one of their tries."""
        claiming.give_back(items, owner=self.owner, counts=counts, now=self._clock())

    def give_rest_back(self) -> None:
        """Give back what was claimed and not taken from here."""
        self.give_back(self._claimed)
        self._claimed = []
