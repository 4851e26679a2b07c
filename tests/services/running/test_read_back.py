"""Every number of a published agent is read back; what was lost is said, and can be given back by a plan."""

import threading
import uuid

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone

from bench.rig.invariants import assert_invariants
from bench.rig.plans import start, states
from phones import tasks
from phones.diga.sandbox import Fault, Sandbox
from phones.models import Change, Foreseen, Outcome, Phone, Plan, PlanKind, Project, Source
from phones.services.audit.chain.verification import verify_log
from phones.services.plan_items import claiming
from phones.services.plan_items.following import MAX_TRIES
from phones.services.plans import lifecycle
from phones.services.plans.create import NothingPlanned
from phones.services.plans.follow_ups import plan_again
from phones.services.plans.totals import totals_of
from phones.services.routing.edits import PhoneEdit
from phones.services.running import read_back as running_read_back
from phones.services.running.circuit_breaker import ERRORS_IN_A_ROW
from phones.services.sync.passes import sync_project
from phones.services.sync.refresh import refresh_phone
from tests.support.desk.planned import work_at
from tests.support.desk.published import AGENTS, a_lead, fresh, phones_of, publish, read_back, sweep_after
from tests.support.desk.saving import Killed, before_answering, forget_waiting, held, is_true_copy, save, stored, target

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


def give_back(done: Plan, author: User, token: uuid.UUID | None = None) -> Plan:
    return plan_again(
        plan=fresh(done),
        kind=PlanKind.REATTACH,
        author=author,
        reason="Given back",
        ticket=done.ticket,
        form_token=token,
        clock=timezone.now,
    )


def detached(done: Plan) -> int:
    return done.items.filter(state="MISMATCH", cause="detached").count()


def test_numbers_that_diga_detached_are_found_and_their_history_says_so(
    aurora: Project, lead: User, sandbox: Sandbox
) -> None:
    sandbox.switches.publish_without_phones = "detach"
    phones = phones_of(aurora, "Alicia")

    done = read_back(publish(aurora, "Alicia", 6, by=lead))

    assert (done.request.outcome, detached(done)) == ("CONFIRMED", len(phones))
    assert all(is_true_copy(sandbox, phone) for phone in phones)
    for change in Change.objects.all():
        assert (change.source, change.outcome) == (Source.PUBLISH, Outcome.MISMATCH)
        assert change.stored == dict.fromkeys(change.before)
    assert verify_log(project=aurora).faults == []
    assert_invariants(sandbox)


@pytest.mark.parametrize("is_told", [True, False], ids=["answered", "lost"])
def test_detached_number_that_a_sync_meets_first_has_one_entry(
    aurora: Project, lead: User, sandbox: Sandbox, is_told: bool
) -> None:
    sandbox.switches.publish_without_phones = "detach"
    phones = phones_of(aurora, "Alicia")
    if not is_told:
        sandbox.faults.add(Fault("status", status=504, method="PATCH", path=AGENTS, when="late"))

    done = publish(aurora, "Alicia", 6, by=lead)
    sandbox.carry_out_late()
    run = sync_project(project=Project.objects.get(pk=aurora.pk), clock=timezone.now)
    refresh_phone(project=aurora, phone=stored(phones[0]), clock=timezone.now)
    sweep_after(done, 5)
    read_back(done)

    assert (run.state, run.outside_count, detached(done)) == ("COMPLETE", 0, len(phones))
    entries = list(Change.objects.values_list("phone", "source", "outcome"))
    assert sorted(entries) == sorted((phone.pk, "UPGRADE", "MISMATCH") for phone in phones)
    assert_invariants(sandbox)


def test_plan_gives_the_agent_back_in_the_lanes_that_lost_it(aurora: Project, lead: User, sandbox: Sandbox) -> None:
    sandbox.switches.publish_without_phones = "detach"
    before = {phone.pk: (phone.inbound_agent_id, phone.outbound_agent_id) for phone in phones_of(aurora, "Alicia")}
    done = read_back(publish(aurora, "Alicia", 6, by=lead))
    token = uuid.uuid4()

    plan = give_back(done, lead, token)

    assert (give_back(done, lead, token).pk, plan.kind, plan.reason, plan.ticket) == (
        plan.pk,
        PlanKind.REATTACH,
        "Given back",
        "T-9",
    )
    assert plan.origin == done
    items = list(plan.items.all())
    assert {item.phone_id for item in items} == set(before)
    assert {(item.foreseen, item.why) for item in items} == {(Foreseen.WILL_CHANGE, "joins")}
    for item in items:
        assert {lane.version_number for lane in item.after.values()} == {6}
        assert set(item.before.values()) == {None}
    work_at(start(plan, lead))
    assert states(plan) == {"DONE": len(before)}
    now = {phone.pk: (phone.inbound_agent_id, phone.outbound_agent_id) for phone in phones_of(aurora, "Alicia")}
    assert now == before
    assert_invariants(sandbox)


def test_number_that_lost_one_direction_gets_that_one_back(aurora: Project, lead: User, sandbox: Sandbox) -> None:
    agent_id = target(aurora, "Alicia", 1).agent.id
    phone = Phone.objects.filter(inbound_agent_id=agent_id, outbound_agent_id=agent_id)[0]
    other_phone = next(
        each for each in phones_of(aurora, "Alicia") if each.inbound_agent_id == agent_id and each != phone
    )
    done = publish(aurora, "Alicia", 6, by=lead)
    held(sandbox, phone).outbound_agent_id = None
    held(sandbox, other_phone).inbound_agent_id = sandbox.projects["aurora"].agent("Dora").id

    read_back(done)
    plan = give_back(done, lead)

    assert (states(done), detached(done)) == ({"MISMATCH": 2, "DONE": done.items.count() - 2}, 2)
    lost = Change.objects.get(phone=phone)
    assert (lost.outcome, lost.stored["inbound"].version_number, lost.stored["outbound"]) == ("MISMATCH", 6, None)
    item, taken = plan.items.get(phone=phone), plan.items.get(phone=other_phone)
    assert (set(item.after), item.foreseen, plan.wish) == ({"outbound"}, Foreseen.WILL_CHANGE, {})
    assert (taken.foreseen, taken.why) == (Foreseen.NEEDS_LOOK, "moved_since")
    assert_invariants(sandbox)


def test_nothing_to_give_back_makes_no_plan(aurora: Project, lead: User) -> None:
    done = read_back(publish(aurora, "Alicia", 6, by=lead))

    with pytest.raises(NothingPlanned):
        give_back(done, lead)


def test_number_that_people_here_changed_since_is_not_called_detached(
    aurora: Project, lead: User, sandbox: Sandbox
) -> None:
    done = publish(aurora, "Alicia", 6, by=lead)
    phone = next(each for each in phones_of(aurora, "Alicia") if each.inbound_agent_id == done.request.agent_id)
    save(stored(phone), PhoneEdit(inbound=None), user=lead)

    read_back(done)

    assert states(done) == {"CHANGED": 1, "DONE": done.items.count() - 1}
    assert [change.source for change in Change.objects.filter(phone=phone)] == [Source.FORM]
    assert_invariants(sandbox)


def test_number_that_is_gone_and_one_that_can_not_be_read(aurora: Project, sandbox: Sandbox) -> None:
    done = publish(aurora, "Alicia", 6)
    gone, dark, closed, *_others = phones_of(aurora, "Alicia")
    sandbox.phones.remove(gone.pk)
    for phone, status in ((dark, 500), (closed, 422)):
        sandbox.faults.add(Fault("status", status=status, method="GET", path=f"/v1/phone/{phone.pk}", times=None))

    for _try in range(MAX_TRIES):
        if read_back(done).is_paused:
            assert (fresh(done).cause, states(done)["WAITING"]) == ("unreachable", 1)
            lifecycle.resume_plan(plan=fresh(done), by=a_lead(aurora), clock=timezone.now)

    assert (states(done), fresh(done).state) == (
        {"FAILED": 1, "UNKNOWN": 2, "DONE": done.items.count() - 3},
        "FINISHED",
    )
    causes = {item.phone_id: item.cause for item in done.items.filter(state__in=["FAILED", "UNKNOWN"])}
    assert causes == {gone.pk: "unknown_phone", dark.pk: "unreadable", closed.pk: "read_refused"}
    assert stored(gone).missing_since is not None
    assert (stored(closed).refused_status, totals_of(done).open) == (422, 0)


def test_plan_whose_last_numbers_can_not_be_read_ends_instead_of_pausing(aurora: Project, sandbox: Sandbox) -> None:
    done = publish(aurora, "Alicia", 6)
    done.items.filter(number__gt=ERRORS_IN_A_ROW).update(state="NOT_TRIED")
    done.items.filter(number__lte=ERRORS_IN_A_ROW).update(try_count=MAX_TRIES - 1)
    sandbox.faults.add(Fault("status", status=500, method="GET", path="/v1/phone/", times=None))

    read_back(done)

    assert (states(done)["UNKNOWN"], fresh(done).state, fresh(done).cause) == (ERRORS_IN_A_ROW, "FINISHED", "")


def test_diga_that_rejects_the_key_holds_the_plan_with_every_number_waiting(aurora: Project, sandbox: Sandbox) -> None:
    done = publish(aurora, "Alicia", 6)
    sandbox.faults.add(Fault("status", status=401, method="GET", path="/v1/phone/", times=None))

    read_back(done)

    assert (states(done), fresh(done).cause) == ({"WAITING": done.items.count()}, "key_rejected")
    assert Project.objects.get(pk=aurora.pk).is_rejected
    sandbox.faults.clear()
    tasks.go_on_with_plans()
    assert states(done) == {"WAITING": done.items.count()}
    Project.objects.update(token_state="ACCEPTED")
    lifecycle.resume_plan(plan=fresh(done), by=a_lead(aurora), clock=timezone.now)
    tasks.go_on_with_plans()
    assert (states(done), fresh(done).state) == ({"DONE": done.items.count()}, "FINISHED")
    assert_invariants(sandbox)


def test_plan_that_is_paused_or_stopped_between_two_waves_reads_no_more(
    aurora: Project, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = publish(aurora, "Alicia", 6)
    monkeypatch.setattr(running_read_back, "WAVES", 1)

    with before_answering(sandbox, "GET", lambda: lifecycle.pause_plan(plan=fresh(done), clock=timezone.now)):
        read_back(done)

    assert (states(done), fresh(done).state) == ({"WAITING": done.items.count()}, "PAUSED")
    assert Change.objects.count() == 0
    lifecycle.stop_plan(plan=fresh(done), by=a_lead(aurora), clock=timezone.now)
    assert set(states(done)) == {"NOT_TRIED"}
    assert_invariants(sandbox)


def test_two_workers_write_each_entry_once(aurora: Project, sandbox: Sandbox) -> None:
    done = publish(aurora, "Alicia", 6)
    barrier = threading.Barrier(2)
    faults = []

    def work() -> None:
        try:
            barrier.wait(timeout=20)
            read_back(done)
        except Exception as error:  # noqa: BLE001 - a thread's failure is the test's.
            faults.append(error)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _each in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    assert (faults, states(done)) == ([], {"DONE": done.items.count()})
    assert Change.objects.count() == done.items.count()
    assert_invariants(sandbox)


def test_worker_that_is_killed_is_followed_by_another(
    aurora: Project, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = publish(aurora, "Alicia", 6)
    monkeypatch.setattr(running_read_back, "WAVES", 1)
    finished = running_read_back._take
    waves: list[int] = []

    def take_once(*args: object) -> None:
        if waves:
            raise Killed
        waves.append(1)
        finished(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(running_read_back, "_take", take_once)
    with pytest.raises(Killed):
        read_back(done)
    monkeypatch.setattr(running_read_back, "_take", finished)
    assert 0 < states(done)["DONE"] < done.items.count()

    # What the dead worker had taken is free again when its lease is over.
    read_back(done, clock=lambda: timezone.now() + 2 * claiming.LEASE)

    assert states(done) == {"DONE": done.items.count()}
    assert Change.objects.count() == done.items.count()
    assert_invariants(sandbox)


def test_what_else_changed_meanwhile_stands_as_changed_outside(aurora: Project, sandbox: Sandbox) -> None:
    done = publish(aurora, "Alicia", 6)
    phone = phones_of(aurora, "Alicia")[0]
    held(sandbox, phone).nickname = "Renamed in Diga"

    read_back(done)

    found = {change.source: set(change.after) for change in Change.objects.filter(phone=phone)}
    assert found[Source.OUTSIDE] == {"nickname"}
    assert "nickname" not in found[Source.PUBLISH]
    assert_invariants(sandbox)


def test_sync_between_leaves_the_entry_of_the_plan(aurora: Project, sandbox: Sandbox) -> None:
    done = publish(aurora, "Alicia", 6)
    sync_project(project=aurora, clock=timezone.now)

    read_back(done)

    assert states(done) == {"DONE": done.items.count()}
    assert_invariants(sandbox)
