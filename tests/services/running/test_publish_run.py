"""A plan that publishes a version is run: nothing unwritten, nothing twice, and nothing that is not as it was shown."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connections
from django.utils import timezone

from bench.rig.invariants import assert_invariants
from bench.rig.plans import start, states
from phones.diga.sandbox import Fault, Sandbox
from phones.models import (
    Change,
    Membership,
    Outcome,
    Phone,
    Plan,
    Project,
    PublishRequest,
    Role,
    Source,
)
from phones.models.audit import append_only
from phones.services.plans import lifecycle
from phones.services.projects import keys
from phones.services.sync import refresh
from tests.support.database.tampering import alter
from tests.support.desk.planned import work_at
from tests.support.desk.published import (
    AGENTS,
    a_lead,
    fresh,
    live,
    outcome,
    phones_of,
    plan_of,
    publish,
    publishings,
    read_back,
    send,
)
from tests.support.desk.saving import before_answering, forget_waiting, held, target

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


def running(project: Project, number: int = 6) -> Plan:
    """Return a plan that was applied as it was shown, and that no worker has seen yet."""
    return start(plan_of(project, "Alicia", number), a_lead(project))


def test_version_is_published_once_and_every_number_is_read_back(aurora: Project, lead: User, sandbox: Sandbox) -> None:
    count = len(phones_of(aurora, "Alicia"))
    done = publish(aurora, "Alicia", 6, by=lead)

    assert (done.request.outcome, done.request.http_status, live(sandbox, "Alicia")) == ("CONFIRMED", 200, 6)
    (request,) = publishings(sandbox)
    assert request.body == {"version_id": done.request.after["version_id"]}
    assert states(done) == {"WAITING": count}

    read_back(done)

    assert (states(done), fresh(done).state) == ({"DONE": count}, "FINISHED")
    assert target(aurora, "Alicia", 6).version.is_published
    assert_invariants(sandbox)


def test_history_of_every_number_shows_it(aurora: Project, lead: User, sandbox: Sandbox) -> None:
    agent = target(aurora, "Alicia", 1).agent
    phone = Phone.objects.filter(inbound_agent_id=agent.id, outbound_agent_id=agent.id).order_by("number")[0]

    done = read_back(publish(aurora, "Alicia", 6, by=lead))

    change = Change.objects.get(phone=phone)
    assert (change.source, change.outcome, change.actor, change.actor_name, change.reason, change.ticket) == (
        Source.PUBLISH,
        Outcome.CONFIRMED,
        lead,
        "Lead Ruiz",
        "Autumn hours",
        "T-9",
    )
    versions = {
        name: (change.before[name].version_number, change.after[name].version_number)
        for name in ("inbound", "outbound")
    }
    assert versions == {"inbound": (5, 6), "outbound": (5, 6)}
    assert (change.created_at, change.stored, change.plan, change.item.plan) == (done.request.sent_at, {}, done, done)
    assert set(change.named_agents.values_list("agent_id", flat=True)) == {agent.id}
    assert Change.objects.count() == done.items.count()


def test_older_version_can_be_published_again(aurora: Project, sandbox: Sandbox) -> None:
    read_back(publish(aurora, "Alicia", 6))
    done = read_back(publish(aurora, "Alicia", 5))

    assert (done.request.outcome, live(sandbox, "Alicia"), states(done)) == (
        "CONFIRMED",
        5,
        {"DONE": done.items.count()},
    )
    assert_invariants(sandbox)


# What is not as it was shown is not sent: the plan pauses, with every row as it was.


def assert_held(plan: Plan, sandbox: Sandbox, cause: str) -> None:
    assert (fresh(plan).state, fresh(plan).cause) == ("PAUSED", cause)
    assert (set(states(plan)), publishings(sandbox), PublishRequest.objects.count()) == ({"WAITING"}, [], 0)


def test_number_that_joined_since_holds_the_plan(aurora: Project, sandbox: Sandbox, spare_phone: Phone) -> None:
    plan = running(aurora)
    held(sandbox, spare_phone).inbound_agent_id = sandbox.projects["aurora"].agent("Alicia").id

    send(plan)

    assert_held(plan, sandbox, "publish_moved")
    lifecycle.stop_plan(plan=fresh(plan), by=a_lead(aurora), clock=timezone.now)
    assert set(states(plan)) == {"NOT_TRIED"}
    assert_invariants(sandbox)


@pytest.mark.parametrize("number", [4, 6])
def test_version_that_went_live_since_holds_the_plan(aurora: Project, sandbox: Sandbox, number: int) -> None:
    plan = running(aurora)
    alicia = sandbox.projects["aurora"].agent("Alicia")
    alicia.published_id = alicia.version(number).id

    send(plan)

    assert_held(plan, sandbox, "publish_moved")
    alicia.published_id = alicia.version(5).id
    lifecycle.resume_plan(plan=fresh(plan), by=a_lead(aurora), clock=timezone.now)
    send(plan)
    assert (outcome(plan), len(publishings(sandbox))) == ("CONFIRMED", 1)


def test_copy_that_is_far_from_diga_holds_the_plan(
    aurora: Project, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = running(aurora)
    monkeypatch.setattr(refresh, "STRAY_LIMIT", 2)
    for phone in phones_of(aurora, "Alicia")[:3]:
        held(sandbox, phone).inbound_agent_id = held(sandbox, phone).outbound_agent_id = None

    send(plan)

    assert_held(plan, sandbox, "old_copy")


@pytest.mark.parametrize(
    ("path", "status", "cause"),
    [
        (AGENTS, 503, "not_read"),
        ("/v1/phone/", 503, "not_read"),
        (AGENTS, 403, "forbidden"),
        (AGENTS, 401, "key_rejected"),
    ],
)
def test_read_that_fails_before_it_holds_the_plan(
    aurora: Project, sandbox: Sandbox, path: str, status: int, cause: str
) -> None:
    plan = running(aurora)
    sandbox.faults.add(Fault("status", status=status, method="GET", path=path, times=None))

    send(plan)

    assert_held(plan, sandbox, cause)


def test_project_without_a_key_holds_the_plan(aurora: Project, sandbox: Sandbox) -> None:
    plan = running(aurora)
    keys.disconnect(project=aurora, actor=None, now=timezone.now())

    send(plan)

    assert_held(plan, sandbox, "no_key")


def test_author_without_the_right_publishes_nothing(aurora: Project, sandbox: Sandbox) -> None:
    plan = running(aurora)
    Membership.objects.filter(user=plan.author).update(role=Role.ROUTER)

    send(plan)

    assert_held(plan, sandbox, "no_right")


def test_numbers_are_read_back_whatever_has_become_of_the_author(aurora: Project, sandbox: Sandbox) -> None:
    done = publish(aurora, "Alicia", 6)
    Membership.objects.filter(user=done.author).delete()

    assert (read_back(done).state, set(states(done))) == ("FINISHED", {"DONE"})


@pytest.mark.parametrize("act", [lifecycle.pause_plan, lifecycle.stop_plan])
def test_plan_that_is_held_while_the_agent_is_read_sends_nothing(
    aurora: Project, sandbox: Sandbox, act: Callable[..., None]
) -> None:
    plan = running(aurora)

    with before_answering(sandbox, "GET", lambda: act(plan=fresh(plan), by=a_lead(aurora), clock=timezone.now), AGENTS):
        send(plan)

    assert (fresh(plan).is_running, publishings(sandbox), PublishRequest.objects.count()) == (False, [], 0)
    assert_invariants(sandbox)


# Once, and written down before.


def test_request_is_on_the_disk_before_it_is_sent(aurora: Project, sandbox: Sandbox) -> None:
    plan = running(aurora)
    found = []

    with before_answering(sandbox, "PATCH", lambda: found.append((outcome(plan), states(plan))), AGENTS):
        send(plan)

    assert found == [("PENDING", {"SENDING": plan.items.count()})]


def test_nothing_is_sent_that_can_not_be_written_down(
    aurora: Project, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = running(aurora)

    def fail(*_args: object, **_kwargs: object) -> None:
        raise DatabaseError("The disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(PublishRequest, "save", fail)
        with pytest.raises(DatabaseError):
            send(plan)

    assert (publishings(sandbox), PublishRequest.objects.count(), set(states(plan))) == ([], 0, {"WAITING"})
    # The next bell finds the plan as it was.
    assert (send(plan).request.outcome, len(publishings(sandbox))) == ("CONFIRMED", 1)


def test_late_send_is_not_sent(aurora: Project, sandbox: Sandbox) -> None:
    def clock() -> datetime:
        is_begun = PublishRequest.objects.exists()
        return timezone.now() + (timedelta(minutes=1) if is_begun else timedelta())

    done = publish(aurora, "Alicia", 6, clock=clock)

    assert (done.request.outcome, done.request.cause, publishings(sandbox)) == ("FAILED", "paced", [])
    assert (set(states(done)), fresh(done).state) == ({"FAILED"}, "FINISHED")


def test_second_bell_while_the_request_is_under_way_sends_nothing(aurora: Project, sandbox: Sandbox) -> None:
    plan = running(aurora)

    with before_answering(sandbox, "PATCH", lambda: send(plan), AGENTS):
        send(plan)

    assert (outcome(plan), len(publishings(sandbox))) == ("CONFIRMED", 1)
    assert_invariants(sandbox)


def test_two_workers_send_one_request_and_write_each_entry_once(aurora: Project, sandbox: Sandbox) -> None:
    plan = running(aurora)
    barrier, faults = threading.Barrier(2), []

    def work() -> None:
        try:
            barrier.wait(timeout=20)
            work_at(Plan.objects.get(pk=plan.pk))
        except Exception as error:  # noqa: BLE001 - a thread's failure is the test's.
            faults.append(error)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _each in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    work_at(plan)

    assert (faults, states(plan), len(publishings(sandbox))) == ([], {"DONE": plan.items.count()}, 1)
    assert Change.objects.count() == plan.items.count()
    assert_invariants(sandbox)


def test_two_plans_of_one_agent_are_not_under_way_at_a_time(aurora: Project, sandbox: Sandbox) -> None:
    first, second = running(aurora), running(aurora, 4)

    with before_answering(sandbox, "PATCH", lambda: send(second), AGENTS):
        send(first)

    assert (outcome(first), fresh(second).state, fresh(second).cause) == ("CONFIRMED", "PAUSED", "publish_busy")
    assert len(publishings(sandbox)) == 1
    assert_invariants(sandbox)


# What stands, stands.


@pytest.mark.parametrize("values", [{"outcome": "FAILED"}, {"after": {}}, {"http_status": 201}])
def test_settled_request_is_never_altered(aurora: Project, values: dict[str, object]) -> None:
    done = publish(aurora, "Alicia", 6)
    requests = PublishRequest.objects.filter(plan=done)

    with pytest.raises(DatabaseError, match="never altered"):
        requests.update(**values)
    with pytest.raises(DatabaseError, match="never deleted"):
        requests._raw_delete("default")

    alter(requests, **values)
    assert append_only.missing_triggers() == []
