"""The effect of a save on live calls, lane by lane, as forms show it, with alternatives to a refusal."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from phones.access import Desk
from phones.forms.phones import PhoneForm
from phones.models import Phone
from phones.services.editing import guard
from phones.services.routing.catalogue import VersionEntry
from phones.services.routing.impact import Impact, fingerprint
from phones.services.routing.lanes import Target
from phones.wording.phones.guard import GuardWords, words_for_impact


@dataclass(frozen=True, slots=True)
class Ways:
    """The alternatives if other numbers hold another version of an agent.

    `use` is that version, to be chosen instead; `publish_url` leads to publishing the wanted one for all of them, ""
    for a person who may not.
    """

    agent_name: str
    use: VersionEntry
    publish_url: str = ""
    publish_label: str = ""


@dataclass(frozen=True, slots=True)
class GuardLine:
    """The effect in one lane in words; `ways` are the alternatives that no earlier line has."""

    words: GuardWords
    ways: Ways | None = None


@dataclass(frozen=True, slots=True)
class Guard:
    """The effects of saving the form as it is, lane by lane.

    `is_forecast` is true if they were computed from our copy of agents and numbers, and Diga was not asked.
    """

    lines: tuple[GuardLine, ...]
    reviewed: str
    is_refused: bool
    needs_consent: bool
    is_understood: bool
    is_forecast: bool


def guard_context(phone: Phone, form: PhoneForm, desk: Desk, found: Sequence[Impact] = ()) -> Guard | None:
    """Return in words the effects of a valid form, None if it moves no calls.

    `found` are the effects that a save has found, if it was not sent because of them.
    """
    if not desk.may_route:
        return None
    impacts = found or guard.impacts_of(phone, form.edit())
    return guard_of(impacts, form.agreed(), ways=_ways_out(impacts, phone, desk), is_found=bool(found))


def guard_of(
    impacts: Sequence[Impact],
    agreed: str | None,
    *,
    ways: Sequence[Ways | None] = (),
    is_found: bool = False,
) -> Guard | None:
    """Return impacts in words, None if there are none. The tick is kept as long as it is about the same ones.

    Refusals that a save has found (`is_found`) were read from Diga; all others are forecast from our copy.
    """
    if not impacts:
        return None
    reviewed = fingerprint(impacts)
    is_refused = any(impact.is_refused for impact in impacts)
    is_read = is_found and is_refused
    lines = [words_for_impact(impact, is_read=is_read) for impact in impacts]
    return Guard(
        tuple(GuardLine(words, way) for words, way in zip_longest(lines, ways)),
        reviewed,
        is_refused,
        any(impact.needs_consent for impact in impacts),
        agreed == reviewed,
        is_forecast=not is_read and any(impact.target for impact in impacts),
    )


def _ways_out(impacts: Sequence[Impact], phone: Phone, desk: Desk) -> list[Ways | None]:
    """Return the alternatives to each refusal, once for each refused version."""
    ways: list[Ways | None] = []
    offered: set[uuid.UUID] = set()
    for impact in impacts:
        target = impact.target
        if not impact.is_held_elsewhere or target is None or impact.live is None or target.version.id in offered:
            ways.append(None)
            continue
        offered.add(target.version.id)
        url, label = _publishing(impact, target, phone, desk) if desk.may_bulk else ("", "")
        ways.append(Ways(target.agent.name, impact.live, url, label))
    return ways


def _publishing(impact: Impact, target: Target, phone: Phone, desk: Desk) -> tuple[str, str]:
    """Return the address for publishing the version for all numbers of its agent, and its label."""
    page = reverse("agent_publish", args=[desk.project.slug, target.agent.id])
    count = impact.other_count + (target.agent.id in (phone.inbound_agent_id, phone.outbound_agent_id))
    if impact.is_at_least:
        label = _("Publish %(version)s for all its numbers…")
    else:
        label = ngettext("Publish %(version)s for %(count)d number…", "Publish %(version)s for all %(count)d…", count)
    return f"{page}?version={target.version.id}", label % {"version": target.version.label, "count": count}
