"""What an edit will do with live calls, lane by lane, wherever it is known who else uses an agent. Pure."""

import uuid
from collections.abc import Callable, Sequence

from phones import diga
from phones.models import Phone
from phones.services.routing.catalogue import VersionEntry
from phones.services.routing.edits import PhoneEdit
from phones.services.routing.impact import Direction, Impact, Target, Use, foresee

# The first of the other phones that use the target's agent, and how many there are.
OtherUses = Callable[[Target], tuple[Sequence[Use], int]]


def lane_impacts(
    phone: Phone,
    edit: PhoneEdit,
    *,
    other_uses: OtherUses,
    live: Callable[[Target], VersionEntry | None] = lambda target: target.agent.published,
) -> tuple[Impact, ...]:
    """Return the impact in each lane that the edit changes.

    `other_uses` is asked for each agent wanted; `live` says what its agent has published when the time comes.
    """
    return tuple(
        _impact(phone, edit, direction, other_uses, live)
        for direction in Direction
        if not isinstance(edit.lane(direction), diga.Unset)
    )


def _impact(
    phone: Phone,
    edit: PhoneEdit,
    direction: Direction,
    other_uses: OtherUses,
    live: Callable[[Target], VersionEntry | None],
) -> Impact:
    lane = edit.lane(direction)
    target = lane if isinstance(lane, Target) else None
    other = Direction.OUTBOUND if direction is Direction.INBOUND else Direction.INBOUND
    other_target = edit.lane(other)
    keeps = isinstance(other_target, diga.Unset)
    lane_agent = getattr(phone, f"{other}_agent_id") if keeps else edit.wanted(other)
    others, other_count = other_uses(target) if target else ((), 0)
    return foresee(
        direction=direction,
        target=target,
        live=live(target) if target else None,
        others=others,
        other_count=other_count,
        other_lane=lane_agent if isinstance(lane_agent, uuid.UUID) else None,
        other_target=other_target if isinstance(other_target, Target) else None,
    )
