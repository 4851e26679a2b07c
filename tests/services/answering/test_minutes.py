"""The minutes of the plan: read where the key may, seldom, and believed for a while."""

from datetime import UTC, datetime, timedelta

import pytest

from phones.diga.sandbox import Fault, Sandbox
from phones.diga.sandbox.faults.planned import Kind
from phones.models import Project
from phones.services.answering.minutes import BELIEVED_FOR, READ_AGAIN_AFTER, has_minutes, read_minutes
from phones.services.projects.clients import client_for

NOW = datetime(2026, 11, 30, 10, 0, tzinfo=UTC)
PLAN = "/v1/billing/subscription/"


def _read(project: Project, now: datetime = NOW) -> bool:
    read_minutes(project=project, client=client_for(project), now=now)
    project.refresh_from_db()
    return has_minutes(project, now)


def _asked(sandbox: Sandbox) -> int:
    return sum(received.path == PLAN for received in sandbox.journal)


def test_minutes_are_read_once_in_a_while(aurora: Project, sandbox: Sandbox) -> None:
    first, again = _read(aurora), _read(aurora, NOW + READ_AGAIN_AFTER / 2)
    sandbox.switches.minutes_used_up = True

    later = _read(aurora, NOW + READ_AGAIN_AFTER)

    assert (first, again, later, _asked(sandbox)) == (True, True, False, 2)


def test_used_up_minutes_are_believed_for_an_hour_and_until_the_period_ends(aurora: Project, sandbox: Sandbox) -> None:
    sandbox.switches.minutes_used_up = True
    _read(aurora)

    assert not has_minutes(aurora, NOW + BELIEVED_FOR - timedelta(seconds=1))
    assert has_minutes(aurora, NOW + BELIEVED_FOR)
    aurora.minutes_out_until = NOW
    assert has_minutes(aurora, NOW)


def test_clock_set_back_ends_the_belief(aurora: Project, sandbox: Sandbox) -> None:
    sandbox.switches.minutes_used_up = True
    _read(aurora)

    assert has_minutes(aurora, NOW - timedelta(days=1))


def test_key_without_the_right_is_asked_once(aurora: Project, sandbox: Sandbox) -> None:
    sandbox.switches.refused_permission = "billing.view"

    _read(aurora)
    is_left = _read(aurora, NOW + timedelta(days=1))

    assert (is_left, aurora.can_read_billing, _asked(sandbox)) == (True, False, 1)


@pytest.mark.parametrize("kind", ["status", "html", "not_json", "empty"])
def test_broken_answer_changes_nothing(aurora: Project, sandbox: Sandbox, kind: Kind) -> None:
    sandbox.switches.minutes_used_up = True
    sandbox.faults.add(Fault(kind, path=PLAN, times=None))

    assert _read(aurora)
    assert (aurora.can_read_billing, aurora.is_reachable) == (None, True)
