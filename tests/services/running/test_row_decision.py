"""Rows of a running plan that our copy would have refused: Diga is asked first, and not for every row."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from bench.rig.invariants import assert_invariants
from bench.rig.plans import make_plan, phones_of, start, states
from phones.diga.sandbox import Fault, Sandbox
from phones.models import ItemState, Phone, Plan, PlanState, Project
from phones.services.plans import lifecycle
from phones.services.routing.edits import PhoneEdit
from tests.support.desk.planned import work_at
from tests.support.desk.published import phones_of as users_of
from tests.support.desk.saving import forget_waiting, held, patches, target

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)
    monkeypatch.setattr("phones.services.running.plan_watch.POLL_SECONDS", 0.02)


@pytest.fixture
def held_back(aurora: Project, lead: User, spare_phone: Phone, sandbox: Sandbox) -> Plan:
    """A running plan with one row, which would publish v2 of Dora; by our copy two numbers came to run v1 since."""
    dora = target(aurora, "Dora", 2)
    phones = users_of(aurora, "Dora")
    Phone.objects.filter(pk__in=[phone.pk for phone in phones]).update(missing_since=timezone.now())
    plan = start(make_plan(lead, [spare_phone], PhoneEdit(inbound=dora)), lead)
    Phone.objects.filter(pk__in=[phone.pk for phone in phones]).update(missing_since=None)
    for phone in phones:
        held(sandbox, phone).inbound_agent_id = held(sandbox, phone).outbound_agent_id = None
    return plan


def lists_read(sandbox: Sandbox) -> int:
    """Count the requests for phones by their agent."""
    return sum("agent_id" in name for request in sandbox.journal for name in request.query)


def test_numbers_that_moved_away_in_diga_stand_in_no_row_s_way(held_back: Plan, sandbox: Sandbox) -> None:
    work_at(held_back)

    assert states(held_back) == {"DONE": 1}
    assert lists_read(sandbox) == 2
    assert_invariants(sandbox)


def test_lists_of_an_agent_are_not_read_for_every_row(aurora: Project, lead: User, sandbox: Sandbox) -> None:
    alicia = target(aurora, "Alicia", 5)
    phones = [phone for phone in phones_of(aurora) if phone.inbound_agent_id != alicia.agent.id][:4]
    plan = start(make_plan(lead, phones, PhoneEdit(inbound=alicia)), lead)
    theirs = sandbox.agents[alicia.agent.id]
    theirs.published_id = target(aurora, "Alicia", 4).version.id
    Project.objects.update(agents_read_at=None)
    sandbox.journal.clear()

    work_at(plan)

    assert (states(plan), lists_read(sandbox)) == ({"REFUSED": 4}, 2)


@pytest.mark.parametrize("path", ["/v1/agent/", "/v1/phone/"])
def test_row_is_not_refused_by_our_copy_alone(held_back: Plan, lead: User, sandbox: Sandbox, path: str) -> None:
    is_exact = path == "/v1/phone/"
    sandbox.faults.add(Fault("status", status=503, method="GET", path=path, is_exact=is_exact, times=None))

    work_at(held_back)

    assert (held_back.state, held_back.cause, states(held_back)) == (PlanState.PAUSED, "unreachable", {"WAITING": 1})
    assert patches(sandbox) == []

    sandbox.faults.clear()
    lifecycle.resume_plan(plan=held_back, by=lead, clock=timezone.now)
    work_at(held_back)
    assert states(held_back) == {"DONE": 1}


def test_row_that_a_distant_copy_would_refuse_is_not_checked(
    held_back: Plan, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("phones.services.sync.refresh.STRAY_LIMIT", 1)

    work_at(held_back)

    assert {(item.state, item.cause) for item in held_back.items.all()} == {(ItemState.FAILED, "not_checked")}
    assert patches(sandbox) == []
