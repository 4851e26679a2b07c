"""The list of phones as a page shows it: filters from the address, rows, chips and neighbours."""

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from phones.access import Desk
from phones.services.directory import Directory, directory_of
from phones.services.finding import QUERY_LIMIT, Criteria, phone_page

from .row_markup import rows_markup
from .rows import PhoneRow, lane_choices, provider_choices, status_choices


@dataclass(frozen=True, slots=True)
class Chip:
    """An active filter in words, and the address without it.

    `remove` names the link that takes it away; it doesn't repeat a searched number, which is the name of a row.
    """

    label: str
    remove: str
    url: str


@dataclass(frozen=True, slots=True)
class Filter:
    """A select of the filter bar."""

    name: str
    label: str
    purpose: str
    value: str
    choices: list[tuple[str, str]]


def criteria_from(query: QueryDict) -> Criteria:
    """Return what the address narrows the list to; unknown parameters are ignored."""

    def text(name: str) -> str:
        return " ".join(query.get(name, "").replace("\x00", "").split())[:QUERY_LIMIT]

    return Criteria(**{field.name: text(field.name) for field in fields(Criteria)})


def suffix_of(criteria: Criteria, **more: str) -> str:
    """Return the criteria as a query string with its `?`, "" if there are none."""
    values = {name: value for name, value in (asdict(criteria) | more).items() if value}
    return f"?{urlencode(values)}" if values else ""


def list_context(request: HttpRequest, desk: Desk, now: datetime) -> dict[str, Any]:
    """Return what the list's template needs. Two queries at most: the rows with their count, and the agents
    where they have changed since the last request."""
    criteria = criteria_from(request.GET)
    directory = directory_of(desk.project)
    after, before = request.GET.get("after", ""), request.GET.get("before", "")
    page = phone_page(desk.project, criteria, directory, now, after=after, before=before)
    list_url = reverse("phone_list", args=[desk.project.slug])
    suffix = suffix_of(criteria)
    may_label = desk.may_label and desk.project.is_open
    rows = [
        PhoneRow.of(phone, directory, list_url=list_url, suffix=suffix, may_label=may_label, now=now)
        for phone in page.phones
    ]
    filters = _filters(criteria, directory)
    return {
        "desk": desk,
        "section": "phones",
        "criteria": criteria,
        "criteria_q": criteria.q,
        "filters": filters,
        "chips": _chips(criteria, filters, list_url),
        "rows": rows_markup(rows),
        "total": page.total,
        "list_url": list_url,
        "suffix": suffix,
        "here_url": list_url + suffix,
        "this_url": list_url + suffix_of(criteria, after=after, before=before),
        "before_url": list_url + suffix_of(criteria, before=page.before) if page.before else "",
        "after_url": list_url + suffix_of(criteria, after=page.after) if page.after else "",
    }


def _filters(criteria: Criteria, directory: Directory) -> list[Filter]:
    lanes = lane_choices(directory)
    return [
        Filter("status", _("Status"), _("Filter by status"), criteria.status, _with(criteria.status, status_choices())),
        Filter(
            "provider",
            _("Provider"),
            _("Filter by provider"),
            criteria.provider,
            _with(criteria.provider, provider_choices()),
        ),
        Filter(
            "inbound", _("Inbound agent"), _("Filter by who answers"), criteria.inbound, _with(criteria.inbound, lanes)
        ),
        Filter(
            "outbound",
            _("Outbound agent"),
            _("Filter by who dials"),
            criteria.outbound,
            _with(criteria.outbound, lanes),
        ),
    ]


def _with(value: str, choices: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the choices, and the value itself where it is a code we don't know."""
    return choices if not value or value in dict(choices) else [*choices, (value, value)]


def _chips(criteria: Criteria, filters: list[Filter], list_url: str) -> list[Chip]:
    def without(name: str) -> str:
        return list_url + suffix_of(Criteria(**(asdict(criteria) | {name: ""})))

    chips = [Chip(f"“{criteria.q}”", _("Clear the search"), without("q"))] if criteria.q else []
    for item in filters:
        if item.value:
            chosen = dict(item.choices)[item.value]
            remove = _("Remove filter: %(value)s") % {"value": chosen}
            chips.append(Chip(f"{item.label}: {chosen}", remove, without(item.name)))
    return chips
