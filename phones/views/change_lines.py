"""A change of the diary as pages show it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from phones.models import Change, Outcome, Source
from phones.services import explaining
from phones.services.explaining import Words
from phones.services.intention import FIELDS
from phones.services.numbers import national_number
from phones.templatetags.desk import clock_time, full_time


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a changed field: a text, or an agent with the version it had then."""

    text: str
    is_agent: bool = False
    version: str = ""


@dataclass(frozen=True, slots=True)
class FieldLine:
    """A field's before and after."""

    label: str
    before: Side
    after: Side
    stored: Side | None


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A change with everything spelt out. `at` is the full moment, `confirmed_at` a time of day."""

    id: int
    url: str
    phone_url: str
    prefix: str
    national: str
    fields: list[FieldLine]
    tone: str
    icon: str
    words: Words
    who: str
    source: str
    reason: str
    ticket: str
    created_at: datetime
    at: str
    confirmed_at: str

    @classmethod
    def of(cls, change: Change, slug: str) -> "ChangeLine":
        """Return a change of the project `slug` in words. No query."""
        tone, icon = _LOOKS[Outcome(change.outcome)]
        prefix, national = national_number(change.number)
        confirmed = change.outcome == Outcome.CONFIRMED and change.settled_at
        return cls(
            id=change.pk,
            url=reverse("change_detail", args=[slug, change.pk]),
            phone_url=reverse("phone_edit", args=[slug, change.phone_id]),
            prefix=prefix,
            national=national,
            fields=[_field(change, name) for name in FIELDS if name in change.after],
            tone=tone,
            icon=icon,
            words=explaining.words_for_change(change),
            who=change.actor_name or _("Phone Desk"),
            source=str(Source(change.source).label),
            reason=change.reason,
            ticket=change.ticket,
            created_at=change.created_at,
            at=full_time(change.created_at),
            confirmed_at=clock_time(change.settled_at) if confirmed and change.settled_at else "",
        )


# icons: check triangle-alert ban circle-x circle-question-mark clock eye
_LOOKS = {
    Outcome.CONFIRMED: ("ok", "check"),
    Outcome.MISMATCH: ("bad", "triangle-alert"),
    Outcome.REFUSED: ("bad", "ban"),
    Outcome.FAILED: ("bad", "circle-x"),
    Outcome.UNKNOWN: ("warn", "circle-question-mark"),
    Outcome.PENDING: ("warn", "clock"),
    Outcome.OBSERVED: ("warn", "eye"),
}


def field_label(name: str) -> str:
    """Return a field's name in words."""
    return {"nickname": _("Nickname"), "inbound": _("Inbound agent"), "outbound": _("Outbound agent")}[name]


def _field(change: Change, name: str) -> FieldLine:
    stored = _side(name, change.stored[name]) if name in change.stored else None
    return FieldLine(field_label(name), _side(name, change.before.get(name)), _side(name, change.after[name]), stored)


def _side(name: str, value: Any) -> Side:
    if name == "nickname":
        return Side(value or _("No nickname"))
    if value is None:
        return Side(_("No agent"))
    agent_name = value["agent_name"] or _("Unknown agent")
    number = value["version_number"]
    return Side(agent_name, True, f"v{number}" if number is not None else "")
