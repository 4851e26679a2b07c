"""Who holds what, and for how long: leases are renewed while work waits, and judged by the database's clock."""

import threading
import uuid
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from bench.rig.plans import make_plan, phones_of, start, states
from phones.access import may_run_plan
from phones.diga.sandbox import Sandbox
from phones.models import ItemState, Phone, Plan, PlanItem, PlanState, Project, SyncRun
from phones.services.plan_items import claiming
from phones.services.sync import passes
from tests.support.desk.planned import renames, work_at
from tests.support.desk.published import publish, read_back
from tests.support.desk.saving import before_answering, forget_waiting, patches

pytestmark = pytest.mark.django_db(transaction=True)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)
    monkeypatch.setattr("phones.services.running.plan_watch.POLL_SECONDS", 0.02)


@pytest.fixture
def fast_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this machine's clock be five minutes ahead of the database's."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite runs on the clock of the only machine it is on.")
    right = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: right() + 5 * MINUTE)


def times_read(sandbox: Sandbox, phone_id: uuid.UUID) -> int:
    return [(request.method, request.path) for request in sandbox.journal].count(("GET", f"/v1/phone/{phone_id}"))


# Rows of a plan.


def test_slow_worker_keeps_its_rows_and_takes_none_of_them_again(
    aurora: Project, lead: User, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Diga takes longer for the first row than two leases last."""
    # However busy this machine is, the worker polls often enough while the first row is being read.
    forget_waiting(monkeypatch, read_timeout=120.0, deadline=120.0)
    plan = start(make_plan(lead, phones_of(aurora, 12), renames("Line")), lead)
    slow = plan.items.earliest("number")
    ahead, looks = [timedelta(0)], threading.Semaphore(0)
    taken_by_others: list[list[PlanItem]] = []

    def clock() -> datetime:
        return timezone.now() + ahead[0]

    def look(running: Plan) -> bool:
        looks.release()
        return may_run_plan(running)

    def let_leases_pass() -> None:
        for _lease in range(8):
            ahead[0] += claiming.RENEW_AFTER
            for _look in range(3):
                looks.acquire(timeout=10)
        taken_by_others.append(claiming.claim(plan, owner=uuid.uuid4(), limit=12, now=clock()))

    with before_answering(sandbox, "GET", let_leases_pass, f"/v1/phone/{slow.phone_id}"):
        work_at(plan, clock=clock, may_run=look)

    assert (plan.state, states(plan)) == (PlanState.FINISHED, {"DONE": 12})
    assert taken_by_others == [[]]
    assert set(plan.items.values_list("try_count", flat=True)) == {1}
    assert times_read(sandbox, slow.phone_id) == 1
    assert len(patches(sandbox)) == 12


def test_worker_that_stood_still_takes_none_of_its_own_rows_again(aurora: Project, lead: User) -> None:
    plan = start(make_plan(lead, phones_of(aurora, 4), renames("Line")), lead)
    owner, now = uuid.uuid4(), timezone.now()
    claiming.claim(plan, owner=owner, limit=4, now=now)

    assert claiming.claim(plan, owner=owner, limit=4, now=now + 2 * claiming.LEASE) == []
    assert len(claiming.claim(plan, owner=uuid.uuid4(), limit=4, now=now + 2 * claiming.LEASE)) == 4


def test_worker_that_died_is_followed_when_its_last_renewal_is_over(aurora: Project, lead: User) -> None:
    plan = start(make_plan(lead, phones_of(aurora, 4), renames("Line")), lead)
    owner, heir, now = uuid.uuid4(), uuid.uuid4(), timezone.now()
    rows = claiming.claim(plan, owner=owner, limit=4, now=now)
    claiming.renew(rows, owner=owner, now=now + 50 * SECOND)

    assert claiming.claim(plan, owner=heir, limit=4, now=now + claiming.LEASE + SECOND) == []
    assert len(claiming.claim(plan, owner=heir, limit=4, now=now + claiming.LEASE + 51 * SECOND)) == 4
    claiming.renew(rows, owner=owner, now=now + 4 * MINUTE)
    assert set(plan.items.values_list("owner", "leased_until")) == {(heir, now + 2 * claiming.LEASE + 51 * SECOND)}


def test_worker_whose_clock_is_fast_leaves_the_rows_of_others(
    aurora: Project, lead: User, sandbox: Sandbox, request: pytest.FixtureRequest
) -> None:
    plan = start(make_plan(lead, phones_of(aurora, 4), renames("Line")), lead)
    claiming.claim(plan, owner=uuid.uuid4(), limit=4, now=timezone.now())
    request.getfixturevalue("fast_clock")

    work_at(plan)

    assert (states(plan), patches(sandbox)) == ({ItemState.CLAIMED: 4}, [])


# Numbers of a published agent.


def test_number_that_is_being_read_back_is_read_by_nobody_else(aurora: Project, sandbox: Sandbox) -> None:
    done = publish(aurora, "Alicia", 6)
    sandbox.journal.clear()

    with before_answering(sandbox, "GET", lambda: read_back(done)):
        read_back(done)

    assert states(done) == {"DONE": done.items.count()}
    assert len(sandbox.journal) == done.items.count()
    assert not done.items.exclude(owner=None, leased_until=None).exists()


def taken_by_another(done: Plan) -> None:
    """Let another worker have taken every number just now, and have died."""
    lease = timezone.now() + claiming.LEASE
    done.items.update(state=ItemState.CLAIMED, owner=uuid.uuid4(), leased_until=lease)


@pytest.mark.parametrize(("later", "expected"), [(timedelta(0), "CLAIMED"), (MINUTE + SECOND, "DONE")])
def test_numbers_of_a_worker_that_died_are_read_back_when_its_lease_is_over(
    aurora: Project, later: timedelta, expected: str
) -> None:
    done = publish(aurora, "Alicia", 6)
    taken_by_another(done)

    read_back(done, clock=lambda: timezone.now() + later)

    assert states(done) == {expected: done.items.count()}


def test_worker_whose_clock_is_fast_leaves_the_numbers_of_another(
    aurora: Project, request: pytest.FixtureRequest
) -> None:
    done = publish(aurora, "Alicia", 6)
    taken_by_another(done)
    request.getfixturevalue("fast_clock")

    read_back(done)

    assert states(done) == {"CLAIMED": done.items.count()}


# Passes over Diga's lists.


def test_machine_whose_clock_is_fast_takes_no_pass_for_dead(
    aurora: Project, sandbox: Sandbox, request: pytest.FixtureRequest
) -> None:
    run = passes.claim_sync(project=aurora, now=timezone.now())
    SyncRun.objects.update(is_taken=True)
    request.getfixturevalue("fast_clock")

    with pytest.raises(passes.SyncIsRunning) as running:
        passes.claim_sync(project=aurora, now=timezone.now())

    assert running.value.run == run
    assert not passes.is_silent(SyncRun.objects.get(pk=run.pk), clock=timezone.now)


def test_pass_of_a_machine_whose_clock_is_fast_is_alive_for_others(
    aurora: Project, sandbox: Sandbox, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its heartbeat is not ahead of theirs."""
    right = timezone.now
    request.getfixturevalue("fast_clock")
    told: list[timedelta] = []

    def note(run: SyncRun) -> None:
        told.append(abs(SyncRun.objects.get(pk=run.pk).heartbeat_at - right()))

    run = passes.sync_project(project=aurora, clock=timezone.now, on_page=note)

    assert run.is_complete
    assert told
    assert max(told) < MINUTE
    phones = Phone.objects.filter(project=aurora).select_related("project")
    assert [phone.read_at for phone in phones] == [run.started_at] * run.phone_count
