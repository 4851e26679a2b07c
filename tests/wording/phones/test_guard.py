"""The guard's sentences (promise 1), exactly as people read them in English."""

from dataclasses import dataclass, replace
from uuid import UUID, uuid4

import pytest

from phones.services.routing.catalogue import AgentEntry, VersionEntry
from phones.services.routing.impact import Use, foresee
from phones.services.routing.lanes import Lane, Target
from phones.wording.phones.guard import LINKED_USES, GuardWords, words_for_impact

INBOUND, OUTBOUND = Lane.INBOUND, Lane.OUTBOUND
USES = tuple(Use(uuid4(), f"+34 951 20 18 {number:02d}") for number in range(8))


def alicia(published: int | None) -> AgentEntry:
    """Return an agent with v4, v5 and the draft v6, of which one is published or none."""
    versions = (
        VersionEntry(UUID(int=number), number, "", is_published=number == published, is_draft=number == 6)
        for number in (6, 5, 4)
    )
    return AgentEntry(UUID(int=100), "Alicia", True, tuple(versions))


def version_of(agent: AgentEntry, number: int) -> Target:
    return Target(agent, next(version for version in agent.versions if version.number == number))


def words(
    published: int | None,
    wanted: int | None,
    other_count: int = 0,
    *,
    lane: Lane = INBOUND,
    is_both_lanes: bool = False,
    other_wanted: int | None = None,
) -> GuardWords:
    """Return the sentences for giving a phone a version of Alicia while `other_count` other phones run her."""
    agent = alicia(published)
    return words_for_impact(
        foresee(
            lane=lane,
            target=version_of(agent, wanted) if wanted else None,
            others=USES[:other_count],
            other_lane=agent.id if is_both_lanes else None,
            other_target=version_of(agent, other_wanted) if other_wanted else None,
        )
    )


@dataclass(frozen=True)
class Case:
    """A row of the decision table: published now, other phones, wanted, and what is said about it."""

    published: int | None
    other_count: int
    wanted: int
    tone: str
    title: str
    text: str


DECISIONS = {
    "unpublished, unused": Case(
        None,
        0,
        5,
        "warn",
        "Saving publishes v5 of “Alicia”. It goes live now.",
        "The next call to this number is answered by “Alicia” v5. Calls in progress stay as they are. "
        "No other number uses this agent.",
    ),
    "unpublished, used elsewhere": Case(
        None,
        2,
        5,
        "warn",
        "Saving publishes v5 of “Alicia”. It goes live now.",
        "The next call to this number is answered by “Alicia” v5. Calls in progress stay as they are. "
        "2 other numbers of this agent go live with it:",
    ),
    "same version, unused": Case(
        5,
        0,
        5,
        "ok",
        "Nothing is published.",
        "v5 of “Alicia” is live already; this number runs it from the next call on.",
    ),
    "same version, used elsewhere": Case(
        5,
        2,
        5,
        "ok",
        "Nothing is published.",
        "v5 of “Alicia” is live already on 2 other numbers. This one joins from the next call on.",
    ),
    "other version, unused": Case(
        4,
        0,
        5,
        "warn",
        "Saving publishes v5 of “Alicia”. It goes live now.",
        "The next call to this number is answered by “Alicia” v5. Calls in progress stay as they are. "
        "It takes the place of v4. No other number uses this agent.",
    ),
    "other version, used elsewhere": Case(
        4,
        2,
        5,
        "bad",
        "By our copy, Diga will refuse this: v4 of “Alicia” is published and used by 2 other numbers.",
        "Nothing is sent. An agent has one live version, so v5 can’t go live here while others hold v4. "
        "Choose v4, or move these numbers first:",
    ),
    "draft, unused": Case(
        4,
        0,
        6,
        "bad",
        "v6 of “Alicia” is a draft.",
        "A draft takes no calls. Choose a saved version; nothing is sent.",
    ),
    "draft, used elsewhere": Case(
        4,
        2,
        6,
        "bad",
        "v6 of “Alicia” is a draft.",
        "A draft takes no calls. Choose a saved version; nothing is sent.",
    ),
}


@pytest.mark.parametrize("case", DECISIONS.values(), ids=DECISIONS.keys())
def test_every_decision_has_its_sentence(case: Case) -> None:
    said = words(case.published, case.wanted, case.other_count)

    assert (said.tone, said.title, said.text) == (case.tone, case.title, case.text)


def test_one_other_number_is_singular() -> None:
    joins, goes_live, refused = words(5, 5, 1), words(None, 5, 1), words(4, 5, 1)

    assert joins.text == "v5 of “Alicia” is live already on 1 other number. This one joins from the next call on."
    assert goes_live.text.endswith("1 other number of this agent goes live with it:")
    assert (
        refused.title == "By our copy, Diga will refuse this: v4 of “Alicia” is published and used by 1 other number."
    )


@pytest.mark.parametrize(
    ("is_at_least", "count", "title"),
    [
        (False, 1, "Diga will refuse this: v4 of “Alicia” is published and used by 1 other number."),
        (False, 2, "Diga will refuse this: v4 of “Alicia” is published and used by 2 other numbers."),
        (True, 1, "Diga will refuse this: v4 of “Alicia” is published and used by at least 1 other number."),
        (True, 2, "Diga will refuse this: v4 of “Alicia” is published and used by at least 2 other numbers."),
    ],
)
def test_refusal_that_was_read_from_diga_says_so(is_at_least: bool, count: int, title: str) -> None:
    agent = alicia(4)
    impact = foresee(lane=INBOUND, target=version_of(agent, 5), others=USES[:count], other_lane=None, other_target=None)

    said = words_for_impact(replace(impact, is_at_least=is_at_least), is_read=True)

    assert said.title == title


def test_outbound_lane_makes_calls() -> None:
    said = words(None, 5, lane=OUTBOUND)

    assert said.text == (
        "The next call from this number is made by “Alicia” v5. Calls in progress stay as they are. "
        "No other number uses this agent."
    )


def test_other_lane_that_moves_is_mentioned() -> None:
    said = words(4, 5, is_both_lanes=True)

    assert said.text == (
        "The next call to this number is answered by “Alicia” v5. Calls in progress stay as they are. "
        "It takes the place of v4. The other direction of this number runs the same agent, so it moves too. "
        "No other number uses this agent."
    )


def test_two_versions_in_one_save_are_refused_in_words() -> None:
    said = words(4, 5, 2, is_both_lanes=True, other_wanted=4)

    assert (said.tone, said.uses) == ("bad", ())
    assert said.title == "Diga will refuse this: “Alicia” can’t run v5 and v4 at once."
    assert said.text == ("An agent has one live version. Choose the same version for both directions; nothing is sent.")


def test_unassigning_says_who_is_left_alone() -> None:
    inbound, outbound = words(4, None), words(4, None, lane=OUTBOUND)

    assert inbound.title == "Incoming calls to this number will no longer be answered by an agent."
    assert outbound.title == "No agent will make outgoing calls from this number any more."
    for said in (inbound, outbound):
        assert (said.tone, said.text) == ("warn", "It applies from the next call on. Calls in progress go on.")


@pytest.mark.parametrize(("published", "tone"), [(None, "warn"), (4, "bad")])
@pytest.mark.parametrize(("other_count", "more_count"), [(0, 0), (2, 0), (LINKED_USES, 0), (8, 3)])
def test_first_numbers_are_linked_and_the_rest_counted(
    published: int | None, tone: str, other_count: int, more_count: int
) -> None:
    said = words(published, 5, other_count)

    assert (said.uses, said.more_count) == (USES[: min(other_count, LINKED_USES)], more_count)
    assert said.tone == ("warn" if other_count == 0 else tone)


def test_numbers_that_only_join_are_not_listed() -> None:
    assert words(5, 5, 8).uses == ()
