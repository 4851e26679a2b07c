"""A request to publish that a killed process or a lost answer left open is settled by reading, and never sent again."""

from contextlib import AbstractContextManager
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from bench.rig.invariants import assert_invariants
from bench.rig.plans import start, states
from phones import tasks
from phones.diga.sandbox import Fault, Sandbox
from phones.diga.sandbox.serving.messages import Request
from phones.models import Plan, Project, PublishRequest
from phones.services.plans import lifecycle
from phones.services.projects import keys
from phones.services.projects.clients import client_for
from phones.services.running import publish_outcome
from phones.services.running.publish_outcome import sweep_requests
from tests.support.database.tampering import alter
from tests.support.desk.published import (
    AGENTS,
    a_lead,
    fresh,
    outcome,
    plan_of,
    publish,
    publishings,
    read_back,
    send,
    sweep_after,
)
from tests.support.desk.saving import Killed, before_answering, forget_waiting, target

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


def die(sandbox: Sandbox, project: Project, *, is_sent: bool) -> Plan:
    """Publish, and be killed before the PATCH leaves, or when its answer is there."""
    plan = start(plan_of(project, "Alicia", 6), a_lead(project))

    def clock() -> datetime:
        if publishings(sandbox) if is_sent else PublishRequest.objects.exists():
            raise Killed
        return timezone.now()

    with pytest.raises(Killed):
        send(plan, clock=clock)
    return fresh(plan)


@pytest.mark.parametrize("is_sent", [True, False])
def test_killed_request_is_settled_by_the_sweeper_and_never_sent_again(
    aurora: Project, sandbox: Sandbox, is_sent: bool
) -> None:
    done = die(sandbox, aurora, is_sent=is_sent)
    tasks.go_on_with_plans()
    assert (outcome(done), states(done), len(publishings(sandbox))) == (
        "PENDING",
        {"SENDING": done.items.count()},
        is_sent,
    )

    early = sweep_requests(clock=lambda: done.request.sent_at + timedelta(seconds=59))
    late = [*sweep_after(done, 61), *sweep_after(done, 90)]

    assert (early, late, outcome(done)) == ([], [done.pk], "CONFIRMED" if is_sent else "FAILED")
    assert len(publishings(sandbox)) == is_sent
    tasks.go_on_with_plans()
    assert states(done) == {"DONE" if is_sent else "FAILED": done.items.count()}
    assert fresh(done).state == "FINISHED"
    assert_invariants(sandbox)


def test_plan_that_the_sweeper_has_settled_gets_its_bell_rung(aurora: Project, sandbox: Sandbox) -> None:
    done = die(sandbox, aurora, is_sent=True)
    alter(PublishRequest.objects.all(), sent_at=done.request.sent_at - timedelta(seconds=61))

    tasks.settle_open()

    assert (fresh(done).state, set(states(done))) == ("FINISHED", {"DONE"})
    assert_invariants(sandbox)


def test_sender_that_was_taken_for_dead_finds_its_request_settled(aurora: Project, sandbox: Sandbox) -> None:
    done = die(sandbox, aurora, is_sent=True)
    assert sweep_after(done, 90) == [done.pk]
    settled_at = fresh(done).request.settled_at

    publish_outcome.settle_by_reading(done.request, client_for(aurora), timezone.now)

    assert (done.request.outcome, done.request.settled_at, fresh(done).request.settled_at) == (
        "CONFIRMED",
        settled_at,
        settled_at,
    )


@pytest.mark.parametrize("is_applied", [True, False])
def test_unknown_request_is_settled_once_diga_answers(aurora: Project, sandbox: Sandbox, is_applied: bool) -> None:
    when = "after" if is_applied else "before"
    sandbox.faults.add(Fault("status", status=502, method="PATCH", path=AGENTS, when=when))  # type: ignore[arg-type]
    with reading_back_fails_after_publishing(sandbox):
        done = publish(aurora, "Alicia", 6)
    sandbox.faults.clear()
    request = done.request
    assert (request.outcome, request.settled_at, request.next_look_at is not None) == ("UNKNOWN", None, True)
    assert (done.state, states(done)) == ("RUNNING", {"SENDING": done.items.count()})
    assert_invariants(sandbox)

    assert sweep_requests(clock=timezone.now) == []
    assert sweep_requests(clock=lambda: timezone.now() + timedelta(minutes=2)) == [done.pk]

    assert outcome(done) == ("CONFIRMED" if is_applied else "FAILED")
    assert len(publishings(sandbox)) == 1
    assert_invariants(sandbox)


def reading_back_fails_after_publishing(sandbox: Sandbox) -> AbstractContextManager[list[Request]]:
    fault = Fault("status", status=503, method="GET", times=None)
    return before_answering(sandbox, "PATCH", lambda: sandbox.faults.add(fault), AGENTS)


def lost(project: Project, sandbox: Sandbox) -> Plan:
    """Publish with an answer that is lost, of something that Diga has applied."""
    sandbox.faults.add(Fault("status", status=502, method="PATCH", path=AGENTS, when="after"))
    with reading_back_fails_after_publishing(sandbox):
        done = publish(project, "Alicia", 6)
    sandbox.faults.clear()
    assert done.request.outcome == "UNKNOWN"
    return done


def test_plan_that_was_stopped_meanwhile_reads_nothing_back(aurora: Project, sandbox: Sandbox) -> None:
    done = lost(aurora, sandbox)
    lifecycle.stop_plan(plan=done, by=a_lead(aurora), clock=timezone.now)
    assert set(states(done)) == {"SENDING"}

    sweep_after(done, 61)

    assert (outcome(done), set(states(done)), fresh(done).state) == ("CONFIRMED", {"NOT_TRIED"}, "STOPPED")
    assert_invariants(sandbox)


def test_plan_that_was_paused_meanwhile_reads_back_once_it_is_resumed(aurora: Project, sandbox: Sandbox) -> None:
    done = lost(aurora, sandbox)
    lifecycle.pause_plan(plan=done, by=a_lead(aurora), clock=timezone.now)
    sweep_after(done, 61)
    assert (outcome(done), set(states(done))) == ("CONFIRMED", {"WAITING"})
    assert set(states(read_back(done))) == {"WAITING"}

    lifecycle.resume_plan(plan=fresh(done), by=a_lead(aurora), clock=timezone.now)

    assert (read_back(done).state, set(states(done))) == ("FINISHED", {"DONE"})
    assert_invariants(sandbox)


def test_request_of_a_project_without_a_key_stays_unknown(aurora: Project, sandbox: Sandbox) -> None:
    done = die(sandbox, aurora, is_sent=True)
    keys.disconnect(project=aurora, actor=None, now=timezone.now())

    assert sweep_after(done, 61) == []

    assert (outcome(done), set(states(done))) == ("UNKNOWN", {"SENDING"})


def test_good_answer_that_can_not_be_read_back_is_not_known_yet(aurora: Project, sandbox: Sandbox) -> None:
    with reading_back_fails_after_publishing(sandbox):
        done = publish(aurora, "Alicia", 6)
    sandbox.faults.clear()

    assert (done.request.outcome, done.request.http_status, done.request.cause) == ("UNKNOWN", 200, "")
    sweep_requests(clock=lambda: timezone.now() + timedelta(minutes=2))
    assert outcome(done) == "CONFIRMED"


def test_third_version_proves_nothing_and_looks_end_after_a_day(aurora: Project, sandbox: Sandbox) -> None:
    done = lost(aurora, sandbox)
    alicia = sandbox.projects["aurora"].agent("Alicia")
    alicia.published_id = alicia.version(3).id
    moved: list[int] = []
    looks = 0
    while (due := fresh(done).request.next_look_at) is not None:
        assert (moved, set(states(done))) == ([], {"SENDING"})
        moved = sweep_requests(clock=lambda due=due: due)  # type: ignore[misc]
        looks += 1
        assert looks < 40

    assert (outcome(done), moved, len(publishings(sandbox))) == ("UNKNOWN", [done.pk], 1)
    assert (read_back(done).state, states(done)) == ("FINISHED", {"UNKNOWN": done.items.count()})


def test_what_a_later_request_may_have_brought_proves_nothing(aurora: Project, sandbox: Sandbox) -> None:
    done = lost(aurora, sandbox)
    alicia = sandbox.projects["aurora"].agent("Alicia")
    alicia.published_id = alicia.version(5).id
    assert publish(aurora, "Alicia", 6).request.outcome == "CONFIRMED"

    sweep_after(done, 90)

    assert outcome(done) == "UNKNOWN"
    assert_invariants(sandbox)


def test_plan_that_was_made_later_and_sent_before_proves_nothing_either(aurora: Project, sandbox: Sandbox) -> None:
    earlier = plan_of(aurora, "Alicia", 6)
    done = lost(aurora, sandbox)
    alicia = sandbox.projects["aurora"].agent("Alicia")
    alicia.published_id = alicia.version(5).id
    send(start(earlier, a_lead(aurora)))
    assert (earlier.pk < done.pk, outcome(earlier)) == (True, "CONFIRMED")

    sweep_after(done, 90)

    assert outcome(done) == "UNKNOWN"


DROPDOWN = "/v1/agent/versions-dropdown/dashboard"


def test_list_that_leaves_the_agent_out_proves_nothing(aurora: Project, sandbox: Sandbox) -> None:
    fault = Fault("missing_field", method="GET", path=DROPDOWN)
    assert next(iter(sandbox.agents.values())).name == target(aurora, "Alicia", 6).agent.name
    with before_answering(sandbox, "PATCH", lambda: sandbox.faults.add(fault), AGENTS):
        done = publish(aurora, "Alicia", 6)

    assert (done.request.outcome, done.request.http_status) == ("UNKNOWN", 200)
    assert sweep_requests(clock=lambda: timezone.now() + timedelta(minutes=2)) == [done.pk]
    assert outcome(done) == "CONFIRMED"
