"""Running a plan: many rows at a time, each read, compared, written down, sent once and verified.

One thread owns the database and decides; a few others only talk to Diga. What they bring back at about the same time
is written down together. Rows are the truth: whatever is lost with a process is found again in them.
"""

import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from threading import BoundedSemaphore
from typing import Any

from django.conf import settings
from django.db import connections, transaction

from phones import diga
from phones.models import ItemState, NoKey, Phone, Plan, PlanItem
from phones.services.audit import log
from phones.services.clock import database_clock, has_passed
from phones.services.editing.guard import AGENTS_FRESH_FOR
from phones.services.editing.write import Write, begin, new_write, take_error, take_phones
from phones.services.plan_items import claiming
from phones.services.plans.lifecycle import finish_if_done, pause_plan
from phones.services.plans.lock import PlanHasMoved
from phones.services.projects.identity import ForeignProject
from phones.services.projects.keys import note_answer, note_refusal
from phones.services.routing.edits import PhoneEdit
from phones.services.running.circuit_breaker import CircuitBreaker
from phones.services.running.held_rows import Access, Row, author_of
from phones.services.running.row_decision import Decider
from phones.services.running.version_checks import VersionChecks
from phones.services.sync.refresh import note_refused, reread_agents
from phones.services.sync.store import Answer, ensure_read_is_newer, is_copy, store_answers

Clock = Callable[[], datetime]
# How often a worker looks whether it is to go on.
LOOK_SECONDS = 0.5
# How long a row waits for its turns at Diga before it lets go.
TURN_SECONDS = 5
# Turns that a plan leaves to people who save a single phone.
LEFT_TO_PEOPLE = 2
# How often free workers are called to help, where there are several.
CALL_SECONDS = 2.0
# How often a row is read again because somebody else was about its phone.
MAX_ROUNDS = 5


class Runner:
    """One worker at one plan, until the plan is no longer running or nothing of it is left to take.

    A row goes through three calls, each answered in its own way: it is read, it is sent, and where the answer to
    that was lost, it is found out what became of it. Rows that were given a version wait together for a read of the
    agents: only that tells whether it is published.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        clock: Clock,
        may_run: Callable[[Plan], bool],
        should_stop: Callable[[], bool],
        call_others: Callable[[], object] | None,
    ) -> None:
        self._plan = plan
        self._access = Access.of(plan.project)
        self._own_clock = clock
        self._clock = database_clock(clock)
        self._may_run = may_run
        self._should_stop = should_stop
        self._call_others = call_others
        self._called_at = 0.0
        self._owner = uuid.uuid4()
        self._decider = Decider(lambda: self._clock())
        self._width = float(settings.PLAN_CONCURRENCY)
        self._calls = BoundedSemaphore(settings.PLAN_CONCURRENCY)
        self._claimed: list[PlanItem] = []
        self._looked_at: float | None = None
        self._renewed_at = self._clock()
        self._rests_until = 0.0
        self._is_going_on = True
        self._reads: dict[Future[diga.Phone | diga.DigaError], Row] = {}
        self._sends: dict[Future[diga.Phone | diga.DigaError], Row] = {}
        self._lost: dict[Future[diga.DigaError | None], Row] = {}
        self._checks = VersionChecks(lambda: self._clock())

    @property
    def _breaker(self) -> CircuitBreaker:
        return self._access.breaker

    def _has_key(self) -> bool:
        """Take the key as it is now: it may have been replaced since, or taken away.

        What went wrong with another one says nothing of it, so it begins with a breaker of its own.
        """
        project = self._plan.project
        if project.token_id == self._access.project.token_id:
            self._access = replace(self._access, project=project)
            return True
        try:
            self._access = Access.of(project)
        except NoKey:
            return False
        return True

    def run(self) -> None:
        """Deal with rows until there is no more reason to."""
        # A row that waits to be written down uses no call, so that twice as many rows are under way as calls may be.
        with ThreadPoolExecutor(2 * settings.PLAN_CONCURRENCY, thread_name_prefix="plan") as self._pool:
            while True:
                self._look()
                self._take_rows()
                under_way: list[Future[Any]] = [*self._reads, *self._sends, *self._lost]
                self._checks.begin(self._access, self._pool, self._calls, is_alone=not under_way)
                if check := self._checks.current:
                    under_way.append(check.future)
                if not under_way:
                    if not self._is_resting:
                        return
                    time.sleep(LOOK_SECONDS)
                    continue
                done, _waiting = wait(under_way, LOOK_SECONDS, FIRST_COMPLETED)
                # What came back together is written down together.
                self._take_reads([(self._reads.pop(future), future.result()) for future in done & self._reads.keys()])
                self._take_answers([(self._sends.pop(future), future.result()) for future in done & self._sends.keys()])
                for future in done & self._lost.keys():
                    del self._lost[future]
                    self._narrow(future.result())
                if check and check.future in done and (error := self._checks.take(check)):
                    check.access.breaker.note_error(error)
                    self._narrow(error)

    @property
    def _is_resting(self) -> bool:
        """True while there are no turns to be had, so that it is no use to take rows."""
        return self._is_going_on and not self._breaker.cause and time.monotonic() < self._rests_until

    def _look(self) -> None:
        """See now and then whether the plan is still to be run, and by whom; pause it where it can't go on."""
        is_held_up = self._is_going_on and self._breaker.cause
        if self._looked_at is not None and not is_held_up and time.monotonic() - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at, self._clock = time.monotonic(), database_clock(self._own_clock)
        self._renew_leases()
        self._plan = Plan.objects.select_related("project", "author", "approver").get(pk=self._plan.pk)
        if not self._plan.is_running or self._should_stop():
            self._is_going_on = False
        elif not self._may_run(self._plan):
            self._pause("no_right")
        elif not self._has_key():
            self._pause("no_key")
        elif is_held_up and self._breaker.cause:
            # Not one that was noted since the key was looked at: it may be of a key that was replaced by then.
            self._pause(self._breaker.cause, self._breaker.message)
        else:
            self._read_agents()
            if self._call_others and time.monotonic() - self._called_at > CALL_SECONDS:
                self._called_at = time.monotonic()
                self._call_others()

    def _renew_leases(self) -> None:
        """Hold the rows for longer that wait or are being read: Diga, or its pace, may be slower than a lease lasts."""
        if not has_passed(claiming.RENEW_AFTER, self._renewed_at, self._clock()):
            return
        self._renewed_at = self._clock()
        waiting = [*self._claimed, *(row.item for row in self._reads.values())]
        claiming.renew(waiting, owner=self._owner, now=self._clock())

    def _pause(self, cause: str, message: str = "") -> None:
        self._is_going_on = False
        with suppress(PlanHasMoved):
            pause_plan(plan=self._plan, clock=self._clock, cause=cause, message=message)

    def _read_agents(self) -> None:
        if not has_passed(AGENTS_FRESH_FOR, self._access.project.agents_read_at, self._clock()):
            return
        try:
            reread_agents(project=self._access.project, client=self._access.client, clock=self._clock)
        except ForeignProject as error:
            self._pause(error.cause)
        except diga.DigaError as error:
            self._breaker.note_error(error)

    def _take_rows(self) -> None:
        free = max(0, int(2 * self._width) - len(self._reads) - len(self._sends) - len(self._lost))
        if not self._is_going_on or self._breaker.cause:
            claiming.give_back(self._claimed, owner=self._owner, counts=False, now=self._clock())
            self._claimed = []
            return
        if self._is_resting:
            return
        if free > len(self._claimed):
            # More than are needed at once: each time it takes a transaction.
            lot, now = 2 * settings.PLAN_CONCURRENCY, self._clock()
            self._claimed += claiming.claim(self._plan, owner=self._owner, limit=lot, now=now)
        for item in self._claimed[:free]:
            self._read(Row(item, self._clock(), self._access))
        self._claimed = self._claimed[free:]

    def _read(self, row: Row) -> None:
        access = row.access = self._access
        row.phone.project = access.project

        def read() -> diga.Phone | diga.DigaError:
            if not self._has_turns():
                return diga.DigaUnavailable(reason=diga.Reason.PACED)
            with self._calls:
                row.asked_at = self._clock()
                try:
                    return access.quiet.get_phone(row.phone.pk)
                except diga.DigaError as error:
                    return error

        self._reads[self._pool.submit(read)] = row

    def _has_turns(self) -> bool:
        """Wait for the turns to read and to write, so that nothing waits between the two; not once the plan is held."""
        for _second in range(TURN_SECONDS):
            if not self._is_going_on:
                return False
            if self._access.client.take_turns(2, timeout=1.0, reserve=LEFT_TO_PEOPLE):
                return self._is_going_on
        return False

    def _take_reads(self, outcomes: Sequence[tuple[Row, diga.Phone | diga.DigaError]]) -> None:
        """Compare what was read with the plan; what is still to be done is written down and sent."""
        reads = []
        for row, outcome in outcomes:
            if isinstance(outcome, diga.DigaError):
                self._take_read_error(row, outcome)
            else:
                reads.append((row, outcome))
        if not reads:
            return
        note_answer(self._access.project)
        for row, _said in reads:
            ensure_read_is_newer(row.phone, self._clock())
        news = [Answer(row.phone, said, row.asked_at) for row, said in reads if not is_copy(row.phone, said)]
        if news:
            store_answers(self._access.project, news)
        rows = [row for row, _said in reads]
        if self._is_going_on and not self._breaker.cause:
            self._begin([(row, wish) for row in rows if (wish := self._decide(row))])
        else:
            claiming.give_back([row.item for row in rows], owner=self._owner, counts=False, now=self._clock())

    def _take_read_error(self, row: Row, error: diga.DigaError) -> None:
        end = partial(claiming.end, row.item, owner=self._owner, now=self._clock())
        if isinstance(error, diga.DigaRejected):
            note_refused(row.phone, error, row.asked_at)
            row.access.breaker.note_error(error)
            end(ItemState.FAILED, cause="read_refused", message=error.message)
        elif isinstance(error, diga.DigaNotFound):
            Phone.objects.filter(pk=row.phone.pk, missing_since=None).update(missing_since=self._clock())
            end(ItemState.FAILED, cause="unknown_phone")
        else:
            self._put_off(row, error)

    def _put_off(self, row: Row, error: diga.DigaError) -> None:
        """Let a row wait for another turn that could not be decided on for want of an answer."""
        now = self._clock()
        if isinstance(error, ForeignProject):
            self._pause(error.cause)
        is_ours = isinstance(error, diga.DigaUnavailable) and error.reason is diga.Reason.PACED
        if is_ours:
            self._rests_until = time.monotonic() + LOOK_SECONDS
        else:
            row.access.breaker.note_error(error)
            self._narrow(error)
            note_refusal(row.access.project, error, now)
        counts = isinstance(error, diga.DigaUnavailable) and not is_ours
        claiming.give_back([row.item], owner=self._owner, counts=counts, now=now)

    def _decide(self, row: Row) -> PhoneEdit | None:
        """Return what is to be sent for a row; None where it has ended here."""
        try:
            decision = self._decider.decide(row.item, row.phone, set(self._plan.agreed), self._access.client)
        except diga.DigaError as error:
            self._put_off(row, error)
            return None
        if decision.state is None:
            return decision.edit
        if decision.state == ItemState.REFUSED:
            self._breaker.note_refusal(decision.cause)
        else:
            self._breaker.note_success()
        claiming.end(
            row.item,
            decision.state,
            owner=self._owner,
            now=self._clock(),
            cause=decision.cause,
            details={**row.item.details, **decision.details},
        )
        return None

    def _begin(self, wishes: Sequence[tuple[Row, PhoneEdit]]) -> None:
        """Write the rows down in the diary, then send them. Nobody else can hold them from here on."""
        if not wishes:
            return
        now = self._clock()
        with log.on_disk(), transaction.atomic():
            held = claiming.still_held([row.item for row, _wish in wishes], self._owner)
            for row, wish in wishes:
                row.write = self._write(row, wish, now) if row.item.pk in held else None
            begun = begin([row.write for row, _wish in wishes if row.write])
            sending = [row for row, _wish in wishes if row.write in begun]
            claiming.mark_sending({row.item.pk: row.write.change.pk for row in sending if row.write})
        for row, _wish in wishes:
            if row in sending:
                self._send(row)
            elif row.write and row.round < MAX_ROUNDS:
                # Somebody else has read or saved the phone meanwhile.
                row.phone.refresh_from_db()
                row.round, row.write = row.round + 1, None
                self._read(row)
            else:
                claiming.give_back([row.item], owner=self._owner, counts=bool(row.write), now=now)

    def _write(self, row: Row, wish: PhoneEdit, now: datetime) -> Write:
        row.access, author = self._access, author_of(self._plan, row.item)
        return new_write(project=row.access.project, phone=row.phone, edit=wish, author=author, now=now)

    def _send(self, row: Row) -> None:
        write, access = row.write, row.access
        if write is None:
            return

        def send_it() -> diga.Phone | diga.DigaError:
            outcome = access.send(write, self._calls, self._clock)
            # What was held off was not looked at. It goes out again as long as nobody can take its sender for dead.
            while (
                isinstance(outcome, diga.DigaRateLimited)
                and self._is_going_on
                and access.client.take_turns(1, timeout=TURN_SECONDS)
            ):
                outcome = access.send(write, self._calls, self._clock)
            return outcome

        self._sends[self._pool.submit(send_it)] = row

    def _take_answers(self, outcomes: Sequence[tuple[Row, diga.Phone | diga.DigaError]]) -> None:
        """Settle what was answered; where no good answer came, find out elsewhere what became of the row."""
        answers = []
        for row, outcome in outcomes:
            if row.write and isinstance(outcome, diga.DigaError):
                self._find_out(row, row.write, outcome)
            elif row.write and not isinstance(outcome, diga.DigaError):
                answers.append((row.write, outcome))
        if answers:
            self._checks.add(take_phones(self._access.project, answers, self._clock()))
            self._width = min(float(settings.PLAN_CONCURRENCY), self._width + len(answers) / self._width)

    def _find_out(self, row: Row, write: Write, error: diga.DigaError) -> None:
        access = row.access

        def find_out() -> diga.DigaError | None:
            try:
                left = take_error(write, access.client, error, self._clock)
            finally:
                connections.close_all()
            if error.is_stale:
                # The connection was at fault: what counts is what came of the second try.
                access.breaker.note_error(left) if left else access.breaker.note_success()
            return left

        self._lost[self._pool.submit(find_out)] = row

    def _narrow(self, error: diga.DigaError | None) -> None:
        if isinstance(error, diga.DigaRateLimited):
            self._width = max(1.0, self._width / 2)


def run_plan(
    *,
    plan: Plan,
    clock: Clock,
    may_run: Callable[[Plan], bool],
    should_stop: Callable[[], bool] = lambda: False,
    call_others: Callable[[], object] | None = None,
) -> None:
    """Work at a plan until it ends, is held, or `should_stop`; several workers may, each in a process of its own.

    `may_run` says whether those who let it run may still do so: it is asked again and again. `call_others` is called
    now and then while there is work, so that workers that are free may help. Rows that a dead worker
    was sending are left to the sweeper; those it had only taken are taken over when its lease is over.
    """
    try:
        runner = Runner(plan, clock=clock, may_run=may_run, should_stop=should_stop, call_others=call_others)
    except NoKey:
        with suppress(PlanHasMoved):
            pause_plan(plan=plan, clock=clock, cause="no_key")
        return
    runner.run()
    finish_if_done(plan, clock=clock)
