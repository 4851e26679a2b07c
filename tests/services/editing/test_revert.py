"""Taking back: one decision table, without a database."""

import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phones.diga import UNSET
from phones.models import Change, LaneSnapshot, Outcome, Phone
from phones.services.editing.revert import Standing, Step, edit_of, is_revertible, steps_back, steps_to_first
from phones.services.routing.catalogue import AgentEntry, Catalogue, VersionEntry
from phones.services.routing.edits import PhoneEdit
from phones.services.routing.lanes import Target


def version(agent: int, number: int, *, live: bool = False, draft: bool = False) -> VersionEntry:
    """Return a version whose id tells agent and number."""
    return VersionEntry(uuid.UUID(int=agent * 100 + number), number, "", live, draft)


def agent(number: int, name: str, *versions: VersionEntry, is_listed: bool = True) -> AgentEntry:
    """Return an agent."""
    return AgentEntry(uuid.UUID(int=number), name, is_listed, versions)


ALICIA = agent(1, "Alicia", version(1, 6, draft=True), version(1, 5, live=True), version(1, 4))
BRUNO = agent(2, "Bruno", version(2, 2, live=True))
GEMA = agent(3, "Gema", version(3, 1))
GONE = agent(4, "Gone", is_listed=False)
CATALOGUE = Catalogue.of((ALICIA, BRUNO, GEMA, GONE))


def lane(of: AgentEntry, number: int | None) -> LaneSnapshot:
    """Return a lane as the diary keeps it."""
    version_id = uuid.UUID(int=of.id.int * 100 + number) if number else None
    return LaneSnapshot(of.id, of.name, version_id, number)


def step(before: Any, after: Any, now: AgentEntry | None, **more: Any) -> Step:
    """Return what taking back a change of the inbound agent comes to today."""
    phone = Phone(status=more.pop("status", "assigned"), inbound_agent_id=now.id if now else None)
    change = Change(before={"inbound": before}, after={"inbound": after}, outcome=Outcome.CONFIRMED)
    rights = {"can_label": True, "can_route": True} | more
    (only,) = steps_back(change, phone, CATALOGUE, **rights)
    return only


@pytest.mark.parametrize(
    ("before", "after", "now", "standing", "wanted"),
    [
        # From another agent, or from none.
        (lane(BRUNO, 2), lane(ALICIA, 5), ALICIA, Standing.READY, (BRUNO, 2)),
        (lane(BRUNO, 2), None, None, Standing.READY, (BRUNO, 2)),
        (None, lane(ALICIA, 5), ALICIA, Standing.READY, None),
        # The phone is already so, whoever made it so, and in whatever version.
        (lane(BRUNO, 2), lane(ALICIA, 5), BRUNO, Standing.SAME, None),
        (lane(ALICIA, 4), None, ALICIA, Standing.SAME, None),
        (None, lane(ALICIA, 5), None, Standing.SAME, None),
        # Somebody has changed it again.
        (lane(BRUNO, 2), lane(ALICIA, 5), GEMA, Standing.MOVED, (BRUNO, 2)),
        (lane(BRUNO, 2), lane(ALICIA, 5), None, Standing.MOVED, (BRUNO, 2)),
        (None, lane(ALICIA, 5), BRUNO, Standing.MOVED, None),
        # The old version is not the published one any more: the agent's published one is given.
        (lane(ALICIA, 4), None, None, Standing.READY, (ALICIA, 5)),
        (lane(ALICIA, 3), None, None, Standing.READY, (ALICIA, 5)),
        (lane(ALICIA, None), None, None, Standing.READY, (ALICIA, 5)),
        # Nothing is published: the old version, as long as it is there.
        (lane(GEMA, 1), None, None, Standing.READY, (GEMA, 1)),
        (lane(GEMA, 9), None, None, Standing.NO_VERSION, None),
        (lane(GEMA, None), None, None, Standing.NO_VERSION, None),
        # The agent is gone, or was never known.
        (lane(GONE, 1), None, None, Standing.NO_AGENT, None),
        (lane(agent(5, "Nobody"), 1), None, None, Standing.NO_AGENT, None),
        # The change was about the version alone: that very version comes back.
        (lane(ALICIA, 4), lane(ALICIA, 5), ALICIA, Standing.READY, (ALICIA, 4)),
        (lane(ALICIA, 5), lane(ALICIA, 4), ALICIA, Standing.SAME, None),
        (lane(ALICIA, 4), lane(ALICIA, 3), ALICIA, Standing.MOVED, (ALICIA, 4)),
        (lane(ALICIA, 6), lane(ALICIA, 5), ALICIA, Standing.NO_VERSION, None),
        (lane(ALICIA, None), lane(ALICIA, 5), ALICIA, Standing.NO_VERSION, None),
        # … unless another agent is there now: then what is published.
        (lane(ALICIA, 4), lane(ALICIA, 5), BRUNO, Standing.MOVED, (ALICIA, 5)),
    ],
)
def test_lane_goes_back_as_the_table_says(
    before: Any, after: Any, now: AgentEntry | None, standing: Standing, wanted: tuple[AgentEntry, int] | None
) -> None:
    one = step(before, after, now)

    given_back = (one.wanted.agent.name, one.wanted.version.number) if isinstance(one.wanted, Target) else None
    assert (one.standing, given_back) == (standing, (wanted[0].name, wanted[1]) if wanted else None)
    assert one.is_default == (standing is Standing.READY)


@pytest.mark.parametrize(("old", "is_newer"), [(5, False), (4, True), (3, True), (None, False)])
def test_another_version_than_the_old_one_is_told(old: int | None, is_newer: bool) -> None:
    assert step(lane(ALICIA, old), None, None).is_newer is is_newer


@pytest.mark.parametrize(
    ("before", "after", "now", "standing"),
    [
        ("Old", "New", "New", Standing.READY),
        ("Old", "New", "Third", Standing.MOVED),
        ("Old", "New", "Old", Standing.SAME),
        (None, "New", "New", Standing.READY),
        (None, "New", "", Standing.SAME),
        ("", "New", None, Standing.SAME),
        ("Old", None, "", Standing.READY),
    ],
)
def test_nickname_goes_back(before: str | None, after: str | None, now: str | None, standing: Standing) -> None:
    change = Change(before={"nickname": before}, after={"nickname": after}, outcome=Outcome.OBSERVED)
    phone = Phone(status="assigned", nickname=now)

    (one,) = steps_back(change, phone, CATALOGUE, can_label=True, can_route=False)

    assert one.standing is standing
    taken = edit_of([one], {"nickname"})
    assert taken.nickname == (UNSET if standing is Standing.SAME else (before or ""))


@pytest.mark.parametrize(
    ("status", "can_route", "standing"),
    [
        ("assigned", False, Standing.NO_RIGHT),
        ("reserved", True, Standing.CLOSED),
        ("released", True, Standing.CLOSED),
        ("finished", False, Standing.CLOSED),
        ("something_new", True, Standing.CLOSED),
    ],
)
def test_lane_that_is_closed_says_why(status: str, can_route: bool, standing: Standing) -> None:
    one = step(lane(BRUNO, 2), None, None, status=status, can_route=can_route)

    assert (one.standing, one.can_take, one.wanted) == (standing, False, None)
    assert step(lane(BRUNO, 2), None, BRUNO, status=status, can_route=can_route).standing is Standing.SAME


@pytest.mark.parametrize("outcome", Outcome)
def test_only_what_has_come_about_can_be_taken_back(outcome: Outcome) -> None:
    change = Change(before={"nickname": "Old"}, after={"nickname": "New"}, outcome=outcome)

    assert is_revertible(change) == (outcome in {Outcome.CONFIRMED, Outcome.OBSERVED})
    steps = steps_back(change, Phone(status="assigned", nickname="New"), CATALOGUE, can_label=True, can_route=True)
    assert bool(steps) == is_revertible(change)


def test_status_cannot_be_taken_back() -> None:
    change = Change(before={"status": "reserved"}, after={"status": "assigned"}, outcome=Outcome.OBSERVED)

    assert not is_revertible(change)


def test_first_state_takes_back_whatever_happened_since() -> None:
    phone = Phone(status="assigned", nickname="Now", inbound_agent_id=ALICIA.id, outbound_agent_id=BRUNO.id)
    phone.first_seen = {"nickname": "First", "inbound": lane(ALICIA, 4), "outbound": None, "status": "reserved"}

    steps = steps_to_first(phone, CATALOGUE, can_label=True, can_route=True)

    assert [(one.name, one.standing) for one in steps] == [
        ("nickname", Standing.READY),
        ("inbound", Standing.SAME),
        ("outbound", Standing.READY),
    ]
    everything = edit_of(steps, {"nickname", "inbound", "outbound"})
    assert everything == PhoneEdit(nickname="First", outbound=None)


AGENTS = st.sampled_from([None, ALICIA, BRUNO, GEMA, GONE])
LANES = st.builds(lambda of, number: of and lane(of, number), AGENTS, st.sampled_from([None, 1, 2, 4, 5, 6]))


@given(before=LANES, after=LANES, now=AGENTS)
def test_taking_back_never_gives_a_draft_or_an_agent_that_is_gone(
    before: Any, after: Any, now: AgentEntry | None
) -> None:
    one = step(before, after, now)

    if isinstance(one.wanted, Target):
        assert one.can_take
        assert one.wanted.agent.is_listed
        assert not one.wanted.version.is_draft
        assert one.wanted.agent.id == before.agent_id
    assert edit_of([one], ()).is_empty
    assert edit_of([one], {"inbound"}).is_empty == (not one.can_take)
