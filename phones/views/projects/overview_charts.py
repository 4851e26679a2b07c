"""The overview's charts: coordinates for SVG, and the labels, numbers and links beside them.

A bar's length is in hundredths of the longest, as text: templates would format numbers for the reader's language.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from phones.services.agents.tallies import DayTally, Uses
from phones.services.finding.phone_list import NONE, Criteria
from phones.services.routing.catalogue import AgentEntry, Catalogue
from phones.views.parts.badges import Badge, status_badge
from phones.views.parts.lists.address import suffix_of
from phones.wording.moments import words_for_day

AGENT_COUNT = 8
# The width of a day in the chart of days, and the part of it that its bar fills.
DAY_WIDTH, BAR_WIDTH = 10, 7
HEIGHT = 100


@dataclass(frozen=True, slots=True)
class StatusBar:
    """How many numbers have a status, and the list of them."""

    badge: Badge
    count: int
    length: str
    url: str


@dataclass(frozen=True, slots=True)
class LaneBar:
    """How many numbers have an agent in one direction; no `url` if no filter matches just these."""

    count: int
    length: str
    url: str


@dataclass(frozen=True, slots=True)
class AgentBar:
    """A row of the chart of agents: one agent, all others together, or no agent (`agent` is None)."""

    agent: AgentEntry | None
    label: str
    url: str
    inbound: LaneBar
    outbound: LaneBar


@dataclass(frozen=True, slots=True)
class DayBar:
    """A day: a filled bar for changes sent from here, and a hollow one on top for changes made outside."""

    tally: DayTally
    label: str
    words: str
    x: str
    ours_y: str
    ours_height: str
    outside_y: str
    outside_height: str


@dataclass(frozen=True, slots=True)
class DayChart:
    """The days side by side, in proportion to the busiest one (`top` changes); `words` is a summary in a sentence."""

    bars: list[DayBar]
    top: int
    view_box: str
    words: str

    @property
    def is_empty(self) -> bool:
        """True if there was no change on any of the days."""
        return not any(bar.tally.ours + bar.tally.outside for bar in self.bars)

    @property
    def marks(self) -> list[str]:
        """The days labelled under the chart: the first, one in the middle, the last."""
        return [self.bars[at].label for at in (0, len(self.bars) // 2, -1)]


def _length(count: int, longest: int) -> str:
    return f"{count * HEIGHT / longest:.1f}" if longest else "0"


def status_bars(slug: str, counts: Mapping[str, int]) -> list[StatusBar]:
    """Return a bar for each status, relative to the commonest."""
    list_url, longest = reverse("phone_list", args=[slug]), max(counts.values(), default=0)
    return [
        StatusBar(status_badge(code), count, _length(count, longest), list_url + suffix_of(Criteria(status=code)))
        for code, count in counts.items()
    ]


def agent_bars(slug: str, catalogue: Catalogue, uses: Mapping[uuid.UUID, Uses], total: int) -> list[AgentBar]:
    """Return a bar for each of the busiest agents, one for all others, and one for numbers without any.

    `total` is the number of phones.
    """
    list_url = reverse("phone_list", args=[slug])
    busiest = sorted(uses, key=lambda agent_id: (-uses[agent_id].total, agent_id))
    shown, others = busiest[:AGENT_COUNT], busiest[AGENT_COUNT:]
    rest = Uses(sum(uses[one].inbound for one in others), sum(uses[one].outbound for one in others))
    idle = Uses(total - sum(use.inbound for use in uses.values()), total - sum(use.outbound for use in uses.values()))
    longest = max((max(use.inbound, use.outbound) for use in [*(uses[one] for one in shown), rest, idle]), default=0)

    def bar(label: str, use: Uses, wanted: str, agent: AgentEntry | None = None, url: str = "") -> AgentBar:
        inbound_url, outbound_url = (
            (list_url + suffix_of(Criteria(inbound=wanted)), list_url + suffix_of(Criteria(outbound=wanted)))
            if wanted
            else ("", "")
        )
        return AgentBar(
            agent,
            label,
            url,
            LaneBar(use.inbound, _length(use.inbound, longest), inbound_url),
            LaneBar(use.outbound, _length(use.outbound, longest), outbound_url),
        )

    bars = []
    for agent_id in shown:
        agent = catalogue.agent(agent_id)
        label, url = (agent.name, reverse("agent_detail", args=[slug, agent_id])) if agent else (_("Unknown agent"), "")
        bars.append(bar(label, uses[agent_id], str(agent_id), agent, url))
    if others:
        label = ngettext("%(count)d other agent", "%(count)d other agents", len(others)) % {"count": len(others)}
        bars.append(bar(label, rest, "", url=reverse("agent_list", args=[slug])))
    return [*bars, bar(_("No agent"), idle, NONE)] if total else []


def day_chart(days: Sequence[DayTally]) -> DayChart:
    """Return the days as bars, in their order."""
    top = max((day.ours + day.outside for day in days), default=0)
    ours, outside = sum(day.ours for day in days), sum(day.outside for day in days)
    words = _("Changes on each of the last %(days)d days: %(ours)d sent from here, %(outside)d made outside.")
    return DayChart(
        [_day_bar(place, day, max(top, 1)) for place, day in enumerate(days)],
        top,
        f"0 0 {len(days) * DAY_WIDTH} {HEIGHT}",
        words % {"days": len(days), "ours": ours, "outside": outside},
    )


def _day_bar(place: int, day: DayTally, top: int) -> DayBar:
    label = words_for_day(day.day, timezone.localdate())
    words = _("%(day)s: %(ours)d from here, %(outside)d outside")
    ours, outside = day.ours * HEIGHT / top, day.outside * HEIGHT / top
    return DayBar(
        day,
        label,
        words % {"day": label, "ours": day.ours, "outside": day.outside},
        f"{place * DAY_WIDTH + (DAY_WIDTH - BAR_WIDTH) / 2:.1f}",
        f"{HEIGHT - ours:.1f}",
        f"{ours:.1f}",
        f"{HEIGHT - ours - outside:.1f}",
        f"{outside:.1f}",
    )
