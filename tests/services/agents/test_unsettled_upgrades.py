"""An upgrade that a killed process or a lost answer left open is settled by reading, and never sent again."""

from contextlib import AbstractContextManager
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from bench.rig.invariants import assert_invariants
from phones import tasks
from phones.diga import DigaUnavailable
from phones.diga.sandbox import Fault, Sandbox
from phones.diga.sandbox.http import Request
from phones.models import AgentUpgrade, Project
from phones.services.agents import publish_outcome
from phones.services.agents.publish_outcome import sweep_upgrades
from phones.services.projects.keys import client_for
from tests.support.desk.saving import Killed, before_answering, forget_waiting, target
from tests.support.desk.upgraded import AGENTS, publishings, standings, sweep_after, upgrade

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


def die(sandbox: Sandbox, project: Project, *, is_sent: bool) -> AgentUpgrade:
    """Publish, and be killed before the PATCH leaves, or when its answer is there."""

    def clock() -> datetime:
        is_begun = AgentUpgrade.objects.filter(outcome="PENDING").exists()
        if publishings(sandbox) if is_sent else is_begun:
            raise Killed
        return timezone.now()

    with pytest.raises(Killed):
        upgrade(project, "Alicia", 6, clock=clock)
    return AgentUpgrade.objects.get()


@pytest.mark.parametrize("is_sent", [True, False])
def test_killed_upgrade_is_settled_by_the_sweeper_and_never_sent_again(
    aurora: Project, sandbox: Sandbox, is_sent: bool
) -> None:
    done = die(sandbox, aurora, is_sent=is_sent)
    sent_at = done.sent_at
    assert sent_at is not None

    early = sweep_upgrades(clock=lambda: sent_at + timedelta(seconds=59))
    late = sweep_after(done, 61) + sweep_after(done, 90)

    done.refresh_from_db()
    assert (early, late, done.outcome) == (0, 1, "CONFIRMED" if is_sent else "FAILED")
    assert len(publishings(sandbox)) == is_sent
    tasks.go_on_with_upgrades()
    assert standings(done) == {"KEPT" if is_sent else "WAITING": done.phone_count}
    assert_invariants(sandbox)


def test_sender_that_was_taken_for_dead_finds_its_upgrade_settled(aurora: Project, sandbox: Sandbox) -> None:
    done = die(sandbox, aurora, is_sent=True)
    assert sweep_after(done, 90) == 1

    publish_outcome.settle_by_reading(done, client_for(aurora), timezone.now)

    assert (done.outcome, done.settled_at) == ("CONFIRMED", AgentUpgrade.objects.get(pk=done.pk).settled_at)


@pytest.mark.parametrize("is_applied", [True, False])
def test_unknown_upgrade_is_settled_once_diga_answers(aurora: Project, sandbox: Sandbox, is_applied: bool) -> None:
    when = "after" if is_applied else "before"
    sandbox.faults.add(Fault("status", status=502, method="PATCH", path=AGENTS, when=when))  # type: ignore[arg-type]
    with reading_back_fails_after_publishing(sandbox):
        done = upgrade(aurora, "Alicia", 6)
    sandbox.faults.clear()
    assert (done.outcome, done.settled_at, done.next_look_at is not None) == ("UNKNOWN", None, True)
    assert_invariants(sandbox)

    assert sweep_upgrades(clock=timezone.now) == 0
    assert sweep_upgrades(clock=lambda: timezone.now() + timedelta(minutes=2)) == 1

    done.refresh_from_db()
    assert done.outcome == ("CONFIRMED" if is_applied else "FAILED")
    assert len(publishings(sandbox)) == 1
    assert_invariants(sandbox)


def reading_back_fails_after_publishing(sandbox: Sandbox) -> AbstractContextManager[list[Request]]:
    fault = Fault("status", status=503, method="GET", times=None)
    return before_answering(sandbox, "PATCH", lambda: sandbox.faults.add(fault), AGENTS)


def test_good_answer_that_can_not_be_read_back_is_not_known_yet(aurora: Project, sandbox: Sandbox) -> None:
    with reading_back_fails_after_publishing(sandbox):
        done = upgrade(aurora, "Alicia", 6)
    sandbox.faults.clear()

    assert (done.outcome, done.http_status, done.cause) == ("UNKNOWN", 200, "")
    sweep_upgrades(clock=lambda: timezone.now() + timedelta(minutes=2))
    done.refresh_from_db()
    assert done.outcome == "CONFIRMED"


def test_third_version_proves_nothing_and_looks_end_after_a_day(aurora: Project, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault("status", status=502, method="PATCH", path=AGENTS))
    with reading_back_fails_after_publishing(sandbox):
        done = upgrade(aurora, "Alicia", 6)
    sandbox.faults.clear()
    alicia = sandbox.projects["aurora"].agent("Alicia")
    alicia.published_id = alicia.version(3).id
    looks = 0
    while done.next_look_at is not None:
        due = done.next_look_at
        assert sweep_upgrades(clock=lambda due=due: due) == 0  # type: ignore[misc]
        done.refresh_from_db()
        looks += 1
        assert looks < 40

    assert done.outcome == "UNKNOWN"
    assert len(publishings(sandbox)) == 1


def test_what_a_later_upgrade_may_have_brought_proves_nothing(aurora: Project, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault("status", status=502, method="PATCH", path=AGENTS))
    with reading_back_fails_after_publishing(sandbox):
        lost = upgrade(aurora, "Alicia", 6)
    sandbox.faults.clear()
    assert upgrade(aurora, "Alicia", 6).outcome == "CONFIRMED"

    sweep_upgrades(clock=lambda: timezone.now() + timedelta(minutes=2))

    lost.refresh_from_db()
    assert lost.outcome == "UNKNOWN"
    assert_invariants(sandbox)


DROPDOWN = "/v1/agent/versions-dropdown/dashboard"


def test_list_that_leaves_the_agent_out_proves_nothing(aurora: Project, sandbox: Sandbox) -> None:
    fault = Fault("missing_field", method="GET", path=DROPDOWN)
    assert next(iter(sandbox.agents.values())).name == target(aurora, "Alicia", 6).agent.name
    with before_answering(sandbox, "PATCH", lambda: sandbox.faults.add(fault), AGENTS):
        done = upgrade(aurora, "Alicia", 6)

    assert (done.outcome, done.http_status) == ("UNKNOWN", 200)
    assert sweep_upgrades(clock=lambda: timezone.now() + timedelta(minutes=2)) == 1
    done.refresh_from_db()
    assert done.outcome == "CONFIRMED"


def test_agent_that_can_not_be_read_before_is_not_published(aurora: Project, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault("missing_field", method="GET", path=DROPDOWN))

    with pytest.raises(DigaUnavailable):
        upgrade(aurora, "Alicia", 6)

    assert publishings(sandbox) == []
