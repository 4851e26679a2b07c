"""What a plan will do is foreseen over all its rows, in the order in which they run; the stand-in Diga agrees."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phones import diga
from phones.diga.sandbox import PhoneRow, Sandbox
from phones.diga.sandbox.state import AgentRow, Table, VersionRow
from phones.models import Foreseen, Phone
from phones.services.plans.forecasts.forecast import Forecast, RowForecast, foresee_rows
from phones.services.routing.catalogue import AgentEntry, Catalogue, VersionEntry
from phones.services.routing.edits import PhoneEdit
from phones.services.routing.lanes import Target
from tests.fixtures.asking import patch

X, Y = uuid.UUID(int=1), uuid.UUID(int=2)
# One letter a number; two letters are the agents in its two lanes.
NOBODY = ".."


def version_id(agent: uuid.UUID, number: int) -> uuid.UUID:
    return uuid.UUID(int=agent.int * 100 + number)


def agent_entry(agent_id: uuid.UUID, live: int | None, *, is_listed: bool = True) -> AgentEntry:
    """Return an agent with versions 1 to 3 and a draft, 4."""
    versions = [
        VersionEntry(version_id(agent_id, number), number, "", number == live, number == 4) for number in (4, 3, 2, 1)
    ]
    return AgentEntry(agent_id, f"Agent {agent_id.int}", is_listed, tuple(versions))


class Case:
    """Numbers with the agents in their lanes, written as `"x."`; what is published of X and Y; and wishes for rows."""

    def __init__(self, phones: Sequence[str], live: Mapping[uuid.UUID, int | None], *, is_listed: bool = True) -> None:
        letters = {"x": X, "y": Y, ".": None}
        self.catalogue = Catalogue.of(agent_entry(agent, number, is_listed=is_listed) for agent, number in live.items())
        self.phones = [
            Phone(
                id=uuid.UUID(int=1000 + place),
                shown=f"N{place}",
                status="assigned",
                inbound_agent_id=letters[lanes[0]],
                outbound_agent_id=letters[lanes[1]],
            )
            for place, lanes in enumerate(phones)
        ]

    def target(self, agent: uuid.UUID, number: int) -> Target:
        found = self.catalogue.version(version_id(agent, number))
        assert found
        return Target(*found)

    def users(self) -> dict[uuid.UUID, dict[uuid.UUID, str]]:
        return {
            agent: {
                phone.pk: phone.shown
                for phone in self.phones
                if agent in (phone.inbound_agent_id, phone.outbound_agent_id)
            }
            for agent in (X, Y)
        }

    def foresee(self, *rows: tuple[int, PhoneEdit], looks: Mapping[int, str] | None = None) -> list[RowForecast]:
        """Foresee rows, each a phone's place and what is wanted on it."""
        foreseen = foresee_rows(
            [(self.phones[place], edit) for place, edit in rows],
            forecast=Forecast(self.catalogue, self.users()),
            look_reasons={self.phones[place].pk: (why, {}) for place, why in (looks or {}).items()},
        )
        return [foreseen[self.phones[place].pk] for place, _edit in rows]


def said(row_forecasts: Sequence[RowForecast]) -> list[str]:
    """Return what is foreseen in short; `!` marks a row that goes first."""
    return [("!" if row_forecast.publishes else "") + row_forecast.why for row_forecast in row_forecasts]


def given_to(case: Case, agent: uuid.UUID, number: int) -> PhoneEdit:
    return PhoneEdit(inbound=case.target(agent, number))


def test_first_row_publishes_what_nothing_runs_yet_and_the_others_join() -> None:
    case = Case([NOBODY] * 4, {X: None})

    row_forecasts = case.foresee(*((place, given_to(case, X, 2)) for place in range(4)))

    assert said(row_forecasts) == ["!publishes", "joins", "joins", "joins"]
    assert row_forecasts[0].details == {"agent": "Agent 1", "version": "v2", "count": 0, "numbers": []}
    joined = {"agent": "Agent 1", "version": "v2", "count": 3, "numbers": ["N0", "N1", "N2"], "by_plan": True}
    assert row_forecasts[3].details == joined


def test_row_that_joins_what_is_live_already_says_nothing_of_the_plan() -> None:
    case = Case([NOBODY], {X: 2})

    [row_forecast] = case.foresee((0, given_to(case, X, 2)))

    assert row_forecast.details == {"agent": "Agent 1", "version": "v2", "count": 0, "numbers": []}


@pytest.mark.parametrize(
    ("phones", "live", "rows", "expected"),
    [
        pytest.param([NOBODY], 2, [(0, 2)], ["joins"], id="it is live already"),
        pytest.param(["x."], 2, [(0, 2)], ["already_so"], id="the phone has it"),
        pytest.param([NOBODY, "x."], 1, [(0, 2)], ["refused"], id="another is live on another number"),
        pytest.param(["x."], 1, [(0, 2)], ["!publishes"], id="only this row uses another"),
        pytest.param([NOBODY], 1, [(0, 2)], ["!publishes"], id="another is live and nobody uses it"),
        pytest.param(["x.", "x."], 1, [(0, 2), (1, 2)], ["refused", "refused"], id="its numbers one by one"),
        pytest.param([NOBODY] * 2, None, [(0, 1), (1, 2)], ["!publishes", "contradicts"], id="two rows, two versions"),
        pytest.param([NOBODY] * 3, None, [(0, 1), (1, 2), (2, 1)], ["!publishes", "contradicts", "joins"], id="three"),
        pytest.param(
            [NOBODY] * 2, 1, [(0, 1), (1, 2)], ["contradicts", "!publishes"], id="one joins, one wants another"
        ),
        pytest.param([NOBODY], 1, [(0, 4)], ["draft"], id="a draft"),
    ],
)
def test_versions_of_one_agent(phones: list[str], live: int | None, rows: list[Any], expected: list[str]) -> None:
    case = Case(phones, {X: live})

    row_forecasts = case.foresee(*((place, given_to(case, X, number)) for place, number in rows))

    assert said(row_forecasts) == expected


def test_agent_that_diga_no_longer_lists_is_gone() -> None:
    case = Case([NOBODY], {X: 1}, is_listed=False)

    assert said(case.foresee((0, given_to(case, X, 1)))) == ["gone"]


def test_row_that_frees_an_agent_makes_no_way_for_another_row_of_the_plan() -> None:
    """They run side by side: the one that could only follow is left for a second plan."""
    case = Case(["x.", NOBODY], {X: 1})

    row_forecasts = case.foresee((0, PhoneEdit(inbound=None)), (1, given_to(case, X, 2)))

    assert said(row_forecasts) == ["unassigns", "after_others"]
    assert row_forecasts[1].foreseen == Foreseen.CANNOT


def test_row_that_publishes_one_agent_may_free_another_for_the_next() -> None:
    case = Case(["x.", NOBODY], {X: 1, Y: None})

    row_forecasts = case.foresee((0, given_to(case, Y, 3)), (1, given_to(case, X, 2)))

    assert said(row_forecasts) == ["!publishes", "!publishes"]


@pytest.mark.parametrize(
    ("phones", "live", "inbound", "outbound", "expected"),
    [
        ([NOBODY], None, 2, 2, "!publishes"),
        ([NOBODY], None, 1, 2, "contradicts"),
        (["xx"], 1, 2, 2, "!publishes"),
        (["xx", ".x"], 1, 2, 2, "refused"),
        (["xx", ".x"], 1, 1, 1, "already_so"),
    ],
)
def test_both_lanes_of_one_row(phones: list[str], live: int | None, inbound: int, outbound: int, expected: str) -> None:
    case = Case(phones, {X: live})

    row_forecasts = case.foresee((0, PhoneEdit(inbound=case.target(X, inbound), outbound=case.target(X, outbound))))

    assert said(row_forecasts) == [expected]


def test_other_lane_of_the_same_number_hinders_nothing() -> None:
    case = Case([".x"], {X: 1})

    assert said(case.foresee((0, given_to(case, X, 2)))) == ["!publishes"]


@pytest.mark.parametrize("status", ["reserved", "pending_verification", "released", "finished", "ported"])
def test_number_that_is_closed_can_not(status: str) -> None:
    case = Case([NOBODY], {X: 1})
    case.phones[0].status = status

    [row_forecast] = case.foresee((0, given_to(case, X, 1)))

    assert (row_forecast.foreseen, row_forecast.why) == (
        Foreseen.CANNOT,
        status if status != "ported" else "unknown_status",
    )


def test_row_that_needs_a_look_is_left_out_of_what_the_others_find() -> None:
    case = Case([NOBODY] * 2, {X: None})

    row_forecasts = case.foresee((0, given_to(case, X, 1)), (1, given_to(case, X, 2)), looks={0: "just_changed"})

    assert said(row_forecasts) == ["!just_changed", "!publishes"]
    assert [row_forecast.foreseen for row_forecast in row_forecasts] == [Foreseen.NEEDS_LOOK, Foreseen.WILL_CHANGE]


# Random small projects: the lanes of their numbers, what is published, and a wish for each row.
LANES = st.sampled_from(["..", "x.", ".x", "xx", "y.", ".y", "xy", "yx"])
LANE_WISH = st.sampled_from(["keep", "none", "x1", "x2", "x3", "y1", "y2"])
LIVE = st.sampled_from([None, 1, 2])


@pytest.fixture(scope="module")
def stand_in() -> Sandbox:
    """A stand-in without numbers."""
    return Sandbox(phones=0)


def fill(sandbox: Sandbox, case: Case) -> None:
    """Let a stand-in hold what the case says."""
    project = sandbox.projects["aurora"]
    project.phones = Table()
    for phone in case.phones:
        project.phones.add(
            PhoneRow(
                phone.pk,
                phone.shown,
                inbound_agent_id=phone.inbound_agent_id,
                outbound_agent_id=phone.outbound_agent_id,
            )
        )
    project.agents = {
        agent.id: AgentRow(
            agent.id,
            agent.name,
            [VersionRow(entry.id, entry.number, is_draft=entry.is_draft) for entry in agent.versions],
            datetime(2026, 1, 1, tzinfo=UTC),
            agent.published.id if agent.published else None,
        )
        for agent in case.catalogue.agents
    }


def lane_of(case: Case, wish: str) -> Target | diga.Unset | None:
    if wish == "keep":
        return diga.UNSET
    return None if wish == "none" else case.target({"x": X, "y": Y}[wish[0]], int(wish[1]))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(LANES, LANE_WISH, LANE_WISH), min_size=1, max_size=6),
    live_x=LIVE,
    live_y=LIVE,
    chance=st.randoms(use_true_random=False),
)
def test_diga_refuses_what_is_foreseen_to_be_refused_and_nothing_else(
    stand_in: Sandbox, rows: list[tuple[str, str, str]], live_x: int | None, live_y: int | None, chance: Random
) -> None:
    case = Case([lanes for lanes, _inbound, _outbound in rows], {X: live_x, Y: live_y})
    wishes = [
        (place, wish)
        for place, (_lanes, inbound, outbound) in enumerate(rows)
        if not (wish := PhoneEdit(inbound=lane_of(case, inbound), outbound=lane_of(case, outbound))).is_empty
    ]
    row_forecasts = case.foresee(*wishes)
    turns = range(len(wishes))
    # As they run: what publishes, one at a time and in the plan's order, before the others.
    first = [turn for turn in turns if row_forecasts[turn].publishes]
    others = [turn for turn in turns if turn not in first]

    def status_of(turn: int) -> int:
        place, wish = wishes[turn]
        return patch(stand_in, stand_in.phones[case.phones[place].pk], **wish.update().body()).status

    fill(stand_in, case)
    for turn in first + others:
        if row_forecasts[turn].foreseen == Foreseen.WILL_CHANGE:
            assert status_of(turn) == 200, (wishes[turn], row_forecasts[turn])
        elif row_forecasts[turn].why in {"refused", "contradicts"}:
            assert status_of(turn) == 409, (wishes[turn], row_forecasts[turn])

    # The others run side by side, so that any order may come of it.
    fill(stand_in, case)
    chance.shuffle(others)
    for turn in first + others:
        if row_forecasts[turn].foreseen == Foreseen.WILL_CHANGE:
            assert status_of(turn) == 200, (wishes[turn], row_forecasts[turn])
