"""What an edit will do with live calls, lane by lane, wherever it is known who else uses an agent. Pure."""

import uuid
from collections.abc import Callable, Sequence

from phones import diga
from phones.models import Phone
from phones.services.routing.catalogue import VersionEntry
from phones.services.routing.edits import PhoneEdit
from phones.services.routing.impact import Impact, Use, foresee
from phones.services.routing.lanes import Lane, Target

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
        _impact(phone, edit, lane, other_uses, live) for lane in Lane if not isinstance(edit.lane(lane), diga.Unset)
    )


def _impact(
    phone: Phone,
    edit: PhoneEdit,
    lane: Lane,
    other_uses: OtherUses,
    live: Callable[[Target], VersionEntry | None],
) -> Impact:
    wanted, other_target = edit.lane(lane), edit.lane(lane.other)
    target = wanted if isinstance(wanted, Target) else None
    keeps = isinstance(other_target, diga.Unset)
    lane_agent = getattr(phone, f"{lane.other}_agent_id") if keeps else edit.wanted(lane.other)
    others, other_count = other_uses(target) if target else ((), 0)
    return foresee(
        lane=lane,
        target=target,
        live=live(target) if target else None,
        others=others,
        other_count=other_count,
        other_lane=lane_agent if isinstance(lane_agent, uuid.UUID) else None,
        other_target=other_target if isinstance(other_target, Target) else None,
    )
