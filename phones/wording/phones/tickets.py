"""The record of a change as one sentence to paste into a ticket, in the person's language."""

from typing import Any

from django.utils.translation import gettext as _

from phones.models import Change, Outcome, Source
from phones.services.clock import local_iso
from phones.services.editing.outcome import is_stored
from phones.services.upstream.failures import was_sent
from phones.wording.history.changes import unpublished_lanes
from phones.wording.plans.descriptions import value_text


def ticket_sentence(change: Change, *, url: str) -> str:
    """Return who changed what from what to what, when, how it ended and why, and the permanent address `url`.

    One line; times are ISO 8601 with their offset.
    """
    values = {
        "person": change.actor_name or _("Phone Desk"),
        "number": change.number,
        "time": local_iso(change.created_at),
        "fields": "; ".join(_field(change, name) for name in change.after),
    }
    text = " ".join((_lead(change) % values, *_why(change), url))
    return " ".join(text.split())


def _lead(change: Change) -> str:
    match change.outcome:
        case Outcome.CONFIRMED:
            return _("%(person)s changed %(number)s on %(time)s: %(fields)s. Confirmed by Diga.")
        case Outcome.OBSERVED if change.source == Source.LATE:
            return _("Diga applied late, before %(time)s, what %(person)s had sent for %(number)s: %(fields)s.")
        case Outcome.OBSERVED:
            return _outside(change)
        case Outcome.MISMATCH:
            end = _("Diga stored something else: %(stored)s.") % {"stored": _stored(change)}
        case Outcome.REFUSED:
            end = _("Diga refused; nothing was changed.")
        case Outcome.FAILED if was_sent(change):
            end = _("A minute after sending, Diga had not applied it.")
        case Outcome.FAILED:
            end = _("It did not reach Diga; nothing was changed.")
        case Outcome.UNKNOWN if is_stored(change):
            end = _("Diga gave the number this agent; whether this version is published is not known.")
        case Outcome.UNKNOWN:
            end = _("Whether Diga applied it is not known.")
        case _:
            end = _("Diga has not answered yet.")
    return _("%(person)s tried to change %(number)s on %(time)s: %(fields)s.") + " " + end.replace("%", "%%")


def _outside(change: Change) -> str:
    """Return the lead of a change that was only seen."""
    if change.seen_from is None:
        return _("%(number)s was changed outside this desk before %(time)s: %(fields)s.")
    lead = _("%(number)s was changed outside this desk between {since} and %(time)s: %(fields)s.")
    return lead.replace("{since}", local_iso(change.seen_from))


def _why(change: Change) -> list[str]:
    parts = []
    if change.reason:
        parts.append(_("Reason: %(reason)s.") % {"reason": change.reason.rstrip(". ")})
    if change.ticket:
        parts.append(_("Ticket: %(ticket)s.") % {"ticket": change.ticket})
    return parts


def _field(change: Change, name: str) -> str:
    sides = {"before": _value(name, change.before.get(name)), "after": _value(name, change.after[name])}
    match name:
        case "nickname":
            return _("alias from %(before)s to %(after)s") % sides
        case "inbound":
            return _("inbound agent from %(before)s to %(after)s") % sides
        case "outbound":
            return _("outbound agent from %(before)s to %(after)s") % sides
        case _:
            return _("status from %(before)s to %(after)s") % sides


def _stored(change: Change) -> str:
    texts = {name: _value(name, value) for name, value in change.stored.items()}
    for name in unpublished_lanes(change):
        if not change.stored[name].version_id:
            texts[name] = _("%(agent)s, of which no version is published") % {"agent": texts[name]}
    return "; ".join(texts.values())


def _value(name: str, value: Any) -> str:
    return f"“{value}”" if name == "status" else value_text(name, value)
