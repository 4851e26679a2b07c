"""The agents of a project, and how many numbers each answers and dials from."""

import uuid
from dataclasses import dataclass

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from phones.access import DeskRequest, open_desk
from phones.models import Phone
from phones.services.agents.usage import numbers_of_agent
from phones.services.phone_numbers import national_number
from phones.services.routing.catalogue import catalogue_of
from phones.views.agents.list_page import AgentQuery, AgentTable, phone_lists_of
from phones.views.agents.publish_lines import publish_lines
from phones.views.parts.badges import Badge, status_badge


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
    table = AgentTable.of(desk.project, AgentQuery.of(request.GET))
    return render(request, "agents/agent_list.html", {"desk": desk, "section": "agents", "table": table})


@require_GET
def agent_detail(request: DeskRequest, slug: str, agent_id: uuid.UUID) -> HttpResponse:
    """Show one agent: every version, and the numbers it answers and dials from."""
    desk = open_desk(request, slug)
    agent = catalogue_of(desk.project).agent(agent_id)
    if agent is None:
        raise Http404
    numbers = numbers_of_agent(desk.project, agent_id)
    inbound_url, outbound_url = phone_lists_of(slug, str(agent_id))
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
