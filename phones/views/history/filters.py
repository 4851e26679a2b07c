"""The filters of the history: read from the address, shown as controls and chips, and written back to an address."""

from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.http import QueryDict
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from phones.models import Outcome, Phone, Project, Source
from phones.services.agents.filtering import agents_to_filter_by
from phones.services.audit.act_queries import WantedActs
from phones.services.audit.queries import CHANGED_FIELDS, Wanted
from phones.services.display_names import name_apart, name_of
from phones.services.routing.catalogue import Catalogue
from phones.templatetags.desk import full_time
from phones.views.parts.addresses import id_from, uuid_from
from phones.views.parts.agent_picker import Use, finder_of
from phones.views.parts.changes import field_label
from phones.views.parts.lists.filter_controls import Chip, Filter
from phones.wording.moments import words_for_day

QUERY_LIMIT = 100
# The range of years in which every calendar and database here can compute the next day.
YEARS = range(2000, 2101)
# The names in the address that differ from those of `Wanted`, as they are keywords of Python.
NAMES = {"since": "from", "until": "to"}


def wanted_from(query: QueryDict) -> Wanted:
    """Return the filters of the address; an invalid value doesn't filter."""
    return Wanted(
        phone=uuid_from(query.get("phone", "")),
        agent=uuid_from(query.get("agent", "")),
        person=person_from(query),
        field=one_of(CHANGED_FIELDS, query.get("field", "")),
        source=one_of(Source.values, query.get("source", "")),
        outcome=one_of(Outcome.values, query.get("outcome", "")),
        since=day_from(query.get("from", "")),
        until=day_from(query.get("to", "")),
        q=" ".join(query.get("q", "").replace("\x00", "").split())[:QUERY_LIMIT],
        look=query.get("look") == "1",
        plan=id_from(query.get("plan", "")),
        at=moment_from(query.get("at", "")),
    )


def person_from(query: QueryDict) -> int | None:
    """Return the account's id that is filtered for."""
    person = id_from(query.get("person", ""))
    return person if person is not None and person < 2**31 else None


def one_of(known: Collection[str], text: str) -> str:
    """Return a code if it is a known one, "" otherwise."""
    return text if text in known else ""


def day_from(text: str) -> date | None:
    """Return the day of an ISO 8601 date, None if it is none."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year in YEARS else None


def moment_from(text: str) -> datetime | None:
    """Return the moment of an ISO 8601 date and time, without a zone in the current one; None if it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.year not in YEARS:
        return None
    return moment if moment.tzinfo else timezone.make_aware(moment)


def query_of(wanted: Wanted | WantedActs, **more: Any) -> str:
    """Return the filters as a query string with its `?`, "" if there are none."""
    values = {NAMES.get(field.name, field.name): _text(getattr(wanted, field.name)) for field in fields(wanted)} | more
    given = {name: value for name, value in values.items() if value}
    return f"?{urlencode(given)}" if given else ""


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else ""
    if isinstance(value, datetime):
        return timezone.localtime(value).replace(tzinfo=None).isoformat(timespec="minutes")
    return "" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class ChangeFilters:
    """The filter bar: the selects, the days, the text, and the active filters as chips."""

    selects: list[Filter]
    since: str
    until: str
    q: str
    # Filters without a control of their own, kept by hidden fields.
    phone: str
    look: bool
    plan: str
    at: str
    chips: list[Chip]


def filters_of(
    wanted: Wanted, *, url: str, project: Project, catalogue: Catalogue, people: list[User], phone: Phone | None
) -> ChangeFilters:
    """Return the filter bar. `phone` is the phone that is filtered for, if it is one of the project's."""
    selects = _selects(wanted, project, catalogue, people)
    return ChangeFilters(
        selects,
        _text(wanted.since),
        _text(wanted.until),
        wanted.q,
        _text(wanted.phone),
        wanted.look,
        _text(wanted.plan),
        _text(wanted.at),
        _chips(wanted, selects, phone, url),
    )


def _selects(wanted: Wanted, project: Project, catalogue: Catalogue, people: list[User]) -> list[Filter]:
    names = [(str(person.pk), name_apart(name_of(person), person.username)) for person in people]
    offered = agents_to_filter_by(project, catalogue, catalogue.agents, _text(wanted.agent))
    agents = [(str(agent.id), agent.name) for agent in offered]
    by_agent = select("agent", _("Agent"), _("Filter by agent"), _text(wanted.agent), agents)
    left_out = len(catalogue.agents) - len(offered)
    finder = finder_of(project.slug, Use.HISTORY) if left_out else None
    changed = [(name, field_label(name)) for name in CHANGED_FIELDS]
    sources = [(value, capfirst(str(label))) for value, label in Source.choices]
    outcomes = [(value, str(label)) for value, label in Outcome.choices]
    return [
        select("person", _("Person"), _("Filter by person"), _text(wanted.person), names),
        select("field", _("Field"), _("Filter by field"), wanted.field, changed),
        replace(by_agent, left_out=left_out, finder=finder),
        select("source", _("Source"), _("Filter by source"), wanted.source, sources),
        select("outcome", _("Result"), _("Filter by result"), wanted.outcome, outcomes),
    ]


def select(name: str, label: str, purpose: str, value: str, choices: list[tuple[str, str]]) -> Filter:
    """Return a select; its current value is added if it is none of the choices."""
    known = choices if not value or value in dict(choices) else [*choices, (value, _("Unknown"))]
    return Filter(name, label, purpose, value, known)


def _chips(wanted: Wanted, selects: list[Filter], phone: Phone | None, url: str) -> list[Chip]:
    labels = select_labels(selects)
    if wanted.phone:
        labels["phone"] = phone.shown if phone else _("Unknown number")
    labels |= day_labels(wanted)
    if wanted.q:
        labels["q"] = f"“{wanted.q}”"
    if wanted.look:
        labels["look"] = _("Needs a look")
    if wanted.at:
        labels["at"] = _("After %(time)s") % {"time": full_time(wanted.at)}
    if wanted.plan is not None:
        labels["plan"] = _("Plan %(id)d") % {"id": wanted.plan}
    return chips_of(wanted, labels, url)


def select_labels(selects: list[Filter]) -> dict[str, str]:
    """Return the labels of the selects that filter, by their names."""
    return {item.name: f"{item.label}: {dict(item.choices)[item.value]}" for item in selects if item.value}


def day_labels(wanted: Wanted | WantedActs) -> dict[str, str]:
    """Return the labels of the days that are filtered for, by the names of their fields."""
    days = {"since": (_("From %(day)s"), wanted.since), "until": (_("To %(day)s"), wanted.until)}
    return {
        name: label % {"day": words_for_day(day, timezone.localdate())} for name, (label, day) in days.items() if day
    }


def chips_of(wanted: Wanted | WantedActs, labels: dict[str, str], url: str) -> list[Chip]:
    """Return a chip for each label, which is by the name of the field that it stands for."""
    empty = type(wanted)()
    return [
        Chip(
            label,
            _("Remove filter: %(value)s") % {"value": label},
            url + query_of(replace(wanted, **{name: getattr(empty, name)})),
        )
        for name, label in labels.items()
    ]
