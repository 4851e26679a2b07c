"""Phones that are added and removed while a client reads the list."""

import random
from uuid import UUID

from ..state import PhoneRow, Table


class Churn:
    """Adds and removes a few phones with each request, until the totals are reached. Set `Sandbox.churn`."""

    def __init__(self, seed: int, *, added: int, removed: int, requests: int) -> None:
        """Spread the additions and removals over about as many requests, in an order that the seed decides."""
        self._chance = random.Random(seed)  # noqa: S311 - made-up data is no secret.
        self._steps = [True] * added + [False] * removed
        self._chance.shuffle(self._steps)
        self._step_count = max(1, round(2 * len(self._steps) / max(1, requests)))
        self.added: set[UUID] = set()
        self.removed: set[UUID] = set()

    def __call__(self, phones: Table[PhoneRow]) -> None:
        """Do what is due before one more request is answered."""
        for _ in range(self._chance.randint(0, self._step_count)):
            if self._steps:
                self._add(phones) if self._steps.pop() else self._remove(phones)

    def _add(self, phones: Table[PhoneRow]) -> None:
        row = PhoneRow(UUID(int=self._chance.getrandbits(128), version=4), f"+34{self._chance.randrange(10**9):09d}")
        phones.add(row)
        self.added.add(row.id)

    def _remove(self, phones: Table[PhoneRow]) -> None:
        rows = phones.slice(self._chance.randrange(len(phones)), 1, is_ascending=True) if len(phones) else []
        for row in rows:
            phones.remove(row.id)
            self.removed.add(row.id)
