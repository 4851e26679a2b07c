"""Configured and observed: what the last call of each direction shows, at every edge."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from phones.models import Outcome, Phone, Project, Source
from phones.services.answering.calls import SeenCall
from phones.services.answering.observed import Observed, Proof, Since, lanes_since, note_contradiction, observe
from phones.services.answering.who import who_answers
from phones.services.clock import CLOCK_SLACK
from phones.services.finding.health import condition
from phones.services.routing.catalogue import catalogue_of
from phones.services.routing.lanes import Lane
from tests.support.database.history import THEN, add_changes

CHANGED = datetime(2026, 11, 30, 10, 0, tzinfo=UTC)
OTHER, SECOND = UUID(int=7), timedelta(seconds=1)
SINCE = Since(CHANGED, CHANGED)


@pytest.fixture
def call(sales_phone: Phone) -> SeenCall:
    """A call to a phone that went as configured, ten minutes after its change."""
    answering = who_answers(sales_phone, catalogue_of(sales_phone.project))
    ids = (sales_phone.pk, sales_phone.inbound_agent_id, answering.version.id if answering.version else None)
    return SeenCall(UUID(int=1), "inbound", "completed", CHANGED + timedelta(minutes=10), *ids, 60, "")


def _observed(
    phone: Phone, *calls: SeenCall, since: Since = SINCE, agents: datetime | None = None
) -> dict[Lane, Proof]:
    project = phone.project
    project.agents_changed_at = agents
    lanes = dict.fromkeys(Lane, since)
    return {
        each.lane: each.proof for each in observe(phone, calls, lanes, project=project, catalogue=catalogue_of(project))
    }


def test_last_call_of_each_direction_decides(sales_phone: Phone, call: SeenCall) -> None:
    older = replace(call, agent_id=OTHER, started_at=call.started_at - timedelta(minutes=1))
    dialled = replace(call, type="outbound", agent_id=OTHER)

    assert _observed(sales_phone, call, older) == {Lane.INBOUND: Proof.MATCH, Lane.OUTBOUND: Proof.NO_CALL}
    assert _observed(sales_phone, dialled, call) == {Lane.INBOUND: Proof.MATCH, Lane.OUTBOUND: Proof.MISMATCH}


def test_call_of_another_agent_or_version_after_the_change_is_a_mismatch(sales_phone: Phone, call: SeenCall) -> None:
    for other in (replace(call, agent_id=OTHER), replace(call, version_id=OTHER)):
        assert _observed(sales_phone, other)[Lane.INBOUND] is Proof.MISMATCH


def test_call_whose_version_is_not_told_proves_nothing_of_its_agent(sales_phone: Phone, call: SeenCall) -> None:
    untold = replace(call, version_id=None)

    assert _observed(sales_phone, untold)[Lane.INBOUND] is Proof.UNPROVEN
    assert _observed(sales_phone, replace(untold, agent_id=OTHER))[Lane.INBOUND] is Proof.MISMATCH


def test_call_before_the_change_proves_nothing(sales_phone: Phone, call: SeenCall) -> None:
    for before in (call, replace(call, agent_id=OTHER)):
        earlier = replace(before, started_at=CHANGED)
        assert _observed(sales_phone, earlier)[Lane.INBOUND] is Proof.UNPROVEN


def test_clocks_that_differ_make_no_mismatch(sales_phone: Phone, call: SeenCall) -> None:
    near = replace(call, agent_id=OTHER, started_at=CHANGED + CLOCK_SLACK)

    assert _observed(sales_phone, near)[Lane.INBOUND] is Proof.UNPROVEN
    assert _observed(sales_phone, replace(near, started_at=near.started_at + SECOND))[Lane.INBOUND] is Proof.MISMATCH


def test_clock_set_back_since_the_change_proves_nothing(sales_phone: Phone, call: SeenCall) -> None:
    ahead = CHANGED + timedelta(days=1)

    assert _observed(sales_phone, call, since=Since(ahead, ahead))[Lane.INBOUND] is Proof.UNPROVEN


def test_change_that_nobody_saw_proves_nothing_against_a_call(sales_phone: Phone, call: SeenCall) -> None:
    other, first_seen = replace(call, agent_id=OTHER), Since(None, call.started_at + SECOND)

    assert _observed(sales_phone, other, since=first_seen)[Lane.INBOUND] is Proof.UNPROVEN
    assert _observed(sales_phone, call, since=first_seen)[Lane.INBOUND] is Proof.MATCH


def test_version_published_since_the_call_makes_no_mismatch(sales_phone: Phone, call: SeenCall) -> None:
    older_version, published = replace(call, version_id=OTHER), call.started_at + SECOND

    assert _observed(sales_phone, older_version, agents=published)[Lane.INBOUND] is Proof.UNPROVEN
    assert _observed(sales_phone, older_version, agents=CHANGED)[Lane.INBOUND] is Proof.MISMATCH
    assert _observed(sales_phone, replace(call, agent_id=OTHER), agents=published)[Lane.INBOUND] is Proof.MISMATCH


def test_call_that_reached_nobody(sales_phone: Phone, spare_phone: Phone, call: SeenCall) -> None:
    missed = replace(call, agent_id=None, version_id=None, duration=0)

    assert _observed(sales_phone, missed)[Lane.INBOUND] is Proof.NOBODY
    assert _observed(spare_phone, missed)[Lane.INBOUND] is Proof.MATCH
    emergencies = Phone.objects.get(number="+34900686427")
    assert _observed(emergencies, missed)[Lane.INBOUND] is Proof.MATCH
    ringing = replace(missed, status="in_queue")
    assert _observed(sales_phone, ringing)[Lane.INBOUND] is Proof.NO_CALL


@pytest.mark.parametrize(
    ("outcome", "source", "counts"),
    [
        (Outcome.CONFIRMED, Source.FORM, True),
        (Outcome.OBSERVED, Source.OUTSIDE, True),
        (Outcome.REFUSED, Source.FORM, False),
        (Outcome.FAILED, Source.FORM, False),
    ],
)
def test_lane_counts_from_its_newest_change_that_came_about(
    sales_phone: Phone, outcome: Outcome, source: Source, *, counts: bool
) -> None:
    sales_phone.first_seen_at = THEN - timedelta(days=9)
    (change,) = add_changes(sales_phone, 1, outcome=outcome, source=source, after={"inbound": None})

    since = lanes_since(sales_phone)

    changed_at = (change.settled_at or change.created_at) if counts else None
    assert since[Lane.INBOUND].changed_at == changed_at
    assert since[Lane.OUTBOUND] == Since(None, sales_phone.first_seen_at)


def test_mismatch_is_noted_on_the_phone_until_a_call_goes_right_or_it_is_changed(
    aurora: Project, sales_phone: Phone, call: SeenCall
) -> None:
    def noted() -> set[Phone]:
        return set(Phone.objects.filter(condition("answered_otherwise", aurora, catalogue_of(aurora), CHANGED)))

    wrong = Observed(Lane.INBOUND, Proof.MISMATCH, call)
    note_contradiction(sales_phone, [wrong])
    first = noted()
    note_contradiction(sales_phone, [replace(wrong, proof=Proof.MATCH)])
    second = noted()
    note_contradiction(sales_phone, [wrong])
    add_changes(sales_phone, 1, created_at=call.started_at + SECOND, after={"inbound": None})

    assert (first, second, noted()) == ({sales_phone}, set(), set())
