"""The first call after a change: waited for with growing pauses, at most so often, over reloads and windows."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from django.utils import timezone

from phones import diga
from phones.diga.sandbox import Fault, Sandbox
from phones.diga.sandbox.calls import place_call
from phones.models import Change, LaneSnapshot, Outcome, Phone, Source
from phones.services.answering.observed import Proof
from phones.services.answering.proof import READ_LIMIT, WAIT, Waiting, look_for_call, waiting_of
from phones.services.clock import CLOCK_SLACK
from phones.services.routing.catalogue import catalogue_of
from tests.support.database.history import add_changes

CALLS = "/v1/call/"
# The change was made so long before the test began.
AGO = timedelta(minutes=30)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def change(sales_phone: Phone, now: datetime) -> Change:
    """The phone got its agent, and Diga confirmed it."""
    agent = catalogue_of(sales_phone.project).agent(sales_phone.inbound_agent_id)
    live = agent.published if agent else None
    lane = LaneSnapshot(agent.id, agent.name, live.id, live.number) if agent and live else None
    return add_changes(sales_phone, 1, created_at=now - AGO, settled_at=now - AGO, after={"inbound": lane})[0]


def _waiting(phone: Phone, now: datetime) -> Waiting:
    waiting = waiting_of(phone, now)
    assert waiting
    return waiting


def _look(phone: Phone, now: datetime) -> Waiting:
    return look_for_call(project=phone.project, phone=phone, waiting=_waiting(phone, now), clock=lambda: now)


def _ring(sandbox: Sandbox, phone: Phone, at: datetime) -> None:
    aurora = sandbox.projects["aurora"]
    place_call(aurora, sandbox.switches, aurora.phones[phone.pk], "inbound", created_at=at)


def _asked(sandbox: Sandbox) -> int:
    return sum(received.path == CALLS for received in sandbox.journal)


def test_call_after_the_change_proves_it_and_is_kept(
    sales_phone: Phone, change: Change, sandbox: Sandbox, now: datetime
) -> None:
    before = _look(sales_phone, now)
    for minutes in (29, 5, 1):
        _ring(sandbox, sales_phone, now - timedelta(minutes=minutes))
    sandbox.journal.clear()

    found, again = _look(sales_phone, now), _look(sales_phone, now)

    assert (before.proof, before.is_over) == (Proof.UNPROVEN, False)
    assert (found.proof, found.is_over) == (Proof.MATCH, True)
    first = next(call for call in sandbox.projects["aurora"].calls if call.created_at > now - AGO)
    assert found.call is not None
    assert found.call.id == first.id
    assert again.call == found.call
    assert _asked(sandbox) == 1


def test_call_of_another_agent_ends_the_wait_too(
    sales_phone: Phone, change: Change, sandbox: Sandbox, now: datetime
) -> None:
    sandbox.projects["aurora"].phones[sales_phone.pk].inbound_agent_id = sandbox.projects["aurora"].agent("Hugo").id
    _ring(sandbox, sales_phone, now - AGO + CLOCK_SLACK / 2)
    early = _look(sales_phone, now)
    _ring(sandbox, sales_phone, now - AGO + 2 * CLOCK_SLACK)

    assert early.proof is Proof.UNPROVEN
    assert _look(sales_phone, now).proof is Proof.MISMATCH


def test_call_that_no_agent_has_taken_yet_shows_nothing(
    sales_phone: Phone, change: Change, sandbox: Sandbox, now: datetime
) -> None:
    _ring(sandbox, sales_phone, now)
    call = next(call for call in sandbox.projects["aurora"].calls if call.created_at == now)
    call.status, call.agent_id, call.agent_version_id = "in_queue", None, None
    ringing = _look(sales_phone, now)
    call.status = "completed"
    missed = _look(sales_phone, now)

    assert (ringing.proof, ringing.is_over) == (Proof.UNPROVEN, False)
    assert (missed.proof, missed.is_over) == (Proof.NOBODY, True)


def test_it_is_asked_at_most_so_often_with_growing_pauses(
    sales_phone: Phone, change: Change, sandbox: Sandbox, now: datetime
) -> None:
    sandbox.journal.clear()
    pauses = [_look(sales_phone, now).pause_seconds for _ in range(2 * READ_LIMIT)]

    assert _asked(sandbox) == READ_LIMIT <= 20
    assert all(one <= other for one, other in pairwise(pauses))
    assert pauses[-1] > 20 * pauses[0]


def test_reads_that_fail_count(sales_phone: Phone, change: Change, sandbox: Sandbox, now: datetime) -> None:
    sandbox.faults.add(Fault("html", path=CALLS, times=None))
    with pytest.raises(diga.DigaUnavailable):
        _look(sales_phone, now)

    assert _waiting(sales_phone, now).read_count == 1


@pytest.mark.parametrize(
    "values",
    [
        {"outcome": Outcome.UNKNOWN},
        {"outcome": Outcome.MISMATCH},
        {"source": Source.OUTSIDE, "outcome": Outcome.OBSERVED},
        {"after": {"nickname": "New"}},
    ],
    ids=str,
)
def test_only_a_confirmed_save_of_an_agent_is_waited_for(
    sales_phone: Phone, now: datetime, values: dict[str, object]
) -> None:
    add_changes(sales_phone, 1, **({"created_at": now, "after": {"inbound": None}} | values))

    assert waiting_of(sales_phone, now) is None


def test_wait_ends_with_time_and_with_a_clock_set_back(sales_phone: Phone, change: Change, now: datetime) -> None:
    assert waiting_of(sales_phone, now - AGO + WAIT) is None
    assert waiting_of(sales_phone, now - AGO - 2 * CLOCK_SLACK) is None


def test_newer_change_takes_the_place_of_an_older_one(sales_phone: Phone, change: Change, now: datetime) -> None:
    (newer,) = add_changes(sales_phone, 1, created_at=now, settled_at=now, after={"inbound": None})

    assert _waiting(sales_phone, now).change == newer
