"""The calls to Diga that a worker at a plan makes side by side, in threads that use no database but to find out."""

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from threading import BoundedSemaphore, Event
from types import TracebackType
from typing import Any, Self, TypeVar

from django.conf import settings
from django.db import connections

from phones import diga
from phones.models import PlanItem
from phones.services.clock import Clock
from phones.services.editing.write import Write, send, take_error
from phones.services.running.held_rows import LEFT_TO_PEOPLE, TURN_SECONDS, Access, Row
from phones.services.running.version_checks import Check

PhoneOutcome = diga.Phone | diga.DigaError
K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Batch:
    """The calls that have ended, each kind in the order in which they were made.

    `lost` are writes that were found out about: their futures may raise an error of the database. Those of `checks`
    may raise a `DigaError`.
    """

    reads: Sequence[tuple[Row, PhoneOutcome]] = ()
    sends: Sequence[tuple[Row, Write, PhoneOutcome]] = ()
    lost: Sequence[Future[diga.DigaError | None]] = ()
    checks: Sequence[tuple[Check, Future[diga.AgentList]]] = ()


class DigaCalls:
    """Calls under way, at most `PLAN_CONCURRENCY` at a moment. Once `halted` is set, no row is read any more.

    A row that waits to be written down uses no call, so twice as many rows are under way as calls may be; fewer after
    a 429.
    """

    def __init__(self, clock: Clock, halted: Event) -> None:
        self._clock = clock
        self._halted = halted
        self._pool = ThreadPoolExecutor(2 * settings.PLAN_CONCURRENCY, thread_name_prefix="plan")
        self._slots = BoundedSemaphore(settings.PLAN_CONCURRENCY)
        self._width = float(settings.PLAN_CONCURRENCY)
        self._reads: dict[Future[PhoneOutcome], Row] = {}
        self._sends: dict[Future[PhoneOutcome], tuple[Row, Write]] = {}
        self._lost: dict[Future[diga.DigaError | None], Row] = {}
        self._checks: dict[Future[diga.AgentList], Check] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._pool.shutdown()

    @property
    def free(self) -> int:
        """How many more rows may be under way."""
        return max(0, int(2 * self._width) - self._row_count)

    @property
    def reading(self) -> list[PlanItem]:
        """The rows that are being read."""
        return [row.item for row in self._reads.values()]

    @property
    def has_rows(self) -> bool:
        """True while a call is under way for a row."""
        return self._row_count > 0

    @property
    def are_idle(self) -> bool:
        """True while no call is under way."""
        return not (self.has_rows or self._checks)

    @property
    def is_checking(self) -> bool:
        """True while the agents are being read for rows that were given a version."""
        return bool(self._checks)

    @property
    def _row_count(self) -> int:
        return len(self._reads) + len(self._sends) + len(self._lost)

    def read(self, row: Row) -> None:
        """Read a row's phone."""
        row.phone.project = row.access.project
        self._reads[self._submit(self._read, row, row.access.client)] = row

    def send(self, row: Row, write: Write) -> None:
        """Send a row's write, which is written down."""
        self._sends[self._submit(self._send, write, row.access)] = row, write

    def find_out(self, row: Row, write: Write, error: diga.DigaError) -> None:
        """Find out, and write down, what became of a write that got no good answer."""
        self._lost[self._submit(self._find_out, write, row.access, error)] = row

    def check_versions(self, check: Check) -> None:
        """Read the agents."""
        self._checks[self._submit(self._list_agents, check.access.client)] = check

    def wait(self, seconds: float) -> Batch:
        """Return what has ended as soon as anything has, nothing after `seconds`."""
        under_way: list[Future[Any]] = [*self._reads, *self._sends, *self._lost, *self._checks]
        if not under_way:
            time.sleep(seconds)
            return Batch()
        done, _others = wait(under_way, seconds, FIRST_COMPLETED)
        return Batch(
            reads=[(row, future.result()) for future, row in _pop(self._reads, done)],
            sends=[(row, write, future.result()) for future, (row, write) in _pop(self._sends, done)],
            lost=[future for future, _row in _pop(self._lost, done)],
            checks=[(check, future) for future, check in _pop(self._checks, done)],
        )

    def widen(self, count: int) -> None:
        """Widen the number of rows under way, after `count` good answers to writes."""
        self._width = min(float(settings.PLAN_CONCURRENCY), self._width + count / self._width)

    def narrow(self, error: diga.DigaError | None) -> None:
        """Halve the number of rows under way, if Diga answered 429."""
        if isinstance(error, diga.DigaRateLimited):
            self._width = max(1.0, self._width / 2)

    def _submit(self, call: Callable[..., V], *args: Any) -> Future[V]:
        # With the context goes what the lines of the log say of it: the task, the project and the plan.
        return self._pool.submit(copy_context().run, partial(call, *args))

    def _read(self, row: Row, client: diga.DigaClient) -> PhoneOutcome:
        if not self._has_turns(client):
            return diga.DigaUnavailable(reason=diga.Reason.PACED)
        with self._slots:
            row.asked_at = self._clock()
            try:
                return client.with_turns_taken().get_phone(row.phone.pk)
            except diga.DigaError as error:
                return error

    def _has_turns(self, client: diga.DigaClient) -> bool:
        """Wait for the turns to read and to write, so that nothing waits between the two; not once the plan is held."""
        for _second in range(TURN_SECONDS):
            if self._halted.is_set():
                return False
            if client.take_turns(2, timeout=1.0, reserve=LEFT_TO_PEOPLE):
                return not self._halted.is_set()
        return False

    def _send(self, write: Write, access: Access) -> PhoneOutcome:
        outcome = self._send_once(write, access)
        # What was held off was not looked at. It goes out again as long as nobody can take its sender for dead.
        while (
            isinstance(outcome, diga.DigaRateLimited)
            and not self._halted.is_set()
            and access.client.take_turns(1, timeout=TURN_SECONDS)
        ):
            outcome = self._send_once(write, access)
        return outcome

    def _send_once(self, write: Write, access: Access) -> PhoneOutcome:
        with self._slots:
            if access.breaker.cause:
                # Others have just learned what would become of this one.
                return diga.DigaUnavailable(reason=diga.Reason.PACED)
            outcome = send(write, access.client.with_turns_taken(), self._clock)
            access.breaker.note_outcome(outcome)
            return outcome

    def _find_out(self, write: Write, access: Access, error: diga.DigaError) -> diga.DigaError | None:
        try:
            left = take_error(write, access.client, error, self._clock)
        finally:
            connections.close_all()
        if error.is_stale:
            # The connection was at fault: what counts is what came of the second try.
            access.breaker.note_error(left) if left else access.breaker.note_success()
        return left

    def _list_agents(self, client: diga.DigaClient) -> diga.AgentList:
        with self._slots:
            return client.list_agents()


def _pop(under_way: dict[Future[V], K], done: Collection[Future[Any]]) -> Iterable[tuple[Future[V], K]]:
    """Take out what has ended, in the order in which it was begun."""
    return [(future, under_way.pop(future)) for future in [future for future in under_way if future in done]]
