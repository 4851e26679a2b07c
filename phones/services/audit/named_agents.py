"""The agents that a change names, in a table of their own: the index for an agent's history."""

import uuid
from collections.abc import Iterable

from phones.models import Change, LaneSnapshot, NamedAgent

BATCH = 500


def agents_of(change: Change) -> set[uuid.UUID]:
    """Return the agents that a change names: before, as wanted, and as stored by Diga."""
    sides = (change.before, change.after, change.stored)
    return {lane.agent_id for side in sides for lane in side.values() if isinstance(lane, LaneSnapshot)}


def name_agents(changes: Iterable[Change]) -> None:
    """Index the agents that these changes name. Call it for each change added or settled; repeating it does no harm."""
    rows = [NamedAgent(change=change, agent_id=agent_id) for change in changes for agent_id in agents_of(change)]
    NamedAgent.objects.bulk_create(rows, ignore_conflicts=True, batch_size=BATCH)
