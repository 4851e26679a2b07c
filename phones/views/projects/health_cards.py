"""The conditions that need attention as cards: a count, its meaning, and the link to the list."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from phones.services.finding.health import Queue, quarantine_days_left
from phones.services.finding.phone_list import Criteria
from phones.views.parts.health_labels import LOOKS
from phones.views.parts.lists.address import suffix_of

# What somebody has to put right; the others are often intended, or pass by themselves.
TO_FIX = {"no_inbound", "agent_trouble", "answered_otherwise", "never_confirmed", "missing"}


@dataclass(frozen=True, slots=True)
class Card:
    """The count of one condition. `hint` may be ""."""

    count: int
    tone: str
    icon: str
    title: str | Promise
    text: str | Promise
    hint: str
    url: str


@dataclass(frozen=True, slots=True)
class QueueView:
    """The conditions that some phone meets, in order: what needs a fix, and what is good to know; and those of none."""

    to_fix: list[Card]
    to_know: list[Card]
    clear: list[Card]


def queue_view(slug: str, queue: Queue, now: datetime) -> QueueView:
    """Return the counts of a project as cards; counts of 0 are separate."""
    list_url = reverse("phone_list", args=[slug])
    cards: dict[str, Card] = {}
    for code, count in queue.counts.items():
        look = LOOKS[code]
        hint = _held(queue.first_release, now) if code == "quarantine" else ""
        url = list_url + suffix_of(Criteria(health=code))
        cards[code] = Card(count, look.tone, look.icon, look.label, look.text, hint, url)
    met = {code: card for code, card in cards.items() if card.count}
    return QueueView(
        [card for code, card in met.items() if code in TO_FIX],
        [card for code, card in met.items() if code not in TO_FIX],
        [card for card in cards.values() if not card.count],
    )


def _held(first_release: datetime | None, now: datetime) -> str:
    if first_release is None:
        return ""
    days = quarantine_days_left(first_release, now)
    if not days:
        return _("The first is gone any moment.")
    return ngettext("%(count)d day left for the first.", "%(count)d days left for the first.", days) % {"count": days}
