"""Agents and versions as pickers say them."""

import uuid
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from phones.services.routing.catalogue import Catalogue, VersionEntry
from phones.services.routing.impact import Effect
from phones.wording.causes import Text


@dataclass(frozen=True, slots=True)
class Mark:
    """What saving would do with a version, in a word."""

    tone: str
    icon: str
    label: str


# icons: circle-check zap ban
_MARKS: dict[Effect, tuple[str, str, Text]] = {
    Effect.NO_PUBLISH: ("ok", "circle-check", pgettext_lazy("version", "joins")),
    Effect.WILL_PUBLISH: ("warn", "zap", pgettext_lazy("version", "publishes")),
    Effect.WILL_BE_REFUSED: ("bad", "ban", pgettext_lazy("version", "refused")),
}


def mark_of(effect: Effect) -> Mark:
    """Return the mark of a version that is offered."""
    tone, icon, label = _MARKS[effect]
    return Mark(tone, icon, str(label))


def version_label(version: VersionEntry) -> str:
    """Return a version with its name, and whether it is published."""
    named = version.label + (f" “{version.name}”" if version.name else "")
    label = _("%(version)s · published") if version.is_published else _("%(version)s · saved")
    return label % {"version": named}


def lane_label(agent_id: uuid.UUID | None, catalogue: Catalogue) -> str:
    """Return what a lane holds in which no version can stand for the agent."""
    if agent_id is None:
        return _("No agent")
    agent = catalogue.agent(agent_id)
    if agent is None:
        return _("Unknown agent")
    label = _("%(name)s · not published") if agent.is_listed else _("%(name)s · no longer in Diga")
    return label % {"name": agent.name}
