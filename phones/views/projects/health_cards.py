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
from phones.views.parts.list_address import suffix_of


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
    """The conditions that some phone meets, in order, and those that none does."""

    cards: list[Card]
    clear: list[Card]


def queue_view(slug: str, queue: Queue, now: datetime) -> QueueView:
    """Return the counts of a project as cards; counts of 0 are separate."""
    list_url = reverse("phone_list", args=[slug])
    cards = []
    for code, count in queue.counts.items():
        look = LOOKS[code]
        hint = _held(queue.first_release, now) if code == "quarantine" else ""
        url = list_url + suffix_of(Criteria(health=code))
        cards.append(Card(count, look.tone, look.icon, look.label, look.text, hint, url))
    return QueueView([card for card in cards if card.count], [card for card in cards if not card.count])


def _held(first_release: datetime | None, now: datetime) -> str:
    if first_release is None:
        return ""
    days = quarantine_days_left(first_release, now)
    if not days:
        return _("The first is gone any moment.")
    return ngettext("%(count)d day left for the first.", "%(count)d days left for the first.", days) % {"count": days}
