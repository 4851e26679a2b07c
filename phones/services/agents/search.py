"""Agents by words of their names, those used lately first."""

import uuid
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Count

from phones.models import Change, Phone, Project, Source
from phones.services.agents.tallies import Uses
from phones.services.finding.hits import rank
from phones.services.routing.catalogue import AgentEntry, catalogue_of
from phones.services.routing.lanes import Lane

HIT_LIMIT = 20
# So many of the newest changes, of the person and of the project, say which agents were used lately.
RECENT_CHANGES = 50
RECENT_AGENTS = 5


@dataclass(frozen=True, slots=True)
class AgentHit:
    """A found agent, with how many numbers it answers and dials from; `is_recent` if it was given to one lately."""

    agent: AgentEntry
    uses: Uses
    is_recent: bool


@dataclass(frozen=True, slots=True)
class AgentHits:
    """The first hits, and how many agents match."""

    hits: tuple[AgentHit, ...]
    total: int


def find_agents(
    *,
    project: Project,
    words: str = "",
    limit: int = HIT_LIMIT,
    person: User | None = None,
    among: Iterable[AgentEntry] | None = None,
) -> AgentHits:
    """Return the agents whose names contain every word, in any order, whatever the case and accents. Four queries.

    Those that the person has given to a number lately come first, then those that anybody has, each the latest first;
    then the others in their order. They are found `among` these agents, or else those that a number may be given.
    """
    found = matching_agents(catalogue_of(project).offered if among is None else among, words)
    recent = _recent_agents(project, person)
    places = {agent_id: place for place, agent_id in enumerate(recent)}
    # Sorting keeps the order of those that weren't used lately.
    first = sorted(found, key=lambda agent: places.get(agent.id, len(places)))[:limit]
    uses = uses_among(project, {agent.id for agent in first})
    return AgentHits(tuple(AgentHit(agent, uses[agent.id], agent.id in places) for agent in first), len(found))


def matching_agents(agents: Iterable[AgentEntry], words: str) -> list[AgentEntry]:
    """Return the agents whose names contain every word, in the order given."""
    return [agent for agent in agents if rank(words, agent.name) is not None]


def uses_among(project: Project, agent_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Uses]:
    """Return how the phones of the project use each of these agents; those that left Diga use none. Two queries."""
    inbound, outbound = (_counts(project, lane, agent_ids) for lane in Lane)
    return {agent_id: Uses(inbound[agent_id], outbound[agent_id]) for agent_id in agent_ids}


def _counts(project: Project, lane: Lane, agent_ids: Collection[uuid.UUID]) -> Counter[uuid.UUID]:
    column = f"{lane}_agent_id"
    known = Phone.objects.filter(project=project, missing_since=None, **{f"{column}__in": agent_ids})
    return Counter(dict(known.values_list(column).annotate(count=Count("*")).order_by()))


def _recent_agents(project: Project, person: User | None) -> tuple[uuid.UUID, ...]:
    """Return the agents that were given to numbers lately, the person's first, the latest before others."""
    changes = Change.objects.filter(project=project).exclude(source=Source.OUTSIDE).order_by("-id")
    agents: dict[uuid.UUID, None] = {}
    for rows in (changes.filter(actor=person), changes) if person else (changes,):
        given: dict[uuid.UUID, None] = {}
        for after in rows.values_list("after", flat=True)[:RECENT_CHANGES]:
            given |= dict.fromkeys(after[lane].agent_id for lane in Lane if after.get(lane))
        agents |= dict.fromkeys(list(given)[:RECENT_AGENTS])
    return tuple(agents)
