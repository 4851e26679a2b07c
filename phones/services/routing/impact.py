"""What Diga will do with live calls if a phone is given a version. Pure: no database, no network.

Diga's rule (its API reference on updating a phone, since January 2026): giving a phone a version publishes that
version; an agent has one published version at most; if another phone holds a different published version of
the same agent, the request is refused.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from phones import diga
from phones.services.routing.catalogue import VersionEntry
from phones.services.routing.lanes import Lane, Target


class Effect(StrEnum):
    """What saving does in one lane."""

    NO_PUBLISH = "no_publish"
    WILL_PUBLISH = "will_publish"
    WILL_BE_REFUSED = "will_be_refused"
    UNASSIGN = "unassign"
    DRAFT = "draft"


@dataclass(frozen=True, slots=True)
class Use:
    """A phone that an agent answers or dials from."""

    phone_id: uuid.UUID
    shown: str


@dataclass(frozen=True, slots=True)
class Impact:
    """The effect in one lane.

    `others` are the other phones of the agent: those that join the published version, or that hold the one
    because of which Diga refuses; where there are very many, only the first of `other_count`. `live` is the
    version published now, if it is another. `is_both_lanes` is true when this phone's other lane runs the
    same agent, so that its calls move as well. `is_at_least` is true where there may be more of the others.
    """

    lane: Lane
    effect: Effect
    target: Target | None = None
    live: VersionEntry | None = None
    others: tuple[Use, ...] = ()
    is_both_lanes: bool = False
    other_count: int = 0
    is_at_least: bool = False

    @property
    def is_refused(self) -> bool:
        """True when saving would be refused: then nothing is sent."""
        return self.effect in {Effect.WILL_BE_REFUSED, Effect.DRAFT}

    @property
    def is_held_elsewhere(self) -> bool:
        """True when saving would be refused because other phones hold another version."""
        return self.effect is Effect.WILL_BE_REFUSED and self.other_count > 0

    @property
    def needs_consent(self) -> bool:
        """True when live calls change in a way that must be ticked first."""
        return self.effect in {Effect.WILL_PUBLISH, Effect.UNASSIGN}


def foresee(
    *,
    lane: Lane,
    target: Target | None,
    others: Sequence[Use],
    other_lane: uuid.UUID | None,
    other_target: Target | None,
    other_count: int | None = None,
    live: VersionEntry | diga.Unset | None = diga.UNSET,
) -> Impact:
    """Say what giving a lane `target` will do; `None` unassigns it.

    `others` are the phones other than this one that the target's agent answers or dials from, or the first of
    `other_count`, and the rule needs only how many they are. `other_lane` is the agent in this phone's other lane after
    saving; `other_target` is the version wanted there in the same save, if any. `live` is what the agent will have
    published by then, if not what it has now.
    """
    if target is None:
        return Impact(lane, Effect.UNASSIGN)
    agent, version = target.agent, target.version
    both = other_lane == agent.id
    if version.is_draft:
        return Impact(lane, Effect.DRAFT, target)
    if other_target and other_target.agent.id == agent.id and other_target.version.id != version.id:
        # One save can't publish two versions of one agent.
        return Impact(lane, Effect.WILL_BE_REFUSED, target, other_target.version, (), both)
    live = agent.published if isinstance(live, diga.Unset) else live
    count = len(others) if other_count is None else other_count
    if live and live.id == version.id:
        return Impact(lane, Effect.NO_PUBLISH, target, None, tuple(others), both, count)
    if live and count:
        return Impact(lane, Effect.WILL_BE_REFUSED, target, live, tuple(others), both, count)
    return Impact(lane, Effect.WILL_PUBLISH, target, live, tuple(others), both, count)


def fingerprint(impacts: Iterable[Impact]) -> str:
    """Return a short text that is equal for equal impacts: was this what the person has read?"""
    return ";".join(
        f"{impact.lane}:{impact.effect}:{impact.target.version.id if impact.target else ''}:{impact.other_count}"
        for impact in impacts
    )
