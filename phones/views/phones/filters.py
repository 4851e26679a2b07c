"""What the list can be narrowed to, and the chips that say what it is narrowed to."""

from collections.abc import Callable
from dataclasses import replace

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from phones.models import Project
from phones.services.finding import resolve
from phones.services.finding.phone_list import Criteria
from phones.services.routing.catalogue import Catalogue
from phones.views.parts.filter_controls import Chip, Filter
from phones.views.parts.health_labels import health_labels
from phones.views.phones.rows import lane_choices, provider_choices, status_choices

UrlOf = Callable[[Criteria], str]


def filters_of(criteria: Criteria, catalogue: Catalogue) -> list[Filter]:
    """Return the selects, each with what it is set to."""
    lanes = lane_choices(catalogue)
    rows = (
        ("status", _("Status"), _("Filter by status"), status_choices(), False),
        ("provider", _("Provider"), _("Filter by provider"), provider_choices(), False),
        ("inbound", _("Inbound agent"), _("Filter by who answers"), lanes, False),
        ("outbound", _("Outbound agent"), _("Filter by who dials"), lanes, False),
        ("health", _("Health"), _("Filter by what needs a look"), health_labels(), True),
    )
    return [
        Filter(name, label, purpose, getattr(criteria, name), _with(getattr(criteria, name), choices), is_rare)
        for name, label, purpose, choices, is_rare in rows
    ]


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
    if criteria.assigned_from:
        said.append(("assigned_from", _("Assigned since %(day)s") % {"day": criteria.assigned_from}))
    if criteria.assigned_to:
        said.append(("assigned_to", _("Assigned until %(day)s") % {"day": criteria.assigned_to}))
    if criteria.selection:
        said.append(("selection", selection_label(project, criteria.selection)))
    for name, label in said:
        # The value alone where the label has its filter before it.
        value = label.partition(": ")[2] or label
        chips.append(Chip(label, _("Remove filter: %(value)s") % {"value": value}, without(name)))
    return chips
