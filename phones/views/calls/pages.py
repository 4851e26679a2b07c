"""The pages of calls: of one number, or of one agent, filtered and paged by the address. Nothing of them is stored."""

from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from phones import diga
from phones.access import Desk, DeskRequest, open_desk
from phones.models import NoKey, Phone
from phones.services.answering.calls import CallsRead, NoCallsRight, SeenCall, read_calls
from phones.services.finding.phone_list import day
from phones.services.routing.catalogue import Catalogue, catalogue_of
from phones.services.upstream import bulkhead
from phones.views.htmx import is_for
from phones.views.parts.addresses import uuid_from
from phones.views.parts.answering.call_lines import CallLine
from phones.views.parts.lists.filter_controls import Filter
from phones.views.parts.saving.result import status_of
from phones.wording.history.changes import words_for_read_without_key
from phones.wording.phones.calls import DIRECTIONS, STATUSES, words_for_no_right, words_for_unread_calls

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class CallQuery:
    """The filters of the address, "" where they don't filter, and the call behind which the page begins."""

    direction: str = ""
    status: str = ""
    since: str = ""
    after: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> "CallQuery":
        """Return the filters of an address; an invalid value doesn't filter."""
        direction, status, since = (query.get(name, "") for name in ("direction", "status", "since"))
        return cls(
            direction if direction in DIRECTIONS else "",
            status if status in STATUSES else "",
            since if day(since) else "",
            str(uuid_from(query.get("after", "")) or ""),
        )

    @property
    def is_empty(self) -> bool:
        """True when nothing is filtered."""
        return not (self.direction or self.status or self.since)

    @property
    def suffix(self) -> str:
        """The query string with its `?`, "" for the first page of all calls."""
        values = {name: getattr(self, name) for name in ("direction", "status", "since", "after")}
        given = {name: value for name, value in values.items() if value}
        return f"?{urlencode(given)}" if given else ""

    def wanted(self, **of: UUID) -> diga.CallFilter:
        """Return what to ask Diga for; the day begins at midnight of the site's zone."""
        first = day(self.since)
        since = timezone.make_aware(datetime.combine(first, time.min)) if first else None
        return diga.CallFilter(type=self.direction or None, status=self.status or None, since=since, **of)


@dataclass(frozen=True, slots=True)
class CallRow:
    """A call with its number, None for one that is not in our copy."""

    call: CallLine
    phone: Phone | None
    phone_url: str


@require_GET
def phone_calls(request: DeskRequest, slug: str, phone_id: UUID) -> HttpResponse:
    """Show the calls of a phone, newest first."""
    desk = open_desk(request, slug)
    phone = get_object_or_404(Phone, pk=phone_id, project=desk.project)
    about = {
        "title": phone.shown,
        "nickname": phone.nickname or "",
        "back_url": reverse("phone_edit", args=[slug, phone_id]),
    }
    return _page(request, desk, about, {"phone_id": phone_id})


@require_GET
def agent_calls(request: DeskRequest, slug: str, agent_id: UUID) -> HttpResponse:
    """Show the calls that an agent took or made, newest first."""
    desk = open_desk(request, slug)
    agent = catalogue_of(desk.project).agent(agent_id)
    if agent is None:
        raise Http404
    about = {"title": agent.name, "nickname": "", "back_url": reverse("agent_detail", args=[slug, agent_id])}
    return _page(request, desk, about, {"agent_id": agent_id})


def _page(request: DeskRequest, desk: Desk, about: dict[str, str], of: dict[str, UUID]) -> HttpResponse:
    query = CallQuery.of(request.GET)
    read, words, status = _read(desk, query, of)
    catalogue, url = catalogue_of(desk.project), request.path
    context: dict[str, Any] = {
        "desk": desk,
        "section": "agents" if "agent_id" in of else "phones",
        "about": about,
        "is_of_agent": "agent_id" in of,
        "query": query,
        "filters": _filters(query),
        "words": words,
        "settings_url": reverse("project_settings", args=[desk.project.slug])
        if desk.project.can_read_calls is False and desk.may_administer
        else "",
        "rows": _rows(desk, read.calls, catalogue) if read else [],
        "list_url": url,
        "older_url": url + replace(query, after=str(read.after)).suffix if read and read.after else "",
        "newest_url": url + replace(query, after="").suffix if query.after else "",
    }
    template = "calls/call_list.html"
    if not is_for(request, "call-table"):
        return render(request, template, context, status=status)
    response = render(request, template + "#call-table", context, status=status)
    response["HX-Push-Url"] = url + query.suffix
    return response


def _read(desk: Desk, query: CallQuery, of: dict[str, UUID]) -> tuple[CallsRead | None, str, int]:
    """Return the calls, or why there are none, and the status of the answer."""
    after = UUID(query.after) if query.after else None
    try:
        with bulkhead.place_for_calls(desk.project):
            return (
                read_calls(desk.project, query.wanted(**of), after=after, limit=PAGE_SIZE, clock=timezone.now),
                "",
                200,
            )
    except NoCallsRight:
        return None, words_for_no_right(), 200
    except NoKey:
        return None, words_for_read_without_key().text, 422
    except diga.DigaError as error:
        return None, words_for_unread_calls(error), status_of(error)


def _filters(query: CallQuery) -> list[Filter]:
    directions = [(code, str(label)) for code, label in DIRECTIONS.items()]
    statuses = [(code, str(label)) for code, label in STATUSES.items()]
    return [
        Filter("direction", _("Direction"), _("Filter by direction"), query.direction, directions),
        Filter("status", _("Status"), _("Filter by status"), query.status, statuses),
    ]


def _rows(desk: Desk, calls: tuple[SeenCall, ...], catalogue: Catalogue) -> list[CallRow]:
    """Return the calls with their numbers. One query."""
    wanted = {call.phone_id for call in calls if call.phone_id}
    phones = Phone.objects.filter(project=desk.project, pk__in=wanted).only("shown", "nickname").in_bulk()
    return [
        CallRow(
            CallLine.of(call, catalogue),
            phone := phones.get(call.phone_id) if call.phone_id else None,
            reverse("phone_edit", args=[desk.project.slug, phone.pk]) if phone else "",
        )
        for call in calls
    ]
