"""Fail the n-th step of a plan of twenty rows, for every n until it passes; then all is settled and true.

The steps are the requests that reach Diga, and the commits around them: at one of them the process dies, or the
database can't be written.
"""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.utils import timezone

from bench.rig.invariants import assert_invariants
from bench.rig.plans import make_plan, phones_of, start, states
from phones.diga.sandbox import Fault, Sandbox
from phones.models import Phone, Plan, PlanState, Project
from phones.services.editing.recheck import sweep
from phones.services.plans import lifecycle
from phones.services.plans.totals import totals_of
from tests.support.desk.failing_steps import Steps, failing_request
from tests.support.desk.planned import renames, work_at
from tests.support.desk.saving import Killed, forget_waiting, patches

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = 20
MOST_STEPS = 150
# One after the other at the steps, so that each kind meets reads and writes early and late.
FAULTS = (
    Fault("close", when="before"),
    Fault("close", when="after"),
    Fault("status", status=502, when="after"),
    Fault("status", status=500, when="before"),
    Fault("reset", when="after"),
    Fault("truncated", when="after"),
    Fault("status", status=401),
)


class Clock:
    """A clock that can be moved on."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return timezone.now() + self.ahead


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)
    monkeypatch.setattr("phones.services.plans.forecasts.preview.JUST_CHANGED", timedelta())


def bring_to_an_end(plan: Plan, by: User, clock: Clock) -> None:
    """Do what the worker's minutes and a person's click do: sweep, resume, go on."""
    for _minute in range(4):
        clock.ahead += timedelta(seconds=90)
        sweep(clock=clock)
        Project.objects.update(token_state="ACCEPTED")
        plan.refresh_from_db()
        if plan.is_paused:
            lifecycle.resume_plan(plan=plan, by=by, clock=clock)
        work_at(plan, clock=clock)
        if plan.is_over:
            return


def assert_end(plan: Plan, sandbox: Sandbox, sent_before: int) -> None:
    """No row is lost, none is written twice, and what is said of each is so."""
    assert (plan.state, totals_of(plan).total) == (PlanState.FINISHED, ROWS)
    applied = [request.path for request in patches(sandbox)[sent_before:] if request.applied]
    assert len(applied) == len(set(applied))
    done = {f"/v1/phone/{item.phone_id}" for item in plan.items.filter(state="DONE")}
    assert done == set(applied)
    assert set(states(plan)) <= {"DONE", "FAILED"}
    assert states(plan)["FAILED"] <= 1


def turns() -> Iterator[int]:
    """Count; as rows are alike, every third time only after the first dozen."""
    yield from range(1, 13)
    yield from itertools.count(15, 3)


def plans_with_a_failing_step(
    lead: User, phones: list[Phone], sandbox: Sandbox, run: Callable[[int, Plan, Clock], bool]
) -> int:
    """Run a plan with its first step failing, then with its second, until it has fewer; return how many it had."""
    clock = Clock()
    for number in turns():
        plan = start(make_plan(lead, phones, renames(f"Step {number},")), lead)
        sent_before = len(patches(sandbox))
        was_met = run(number, plan, clock)
        sandbox.faults.clear()
        bring_to_an_end(plan, lead, clock)
        assert_end(plan, sandbox, sent_before)
        if not was_met:
            assert_invariants(sandbox)
            return number
        assert number < MOST_STEPS
    raise AssertionError


def test_nth_request_fails(aurora: Project, lead: User, sandbox: Sandbox) -> None:
    def run(number: int, plan: Plan, clock: Clock) -> bool:
        fault = FAULTS[number % len(FAULTS)]
        with failing_request(sandbox, number, Fault(fault.kind, status=fault.status, when=fault.when)) as requests:
            work_at(plan, clock=clock)
        return len(requests) >= number

    assert plans_with_a_failing_step(lead, phones_of(aurora, ROWS), sandbox, run) > 2 * ROWS


@contextmanager
def failing_commit(steps: Steps) -> Iterator[None]:
    """Let the beginning of every commit, and where the process dies the end of it too, be a step."""
    database: Any = connection
    commit = database._commit

    def step_and_commit() -> None:
        try:
            steps.step()
        except Killed:
            # As the database does when its client is gone.
            database._rollback()
            raise
        commit()
        if isinstance(steps.error, Killed):
            steps.step()

    database._commit = step_and_commit
    try:
        yield
    finally:
        database._commit = commit


@pytest.mark.parametrize("error", [OperationalError("database or disk is full"), Killed()], ids=["full disk", "killed"])
def test_nth_commit_fails(aurora: Project, lead: User, sandbox: Sandbox, error: BaseException) -> None:
    def run(number: int, plan: Plan, clock: Clock) -> bool:
        steps = Steps(number, error)
        try:
            with failing_commit(steps):
                work_at(plan, clock=clock)
        except (OperationalError, Killed):
            # The database sees the connection of a dead process end.
            connection.close()
        return steps.count >= number

    assert plans_with_a_failing_step(lead, phones_of(aurora, ROWS), sandbox, run) > 5
