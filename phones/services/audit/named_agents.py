"""Which agents a change names: a table beside the diary, so that an agent's history is found without reading all."""

import uuid
from collections.abc import Iterable

from phones.models import Change, LaneSnapshot, NamedAgent

BATCH = 500


def agents_of(change: Change) -> set[uuid.UUID]:
    """Return the agents that a change names: before, as wanted, and as Diga stored it."""
    sides = (change.before, change.after, change.stored)
    return {lane.agent_id for side in sides for lane in side.values() if isinstance(lane, LaneSnapshot)}


def name_agents(changes: Iterable[Change]) -> None:
    """Note which agents these changes name. For every change that is added or settled; two times is once."""
    rows = [NamedAgent(change=change, agent_id=agent_id) for change in changes for agent_id in agents_of(change)]
    NamedAgent.objects.bulk_create(rows, ignore_conflicts=True, batch_size=BATCH)
