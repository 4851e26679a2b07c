"""Calls on demand: read once a minute, never for a key without the right, and a fault closes nothing else."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache

from phones import diga
from phones.diga.sandbox import Fault, Sandbox
from phones.diga.sandbox.faults.planned import Kind
from phones.models import Phone, Project, TokenState
from phones.services.answering.calls import (
    CallsRead,
    NoCallsRight,
    SeenCall,
    kept_calls,
    newest_calls,
    read_calls,
)

NOW = datetime(2026, 11, 30, 10, 0, tzinfo=UTC)
CALLS = "/v1/call/"


def _newest(phone: Phone, now: datetime = NOW) -> CallsRead:
    return newest_calls(project=phone.project, phone=phone, clock=lambda: now)


def _asked(sandbox: Sandbox) -> int:
    return sum(received.path == CALLS for received in sandbox.journal)


@pytest.fixture(autouse=True)
def _quiet(aurora: Project, sandbox: Sandbox) -> None:
    sandbox.journal.clear()


def test_calls_are_kept_for_a_minute_as_they_were_read(sales_phone: Phone, sandbox: Sandbox) -> None:
    minute = timedelta(minutes=1)
    first, again = _newest(sales_phone), _newest(sales_phone, NOW + minute - timedelta(seconds=1))
    asked = _asked(sandbox)
    later = _newest(sales_phone, NOW + minute)

    assert first == again
    assert first.calls != ()
    assert {call.phone_id for call in first.calls} == {sales_phone.pk}
    assert (asked, _asked(sandbox), later.asked_at) == (1, 2, NOW + minute)


def test_calls_from_before_a_change_are_read_again(sales_phone: Phone, sandbox: Sandbox) -> None:
    _newest(sales_phone)
    for changed_at in (NOW - timedelta(seconds=1), NOW):
        newest_calls(project=sales_phone.project, phone=sales_phone, clock=lambda: NOW, changed_at=changed_at)

    assert _asked(sandbox) == 2


def test_clock_set_back_reads_again(sales_phone: Phone, sandbox: Sandbox) -> None:
    _newest(sales_phone)
    _newest(sales_phone, NOW - timedelta(hours=1))

    assert _asked(sandbox) == 2


def test_another_key_reads_for_itself(sales_phone: Phone) -> None:
    _newest(sales_phone)
    project = sales_phone.project
    project.keep_token("sandbox-aurora-readonly", by=None, at=NOW)

    assert kept_calls(project, sales_phone) is None


def test_who_called_is_stored_nowhere(sales_phone: Phone, sandbox: Sandbox) -> None:
    contacts = {call.contact for call in sandbox.projects["aurora"].calls if call.phone_id == sales_phone.pk}

    _newest(sales_phone)

    stored = json.dumps(cache.get(f"calls:{sales_phone.pk}:{sales_phone.project.token_id}"))
    assert str(sales_phone.pk) in stored
    assert [contact for contact in contacts if contact in stored or contact[3:] in stored] == []


def test_packed_call_is_json_and_comes_back(sales_phone: Phone) -> None:
    for call in _newest(sales_phone).calls:
        assert SeenCall.unpacked(json.loads(json.dumps(call.packed()))) == call


def test_key_without_the_right_is_asked_once(sales_phone: Phone, sandbox: Sandbox) -> None:
    sandbox.switches.refused_permission = "calls.view"

    for _ in range(2):
        with pytest.raises(NoCallsRight):
            _newest(sales_phone)

    sales_phone.project.refresh_from_db()
    assert (_asked(sandbox), len(sandbox.journal)) == (1, 1)
    assert (sales_phone.project.can_read_calls, sales_phone.project.is_open) == (False, True)


def test_calls_of_the_cache_are_not_shown_once_the_right_is_gone(sales_phone: Phone, sandbox: Sandbox) -> None:
    _newest(sales_phone)
    sales_phone.project.can_read_calls = False
    sandbox.journal.clear()

    with pytest.raises(NoCallsRight):
        _newest(sales_phone)

    assert len(sandbox.journal) == 0


@pytest.mark.parametrize("kind", ["status", "html", "not_json", "empty", "close"])
def test_broken_calls_close_nothing_else(sales_phone: Phone, sandbox: Sandbox, kind: Kind) -> None:
    sandbox.faults.add(Fault(kind, path=CALLS, times=None))

    with pytest.raises(diga.DigaUnavailable):
        _newest(sales_phone)

    sales_phone.project.refresh_from_db()
    assert sales_phone.project.is_open
    assert cache.get(f"calls:{sales_phone.pk}:{sales_phone.project.token_id}") is None


def test_rejected_key_is_noted(sales_phone: Phone, sandbox: Sandbox) -> None:
    sandbox.keys.clear()

    with pytest.raises(diga.DigaAuthError):
        _newest(sales_phone)

    assert Project.objects.get(pk=sales_phone.project_id).token_state == TokenState.REJECTED


def test_pages_go_on_behind_their_last_call(aurora: Project, sandbox: Sandbox) -> None:
    wanted = diga.CallFilter(type="inbound")
    first = read_calls(aurora, wanted, limit=5, clock=lambda: NOW)
    second = read_calls(aurora, wanted, limit=1000, after=first.after, clock=lambda: NOW)

    expected = [call.id for call in list(sandbox.projects["aurora"].calls)[::-1] if call.type == "inbound"]
    assert [call.id for call in (*first.calls, *second.calls)] == expected
    assert second.after is None


def test_list_that_does_not_move_ends(aurora: Project, sandbox: Sandbox) -> None:
    sandbox.switches.after, sandbox.switches.has_more = "ignored", "always"
    first = read_calls(aurora, diga.CallFilter(), limit=5, clock=lambda: NOW)

    again = read_calls(aurora, diga.CallFilter(), limit=5, after=first.after, clock=lambda: NOW)

    assert (first.after is not None, again.after) == (True, None)
