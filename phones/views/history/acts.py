"""The acts of people in a project, for its administrators."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from phones.access import Desk, DeskRequest, Right, open_desk
from phones.models import Act, ActKind
from phones.services.audit import act_queries
from phones.services.audit.act_export import act_lines
from phones.services.audit.act_queries import WantedActs
from phones.services.audit.chain.runs import latest_verification
from phones.services.display_names import name_apart, name_of
from phones.views.history.filters import (
    chips_of,
    day_from,
    day_labels,
    one_of,
    person_from,
    query_of,
    select,
    select_labels,
)
from phones.views.htmx import is_for
from phones.views.parts.addresses import id_from
from phones.views.parts.chain_break import break_shown
from phones.views.parts.lists.exporting import export
from phones.views.parts.lists.filter_controls import Filter
from phones.wording.history.acts import Detail, words_for_details, words_for_kind


@dataclass(frozen=True, slots=True)
class ActLine:
    """An act in words."""

    id: int
    at: datetime
    what: str
    person: str
    subject: str
    details: list[Detail]
    address: str
    is_bad: bool

    @classmethod
    def of(cls, act: Any) -> "ActLine":
        """Return an act of `matching_acts` as a row shows it."""
        is_bad = act.kind == ActKind.SIGN_IN_FAILED or bool(act.kind == ActKind.VERIFIED and act.details["faults"])
        return cls(
            act.pk,
            act.at,
            words_for_kind(act.kind),
            _("not of this project") if act.hides_actor else name_apart(act.actor_name, act.actor_username),
            _("not of this project") if act.hides_subject else name_apart(act.subject_name, act.subject_username),
            words_for_details(act),
            "" if act.hides_actor else act.address,
            is_bad,
        )


@require_GET
def act_list(request: DeskRequest, slug: str) -> HttpResponse:
    """Show the acts of a project, newest first, filtered by the address; `before` and `after` page on."""
    desk = open_desk(request, slug, Right.ADMINISTER)
    context = _list_context(request, desk)
    if not is_for(request, "act-table"):
        more = {"chain_break": break_shown(desk), "verified": latest_verification(desk.project)}
        return render(request, "history/act_list.html", context | more)
    response = render(request, "history/act_list.html#act-table", context)
    response["HX-Push-Url"] = context["here_url"]
    return response


@require_GET
def act_export(request: DeskRequest, slug: str) -> StreamingHttpResponse:
    """Send the filtered acts as CSV, newest first, one row an act. That it was sent is the next one."""
    desk = open_desk(request, slug, Right.ADMINISTER)
    wanted = _wanted_from(request.GET)
    newest = Act.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    acts = _matching(desk, wanted).filter(pk__lte=newest)
    name = f"{slug}-acts-{timezone.localdate():%Y-%m-%d}.csv"
    return export(
        desk, act_lines(acts), what="acts", query=query_of(wanted), row_count=acts.order_by().count(), name=name
    )


def _matching(desk: Desk, wanted: WantedActs) -> Any:
    return act_queries.matching_acts(desk.project, wanted, is_site=desk.user.is_superuser)


def _wanted_from(query: QueryDict) -> WantedActs:
    """Return the filters of the address; an invalid value doesn't filter."""
    return WantedActs(
        kind=one_of(ActKind.values, query.get("kind", "")),
        person=person_from(query),
        since=day_from(query.get("from", "")),
        until=day_from(query.get("to", "")),
    )


def _list_context(request: DeskRequest, desk: Desk) -> dict[str, Any]:
    """Return the template's context. Two queries, three at the newest end of a page."""
    wanted = _wanted_from(request.GET)
    page = act_queries.acts_page(
        _matching(desk, wanted),
        older_than=id_from(request.GET.get("before", "")),
        newer_than=id_from(request.GET.get("after", "")),
    )
    url = reverse("act_list", args=[desk.project.slug])
    selects = _selects(desk, wanted)
    return {
        "desk": desk,
        "section": "changes",
        "acts": [ActLine.of(act) for act in page.acts],
        "selects": selects,
        "since": wanted.since.isoformat() if wanted.since else "",
        "until": wanted.until.isoformat() if wanted.until else "",
        "chips": chips_of(wanted, select_labels(selects) | day_labels(wanted), url),
        "list_url": url,
        "here_url": url + query_of(wanted),
        "export_url": reverse("act_export", args=[desk.project.slug]) + query_of(wanted),
        "older_url": url + query_of(wanted, before=page.older) if page.older else "",
        "newer_url": url + query_of(wanted, after=page.newer) if page.newer else "",
    }


def _selects(desk: Desk, wanted: WantedActs) -> list[Filter]:
    people = [
        (str(person.pk), name_apart(name_of(person), person.username)) for person in act_queries.people_of(desk.project)
    ]
    kinds = [(value, str(label)) for value, label in ActKind.choices]
    person = str(wanted.person) if wanted.person is not None else ""
    return [
        select("kind", _("Act"), _("Filter by act"), wanted.kind, kinds),
        select("person", _("Person"), _("Filter by person"), person, people),
    ]
