"""One phone beside the list: what its template needs, and a save's result in words and status codes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from django import forms
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from phones import diga
from phones.access import Desk
from phones.forms.phones import NicknameForm, PhoneForm
from phones.models import Change, NoKey, Outcome, Phone, Project
from phones.services import editing, explaining, guarding
from phones.services.directory import Directory, directory_of
from phones.services.explaining import Words
from phones.services.guard_words import GuardWords, words_for_impact
from phones.services.impact import fingerprint
from phones.services.intention import FIELDS, Base
from phones.services.policy import Policy, policy_for

from .change_lines import ChangeLine, field_label
from .listing import criteria_from, suffix_of
from .rows import Lane, PhoneRow

HISTORY_SIZE = 8
REFUSALS = {Outcome.REFUSED: 422, Outcome.FAILED: 502, Outcome.UNKNOWN: 502}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a save comes to: words, a status code, and the change or conflict there is to show.

    `is_done` is true when Diga has answered with a value: a fresh form is shown instead of the typed one.
    """

    status: int
    words: Words | None = None
    change: Change | None = None
    conflict: editing.Conflict | None = None
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class Guard:
    """What saving the form as it stands would do, lane by lane."""

    lines: tuple[GuardWords, ...]
    reviewed: str
    is_refused: bool
    needs_consent: bool
    is_understood: bool


@dataclass(frozen=True, slots=True)
class Clash:
    """A field that two people changed: what it was, what Diga has now, what was typed."""

    label: str
    was: str
    now: str
    yours: str


def answer_for(form: NicknameForm, save: Callable[[], editing.Saved]) -> Answer:
    """Run a save and translate what it returns or raises. Errors about a field are put on the form."""
    try:
        saved = save()
    except editing.NothingToChange:
        return Answer(200, Words("warn", _("Nothing to save"), _("The number is already so. Nothing was sent.")))
    except (editing.ReadOnlyProject, NoKey):
        return Answer(422, Words("bad", _("Not saved"), explaining.words_for_cause("no_key")))
    except editing.NotEditable as closed:
        why = explaining.why_closed(closed.policy.why) if closed.policy.why else ""
        return Answer(422, Words("bad", _("Not saved, nothing was sent"), why))
    except guarding.PredictedRefusal:
        text = _("Diga would refuse this, so nothing was sent. The box above the button says because of which numbers.")
        return Answer(422, Words("bad", _("Not sent"), text))
    except guarding.NoConsent:
        form.add_error("understood", _("Read the box above, then tick that you understand it. Nothing was sent."))
        return Answer(422)
    except editing.Conflict as conflict:
        text = _("Somebody changed the same field while your form was open. Nothing was sent; your text is kept.")
        return Answer(409, Words("bad", _("Changed meanwhile"), text), conflict=conflict)
    except editing.AlreadySent:
        text = _("This form was sent a moment ago and Diga has not answered yet. It was not sent again.")
        return Answer(409, Words("warn", _("Already sent"), text))
    except diga.DigaError as error:
        return Answer(status_of(error), explaining.words_for_save_not_sent(error))
    return _answer_for_change(form, saved)


def status_of(error: diga.DigaError) -> int:
    """Return the status of an answer that is about a failed call to Diga."""
    if isinstance(error, diga.DigaRejected):
        return 422
    if isinstance(error, diga.DigaNotFound):
        return 404
    return 403 if isinstance(error, diga.DigaForbidden) else 502


def _answer_for_change(form: NicknameForm, saved: editing.Saved) -> Answer:
    change = saved.change
    words = explaining.words_for_change(change, saved.error)
    if change.outcome in {Outcome.CONFIRMED, Outcome.MISMATCH}:
        return Answer(200, _with_merged(words, saved.merged), change, is_done=True)
    if isinstance(saved.error, diga.DigaRejected):
        for name, texts in saved.error.fields.items():
            if name in form.fields:
                form.add_error(name, [forms.ValidationError(text) for text in texts])
    status = status_of(saved.error) if saved.error else REFUSALS.get(Outcome(change.outcome), 502)
    return Answer(status, words, change)


def _with_merged(words: Words, merged: Sequence[str]) -> Words:
    if not merged:
        return words
    names = ", ".join(field_label(name) for name in merged)
    note = _("Meanwhile somebody else changed: %(fields)s. That was left as it is.") % {"fields": names}
    return Words(words.tone, words.title, f"{words.text} {note}".strip(), words.quote)


def guard_context(phone: Phone, form: PhoneForm, desk: Desk) -> Guard | None:
    """Return in words what a readable form would do, None where no call moves.

    The tick stays as long as it is about the same effects.
    """
    impacts = guarding.impacts_of(phone, form.intention()) if desk.may_route else ()
    if not impacts:
        return None
    reviewed = fingerprint(impacts)
    return Guard(
        tuple(words_for_impact(impact) for impact in impacts),
        reviewed,
        any(impact.is_refused for impact in impacts),
        any(impact.needs_consent for impact in impacts),
        form.agreed() == reviewed,
    )


def drawer_context(
    request: HttpRequest,
    desk: Desk,
    phone: Phone,
    row: PhoneRow,
    now: datetime,
    *,
    form: PhoneForm | None = None,
    words: Words | None = None,
    conflict: editing.Conflict | None = None,
    result: Change | None = None,
) -> dict[str, Any]:
    """Return what the drawer's template needs. One query for the history, one for each lane that is changed."""
    directory = directory_of(desk.project)
    policy = policy_for(phone)
    typed = form
    form = form or PhoneForm(phone=phone, directory=directory, can_route=desk.may_route)
    changes = list(Change.objects.filter(phone=phone).order_by("-id")[: HISTORY_SIZE + 1])
    if result is None and not typed:
        result = _asked_for(request, changes)
        words = explaining.words_for_change(result) if result else words
    return {
        "desk": desk,
        "phone": phone,
        "row": row,
        "form": form,
        "is_typed": typed is not None,
        "lanes": _lanes(form, row, desk),
        "guard": guard_context(phone, typed, desk) if typed and _is_readable(typed) else None,
        # What was typed stays in its form, even where saving has just turned out to be closed.
        "can_label": desk.may_label and (typed is not None or (policy.can_label and desk.project.is_open)),
        "can_route": desk.may_route and (_carries_lanes(typed) or (policy.can_route and desk.project.is_open)),
        "why_closed": _why_closed(desk.project, policy),
        "words": words,
        "result": ChangeLine.of(result, desk.project.slug) if result else None,
        "clashes": _clashes(conflict, directory) if conflict else [],
        "history": [ChangeLine.of(change, desk.project.slug) for change in changes[:HISTORY_SIZE]],
        "has_more_history": len(changes) > HISTORY_SIZE,
        "suffix": suffix_of(criteria_from(request.GET)),
    }


def _why_closed(project: Project, policy: Policy) -> str:
    """Return why nothing, or not everything, can be changed now; "" where all is open."""
    if policy.why:
        return explaining.why_closed(policy.why)
    if project.is_writable and not project.is_reachable:
        return _("Diga does not answer. %(cause)s") % {"cause": explaining.words_for_cause(project.unreachable_cause)}
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
    return "opened" in form.cleaned_data and not {"inbound_version_id", "outbound_version_id"} & set(form.errors)


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
    now: Lane

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


def _clashes(conflict: editing.Conflict, directory: Directory) -> list[Clash]:
    def text(base: Base, name: str) -> str:
        value = base.value(name)
        if name == "nickname":
            return str(value) or _("No nickname")
        agent = directory.agent(getattr(base, f"{name}_agent_id"))
        return agent.name if agent else (_("Unknown agent") if value else _("No agent"))

    def yours(name: str) -> str:
        value = getattr(conflict.wanted, name)
        if isinstance(value, str):
            return value or _("No nickname")
        return f"{value.agent.name} {value.version.label}" if value else _("No agent")

    return [
        Clash(field_label(name), text(conflict.base, name), text(conflict.now, name), yours(name))
        for name in FIELDS
        if name in conflict.fields
    ]
