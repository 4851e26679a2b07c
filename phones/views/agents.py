"""The agents of a project, and how many numbers each answers and dials from."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from phones.access import DeskRequest, open_desk
from phones.services.directory import AgentEntry, directory_of
from phones.services.finding import Criteria
from phones.services.overview import Uses, uses_of_agents

from .listing import suffix_of

_UNUSED = Uses(0, 0)


@dataclass(frozen=True, slots=True)
class AgentRow:
    """An agent as the table shows it; the counts lead to the numbers."""

    agent: AgentEntry
    uses: Uses
    inbound_url: str
    outbound_url: str


@require_GET
def agent_list(request: DeskRequest, slug: str) -> HttpResponse:
    """Show the agents: what is published, what else is saved, and how many numbers depend on each."""
    desk = open_desk(request, slug)
    uses = uses_of_agents(desk.project)
    list_url = reverse("phone_list", args=[slug])
    rows = [
        AgentRow(
            agent,
            uses.get(agent.id, _UNUSED),
            list_url + suffix_of(Criteria(inbound=str(agent.id))),
            list_url + suffix_of(Criteria(outbound=str(agent.id))),
        )
        for agent in directory_of(desk.project).agents
    ]
    return render(request, "phones/agent_list.html", {"desk": desk, "section": "agents", "rows": rows})
