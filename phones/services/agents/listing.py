"""The agents of a project as pages of a table: found by words, in an order."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from phones.models import Project
from phones.services.agents.search import matching_agents
from phones.services.agents.tallies import Uses, uses_of_agents
from phones.services.routing.catalogue import AgentEntry, catalogue_of

PAGE_SIZE = 50
_UNUSED = Uses()


class AgentOrder(StrEnum):
    """What the agents are sorted by; the order by name breaks ties."""

    NAME = "name"
    LIVE = "live"
    ANSWERS = "answers"
    CALLS_OUT = "calls_out"


@dataclass(frozen=True, slots=True)
class ListedAgent:
    """An agent with its uses; `agent` is None for an id that phones have and no list of Diga has given."""

    id: uuid.UUID
    agent: AgentEntry | None
    uses: Uses


@dataclass(frozen=True, slots=True)
class AgentPage:
    """One page of agents. Pages count from 1.

    `total` counts what was found, of which Diga lists `listed`; of all of the project's it lists `all_listed`.
    """

    rows: list[ListedAgent]
    total: int
    listed: int
    all_listed: int
    number: int
    page_count: int

    @property
    def unlisted(self) -> int:
        """Those found that Diga doesn't list, or no longer."""
        return self.total - self.listed


_KEYS: dict[AgentOrder, Callable[[ListedAgent], int]] = {
    AgentOrder.LIVE: lambda row: row.agent.published.number if row.agent and row.agent.published else 0,
    AgentOrder.ANSWERS: lambda row: row.uses.inbound,
    AgentOrder.CALLS_OUT: lambda row: row.uses.outbound,
}


def agent_page(
    *,
    project: Project,
    words: str = "",
    order: AgentOrder = AgentOrder.NAME,
    is_reversed: bool = False,
    number: int = 1,
    size: int = PAGE_SIZE,
) -> AgentPage:
    """Return a page of the agents whose names contain every word, the last one where `number` is beyond it.

    By name, those that Diga no longer lists come after the others, and ids that no list has given come last; these
    have no name, so words find none of them. Two queries, and two more if the agents have changed.
    """
    uses = uses_of_agents(project)
    catalogue = catalogue_of(project)
    unknown = sorted(agent_id for agent_id in uses if catalogue.agent(agent_id) is None)
    found = [
        ListedAgent(agent.id, agent, uses.get(agent.id, _UNUSED)) for agent in matching_agents(catalogue.agents, words)
    ]
    if not words:
        found += [ListedAgent(agent_id, None, uses[agent_id]) for agent_id in unknown]
    if order is AgentOrder.NAME:
        found = found[::-1] if is_reversed else found
    else:
        found.sort(key=_KEYS[order], reverse=is_reversed)
    page_count = max(1, -(-len(found) // size))
    number = min(max(number, 1), page_count)
    rows = found[(number - 1) * size : number * size]
    listed = sum(row.agent is not None and row.agent.is_listed for row in found)
    all_listed = sum(agent.is_listed for agent in catalogue.agents)
    return AgentPage(rows, len(found), listed, all_listed, number, page_count)
