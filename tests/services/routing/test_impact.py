"""The guard's decision table (promise 1): what giving a phone a version does, for every case there is."""

from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from phones.services.routing.catalogue import AgentEntry, VersionEntry
from phones.services.routing.impact import Effect, Impact, Use, fingerprint, foresee
from phones.services.routing.lanes import Lane, Target

BOTH_DIRECTIONS = list(Lane)
NOBODY: tuple[Use, ...] = ()
TWO_OTHERS = (Use(uuid4(), "+34 951 20 18 02"), Use(uuid4(), "+34 910 24 05 71"))


def alicia(published: int | None) -> AgentEntry:
    """Return an agent with v4, v5 and the draft v6, of which one is published or none."""
    versions = (
        VersionEntry(UUID(int=number), number, "", is_published=number == published, is_draft=number == 6)
        for number in (6, 5, 4)
    )
    return AgentEntry(UUID(int=100), "Alicia", True, tuple(versions))


def version_of(agent: AgentEntry, number: int) -> Target:
    return Target(agent, next(version for version in agent.versions if version.number == number))


def impact_of(
    target: Target | None,
    others: tuple[Use, ...] = NOBODY,
    *,
    lane: Lane = Lane.INBOUND,
    other_lane: UUID | None = None,
    other_target: Target | None = None,
) -> Impact:
    return foresee(lane=lane, target=target, others=others, other_lane=other_lane, other_target=other_target)


@dataclass(frozen=True)
class Case:
    """One row of the table: the version published now, who else uses the agent, and what is wanted."""

    published: int | None
    others: tuple[Use, ...]
    wanted: int
    effect: Effect
    is_refused: bool
    needs_consent: bool
    live: int | None


DECISIONS = {
    "unpublished, unused": Case(None, NOBODY, 5, Effect.WILL_PUBLISH, False, True, None),
    "unpublished, used elsewhere": Case(None, TWO_OTHERS, 5, Effect.WILL_PUBLISH, False, True, None),
    "same version, unused": Case(5, NOBODY, 5, Effect.NO_PUBLISH, False, False, None),
    "same version, used elsewhere": Case(5, TWO_OTHERS, 5, Effect.NO_PUBLISH, False, False, None),
    "other version, unused": Case(4, NOBODY, 5, Effect.WILL_PUBLISH, False, True, 4),
    "other version, used elsewhere": Case(4, TWO_OTHERS, 5, Effect.WILL_BE_REFUSED, True, False, 4),
    "draft, unused": Case(4, NOBODY, 6, Effect.DRAFT, True, False, None),
    "draft, used elsewhere": Case(4, TWO_OTHERS, 6, Effect.DRAFT, True, False, None),
}


@pytest.mark.parametrize("lane", BOTH_DIRECTIONS)
@pytest.mark.parametrize("case", DECISIONS.values(), ids=DECISIONS.keys())
def test_decision_table(case: Case, lane: Lane) -> None:
    target = version_of(alicia(case.published), case.wanted)

    impact = impact_of(target, case.others, lane=lane)

    live = version_of(alicia(case.published), case.live).version if case.live else None
    others = NOBODY if case.effect is Effect.DRAFT else case.others
    assert impact == Impact(lane, case.effect, target, live, others, other_count=len(others))
    assert (impact.is_refused, impact.needs_consent) == (case.is_refused, case.needs_consent)


@pytest.mark.parametrize("lane", BOTH_DIRECTIONS)
def test_unassigning_needs_consent_and_publishes_nothing(lane: Lane) -> None:
    impact = impact_of(None, TWO_OTHERS, lane=lane)

    assert impact == Impact(lane, Effect.UNASSIGN)
    assert (impact.is_refused, impact.needs_consent) == (False, True)


@pytest.mark.parametrize(("published", "others"), [(None, NOBODY), (4, NOBODY), (4, TWO_OTHERS), (5, TWO_OTHERS)])
def test_one_save_cannot_publish_two_versions_of_an_agent(published: int | None, others: tuple[Use, ...]) -> None:
    agent = alicia(published)
    inbound, outbound = version_of(agent, 5), version_of(agent, 4)

    first = impact_of(inbound, others, other_lane=agent.id, other_target=outbound)
    second = impact_of(outbound, others, lane=Lane.OUTBOUND, other_lane=agent.id, other_target=inbound)

    assert (first.effect, first.live, first.others) == (Effect.WILL_BE_REFUSED, outbound.version, NOBODY)
    assert (second.effect, second.live, second.others) == (Effect.WILL_BE_REFUSED, inbound.version, NOBODY)


def test_same_version_in_both_lanes_is_no_contradiction() -> None:
    target = version_of(alicia(4), 5)

    impact = impact_of(target, other_lane=target.agent.id, other_target=target)

    assert (impact.effect, impact.is_both_lanes) == (Effect.WILL_PUBLISH, True)


def test_another_agent_in_the_other_lane_is_no_contradiction() -> None:
    target = version_of(alicia(4), 5)
    bruno = AgentEntry(UUID(int=200), "Bruno", True, (VersionEntry(UUID(int=21), 4, "", True, False),))

    impact = impact_of(target, other_lane=bruno.id, other_target=Target(bruno, bruno.versions[0]))

    assert (impact.effect, impact.is_both_lanes) == (Effect.WILL_PUBLISH, False)


@pytest.mark.parametrize(("published", "effect"), [(4, Effect.WILL_PUBLISH), (5, Effect.NO_PUBLISH)])
def test_other_lane_of_this_phone_moves_too_and_is_no_other_user(published: int, effect: Effect) -> None:
    target = version_of(alicia(published), 5)

    impact = impact_of(target, NOBODY, other_lane=target.agent.id)

    assert (impact.effect, impact.is_both_lanes, impact.others) == (effect, True, NOBODY)


def test_uses_that_are_not_named_count() -> None:
    target = version_of(alicia(4), 5)

    refused = foresee(
        lane=Lane.INBOUND,
        target=target,
        others=TWO_OTHERS,
        other_count=9000,
        other_lane=None,
        other_target=None,
    )

    assert (refused.effect, refused.others, refused.other_count) == (Effect.WILL_BE_REFUSED, TWO_OTHERS, 9000)
    assert fingerprint([refused]) != fingerprint([impact_of(target, TWO_OTHERS)])


def test_fingerprint_is_equal_for_equal_impacts_only() -> None:
    target = version_of(alicia(None), 5)
    shown = impact_of(target, TWO_OTHERS)
    different = [
        impact_of(target, TWO_OTHERS, lane=Lane.OUTBOUND),
        impact_of(target, TWO_OTHERS[:1]),
        impact_of(version_of(alicia(None), 4), TWO_OTHERS),
        impact_of(version_of(alicia(5), 5), TWO_OTHERS),
        impact_of(None),
    ]

    assert fingerprint([shown]) == fingerprint([impact_of(target, TWO_OTHERS)])
    assert len({fingerprint([impact]) for impact in [shown, *different]}) == 6
    assert fingerprint([shown, shown]) != fingerprint([shown])
    assert fingerprint([]) == ""
