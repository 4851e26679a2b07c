"""A change of the audit log as pages show it."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from phones.access import Desk
from phones.models import Change, Outcome, Phone, Source
from phones.services.audit.queries import CHANGED_FIELDS
from phones.services.editing.recheck_times import is_soon_known
from phones.services.editing.revert import Step, steps_back, steps_to_first
from phones.services.phone_numbers import national_number
from phones.services.routing.catalogue import catalogue_of
from phones.templatetags.desk import clock_time, full_time
from phones.views.parts.badges import status_badge
from phones.views.parts.permalinks import change_url, plan_page_url
from phones.wording.history import changes
from phones.wording.history.changes import Words
from phones.wording.moments import words_for_day
from phones.wording.phones.tickets import ticket_sentence


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
    # The calls that a lane is about, else the label: what a save says it has changed.
    told_as: str = ""


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A change in words. `at` is the full moment, `confirmed_at` a time of day.

    `window` is set for a change made outside: the time between the two reads. `revert_url` is "" if reverting would
    change nothing, or this person may not revert; `undo_fields` are what it takes back by itself.
    """

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
    window: str
    short_window: str
    confirmed_at: str
    takes_back: int | None
    takes_back_url: str
    late_for: int | None
    late_for_url: str
    # The write that Diga applied after this was settled as not applied: its entry's number and address.
    came_late: int | None
    came_late_url: str
    # The address to poll for the outcome; "" if it is known, or won't be soon.
    outcome_url: str
    revert_url: str
    undo_fields: tuple[str, ...]
    plan_id: int | None
    plan_url: str
    # The change that took it back, by its number and address, and whether it took back all of it; None if none did.
    undone_by: int | None
    undone_by_url: str
    is_undone_in_part: bool

    @classmethod
    def of(
        cls,
        change: Change,
        slug: str,
        *,
        desk: Desk | None = None,
        phone: Phone | None = None,
        undone: Change | None = None,
    ) -> "ChangeLine":
        """Return a change of the project `slug` in words. No query, if related rows and late entries are prefetched.

        `undone` is what took it back.

        With the person's desk and the phone in our copy, the line has the link that reverts the change.
        """
        late = list(change.came_late.all()) if change.may_come_late else []
        tone, icon = _LOOKS[Outcome.OBSERVED if late else Outcome(change.outcome)]
        prefix, national = national_number(change.number)
        steps = _steps(change, desk, phone) if desk and phone else ()
        confirmed = change.outcome == Outcome.CONFIRMED and change.settled_at
        return cls(
            id=change.pk,
            url=change_url(change, slug),
            phone_url=reverse("phone_edit", args=[slug, change.phone_id]),
            prefix=prefix,
            national=national,
            fields=[_field(change, name) for name in CHANGED_FIELDS if name in change.after],
            tone=tone,
            icon=icon,
            words=changes.words_for_late(change, late) if late else changes.words_for_change(change),
            who=_who(change),
            source=str(Source(change.source).label),
            reason=change.reason,
            ticket=change.ticket,
            created_at=change.created_at,
            at=full_time(change.created_at),
            window=_window(change),
            short_window=_short_window(change),
            confirmed_at=clock_time(change.settled_at) if confirmed and change.settled_at else "",
            takes_back=change.reverts_id,
            takes_back_url=change_url(change.reverts, slug) if change.reverts else "",
            late_for=change.late_for_id,
            late_for_url=change_url(change.late_for, slug) if change.late_for else "",
            came_late=late[0].pk if late else None,
            came_late_url=change_url(late[0], slug) if late else "",
            outcome_url=_outcome_url(change, slug),
            revert_url=reverse("change_revert", args=[slug, change.pk]) if _can_take(steps) else "",
            undo_fields=tuple(step.name for step in steps if step.can_take and step.is_default),
            plan_id=change.plan_id,
            plan_url=plan_page_url(change.plan, slug) if change.plan else "",
            undone_by=undone.pk if undone else None,
            undone_by_url=change_url(undone, slug) if undone else "",
            is_undone_in_part=undone is not None and not set(change.after) <= set(undone.after),
        )


def _who(change: Change) -> str:
    """Return who made the change, "" if only the source is known."""
    return "" if change.source == Source.OUTSIDE else change.actor_name or _("Phone Desk")


def _outcome_url(change: Change, slug: str) -> str:
    url = reverse("change_outcome", args=[slug, change.pk])
    return f"{url}?seen={change.outcome}" if is_soon_known(change) else ""


def _window(change: Change) -> str:
    """Return between which two reads an observed change was made, with the day only once if it is the same."""
    if change.source not in {Source.OUTSIDE, Source.LATE} or change.seen_from is None:
        return ""
    since, until = full_time(change.seen_from), full_time(change.created_at)
    day, _blank, clock = until.partition(" ")
    if since.startswith(day):
        words = {"day": day, "since": since.split()[1], "until": clock}
        return _("%(day)s, between %(since)s and %(until)s") % words
    return _("Between %(since)s and %(until)s") % {"since": since, "until": until}


def _short_window(change: Change) -> str:
    """Return the window as a line says it: the times where both reads were on one day, else the days."""
    if change.source not in {Source.OUTSIDE, Source.LATE} or change.seen_from is None:
        return ""
    since, until, today = localtime(change.seen_from), localtime(change.created_at), localtime().date()
    first, last = words_for_day(since.date(), today), words_for_day(until.date(), today)
    if first != last:
        return _("Between %(since)s and %(until)s") % {"since": first, "until": last}
    day = _("Today") if until.date() == today else last
    words = {"day": day, "since": since.strftime("%H:%M"), "until": until.strftime("%H:%M")}
    return _("%(day)s, between %(since)s and %(until)s") % words


def _steps(change: Change, desk: Desk, phone: Phone) -> tuple[Step, ...]:
    catalogue = catalogue_of(desk.project)
    return steps_back(change, phone, catalogue, can_label=desk.may_label, can_route=desk.may_route)


def _can_take(steps: tuple[Step, ...]) -> bool:
    return any(step.can_take for step in steps)


@dataclass(frozen=True, slots=True)
class FirstSeenLine:
    """The first state in a phone's history: its values at the first sync. `restore_url` is "" as `revert_url` is."""

    fields: list[tuple[str, Side]]
    first_seen_at: datetime
    restore_url: str

    @classmethod
    def of(cls, phone: Phone, desk: Desk) -> "FirstSeenLine | None":
        """Return the line of a phone's first state; None if it was synced before that was recorded. No query."""
        if phone.first_seen_at is None:
            return None
        catalogue = catalogue_of(desk.project)
        steps = steps_to_first(phone, catalogue, can_label=desk.may_label, can_route=desk.may_route)
        url = reverse("phone_restore", args=[desk.project.slug, phone.pk])
        seen = phone.first_seen
        return cls(
            [(field_label(name), side_of(name, seen[name])) for name in CHANGED_FIELDS if name in seen],
            phone.first_seen_at,
            url if _can_take(steps) else "",
        )


def ticket_text(change: Change, slug: str) -> str:
    """Return the sentence to paste into a ticket, with the permanent address of the change."""
    return ticket_sentence(change, url=settings.SITE_URL + change_url(change, slug))


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
    return {
        "nickname": _("Alias"),
        "inbound": _("Inbound agent"),
        "outbound": _("Outbound agent"),
        "status": _("Status"),
    }[name]


def _field(change: Change, name: str) -> FieldLine:
    stored = side_of(name, change.stored[name]) if name in change.stored else None
    if stored and name in changes.unpublished_lanes(change) and not stored.version:
        stored = replace(stored, version=_("(no version published)"))
    told_as = {"inbound": _("Incoming calls"), "outbound": _("Outgoing calls")}.get(name, field_label(name))
    return FieldLine(
        field_label(name), side_of(name, change.before.get(name)), side_of(name, change.after[name]), stored, told_as
    )


def side_of(name: str, value: Any) -> Side:
    """Return a field's value, as in the audit log, in words."""
    if name == "status":
        return Side(str(status_badge(value).label) if value else _("Unknown"))
    if name == "nickname":
        return Side(value or _("No alias"))
    if value is None:
        return Side(_("No agent"))
    return Side(value.agent_name or _("Unknown agent"), True, value.version_label)
