"""What the list can be narrowed to, and the chips that say what it is narrowed to."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from phones.services.directory import Directory
from phones.services.finding import Criteria
from phones.services.health import CONDITIONS

from .rows import lane_choices, provider_choices, status_choices

UrlOf = Callable[[Criteria], str]

_HEALTH = {
    "no_inbound": gettext_lazy("No inbound agent"),
}


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
    """A select of the filter bar; one that `is_rare` stands behind “More filters”."""

    name: str
    label: str
    purpose: str
    value: str
    choices: list[tuple[str, str]]
    is_rare: bool = False


def filters_of(criteria: Criteria, directory: Directory) -> list[Filter]:
    """Return the selects, each with what it is set to."""
    lanes = lane_choices(directory)
    rows = (
        ("status", _("Status"), _("Filter by status"), status_choices(), False),
        ("provider", _("Provider"), _("Filter by provider"), provider_choices(), False),
        ("inbound", _("Inbound agent"), _("Filter by who answers"), lanes, False),
        ("outbound", _("Outbound agent"), _("Filter by who dials"), lanes, False),
        ("health", _("Health"), _("Filter by what needs a look"), health_choices(), True),
    )
    return [
        Filter(name, label, purpose, getattr(criteria, name), _with(getattr(criteria, name), choices), is_rare)
        for name, label, purpose, choices, is_rare in rows
    ]


def health_choices() -> list[tuple[str, str]]:
    """Return what may need a look, in words."""
    return [(code, str(_HEALTH.get(code, code))) for code in CONDITIONS]


def _with(value: str, choices: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the choices, and the value itself where it is a code we don't know."""
    return choices if not value or value in dict(choices) else [*choices, (value, value)]


def chips_of(criteria: Criteria, filters: list[Filter], url_of: UrlOf) -> list[Chip]:
    """Return a chip for each thing the list is narrowed to."""

    def without(name: str) -> str:
        return url_of(replace(criteria, after="", before="", **{name: ""}))

    chips = [Chip(f"“{criteria.q}”", _("Clear the search"), without("q"))] if criteria.q else []
    said = [(item.name, f"{item.label}: {dict(item.choices)[item.value]}") for item in filters if item.value]
    if criteria.assigned_from:
        said.append(("assigned_from", _("Assigned since %(day)s") % {"day": criteria.assigned_from}))
    if criteria.assigned_to:
        said.append(("assigned_to", _("Assigned until %(day)s") % {"day": criteria.assigned_to}))
    if criteria.selection:
        said.append(("selection", _("Selected numbers")))
    for name, label in said:
        # The value alone where the label has its filter before it.
        value = label.partition(": ")[2] or label
        chips.append(Chip(label, _("Remove filter: %(value)s") % {"value": value}, without(name)))
    return chips
