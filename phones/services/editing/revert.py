"""Taking back: what a phone would become, field by field, and what can't be taken back any more.

An old state is never written blindly: each field is compared with what the phone is today, an agent is given in
the version it has published today, and the write goes through `editing.change_phone` like any other.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from phones.models import Change, LaneSnapshot, Outcome, Phone
from phones.services.routing.catalogue import AgentEntry, Catalogue, VersionEntry
from phones.services.routing.editability import policy_for
from phones.services.routing.edits import PhoneEdit, PhoneSnapshot
from phones.services.routing.lanes import FIELDS, Target
from phones.services.routing.snapshots import snapshot

REVERTIBLE = (Outcome.CONFIRMED, Outcome.OBSERVED)


class Standing(StrEnum):
    """Whether a field can be taken back."""

    READY = "ready"
    MOVED = "moved"  # Changed again since: left alone unless the person ticks it.
    SAME = "same"  # Already so.
    NO_AGENT = "no_agent"  # Diga no longer has the agent.
    NO_VERSION = "no_version"  # The old version is gone, and no other one is published.
    CLOSED = "closed"  # The phone's status.
    NO_RIGHT = "no_right"  # The person's role.


@dataclass(frozen=True, slots=True)
class Step:
    """What taking back does in one field.

    `now` and `then` are values as the log keeps them: of today, and the old one. `wanted` is what would be sent;
    `is_newer` is true where that is another version of the old agent, because today that one is published.
    """

    name: str
    standing: Standing
    now: Any
    then: Any
    wanted: str | Target | None = None
    is_newer: bool = False

    @property
    def can_take(self) -> bool:
        """True when the person may choose this field."""
        return self.standing in {Standing.READY, Standing.MOVED}

    @property
    def is_default(self) -> bool:
        """True when the field is taken back unless the person says otherwise."""
        return self.standing is Standing.READY


def is_revertible(change: Change) -> bool:
    """Say whether a change has come about and changed something that can be written."""
    return change.outcome in REVERTIBLE and not set(FIELDS).isdisjoint(change.before)


def steps_back(
    change: Change, phone: Phone, catalogue: Catalogue, *, can_label: bool, can_route: bool
) -> tuple[Step, ...]:
    """Return what taking back a change would do to its phone as our copy knows it. No query.

    `can_label` and `can_route` are what the person's role allows.
    """
    if not is_revertible(change):
        return ()
    return steps_to(change.before, change.after, phone, catalogue, can_label=can_label, can_route=can_route)


def steps_to_first(phone: Phone, catalogue: Catalogue, *, can_label: bool, can_route: bool) -> tuple[Step, ...]:
    """Return what going back to the first state we saw would do to the phone. No query."""
    return steps_to(phone.first_seen, None, phone, catalogue, can_label=can_label, can_route=can_route)


def steps_to(
    target: Mapping[str, Any],
    left: Mapping[str, Any] | None,
    phone: Phone,
    catalogue: Catalogue,
    *,
    can_label: bool,
    can_route: bool,
) -> tuple[Step, ...]:
    """Compare an old state with today's, field by field. No query.

    `target` has the fields to take back, as the log keeps them; `left` is what was made of them, from which a later
    change is told, None where that doesn't matter.
    """
    now, policy = snapshot(catalogue, PhoneSnapshot.of(phone), FIELDS), policy_for(phone)
    steps = []
    for name in (name for name in FIELDS if name in target):
        if name == "nickname":
            step = _nickname_step(now[name], target[name], now[name] if left is None else left[name])
            is_open, is_allowed = policy.can_label, can_label
        else:
            step = _lane_step(name, now[name], target[name], {} if left is None else left[name], catalogue)
            is_open, is_allowed = policy.can_route, can_route
        if step.standing is not Standing.SAME and not (is_open and is_allowed):
            step = Step(name, Standing.NO_RIGHT if is_open else Standing.CLOSED, step.now, step.then)
        steps.append(step)
    return tuple(steps)


def edit_of(steps: Sequence[Step], taken: Collection[str]) -> PhoneEdit:
    """Return the wish to take back the fields in `taken`, as far as they can be."""
    wanted = {step.name: step.wanted for step in steps if step.can_take and step.name in taken}
    return PhoneEdit(**wanted)  # type: ignore[arg-type]


def _nickname_step(now: str | None, then: str | None, left: str | None) -> Step:
    if (now or "") == (then or ""):
        return Step("nickname", Standing.SAME, now, then)
    has_moved = (now or "") != (left or "")
    return Step("nickname", Standing.MOVED if has_moved else Standing.READY, now, then, then or "")


def _lane_step(name: str, now: Any, then: Any, left: Any, catalogue: Catalogue) -> Step:
    """Compare a lane. `left` is `{}` where it doesn't matter what was there in between."""
    if _agent_id(now) == _agent_id(then) == _agent_id(left):
        # The change was about the version alone, and its agent is still here.
        return _version_step(name, now, then, left, catalogue)
    if _agent_id(now) == _agent_id(then):
        return Step(name, Standing.SAME, now, then)
    has_moved = left != {} and _agent_id(now) != _agent_id(left)
    standing = Standing.MOVED if has_moved else Standing.READY
    if then is None:
        return Step(name, standing, now, then, None)
    agent = _agent(then, catalogue)
    if agent is None:
        return Step(name, Standing.NO_AGENT, now, then)
    # What is published today, so that taking back publishes nothing old by the way.
    version = agent.published or _old_version(agent, then)
    return _give(name, standing, now, then, agent, version)


def _version_step(name: str, now: Any, then: Any, left: Any, catalogue: Catalogue) -> Step:
    if now is None or now.version_number == then.version_number:
        return Step(name, Standing.SAME, now, then)
    has_moved = now.version_number != left.version_number
    agent = _agent(then, catalogue)
    if agent is None:
        return Step(name, Standing.NO_AGENT, now, then)
    return _give(name, Standing.MOVED if has_moved else Standing.READY, now, then, agent, _old_version(agent, then))


def _give(name: str, standing: Standing, now: Any, then: Any, agent: AgentEntry, version: VersionEntry | None) -> Step:
    if version is None:
        return Step(name, Standing.NO_VERSION, now, then)
    is_newer = then.version_id not in {None, version.id}
    return Step(name, standing, now, then, Target(agent, version), is_newer)


def _agent_id(lane: LaneSnapshot | None) -> uuid.UUID | None:
    return lane.agent_id if lane else None


def _agent(lane: LaneSnapshot, catalogue: Catalogue) -> AgentEntry | None:
    agent = catalogue.agent(lane.agent_id)
    return agent if agent and agent.is_listed else None


def _old_version(agent: AgentEntry, lane: LaneSnapshot) -> VersionEntry | None:
    return next((version for version in agent.offered if version.id == lane.version_id), None)
