"""The agents of a project, and how many numbers each answers and dials from."""

import uuid
from dataclasses import dataclass

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from phones.access import DeskRequest, open_desk
from phones.models import Phone
from phones.services.agents.tallies import Uses, uses_of_agents
from phones.services.agents.usage import numbers_of_agent
from phones.services.finding.phone_list import Criteria
from phones.services.phone_numbers import national_number
from phones.services.routing.catalogue import AgentEntry, catalogue_of
from phones.views.agents.publish_lines import publish_lines
from phones.views.parts.badges import Badge, status_badge
from phones.views.parts.list_address import suffix_of

_UNUSED = Uses()


@dataclass(frozen=True, slots=True)
class AgentRow:
    """An agent as the table shows it, None for an id that no list of Diga has given; the counts lead to the numbers."""

    agent: AgentEntry | None
    url: str
    uses: Uses
    inbound_url: str
    outbound_url: str


@dataclass(frozen=True, slots=True)
class AgentPhone:
    """A number of one agent, with the directions in which it has it."""

    url: str
    prefix: str
    national: str
    nickname: str
    status: Badge
    answers: bool
    dials: bool


@require_GET
def agent_list(request: DeskRequest, slug: str) -> HttpResponse:
    """Show the agents: what is published, what else is saved, and how many numbers depend on each."""
    desk = open_desk(request, slug)
    uses = uses_of_agents(desk.project)
    catalogue = catalogue_of(desk.project)
    rows = [_row(slug, agent.id, agent, uses.get(agent.id, _UNUSED)) for agent in catalogue.agents]
    unknown = sorted(agent_id for agent_id in uses if catalogue.agent(agent_id) is None)
    rows += [_row(slug, agent_id, None, uses[agent_id]) for agent_id in unknown]
    return render(request, "agents/agent_list.html", {"desk": desk, "section": "agents", "rows": rows})


def _row(slug: str, agent_id: uuid.UUID, agent: AgentEntry | None, uses: Uses) -> AgentRow:
    return AgentRow(
        agent,
        reverse("agent_detail", args=[slug, agent_id]) if agent else "",
        uses,
        *_list_urls(slug, agent_id),
    )


def _list_urls(slug: str, agent_id: uuid.UUID) -> tuple[str, str]:
    """Return the lists of what the agent answers, and of what it dials from."""
    list_url = reverse("phone_list", args=[slug])
    return (
        list_url + suffix_of(Criteria(inbound=str(agent_id))),
        list_url + suffix_of(Criteria(outbound=str(agent_id))),
    )


@require_GET
def agent_detail(request: DeskRequest, slug: str, agent_id: uuid.UUID) -> HttpResponse:
    """Show one agent: every version, and the numbers it answers and dials from."""
    desk = open_desk(request, slug)
    agent = catalogue_of(desk.project).agent(agent_id)
    if agent is None:
        raise Http404
    numbers = numbers_of_agent(desk.project, agent_id)
    inbound_url, outbound_url = _list_urls(slug, agent_id)
    context = {
        "desk": desk,
        "section": "agents",
        "agent": agent,
        "numbers": numbers,
        "phones": [_agent_phone(slug, phone, agent_id) for phone in numbers.phones],
        "inbound_url": inbound_url,
        "outbound_url": outbound_url,
        "publishings": publish_lines(desk.project, agent_id),
        "changes_url": f"{reverse('change_list', args=[slug])}?agent={agent_id}",
    }
    return render(request, "agents/agent_detail.html", context)


def _agent_phone(slug: str, phone: Phone, agent_id: uuid.UUID) -> AgentPhone:
    prefix, national = national_number(phone.shown)
    return AgentPhone(
        reverse("phone_edit", args=[slug, phone.pk]),
        prefix,
        national,
        phone.nickname or "",
        status_badge(phone.status),
        phone.inbound_agent_id == agent_id,
        phone.outbound_agent_id == agent_id,
    )
