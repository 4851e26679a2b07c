"""A Diga that applies what it was sent after its answer was lost, or that publishes nothing: no word outruns it."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from bench.rig.invariants import assert_invariants
from bench.rig.plans import make_plan, phones_of, start, states
from phones.diga.sandbox import Fault, Sandbox
from phones.models import Change, ItemState, Outcome, Phone, PlanState, Project, Source
from phones.services.editing.recheck import sweep
from phones.services.editing.recheck_times import APPLIED_WITHIN
from phones.services.routing.catalogue import catalogue_of
from phones.services.routing.edits import PhoneEdit
from phones.services.sync.passes import sync_project
from phones.services.sync.refresh import refresh_phone
from tests.support.desk.planned import renames, work_at
from tests.support.desk.saving import before_answering, forget_waiting, held, patches, save, stored, target

pytestmark = pytest.mark.django_db(transaction=True)
NEW_NAME = "Ventas, otra vez"
RENAME = PhoneEdit(nickname=NEW_NAME)
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


def lose(sandbox: Sandbox, phone: Phone, wanted: PhoneEdit, **options: Any) -> Change:
    """Save with a 504 for an answer, after which Diga does as asked when the test says so."""
    sandbox.faults.add(Fault("status", status=504, method="PATCH", when="late"))
    change = save(phone, wanted, **options).change
    change.refresh_from_db()
    assert (change.outcome, change.cause) == (Outcome.UNKNOWN, "server_error")
    return change


def sweep_after(change: Change, wait: timedelta) -> str:
    """Let the sweeper come by so long after the answer was lost, and return what the change has come to."""
    assert change.answer_lost_at is not None
    moment = change.answer_lost_at + wait
    sweep(clock=lambda: moment)
    change.refresh_from_db()
    return change.outcome


def observed(source: Source) -> list[Change]:
    return list(Change.objects.filter(source=source).order_by("pk"))


# The old value proves nothing for a minute, the new one settles it at once.


def test_lost_write_is_read_again_after_5_20_and_60_seconds(sandbox: Sandbox, sales_phone: Phone) -> None:
    change = lose(sandbox, sales_phone, RENAME)
    reads_before = len(sandbox.journal)

    told = {}
    for seconds in (4, 5, 19, 20, 59, 60):
        told[seconds] = (sweep_after(change, seconds * SECOND), len(sandbox.journal) - reads_before)

    assert told == {
        4: ("UNKNOWN", 0),
        5: ("UNKNOWN", 1),
        19: ("UNKNOWN", 1),
        20: ("UNKNOWN", 2),
        59: ("UNKNOWN", 2),
        60: ("FAILED", 3),
    }
    assert len(patches(sandbox)) == 1
    assert_invariants(sandbox)


@pytest.mark.parametrize("seconds", [5, 20, 60])
def test_write_that_is_applied_late_is_confirmed_by_the_next_read(
    sandbox: Sandbox, sales_phone: Phone, seconds: int
) -> None:
    change = lose(sandbox, sales_phone, RENAME)
    for earlier in (wait for wait in (5, 20) if wait < seconds):
        sweep_after(change, earlier * SECOND)
    sandbox.carry_out_late()

    assert sweep_after(change, seconds * SECOND) == Outcome.CONFIRMED

    assert observed(Source.OUTSIDE) == observed(Source.LATE) == []
    assert stored(sales_phone).nickname == NEW_NAME
    assert_invariants(sandbox)


def test_agent_that_is_given_late_is_confirmed_by_reading_its_version(
    sandbox: Sandbox, aurora: Project, spare_phone: Phone
) -> None:
    change = lose(sandbox, spare_phone, PhoneEdit(inbound=target(aurora, "Gema", 1)))
    assert sweep_after(change, 5 * SECOND) == Outcome.UNKNOWN
    assert target(aurora, "Gema", 1).version.is_published is False
    sandbox.carry_out_late()

    assert sweep_after(change, 20 * SECOND) == Outcome.CONFIRMED

    assert target(aurora, "Gema", 1).version.is_published is True
    assert_invariants(sandbox)


@pytest.mark.parametrize("by", ["sync", "read"])
def test_sync_between_says_nothing_of_others(sandbox: Sandbox, aurora: Project, sales_phone: Phone, by: str) -> None:
    change = lose(sandbox, sales_phone, RENAME)
    sandbox.carry_out_late()

    read(by, aurora, sales_phone, change, APPLIED_WITHIN / 2)

    assert observed(Source.OUTSIDE) == observed(Source.LATE) == []
    assert sweep_after(change, APPLIED_WITHIN) == Outcome.CONFIRMED
    assert_invariants(sandbox)


def read(by: str, project: Project, phone: Phone, change: Change, wait: timedelta) -> None:
    """Let a sync, or somebody who opens the phone, come by so long after the answer was lost."""
    assert change.answer_lost_at is not None
    moment = change.answer_lost_at + wait
    fresh = Project.objects.get(pk=project.pk)
    if by == "sync":
        sync_project(project=fresh, clock=lambda: moment)
    else:
        refresh_phone(project=fresh, phone=stored(phone), clock=lambda: moment)


# What turns up after that is ours, not somebody else's, and an entry of its own.


@pytest.mark.parametrize("by", ["sync", "read"])
def test_value_that_appears_after_a_minute_is_ours(
    sandbox: Sandbox, aurora: Project, sales_phone: Phone, router: User, by: str
) -> None:
    change = lose(sandbox, sales_phone, RENAME, user=router)
    assert sweep_after(change, APPLIED_WITHIN) == Outcome.FAILED
    sandbox.carry_out_late()

    read(by, aurora, sales_phone, change, 2 * APPLIED_WITHIN)
    read(by, aurora, sales_phone, change, 3 * APPLIED_WITHIN)

    [late] = observed(Source.LATE)
    assert observed(Source.OUTSIDE) == []
    assert (late.late_for, late.actor, late.outcome) == (change, router, Outcome.OBSERVED)
    assert (late.before, late.after) == ({"nickname": change.before["nickname"]}, {"nickname": NEW_NAME})
    assert (late.reason, late.ticket, late.actor_name) == (change.reason, change.ticket, change.actor_name)
    assert_invariants(sandbox, has_applied_late=True)


def test_value_that_somebody_else_sets_again_is_theirs(sandbox: Sandbox, aurora: Project, sales_phone: Phone) -> None:
    change = lose(sandbox, sales_phone, RENAME)
    sweep_after(change, APPLIED_WITHIN)
    sandbox.carry_out_late()
    read("sync", aurora, sales_phone, change, 2 * APPLIED_WITHIN)
    held(sandbox, sales_phone).nickname = "Somebody else’s"
    read("sync", aurora, sales_phone, change, 3 * APPLIED_WITHIN)
    held(sandbox, sales_phone).nickname = NEW_NAME

    read("sync", aurora, sales_phone, change, 4 * APPLIED_WITHIN)

    assert len(observed(Source.LATE)) == 1
    assert [entry.after["nickname"] for entry in observed(Source.OUTSIDE)] == ["Somebody else’s", NEW_NAME]


def test_value_of_a_write_that_never_left_is_somebody_else_s(
    sandbox: Sandbox, aurora: Project, sales_phone: Phone
) -> None:
    sandbox.faults.add(Fault("status", status=429, method="PATCH"))
    change = save(sales_phone, RENAME).change
    held(sandbox, sales_phone).nickname = NEW_NAME

    sync_project(project=Project.objects.get(pk=aurora.pk), clock=lambda: change.created_at + APPLIED_WITHIN)

    assert (change.outcome, len(observed(Source.OUTSIDE)), observed(Source.LATE)) == (Outcome.FAILED, 1, [])


# Plans alike.


def test_row_of_a_plan_that_is_applied_late_is_done(aurora: Project, lead: User, sandbox: Sandbox) -> None:
    phones = phones_of(aurora, 4)
    plan = start(make_plan(lead, phones, renames("Line")), lead)
    sandbox.faults.add(Fault("status", method="PATCH", path=f"/v1/phone/{phones[1].pk}", status=504, when="late"))
    sandbox.faults.add(Fault("status", method="PATCH", path=f"/v1/phone/{phones[2].pk}", status=504))

    work_at(plan)
    at_first = states(plan)
    sandbox.carry_out_late()
    changes = [plan.items.get(phone=phones[place]).change for place in (1, 2)]
    for change in filter(None, changes):
        sweep_after(change, 5 * SECOND)
    in_between = states(plan)
    for change in filter(None, changes):
        sweep_after(change, APPLIED_WITHIN)

    assert at_first == {"DONE": 2, "UNKNOWN": 2}
    assert in_between == {"DONE": 3, "UNKNOWN": 1}
    assert states(plan) == {"DONE": 3, "FAILED": 1}
    assert len(patches(sandbox)) == 4
    assert_invariants(sandbox)


# A version is published when Diga says so, and not when we have asked for it.


@pytest.fixture
def sandbox_that_publishes_nothing(sandbox: Sandbox) -> Sandbox:
    sandbox.switches.attaching_publishes = False
    return sandbox


def test_version_that_nobody_published_is_not_said_to_be_live(
    sandbox_that_publishes_nothing: Sandbox, aurora: Project, spare_phone: Phone
) -> None:
    gema = target(aurora, "Gema", 1)

    change = save(spare_phone, PhoneEdit(inbound=gema)).change

    change.refresh_from_db()
    assert (change.outcome, change.http_status) == (Outcome.MISMATCH, 200)
    assert change.stored["inbound"].agent_id == gema.agent.id
    assert (change.stored["inbound"].version_id, change.stored["inbound"].version_number) == (None, None)
    assert stored(spare_phone).inbound_agent_id == gema.agent.id
    assert published(aurora, gema.agent.id) is None
    assert_invariants(sandbox_that_publishes_nothing)


def published(project: Project, agent_id: uuid.UUID) -> int | None:
    """Return the number of the version that our copy has as published."""
    agent = catalogue_of(Project.objects.get(pk=project.pk)).agent(agent_id)
    return agent.published.number if agent and agent.published else None


@pytest.mark.parametrize("is_published", [True, False])
def test_version_that_can_not_be_read_is_stored_and_being_checked(
    sandbox: Sandbox, aurora: Project, spare_phone: Phone, is_published: bool
) -> None:
    sandbox.switches.attaching_publishes = is_published
    gema = target(aurora, "Gema", 1)
    sandbox.faults.add(Fault("status", status=503, method="GET", path="/v1/agent/", times=None))

    change = save(spare_phone, PhoneEdit(inbound=gema)).change

    change.refresh_from_db()
    assert (change.outcome, change.http_status, change.cause) == (Outcome.UNKNOWN, 200, "")
    assert stored(spare_phone).inbound_agent_id == gema.agent.id
    assert published(aurora, gema.agent.id) is None
    assert sweep_after(change, 5 * SECOND) == Outcome.UNKNOWN
    sandbox.faults.clear()
    assert sweep_after(change, 20 * SECOND) == (Outcome.CONFIRMED if is_published else Outcome.MISMATCH)
    assert published(aurora, gema.agent.id) == (1 if is_published else None)
    assert_invariants(sandbox)


def test_lost_answer_of_an_agent_that_was_given_unpublished_is_a_mismatch_after_a_minute(
    sandbox_that_publishes_nothing: Sandbox, aurora: Project, spare_phone: Phone
) -> None:
    change = lose(sandbox_that_publishes_nothing, spare_phone, PhoneEdit(inbound=target(aurora, "Gema", 1)))
    sandbox_that_publishes_nothing.carry_out_late()

    assert sweep_after(change, 20 * SECOND) == Outcome.UNKNOWN
    assert sweep_after(change, APPLIED_WITHIN) == Outcome.MISMATCH

    assert change.stored["inbound"].version_number is None
    assert_invariants(sandbox_that_publishes_nothing)


@pytest.mark.parametrize("is_published", [True, False])
def test_rows_of_a_plan_wait_together_for_a_read_of_the_agents(
    aurora: Project, lead: User, sandbox: Sandbox, is_published: bool
) -> None:
    sandbox.switches.attaching_publishes = is_published
    gema = target(aurora, "Gema", 1)
    plan = start(make_plan(lead, phones_of(aurora, 12), PhoneEdit(inbound=gema)), lead)
    sandbox.journal.clear()

    work_at(plan)

    assert plan.state == PlanState.FINISHED
    assert states(plan) == {"DONE" if is_published else "MISMATCH": 12}
    assert published(aurora, gema.agent.id) == (1 if is_published else None)
    agent_reads = sum("/v1/agent/" in request.path for request in sandbox.journal)
    assert 1 <= agent_reads < len(patches(sandbox)) == 12
    assert_invariants(sandbox)


def test_plan_whose_agents_can_not_be_read_claims_no_version(aurora: Project, lead: User, sandbox: Sandbox) -> None:
    plan = start(make_plan(lead, phones_of(aurora, 1), PhoneEdit(inbound=target(aurora, "Gema", 1))), lead)
    broken = Fault("status", status=503, method="GET", path="/v1/agent/", times=None)

    with before_answering(sandbox, "PATCH", lambda: sandbox.faults.add(broken)):
        work_at(plan)

    [item] = plan.items.all()
    assert item.change is not None
    assert (item.state, item.change.outcome, item.change.http_status) == (ItemState.UNKNOWN, Outcome.UNKNOWN, 200)
    sandbox.faults.clear()
    assert sweep_after(item.change, 5 * SECOND) == Outcome.CONFIRMED
    assert states(plan) == {"DONE": 1}
    assert_invariants(sandbox)
