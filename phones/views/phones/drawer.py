"""One phone beside the list: what its template needs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from django import forms
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from phones.access import Desk
from phones.forms.phones import PhoneForm
from phones.models import Change, Outcome, Phone, Project
from phones.services.audit.queries import LED_TO, with_late_entries
from phones.services.editing import presence
from phones.services.editing.outcome import is_stored
from phones.services.editing.recheck_times import is_given_up
from phones.services.routing.catalogue import catalogue_of
from phones.services.routing.editability import Policy, policy_for
from phones.services.routing.impact import Impact
from phones.services.routing.lanes import Lane
from phones.views.parts.changes import ChangeLine, FirstSeenLine, ticket_text
from phones.views.parts.guard import guard_context
from phones.views.parts.list_address import criteria_from, suffix_of
from phones.views.parts.saving import Saving
from phones.views.phones.conflicts import clashes_of, merges_of
from phones.views.phones.rows import LaneCell, PhoneRow
from phones.wording import causes
from phones.wording import changes as wording_changes
from phones.wording.changes import Words

HISTORY_SIZE = 8


def newest_changes(phone: Phone) -> list[Change]:
    """Return the newest changes of a phone, newest first: those a history shows, and one more. One query, or two."""
    newest = Change.objects.filter(phone=phone).select_related(*LED_TO).order_by("-id")
    return with_late_entries(newest[: HISTORY_SIZE + 1])


def drawer_context(
    request: HttpRequest,
    desk: Desk,
    phone: Phone,
    row: PhoneRow,
    now: datetime,
    *,
    form: PhoneForm | None = None,
    words: Words | None = None,
    result: Change | None = None,
    impacts: Sequence[Impact] = (),
    saving: Saving | None = None,
) -> dict[str, Any]:
    """Return what the drawer's template needs. One query for the history, or two, one for each lane that is changed.

    `impacts` are those because of which a save was not sent.
    """
    catalogue = catalogue_of(desk.project)
    policy = policy_for(phone)
    typed = form
    form = form or PhoneForm(phone=phone, catalogue=catalogue, can_route=desk.may_route)
    changes = newest_changes(phone)
    row = _with_checks(row, changes)
    asked = None if result or typed else _asked_for(request, changes)
    result = result or asked
    line = ChangeLine.of(result, desk.project.slug, desk=desk, phone=phone) if result else None
    return {
        "desk": desk,
        "phone": phone,
        "row": row,
        "form": form,
        "is_typed": typed is not None,
        "lanes": _lanes(form, row, desk),
        "guard": guard_context(phone, typed, desk, impacts) if typed and _is_readable(typed) else None,
        # What was typed stays in its form, even where saving has just turned out to be closed.
        "can_label": desk.may_label and (typed is not None or (policy.can_label and desk.project.is_open)),
        "can_route": desk.may_route and (_carries_lanes(typed) or (policy.can_route and desk.project.is_open)),
        "why_closed": _why_closed(desk.project, policy),
        "words": line.words if asked and line else words,
        "saving": saving,
        "result": line,
        "ticket_text": ticket_text(result, desk.project.slug) if result else "",
        "clashes": clashes_of(form, changes),
        "merges": merges_of(form),
        "others": presence.others_present(phone=phone, user=desk.user, clock=lambda: now) if form.seen.asked else [],
        "unsettled": _unsettled(changes, result, desk.project.slug),
        "history": [
            ChangeLine.of(change, desk.project.slug, desk=desk, phone=phone) for change in changes[:HISTORY_SIZE]
        ],
        "first_seen": FirstSeenLine.of(phone, desk) if len(changes) <= HISTORY_SIZE else None,
        "has_more_history": len(changes) > HISTORY_SIZE,
        "suffix": suffix_of(criteria_from(request.GET)),
    }


def _with_checks(row: PhoneRow, changes: Sequence[Change]) -> PhoneRow:
    """Return the row with its lanes marked whose version was stored by a save, and is being checked."""
    checked = {
        (lane, change.after[lane].agent_id)
        for change in changes
        if change.is_open and is_stored(change) and not is_given_up(change)
        for lane in Lane
        if change.after.get(lane)
    }
    cells: dict[str, LaneCell] = {lane: getattr(row, lane) for lane in Lane}
    marked = {
        lane: replace(cell, is_being_checked=cell.agent is not None and (lane, cell.agent.id) in checked)
        for lane, cell in cells.items()
    }
    return replace(row, inbound=marked[Lane.INBOUND], outbound=marked[Lane.OUTBOUND])


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A save of which nobody knows whether Diga has it, and when it is looked at again."""

    change: ChangeLine
    sent_at: datetime
    next_look_at: datetime | None
    is_given_up: bool


def _unsettled(changes: Sequence[Change], shown: Change | None, slug: str) -> Unsettled | None:
    """Return the newest save whose outcome is not known, unless a later one was stored, or it is shown already."""
    for change in changes:
        if change.outcome in {Outcome.CONFIRMED, Outcome.MISMATCH}:
            return None
        if change.outcome in {Outcome.UNKNOWN, Outcome.PENDING} and change != shown:
            line, is_over = ChangeLine.of(change, slug), is_given_up(change)
            return Unsettled(line, change.created_at, change.next_look_at, is_over)
    return None


def _why_closed(project: Project, policy: Policy) -> str:
    """Return why nothing, or not everything, can be changed now; "" where all is open."""
    if policy.why:
        return wording_changes.why_closed(policy.why)
    if project.is_writable and not project.is_reachable:
        return _("Diga does not answer. %(cause)s") % {"cause": causes.words_for_cause(project.unreachable_cause)}
    return ""


def _carries_lanes(typed: PhoneForm | None) -> bool:
    return typed is not None and "inbound_version_id" in typed.data


def _chosen(name: Any, inner: Any, value: str) -> str | None:
    """Return the value if an option of this group, or this single option, has it."""
    values = [option for option, _label in inner] if isinstance(inner, tuple) else [name]
    return value if value in values else None


@lru_cache(maxsize=256)
def _group_markup(name: Any, inner: Any, chosen: str | None) -> SafeString:
    """Return an agent's options, or the one option that stands for what the lane keeps. Kept: agents seldom change."""
    pairs = inner if isinstance(inner, tuple) else ((name, inner),)
    options = format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        ((key, " selected" if key == chosen else "", label) for key, label in pairs),
    )
    return format_html('<optgroup label="{}">{}</optgroup>', name, options) if pairs is inner else options


def _is_readable(form: PhoneForm) -> bool:
    """Say whether the form's lanes could be read: the guard needs them, whatever else is wrong."""
    if not form.is_bound:
        return False
    return "edit" in form.cleaned_data and not {"inbound_version_id", "outbound_version_id"} & set(form.errors)


def _asked_for(request: HttpRequest, changes: Sequence[Change]) -> Change | None:
    """Return the change that a redirect after saving names in the address."""
    asked = request.GET.get("change", "")
    return next((change for change in changes if str(change.pk) == asked), None)


@dataclass(frozen=True, slots=True)
class LaneFields:
    """One lane of the form: its words, its fields and what it holds now."""

    name: str
    title: str
    icon: str
    picker: forms.BoundField
    unassign: forms.BoundField
    unassign_label: str
    both: forms.BoundField | None
    now: LaneCell

    @property
    def options(self) -> SafeString:
        """The picker's options, a group an agent."""
        form, value = cast(PhoneForm, self.picker.form), str(self.picker.value() or "")
        groups = (_group_markup(name, inner, _chosen(name, inner, value)) for name, inner in form.options[self.name])
        return format_html_join("", "{}", ((group,) for group in groups))

    @property
    def has_agent(self) -> bool:
        """True when there is an agent to unassign."""
        return self.now.agent is not None or self.now.is_unknown

    @property
    def errors_id(self) -> str:
        """The id of the place for the picker's errors."""
        return f"{self.name}-errors"


# icons: phone-incoming phone-outgoing
def _lanes(form: PhoneForm, row: PhoneRow, desk: Desk) -> list[LaneFields]:
    if not desk.may_route:
        return []
    return [
        LaneFields(
            "inbound",
            _("Answers incoming calls"),
            "phone-incoming",
            form["inbound_version_id"],
            form["unassign_inbound"],
            _("Unassign: nobody answers incoming calls"),
            form["both_directions"],
            row.inbound,
        ),
        LaneFields(
            "outbound",
            _("Makes outgoing calls"),
            "phone-outgoing",
            form["outbound_version_id"],
            form["unassign_outbound"],
            _("Unassign: nobody makes outgoing calls"),
            None,
            row.outbound,
        ),
    ]
