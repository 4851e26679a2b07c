"""What others do while a plan runs: hold it, stop it, save one of its phones, sync, publish another version."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connections, transaction
from django.utils import timezone

from bench.rig.invariants import assert_invariants
from bench.rig.plans import make_plan, phones_of, start, states
from phones.access import may_run_plan
from phones.diga.sandbox import Fault, Sandbox
from phones.models import Change, ItemState, Outcome, Phone, Plan, PlanItem, PlanState, Project, Source
from phones.services.audit import log
from phones.services.editing.recheck import sweep
from phones.services.editing.result import SaveKind
from phones.services.editing.write import Author, begin, new_write
from phones.services.plan_items import claiming
from phones.services.plan_items.following import MAX_TRIES
from phones.services.plans import lifecycle
from phones.services.plans.forecasts.effects import publishings_of
from phones.services.projects.clients import client_for
from phones.services.routing.catalogue import catalogue_of
from phones.services.routing.edits import PhoneEdit
from phones.services.routing.lanes import Target
from phones.services.running.recorder import MAX_ROUNDS
from phones.services.sync import passes
from phones.services.sync.refresh import reread_agents
from tests.support.desk.planned import renames, work_at
from tests.support.desk.saving import (
    NotSaved,
    before_answering,
    forget_waiting,
    held,
    patches,
    save,
    sent,
    stored,
    target,
)

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = 12


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)
    monkeypatch.setattr("phones.services.running.plan_watch.POLL_SECONDS", 0.02)


@pytest.fixture
def plan(aurora: Project, lead: User) -> Plan:
    """A running plan of twelve rows."""
    return start(make_plan(lead, phones_of(aurora, ROWS), renames("Line")), lead)


def fresh(plan: Plan) -> Plan:
    return Plan.objects.select_related("project").get(pk=plan.pk)


def work_after_a_while(act: Callable[[], object]) -> Callable[[Plan], bool]:
    """Return a `may_run` that does something on a connection of its own, once, when two rows are done."""
    acted: list[int] = []

    def may_run(plan: Plan) -> bool:
        if not acted and states(plan)["DONE"] >= 2:
            acted.append(1)
            thread = aside(act)
            thread.start()
            thread.join()
        return may_run_plan(plan)

    return may_run


def aside(act: Callable[[], object]) -> threading.Thread:
    """Return a thread that does something on a database connection of its own."""

    def do() -> None:
        try:
            act()
        finally:
            connections.close_all()

    return threading.Thread(target=do)


def test_plan_that_is_paused_ends_what_is_under_way_and_goes_on_later(
    aurora: Project, lead: User, sandbox: Sandbox
) -> None:
    plan = start(make_plan(lead, phones_of(aurora), renames("Line")), lead)
    row_count = plan.items.count()
    sandbox.switches.latency_ms = 30

    work_at(plan, may_run=work_after_a_while(lambda: lifecycle.pause_plan(plan=fresh(plan), clock=timezone.now)))

    assert (plan.state, plan.cause) == (PlanState.PAUSED, "")
    assert set(states(plan)) <= {"DONE", "WAITING"}
    assert states(plan)["WAITING"] > 0
    assert len(patches(sandbox)) == states(plan)["DONE"]

    lifecycle.resume_plan(plan=plan, by=lead, clock=timezone.now)
    work_at(plan)

    assert (plan.state, states(plan)) == (PlanState.FINISHED, {"DONE": row_count})
    assert len(patches(sandbox)) == row_count
    assert_invariants(sandbox)


def test_rows_that_are_read_when_a_plan_is_stopped_are_not_attempted(plan: Plan, sandbox: Sandbox) -> None:
    sandbox.switches.latency_ms = 30
    first = plan.items.earliest("number").phone_id
    with before_answering(
        sandbox, "GET", lambda: lifecycle.stop_plan(plan=fresh(plan), clock=timezone.now), f"/v1/phone/{first}"
    ):
        work_at(plan)

    assert plan.state == PlanState.STOPPED
    assert set(states(plan)) <= {"DONE", "NOT_TRIED"}
    assert plan.items.get(phone=first).state == ItemState.NOT_TRIED
    assert len(patches(sandbox)) == states(plan)["DONE"]
    assert_invariants(sandbox)


def test_row_of_a_stopped_plan_that_diga_did_not_look_at_is_not_attempted(plan: Plan, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault("status", method="PATCH", status=401, times=None))
    with before_answering(sandbox, "PATCH", lambda: lifecycle.stop_plan(plan=fresh(plan), clock=timezone.now)):
        work_at(plan)

    assert (plan.state, states(plan)) == (PlanState.STOPPED, {"NOT_TRIED": ROWS})
    assert set(plan.items.values_list("owner", "leased_until")) == {(None, None)}
    assert None not in set(plan.items.values_list("finished_at", flat=True))


def test_stop_and_a_worker_that_writes_down_never_wait_for_each_other(plan: Plan) -> None:
    """The worker holds rows and is about to write changes of the plan; whoever stops it waits for those rows."""
    [item] = claiming.claim(plan, owner=plan.project_id, limit=1, now=timezone.now())
    stopping = aside(lambda: lifecycle.stop_plan(plan=fresh(plan), clock=timezone.now))

    with transaction.atomic():
        assert claiming.still_held([item], plan.project_id) == {item.pk}
        stopping.start()
        stopping.join(0.5)
        change = Change.objects.create(
            project=plan.project, phone=item.phone, plan=plan, number="1", source=Source.PLAN, created_at=timezone.now()
        )
        claiming.mark_sending({item.pk: change.pk})
    stopping.join(30)

    assert not stopping.is_alive()
    assert states(plan) == {"SENDING": 1, "NOT_TRIED": ROWS - 1}


def being_sent(plan: Plan, by: User) -> tuple[PlanItem, Change]:
    """Let the first row of a plan be written down as being sent, by a worker that does no more."""
    [item] = claiming.claim(plan, owner=plan.project_id, limit=1, now=timezone.now())
    write = new_write(
        project=plan.project,
        phone=item.phone,
        edit=PhoneEdit(nickname="Line 1"),
        author=Author(by, source=Source.PLAN, plan=plan),
        now=timezone.now(),
    )
    begin([write])
    claiming.mark_sending({item.pk: write.change.pk})
    return item, write.change


def test_row_that_will_wait_again_waits_for_nobody_when_the_plan_is_stopped_that_moment(plan: Plan, lead: User) -> None:
    _item, change = being_sent(plan, lead)
    stopping = aside(lambda: lifecycle.stop_plan(plan=fresh(plan), clock=timezone.now))

    with transaction.atomic():
        change.outcome, change.http_status, change.settled_at = Outcome.REFUSED, 401, timezone.now()
        log.settle([change])
        stopping.start()
        stopping.join(0.5)
    stopping.join(30)

    assert not stopping.is_alive()
    assert states(plan) == {"NOT_TRIED": ROWS}


@pytest.mark.parametrize(("is_over", "state"), [(False, ItemState.WAITING), (True, ItemState.FAILED)])
def test_row_nobody_could_tell_of_follows_when_it_is_known_not_to_be_applied(
    plan: Plan, lead: User, sandbox: Sandbox, is_over: bool, state: ItemState
) -> None:
    """The worker died while sending, Diga was silent at the first look, and said at the second that nothing came."""
    item, change = being_sent(plan, lead)
    died_at = change.created_at
    sandbox.faults.add(Fault("status", status=503, method="GET", times=None))
    sweep(clock=lambda: died_at + timedelta(minutes=2))
    sandbox.faults.clear()
    assert plan.items.get(pk=item.pk).state == ItemState.UNKNOWN
    if is_over:
        work_at(plan)
        assert plan.state == PlanState.FINISHED

    sweep(clock=lambda: died_at + timedelta(minutes=30))

    row = plan.items.get(pk=item.pk)
    assert (row.state, row.change_id) == (state, change.pk if is_over else None)
    if not is_over:
        work_at(plan)
        assert states(plan) == {"DONE": ROWS}
    assert_invariants(sandbox)


def test_save_of_a_person_and_a_plan_on_one_phone_never_overwrite_each_other(
    aurora: Project, lead: User, sandbox: Sandbox
) -> None:
    phones = phones_of(aurora, 8)
    outcomes: list[str] = []
    for round_ in range(4):
        plan = start(make_plan(lead, phones, renames(f"Plan {round_}")), lead)
        sandbox.switches.latency_ms = 10

        def save_one(name: str = f"Person {round_}", phone: Phone = phones[3]) -> None:
            try:
                outcomes.append(save(stored(phone), PhoneEdit(nickname=name), user=lead).change.outcome)
            except NotSaved as refusal:
                outcomes.append(refusal.result.kind)

        person = aside(save_one)
        person.start()
        work_at(plan)
        person.join()

        now = held(sandbox, phones[3]).nickname
        row = plan.items.get(phone=phones[3])
        has_person_won = row.state == ItemState.CHANGED
        assert (now == f"Person {round_}") or (row.state == ItemState.DONE and now == f"Plan {round_} 4")
        if has_person_won:
            assert (outcomes[-1], now) == (Outcome.CONFIRMED, f"Person {round_}")
        assert states(plan)["DONE"] >= 7
    assert set(outcomes) <= {Outcome.CONFIRMED, SaveKind.CONFLICT, SaveKind.BUSY, SaveKind.BEING_SAVED}
    assert_invariants(sandbox)


def test_row_whose_phone_somebody_is_always_about_lets_go_after_its_tries(plan: Plan, sandbox: Sandbox) -> None:
    busy = plan.items.earliest("number").phone
    Change.objects.create(project=plan.project, phone=busy, number="1", source=Source.FORM, created_at=timezone.now())

    work_at(plan)

    item = plan.items.get(phone=busy)
    assert (item.state, item.cause, states(plan)["DONE"]) == (ItemState.FAILED, "unreadable", ROWS - 1)
    reads = [
        request for request in sandbox.journal if (request.method, request.path) == ("GET", f"/v1/phone/{busy.pk}")
    ]
    assert len(reads) == MAX_ROUNDS * MAX_TRIES


def test_sync_meanwhile_takes_nothing_for_somebody_else_s_doing(aurora: Project, lead: User, sandbox: Sandbox) -> None:
    phones = phones_of(aurora)
    plan = start(make_plan(lead, phones, renames("Line")), lead)
    sandbox.switches.latency_ms = 5
    is_over = threading.Event()

    def sync_again_and_again() -> None:
        while not is_over.is_set():
            passes.sync_project(project=Project.objects.get(pk=aurora.pk), clock=timezone.now)

    thread = aside(sync_again_and_again)
    thread.start()
    try:
        work_at(plan)
    finally:
        is_over.set()
        thread.join()

    assert states(plan) == {"DONE": len(phones)}
    assert len(patches(sandbox)) == len(phones)
    assert not Change.objects.filter(source=Source.OUTSIDE).exists()
    assert_invariants(sandbox)


def test_version_that_is_gone_by_its_turn_is_refused_without_asking(
    aurora: Project, lead: User, sandbox: Sandbox
) -> None:
    phones = phones_of(aurora, 3, inbound_agent_id=None)
    agent = next(agent for agent in catalogue_of(aurora).offered if agent.published)
    assert agent.published
    plan = start(make_plan(lead, phones, PhoneEdit(inbound=Target(agent, agent.published))), lead)
    del sandbox.agents[agent.id]
    Project.objects.update(agents_read_at=None)

    work_at(plan)

    assert {(item.state, item.cause) for item in plan.items.all()} == {(ItemState.REFUSED, "gone")}
    assert patches(sandbox) == []


def test_version_published_meanwhile_by_others_is_not_taken_back(aurora: Project, lead: User, sandbox: Sandbox) -> None:
    """The plan puts more numbers on v5; before its turn somebody publishes another version in Diga."""
    alicia = target(aurora, "Alicia", 5)
    phones = [phone for phone in phones_of(aurora) if phone.inbound_agent_id != alicia.agent.id][:4]
    plan = start(make_plan(lead, phones, PhoneEdit(inbound=alicia)), lead)
    theirs = sandbox.agents[alicia.agent.id]
    theirs.published_id = next(
        version.id for version in theirs.versions if not version.is_draft and version.id != theirs.published_id
    )
    Project.objects.update(agents_read_at=None)

    work_at(plan)

    assert {(item.state, item.cause) for item in plan.items.all()} == {(ItemState.REFUSED, "predicted")}
    assert patches(sandbox) == []
    assert_invariants(sandbox)


def test_phone_that_is_gone_or_released_by_its_turn_is_said_so(aurora: Project, lead: User, sandbox: Sandbox) -> None:
    phones = phones_of(aurora, 4)
    plan = start(make_plan(lead, phones, renames("Line")), lead)
    sandbox.phones.remove(phones[1].pk)
    held(sandbox, phones[2]).status = "released"

    work_at(plan)

    assert [(item.state, item.cause) for item in plan.items.order_by("number")] == [
        (ItemState.DONE, ""),
        (ItemState.FAILED, "unknown_phone"),
        (ItemState.CHANGED, "closed"),
        (ItemState.DONE, ""),
    ]
    assert plan.items.get(number=3).details["status"] == "released"
    assert stored(phones[1]).missing_since is not None
    assert len(sent(sandbox)) == 2


def unpublished(aurora: Project, sandbox: Sandbox) -> PhoneEdit:
    """Return the wish for an agent of which nothing is published, and that no phone has."""
    theirs = next(agent for agent in sandbox.agents.values() if not sandbox.projects["aurora"].phones_of(agent.id))
    theirs.published_id = None
    version = next(version for version in theirs.versions if not version.is_draft)
    Project.objects.update(agents_read_at=None)
    aurora.refresh_from_db()
    reread_agents(project=aurora, client=client_for(aurora), clock=timezone.now)
    found = catalogue_of(aurora).version(version.id)
    assert found
    return PhoneEdit(inbound=Target(*found))


def test_ticked_row_publishes_what_the_page_said(aurora: Project, lead: User, router: User, sandbox: Sandbox) -> None:
    phones, wish = phones_of(aurora, 1), unpublished(aurora, sandbox)
    save(stored(phones[0]), PhoneEdit(nickname="Changed a minute ago"), user=router)
    plan = make_plan(lead, phones, wish)
    assert list(plan.items.values_list("foreseen", "why")) == [("NEEDS_LOOK", "just_changed")]

    lifecycle.tick_rows(plan=plan, by=lead, numbers=[1], is_ticked=True)
    (said,) = publishings_of(plan)
    work_at(start(plan, lead))

    assert plan.agreed == [said.version_id]
    assert states(plan) == {"DONE": 1}
    assert_invariants(sandbox)


def test_version_that_nothing_runs_yet_is_published_by_one_row_before_the_others(
    aurora: Project, lead: User, sandbox: Sandbox
) -> None:
    plan = start(make_plan(lead, phones_of(aurora, 20), unpublished(aurora, sandbox)), lead)
    sandbox.switches.latency_ms = 5

    work_at(plan)

    assert list(plan.items.filter(goes_first=True).values_list("number", flat=True)) == [1]
    assert states(plan) == {"DONE": 20}
    order = [(request.method, request.path.rpartition("/")[2]) for request in sandbox.journal]
    first = str(plan.items.get(number=1).phone_id)
    others = [place for place, (method, phone) in enumerate(order) if method == "PATCH" and phone != first]
    assert order.index(("PATCH", first)) < min(others)
    assert_invariants(sandbox)
