"""The picker of an agent's version: a select that a form sends, and the box that finds the agent for it.

The select holds the versions of one agent. Without scripts nothing finds another one, so a button there asks for the
form again with the whole list.
"""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from phones.forms.phones import PhoneForm
from phones.forms.plans.planning import WishForm
from phones.forms.versions import version_of
from phones.services.routing.catalogue import AgentEntry, Catalogue, VersionEntry
from phones.services.routing.impact import Effect
from phones.services.routing.lanes import Lane
from phones.views.parts.lists.filter_controls import Finder
from phones.wording.agents import lane_label, mark_of, version_label


class Use(StrEnum):
    """What an agent is looked for: a lane of a phone or of many, a filter of the list, or one of the history."""

    PHONE = "phone"
    PLAN = "plan"
    FILTER = "filter"
    HISTORY = "history"


FILTERS = (Use.FILTER, Use.HISTORY)


@dataclass(frozen=True, slots=True)
class VersionOption:
    """An option of the select; `agent_name` is what the box shows while it is chosen."""

    value: str
    label: str
    agent_name: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class LaneChoice:
    """A lane of a form: the value that leaves it as it is, the agent it holds, and what that is called."""

    kept: str
    kept_label: str
    held: AgentEntry | None

    @classmethod
    def of_phone(cls, form: PhoneForm, lane: Lane) -> "LaneChoice":
        """Return what a phone's lane holds."""
        agent_id: uuid.UUID | None = getattr(form.phone, f"{lane}_agent_id")
        catalogue = form.catalogue
        return cls(form.seen.kept[lane], lane_label(agent_id, catalogue), catalogue.agent(agent_id))

    @classmethod
    def of_plan(cls) -> "LaneChoice":
        """Return what stands for no choice, where many numbers are changed."""
        return cls("", _("Choose an agent…"), None)

    def options(
        self, chosen: str, catalogue: Catalogue, effects: Mapping[uuid.UUID, Effect] | None = None
    ) -> list[VersionOption]:
        """Return the versions of the chosen agent, with the marks of those in `effects`."""
        agent = self.agent_of(chosen, catalogue)
        options = [self.option(agent, version, chosen, effects or {}) for version in published_first(agent)]
        is_held = (agent and agent.id) == (self.held and self.held.id)
        if is_held and self.kept not in {option.value for option in options}:
            options.insert(0, self._kept_option(chosen))
        return options

    def groups(self, chosen: str, catalogue: Catalogue) -> Iterator[tuple[str, list[VersionOption]]]:
        """Return the versions of every agent, a group each, and before them what the lane keeps, without a name."""
        if not any(str(version.id) == self.kept for agent in catalogue.offered for version in agent.offered):
            yield "", [self._kept_option(chosen)]
        for agent in catalogue.offered:
            options = [self.option(agent, version, chosen, {}) for version in published_first(agent)]
            yield agent.name, [replace(option, label=f"{agent.name} · {option.label}") for option in options]

    def agent_of(self, chosen: str, catalogue: Catalogue) -> AgentEntry | None:
        """Return the agent of the chosen version, or else the one that the lane holds."""
        target = version_of(catalogue, chosen)
        return target.agent if target else self.held

    def _kept_option(self, chosen: str) -> VersionOption:
        name = self.held.name if self.held else ""
        return VersionOption(self.kept, self.kept_label, name, chosen in {"", self.kept})

    def option(
        self, agent: AgentEntry | None, version: VersionEntry, chosen: str, effects: Mapping[uuid.UUID, Effect]
    ) -> VersionOption:
        """Return the option of one version, with its mark if it is in `effects`."""
        value, label = str(version.id), version_label(version)
        if value == self.kept:
            label = _("%(version)s · unchanged") % {"version": label}
        elif version.id in effects:
            label = f"{label} · {mark_of(effects[version.id]).label}"
        return VersionOption(value, label, agent.name if agent else "", value == chosen)


def published_first(agent: AgentEntry | None) -> list[VersionEntry]:
    """Return the versions of an agent that a number may be given, never a draft; none where Diga no longer lists it."""
    is_listed = agent is not None and agent.is_listed
    return sorted(agent.offered, key=lambda version: not version.is_published) if agent and is_listed else []


@dataclass(frozen=True, slots=True)
class AgentPicker:
    """The picker of a lane: its field, its select's options (or all, in groups), and where the box asks."""

    field: forms.BoundField
    use: Use
    lane: Lane
    choice: LaneChoice
    options: list[VersionOption]
    groups: list[tuple[str, list[VersionOption]]]
    agents_url: str
    versions_url: str

    @classmethod
    def of_phone(cls, form: PhoneForm, lane: Lane, slug: str, *, is_whole: bool) -> "AgentPicker":
        """Return the picker of a phone's lane; with `is_whole` its select has every version of every agent."""
        query = urlencode({"use": Use.PHONE, "lane": lane, "phone": form.phone.pk})
        return cls._of(form, Use.PHONE, LaneChoice.of_phone(form, lane), lane, slug, query, is_whole)

    @classmethod
    def of_plan(cls, form: WishForm, lane: Lane, slug: str, *, is_whole: bool) -> "AgentPicker":
        """Return the picker of a lane of many phones."""
        query = urlencode({"use": Use.PLAN, "lane": lane})
        return cls._of(form, Use.PLAN, LaneChoice.of_plan(), lane, slug, query, is_whole)

    @classmethod
    def _of(
        cls,
        form: PhoneForm | WishForm,
        use: Use,
        choice: LaneChoice,
        lane: Lane,
        slug: str,
        query: str,
        is_whole: bool,
    ) -> "AgentPicker":
        field, catalogue = form[f"{lane}_version_id"], form.catalogue
        chosen = str(field.value() or "")
        return cls(
            field,
            use,
            lane,
            choice,
            [] if is_whole else choice.options(chosen, catalogue),
            list(choice.groups(chosen, catalogue)) if is_whole else [],
            f"{reverse('agent_options', args=[slug])}?{query}",
            f"{reverse('agent_versions', args=[slug])}?{query}",
        )

    @property
    def list_id(self) -> str:
        """The id of the list of agents below the box."""
        return agents_list_id(self.use, self.lane)

    @property
    def errors_id(self) -> str:
        """The id of the place for the field's errors."""
        return f"{self.lane}-errors"

    @property
    def agent_name(self) -> str:
        """What the box shows: the agent of the chosen version."""
        return next((option.agent_name for option in self.options if option.is_chosen), "")


def agents_list_id(use: Use, lane: Lane) -> str:
    """Return the id of the list of agents below a picker's box."""
    return f"agents-{use}-{lane}"


def finder_of(slug: str, use: Use, lane: Lane = Lane.INBOUND) -> Finder:
    """Return what finds the agents of a filter."""
    url = f"{reverse('agent_options', args=[slug])}?{urlencode({'use': use, 'lane': lane})}"
    return Finder(url, agents_list_id(use, lane))


def wants_list(request: HttpRequest) -> bool:
    """Say whether a page without scripts asks for its form again, with every agent in its selects."""
    return "picker" in (request.POST if request.method == "POST" else request.GET)
