"""The agents that a filter offers: few enough for a select."""

import uuid
from collections.abc import Sequence
from functools import lru_cache

from phones.models import Project
from phones.services.agents.tallies import Uses, uses_of_agents
from phones.services.routing.catalogue import KEPT_CATALOGUES, AgentEntry, Catalogue

OFFERED_LIMIT = 20


def agents_to_filter_by(
    project: Project, catalogue: Catalogue, agents: Sequence[AgentEntry], chosen: str = ""
) -> list[AgentEntry]:
    """Return these agents in their order; of more than `OFFERED_LIMIT` those with most numbers, and the chosen id.

    How many numbers each has is read once a catalogue, with two queries: the list of phones asks on every page.
    """
    if len(agents) <= OFFERED_LIMIT:
        return list(agents)
    uses = _uses(catalogue, project)
    most = sorted(agents, key=lambda agent: -uses.get(agent.id, Uses()).total)[:OFFERED_LIMIT]
    offered = {agent.id for agent in most}
    return [agent for agent in agents if agent.id in offered or str(agent.id) == chosen]


@lru_cache(maxsize=KEPT_CATALOGUES)
def _uses(catalogue: Catalogue, project: Project) -> dict[uuid.UUID, Uses]:
    """Return the uses as they were when this catalogue, which is the key of the cache, was first asked about."""
    return uses_of_agents(project)
