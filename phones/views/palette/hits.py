"""The hits of the palette in groups, the group with the best hit first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from phones.access import Desk
from phones.models import Phone
from phones.services.finding.hits import Hits, best, find_hits, rank
from phones.services.routing.catalogue import AgentEntry, Catalogue, catalogue_of
from phones.views.palette.destinations import Hit, actions_of, pages_of
from phones.views.parts.badges import shown_status

# A text with so many digits is meant for a number.
_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Group:
    """Hits of one kind. `more_url` leads to all of them, "" where all are shown."""

    label: str
    hits: list[Hit]
    more_url: str = ""
    more_label: str = ""


def groups_of(desk: Desk, query: str, now: datetime) -> list[Group]:
    """Return what a text finds, in groups that are not empty."""
    catalogue = catalogue_of(desk.project)
    found = find_hits(project=desk.project, person=desk.user, query=query, catalogue=catalogue, now=now)
    groups = [
        _phones(desk, query, found, catalogue),
        Group(_("Agents"), [_agent(desk, agent) for agent in found.agents]),
        Group(_("Views"), [_view(desk, view.name, view.query) for view in found.views]),
        Group(_("Pages"), _matching(query, pages_of(desk))),
        Group(_("Actions"), _matching(query, actions_of(desk))),
    ]
    groups = [group for group in groups if group.hits]
    if sum(letter.isdigit() for letter in query) < _DIGITS:
        groups.sort(key=lambda group: _rank(query, group.hits[0]))
    return groups


def _rank(query: str, hit: Hit) -> int:
    found = rank(query, hit.label)
    return 2 if found is None else found


def _matching(query: str, hits: Iterable[Hit]) -> list[Hit]:
    return best(query, ((hit.label, hit) for hit in hits), limit=20)


def _phones(desk: Desk, query: str, found: Hits, catalogue: Catalogue) -> Group:
    hits = [_phone(desk, phone, catalogue) for phone in found.phones]
    if found.phone_count <= len(hits):
        return Group(_("Numbers"), hits)
    words = ngettext("Show the %(count)d number", "Show all %(count)d numbers", found.phone_count)
    url = f"{reverse('phone_list', args=[desk.project.slug])}?{urlencode({'q': query})}"
    return Group(_("Numbers"), hits, url, words % {"count": found.phone_count})


def _phone(desk: Desk, phone: Phone, catalogue: Catalogue) -> Hit:
    agent = catalogue.agent(phone.inbound_agent_id)
    live = agent.published.label if agent and agent.published else ""
    status = "" if phone.status == "assigned" and not phone.missing_since else str(shown_status(phone).label)
    parts = [phone.nickname or "", f"{agent.name} {live}".strip() if agent else "", status]
    url = reverse("phone_edit", args=[desk.project.slug, phone.pk])
    return Hit(phone.shown, url, "phone", detail=" · ".join(filter(None, parts)))


def _agent(desk: Desk, agent: AgentEntry) -> Hit:
    detail = _("live: %(version)s") % {"version": agent.published.label} if agent.published else _("not published")
    return Hit(agent.name, reverse("agent_detail", args=[desk.project.slug, agent.id]), "bot", detail=detail)


def _view(desk: Desk, name: str, query: str) -> Hit:
    return Hit(name, reverse("phone_list", args=[desk.project.slug]) + (f"?{query}" if query else ""), "bookmark")
