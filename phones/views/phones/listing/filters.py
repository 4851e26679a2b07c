"""What the list can be narrowed to, and the chips that say what it is narrowed to."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from phones.models import Project
from phones.services.agents.filtering import agents_to_filter_by
from phones.services.finding import resolve
from phones.services.finding.phone_list import RELEASE_DAYS, Criteria
from phones.services.routing.catalogue import Catalogue
from phones.services.routing.lanes import Lane
from phones.views.parts.agent_picker import Use, finder_of
from phones.views.parts.health_labels import health_labels
from phones.views.parts.lists.filter_controls import Chip, Filter
from phones.views.phones.listing.rows import lane_choices, provider_choices, status_choices
from phones.wording.moments import words_for_day

UrlOf = Callable[[Criteria], str]


def filters_of(project: Project, criteria: Criteria, catalogue: Catalogue) -> list[Filter]:
    """Return the selects, each with what it is set to. Two queries once a catalogue of many agents, else none."""
    rows = (
        ("status", _("Status"), _("Filter by status"), status_choices(), False),
        ("provider", _("Provider"), _("Filter by provider"), provider_choices(), False),
        ("health", _("Problems"), _("Filter by what needs a look"), health_labels(), True),
        ("release", _("Given back"), _("Filter by when a number is given back"), _release_choices(), True),
    )
    status, provider, *rare = (
        Filter(name, label, purpose, getattr(criteria, name), _with(getattr(criteria, name), choices), is_rare)
        for name, label, purpose, choices, is_rare in rows
    )
    inbound = _lane_filter("inbound", _("Answers"), _("Filter by who answers"), project, criteria, catalogue)
    outbound = _lane_filter("outbound", _("Calls out"), _("Filter by who calls out"), project, criteria, catalogue)
    tags = [(tag, tag) for tag in project.tags]
    if tags or criteria.tag:
        rare.append(Filter("tag", _("Tag"), _("Filter by tag"), criteria.tag, _with(criteria.tag, tags), is_rare=True))
    return [status, provider, inbound, outbound, *rare]


def _lane_filter(
    name: str, label: str, purpose: str, project: Project, criteria: Criteria, catalogue: Catalogue
) -> Filter:
    value = getattr(criteria, name)
    listed = [agent for agent in catalogue.agents if agent.is_listed]
    offered = agents_to_filter_by(project, catalogue, listed, value)
    choices = _with(value, lane_choices(offered))
    left_out = len(listed) - len(offered)
    finder = finder_of(project.slug, Use.FILTER, Lane(name)) if left_out else None
    return Filter(name, label, purpose, value, choices, left_out=left_out, finder=finder)


def _release_choices() -> list[tuple[str, str]]:
    return [(days, _("within %(days)s days") % {"days": days}) for days in RELEASE_DAYS]


def _with(value: str, choices: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the choices, and the value itself where it is a code we don't know."""
    return choices if not value or value in dict(choices) else [*choices, (value, value)]


def selection_label(project: Project, selection: str) -> str:
    """Return what a list that is narrowed to a selection says of it: `54 chosen numbers`. One query."""
    count = resolve.selected_count(project=project, selection=selection)
    return ngettext("%(count)d chosen number", "%(count)d chosen numbers", count) % {"count": count}


def chips_of(project: Project, criteria: Criteria, filters: list[Filter], url_of: UrlOf) -> list[Chip]:
    """Return a chip for each thing the list is narrowed to. One query if that is a selection."""

    def without(name: str) -> str:
        return url_of(replace(criteria, after="", before="", **{name: ""}))

    chips = [Chip(f"“{criteria.q}”", _("Clear the search"), without("q"))] if criteria.q else []
    said = [(item.name, f"{item.label}: {dict(item.choices)[item.value]}") for item in filters if item.value]
    days = {
        "assigned_from": (_("Assigned since %(day)s"), criteria.assigned_from),
        "assigned_to": (_("Assigned until %(day)s"), criteria.assigned_to),
    }
    for name, (pattern, day) in days.items():
        if day:
            said.append((name, pattern % {"day": words_for_day(date.fromisoformat(day), timezone.localdate())}))
    if criteria.selection:
        said.append(("selection", selection_label(project, criteria.selection)))
    for name, label in said:
        # The value alone where the label has its filter before it.
        value = label.partition(": ")[2] or label
        chips.append(Chip(label, _("Remove filter: %(value)s") % {"value": value}, without(name)))
    return chips
