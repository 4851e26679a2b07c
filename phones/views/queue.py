"""The health queue as cards: a count, what it means, and the list it leads to."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from phones.services.overview import QUEUE

from .listing import suffix_of


@dataclass(frozen=True, slots=True)
class _Look:
    tone: str
    icon: str
    title: Promise
    text: Promise


# icons: phone-off circle-question-mark hourglass snowflake circle-slash circle-check
_LOOKS = {
    "no_inbound": _Look("warn", "phone-off", _("No inbound agent"), _("Assigned, but nobody answers the calls.")),
    "unknown_agent": _Look(
        "warn", "circle-question-mark", _("Agent unknown"), _("Points at an agent that Diga no longer lists.")
    ),
    "pending_verification": _Look(
        "warn", "hourglass", _("Waiting for verification"), _("Not active until Diga has checked the documents.")
    ),
    "quarantine": _Look("hold", "snowflake", _("In quarantine"), _("Given back, still held for you. Read-only.")),
    "missing": _Look("bad", "circle-slash", _("Unknown to Diga"), _("Diga answers that it has no such number.")),
}


@dataclass(frozen=True, slots=True)
class Card:
    """One count of the queue; nothing to do is a tick, never a colour alone."""

    count: int
    tone: str
    icon: str
    title: Promise
    text: Promise
    url: str


def queue_cards(slug: str, counts: dict[str, int]) -> list[Card]:
    """Return the cards of a project in the order of the queue."""
    list_url = reverse("phone_list", args=[slug])
    cards = []
    for key, criteria in QUEUE.items():
        look, count = _LOOKS[key], counts[key]
        tone, icon = (look.tone, look.icon) if count else ("ok", "circle-check")
        cards.append(Card(count, tone, icon, look.title, look.text, list_url + suffix_of(criteria)))
    return cards
