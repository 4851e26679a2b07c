"""One phone beside the list: what its template needs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from phones.access import Desk, DeskRequest
from phones.forms.phones import PhoneForm
from phones.models import Change, Outcome, Phone, Project, Schedule
from phones.services.answering.proof import waiting_for
from phones.services.answering.who import who_answers
from phones.services.audit.queries import LED_TO, undoings_among, with_late_entries
from phones.services.editing import presence
from phones.services.editing.outcome import is_stored
from phones.services.editing.recheck_times import is_given_up
from phones.services.finding.health import problems_of
from phones.services.routing.catalogue import Catalogue, catalogue_of
from phones.services.routing.editability import Policy, policy_for
from phones.services.routing.impact import Impact
from phones.services.routing.lanes import Lane
from phones.views.parts.agent_picker import AgentPicker, wants_list
from phones.views.parts.answering.last_calls import ProofLine, calls_to_read, proof_line
from phones.views.parts.answering.who_answers import who_answers_context
from phones.views.parts.changes import ChangeLine, FirstSeenLine, ticket_text
from phones.views.parts.health_labels import LOOKS, HealthLabel
from phones.views.parts.lists.address import criteria_from, suffix_of
from phones.views.parts.saving.guard import guard_context
from phones.views.parts.saving.progress import Saving
from phones.views.parts.schedules import ScheduleLine
from phones.views.phones.conflicts import clashes_of, merges_of
from phones.views.phones.kept_reasons import kept_reason
from phones.views.phones.listing.rows import LaneCell, PhoneRow
from phones.views.phones.note_form import note_of
from phones.views.phones.undo_form import Attempt, Undo, undo_of
from phones.wording import causes
from phones.wording.history import changes as wording_changes
from phones.wording.history.changes import Words

HISTORY_SIZE = 8
# Problems that the sentence about who answers tells.
TOLD = {"no_inbound", "releasing_soon", "missing", "pending_verification", "quarantine"}


def newest_changes(phone: Phone) -> list[Change]:
    """Return the newest changes of a phone, newest first: those a history shows, and one more. One query, or two."""
    newest = Change.objects.filter(phone=phone).select_related(*LED_TO).order_by("-id")
    return with_late_entries(newest[: HISTORY_SIZE + 1])


def drawer_context(
    request: DeskRequest,
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
    given: PhoneForm | None = None,
    attempt: Attempt | None = None,
    schedules: Sequence[Schedule] = (),
) -> dict[str, Any]:
    """Return what the drawer's template needs. One query for the history, or two, one for each lane that is changed.

    `impacts` are those because of which a save was not sent. `given` is a fresh form in which an agent is chosen.
    `attempt` is one to undo a change that was not sent.
    `schedules` are what is set for a time, and what was not done at its time.
    """
    catalogue = catalogue_of(desk.project)
    policy = policy_for(phone)
    typed, suffix = form, suffix_of(criteria_from(request.GET))
    kept = kept_reason(request, desk)
    form = form or given or PhoneForm(phone=phone, catalogue=catalogue, can_route=desk.may_route, initial=kept)
    changes = newest_changes(phone)
    row = _with_checks(row, changes)
    asked = None if result or typed else _asked_for(request, changes)
    result = result or asked
    # Whatever took a change back is newer than it, so it is among those that are shown.
    undoings = undoings_among(changes)
    line = ChangeLine.of(result, desk.project.slug, desk=desk, phone=phone) if result else None
    words = line.words if asked and line else words
    return {
        "desk": desk,
        "phone": phone,
        "row": row,
        "form": form,
        "has_scripts": bool(request.htmx),
        "is_typed": typed is not None,
        "is_given": given is not None,
        "has_kept_reason": bool(kept),
        "who": who_answers_context(
            desk, phone, now, suffix=suffix, is_version_checked=not row.inbound.is_being_checked
        ),
        "note": note_of(desk, phone, suffix=suffix),
        "problems": _problems(phone, catalogue, now),
        "lanes": _lanes(form, row, desk, is_whole=wants_list(request)),
        "guard": guard_context(phone, typed, desk, impacts) if typed and _is_readable(typed) else None,
        # What was typed stays in its form, even where saving has just turned out to be closed.
        "can_label": desk.may_label and (typed is not None or (policy.can_label and desk.project.is_open)),
        "can_route": desk.may_route and (_carries_lanes(typed) or (policy.can_route and desk.project.is_open)),
        "why_closed": _why_closed(desk.project, policy),
        "words": words,
        "is_fresh_load": words is None and typed is None,
        "saving": saving,
        "result": line,
        "undo": _undo(desk, phone, result, line, attempt) if desk.may_label and desk.project.is_open else None,
        "ticket_text": ticket_text(result, desk.project.slug) if result else "",
        "clashes": clashes_of(form, changes),
        "merges": merges_of(form),
        "others": presence.others_present(phone=phone, user=desk.user, clock=lambda: now) if form.seen.asked else [],
        "schedules": [ScheduleLine.of(each, desk, now) for each in schedules],
        "here_url": row.url,
        "unsettled": _unsettled(changes, result, desk.project.slug),
        "history": [
            ChangeLine.of(change, desk.project.slug, desk=desk, phone=phone, undone=undoings.get(change.pk))
            for change in changes[:HISTORY_SIZE]
        ],
        "first_seen": FirstSeenLine.of(phone, desk) if len(changes) <= HISTORY_SIZE else None,
        "has_more_history": len(changes) > HISTORY_SIZE,
        "suffix": suffix,
        "last_calls": calls_to_read(desk, phone),
        "proof": _proof(desk, phone, changes, now),
    }


def _undo(
    desk: Desk, phone: Phone, result: Change | None, line: ChangeLine | None, attempt: Attempt | None
) -> Undo | None:
    """Return what undoes the change that an attempt was about, else the one that is shown."""
    if attempt:
        again = ChangeLine.of(attempt.change, desk.project.slug, desk=desk, phone=phone)
        return undo_of(attempt.change, again, phone, attempt)
    return undo_of(result, line, phone) if result and line else None


def _problems(phone: Phone, catalogue: Catalogue, now: datetime) -> list[HealthLabel]:
    """Return the problems of the phone, as on the overview, but for those that the sentence above tells. One query."""
    told = TOLD | ({"agent_trouble"} if who_answers(phone, catalogue).is_fixable else set())
    return [LOOKS[code] for code in problems_of(phone, catalogue, now) if code not in told]


def _proof(desk: Desk, phone: Phone, changes: Sequence[Change], now: datetime) -> ProofLine | None:
    """Return the first call after the last change of the agents, or that it is waited for."""
    waiting = waiting_for(changes, now) if desk.project.can_read_calls is not False else None
    return proof_line(desk, phone, waiting, catalogue_of(desk.project)) if waiting else None


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
    ask_url: str
    reread_url: str


def _unsettled(changes: Sequence[Change], shown: Change | None, slug: str) -> Unsettled | None:
    """Return the newest save whose outcome is not known, unless a later one was stored, or it is shown already."""
    for change in changes:
        if change.outcome in {Outcome.CONFIRMED, Outcome.MISMATCH}:
            return None
        if change.outcome in {Outcome.UNKNOWN, Outcome.PENDING} and change != shown:
            line, is_over = ChangeLine.of(change, slug), is_given_up(change)
            ask_url = line.outcome_url or reverse("change_outcome", args=[slug, change.pk])
            reread_url = reverse("phone_reread", args=[slug, change.phone_id])
            return Unsettled(line, change.created_at, change.next_look_at, is_over, ask_url, reread_url)
    return None


def _why_closed(project: Project, policy: Policy) -> str:
    """Return why nothing, or not everything, can be changed now; "" where all is open."""
    if policy.why:
        return wording_changes.why_closed(policy.why)
    if project.is_read_only:
        return _("The API key of this project is read-only: Diga refused a save.")
    if project.is_writable and not project.is_reachable:
        return _("Diga does not answer. %(cause)s") % {"cause": causes.words_for_cause(project.unreachable_cause)}
    return ""


def _carries_lanes(typed: PhoneForm | None) -> bool:
    return typed is not None and "inbound_version_id" in typed.data


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
    picker: AgentPicker
    unassign: forms.BoundField
    unassign_label: str
    both: forms.BoundField | None
    now: LaneCell

    @property
    def has_agent(self) -> bool:
        """True when there is an agent to unassign."""
        return self.now.agent is not None or self.now.is_unknown

    @property
    def now_id(self) -> str:
        """The id of what the lane holds now."""
        return f"{self.name}-now"


# icons: phone-incoming phone-outgoing
def _lanes(form: PhoneForm, row: PhoneRow, desk: Desk, *, is_whole: bool) -> list[LaneFields]:
    if not desk.may_route:
        return []
    inbound, outbound = (AgentPicker.of_phone(form, lane, desk.project.slug, is_whole=is_whole) for lane in Lane)
    return [
        LaneFields(
            "inbound",
            _("Answers incoming calls"),
            "phone-incoming",
            inbound,
            form["unassign_inbound"],
            _("Unassign: nobody answers incoming calls"),
            form["both_directions"],
            row.inbound,
        ),
        LaneFields(
            "outbound",
            _("Makes outgoing calls"),
            "phone-outgoing",
            outbound,
            form["unassign_outbound"],
            _("Unassign: nobody makes outgoing calls"),
            None,
            row.outbound,
        ),
    ]
