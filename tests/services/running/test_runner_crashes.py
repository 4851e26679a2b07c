"""Plans outlive their workers: killed, asked to stop, or several at once, nothing is lost and nothing sent twice."""

import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from bench.rig.crashing import Crashes, Worker, Workshop, start_huey, wait_until, worker_environment
from bench.rig.invariants import assert_invariants
from bench.rig.plans import make_plan, phones_of, start, states
from phones.diga.sandbox import Fault, Sandbox, SandboxServer
from phones.diga.sandbox.serving.messages import Answer, Request
from phones.models import Change, ItemState, Outcome, Plan, PlanKind, PlanState, Project
from phones.services.plans import follow_ups
from phones.services.plans.totals import totals_of
from tests.support.desk.planned import renames, work_at
from tests.support.desk.saving import held, patches

pytestmark = pytest.mark.django_db(transaction=True)
# As in production.
WIDTH = 8


@pytest.fixture
def sandbox(sandbox_server: SandboxServer) -> Sandbox:
    """A stand-in with more than 40 numbers that can be changed."""
    sandbox_server.sandbox.reset(seed=1, phones=60, agents=7)
    return sandbox_server.sandbox


@pytest.fixture(scope="module")
def _workshop(
    django_db_setup: None, sandbox_server: SandboxServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workshop]:
    folder = tmp_path_factory.mktemp("workers")
    workshop = Workshop(worker_environment(folder, sandbox_server.url), folder / "workers.log")
    yield workshop
    workshop.close()


@pytest.fixture
def workshop(_workshop: Workshop, aurora: Project) -> Iterator[Workshop]:
    """A maker of workers on this test's database; none of them may have complained."""
    yield _workshop
    assert _workshop.said == ""


def kill_at_write(sandbox: Sandbox, number: int, monkeypatch: pytest.MonkeyPatch) -> list[Worker]:
    """Let the workers that are put into the list die while Diga carries out the n-th write of all."""
    workers: list[Worker] = []
    handle = sandbox.handle

    def kill_and_handle(request: Request) -> Answer:
        answer = handle(request)
        if len(patches(sandbox)) == number:
            for worker in workers:
                os.kill(worker.pid, signal.SIGKILL)
        return answer

    monkeypatch.setattr(sandbox, "handle", kill_and_handle)
    return workers


def test_promise_of_forty_rows_holds(
    aurora: Project, lead: User, sandbox: Sandbox, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 4: 2 changed meanwhile, 1 refused, 1 timeout, the worker killed at row 20."""
    phones = phones_of(aurora, 40)
    plan = start(make_plan(lead, phones, renames("Line")), lead)
    for place in (7, 33):
        held(sandbox, phones[place]).nickname = "Somebody was quicker"
    refused, silent = (f"/v1/phone/{phones[place].pk}" for place in (5, 35))
    # Refused again, should its first answer die with the worker.
    sandbox.faults.add(Fault("status", method="PATCH", path=refused, status=409, times=9))
    sandbox.faults.add(Fault("hang", method="PATCH", path=silent, seconds=2))
    crashes = Crashes(workshop, sandbox, random.Random(1))

    with monkeypatch.context() as patch:
        doomed = kill_at_write(sandbox, 20, patch)
        worker = workshop.start(plan.pk)
        doomed.append(worker)
        worker.wait()
        crashes.wait_for_quiet()

    assert plan.items.filter(state=ItemState.SENDING).exists()
    assert totals_of(plan).total == 40
    crashes.sweep(plan)
    assert totals_of(plan).total == 40
    workshop.start(plan.pk, ahead_seconds=crashes.ahead_seconds, read_timeout=0.3).wait()
    plan.refresh_from_db()
    assert plan.state == PlanState.FINISHED
    assert states(plan) == {"DONE": 36, "CHANGED": 2, "REFUSED": 1, "UNKNOWN": 1}
    crashes.sweep(plan)

    assert states(plan) == {"DONE": 36, "CHANGED": 2, "REFUSED": 1, "FAILED": 1}
    applied = [request.path for request in patches(sandbox) if request.applied]
    assert len(applied) == len(set(applied)) == 36
    assert [place for place, phone in enumerate(phones) if held(sandbox, phone).nickname != f"Line {place + 1}"] == [
        5,
        7,
        33,
        35,
    ]
    assert_invariants(sandbox)
    assert follow_ups.count_again(plan, totals_of(plan).counts, PlanKind.RETRY) == 1

    sent_count = len(patches(sandbox))
    again = retried(plan, lead)

    assert [(item.phone, item.state) for item in again.items.all()] == [(phones[35], ItemState.DONE)]
    assert states(plan) == {"DONE": 36, "CHANGED": 2, "REFUSED": 1, "FAILED": 1}
    assert len(patches(sandbox)) == sent_count + 1
    assert_invariants(sandbox)


def retried(plan: Plan, by: User) -> Plan:
    """Make a second try of a plan and let it run."""
    again = follow_ups.plan_again(
        plan=plan, kind=PlanKind.RETRY, author=by, reason="Again", ticket="", form_token=None, clock=timezone.now
    )
    return work_at(start(again, by))


@pytest.mark.parametrize("workers", [1, 3])
def test_killed_workers_lose_nothing_and_send_nothing_twice(
    aurora: Project, lead: User, sandbox: Sandbox, workshop: Workshop, workers: int
) -> None:
    sandbox.switches.latency_ms = 20
    plan = start(make_plan(lead, phones_of(aurora, 50), renames("Line")), lead)
    crashes = Crashes(workshop, sandbox, random.Random(workers), lives=(0.0, 0.15))

    crashes.run(plan, kills=3)

    assert crashes.broken == {}
    assert (plan.state, states(plan)) == (PlanState.FINISHED, {"DONE": 50})
    assert crashes.kill_count == 3
    assert max(crashes.ambiguous) <= workers * 2 * WIDTH
    assert_invariants(sandbox)


def test_workers_share_a_plan(aurora: Project, lead: User, sandbox: Sandbox, workshop: Workshop) -> None:
    sandbox.switches.latency_ms = 20
    plan = start(make_plan(lead, phones_of(aurora, 50), renames("Line")), lead)

    for worker in [workshop.start(plan.pk) for _ in range(4)]:
        worker.wait()
    plan.refresh_from_db()

    assert (plan.state, states(plan)) == (PlanState.FINISHED, {"DONE": 50})
    assert len(patches(sandbox)) == 50
    assert_invariants(sandbox)


@pytest.fixture
def huey(aurora: Project, diga_url: str, tmp_path: Path) -> Iterator[list["Popen[str]"]]:
    """The workers of production that this test has started; none is left."""
    started: list[Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.communicate()


def test_worker_that_is_asked_to_stop_leaves_nothing_in_the_air(
    aurora: Project,
    lead: User,
    sandbox: Sandbox,
    diga_url: str,
    tmp_path: Path,
    huey: list["Popen[str]"],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sandbox.switches.latency_ms = 100
    plan = start(make_plan(lead, phones_of(aurora, 50), renames("Line")), lead)
    env = worker_environment(tmp_path, diga_url)

    huey.append(start_huey(env))
    wait_until(lambda: len(patches(sandbox)) >= 12)
    huey[0].send_signal(signal.SIGTERM)
    said, _errors = huey[0].communicate(timeout=20)

    assert huey[0].returncode == 0, said
    assert "Traceback" not in said
    left = states(plan)
    assert set(left) == {"DONE", "WAITING"}, said
    assert not Change.objects.filter(outcome__in=[Outcome.PENDING, Outcome.UNKNOWN]).exists()
    assert len(patches(sandbox)) == left["DONE"]
    plan.refresh_from_db()
    assert plan.is_running

    sandbox.switches.latency_ms = 0
    huey.append(start_huey(env))
    wait_until(lambda: Plan.objects.get(pk=plan.pk).is_over)

    assert states(plan) == {"DONE": 50}
    assert len(patches(sandbox)) == 50
    assert_invariants(sandbox)
