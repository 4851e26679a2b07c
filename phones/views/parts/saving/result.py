"""The result of a save: a message, a status code, and the content to show."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _

from phones import diga
from phones.forms.phones import NicknameForm
from phones.models import Change, Outcome
from phones.services.audit import queries
from phones.services.editing.outcome import is_stored
from phones.services.editing.result import SaveKind, SaveResult
from phones.services.projects.identity import ForeignProject
from phones.services.routing.impact import Impact
from phones.services.upstream import bulkhead
from phones.views.parts.changes import field_label
from phones.wording.history import changes
from phones.wording.history.changes import Words
from phones.wording.phones import saves
from phones.wording.phones.schedules import words_for_scheduled

REFUSALS = {Outcome.REFUSED: 422, Outcome.FAILED: 502, Outcome.UNKNOWN: 502}


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a save: a message, a status code, and the change to show.

    `is_done` is true if nothing that was typed remains to be done: a new form is shown instead. `asked` are the fields
    that were changed elsewhere as well. `is_rebased` is true if what was typed is to be shown in a new form, on the
    current phone. `impacts` are those because of which nothing was sent. `is_waiting` is true while another save is
    under way: the page goes on polling (`saving`). `is_set` is true if it is set for a later time.
    """

    status: int
    words: Words | None = None
    change: Change | None = None
    is_done: bool = False
    is_rebased: bool = False
    asked: tuple[str, ...] = ()
    impacts: tuple[Impact, ...] = ()
    is_waiting: bool = False
    is_set: bool = False


_STATUSES = {
    SaveKind.NOTHING_TO_CHANGE: 200,
    SaveKind.READ_ONLY: 422,
    SaveKind.NOT_EDITABLE: 422,
    SaveKind.WILL_BE_REFUSED: 422,
    SaveKind.NO_CONSENT: 422,
    SaveKind.NOT_RECORDED: 503,
    SaveKind.OUTCOME_NOT_RECORDED: 503,
}


def answer_for(form: NicknameForm, save: Callable[[], SaveResult]) -> Answer:
    """Run a save and return its result in words. Errors about a field are added to the form."""
    try:
        result = _with_place(form, save)
    except diga.DigaError as error:
        return Answer(status_of(error), changes.words_for_save_not_sent(error))
    return answer_of(form, result)


def answer_of(form: NicknameForm, result: SaveResult) -> Answer:
    """Return the result of a save in words. Errors about a field are added to the form."""
    if result.kind is SaveKind.SENT and result.change:
        return _answer_for_change(form, result, result.change)
    if result.kind is SaveKind.SCHEDULED and result.schedule:
        return Answer(200, words_for_scheduled(result.schedule, timezone.now()), is_done=True, is_set=True)
    if result.kind is SaveKind.NO_CONSENT:
        form.add_error("understood", _("Read the box above, then tick that you understand it. Nothing was sent."))
    is_chosen = bool(form.seen.asked)
    return Answer(
        status_of(result.error) if result.error else _STATUSES.get(result.kind, 409),
        saves.words_for_unsent(result, is_chosen=is_chosen),
        result.change,
        is_done=is_chosen and result.kind is SaveKind.NOTHING_TO_CHANGE,
        is_rebased=result.kind in {SaveKind.CONFLICT, SaveKind.SPENT_FORM},
        asked=result.fields,
        impacts=result.impacts,
        is_waiting=result.kind in {SaveKind.ALREADY_SENT, SaveKind.BEING_SAVED},
    )


def _with_place(form: NicknameForm, save: Callable[[], SaveResult]) -> SaveResult:
    """Run a save if the bulkhead has a place; a double click on a save under way is told so."""
    try:
        with bulkhead.place_to_act(form.phone.project):
            return save()
    except bulkhead.NotAsked:
        if queries.change_of_form(form.phone, form.cleaned_data.get("form_token")):
            return SaveResult(SaveKind.ALREADY_SENT)
        raise


def status_of(error: diga.DigaError) -> int:
    """Return the status of an answer about a failed call to Diga."""
    if isinstance(error, diga.DigaRejected | ForeignProject):
        return 422
    if isinstance(error, diga.DigaNotFound):
        return 404
    return 403 if isinstance(error, diga.DigaForbidden) else 502


def _answer_for_change(form: NicknameForm, saved: SaveResult, change: Change) -> Answer:
    words = changes.words_for_change(change, saved.error)
    # The agent was stored, even if nobody has read yet whether its version is published.
    if change.outcome in {Outcome.CONFIRMED, Outcome.MISMATCH} or (change.is_open and is_stored(change)):
        return Answer(200, _with_merged(words, (*form.seen.merged, *saved.merged)), change, is_done=True)
    if isinstance(saved.error, diga.DigaRejected):
        for name, texts in saved.error.fields.items():
            if name in form.fields:
                form.add_error(name, [forms.ValidationError(text) for text in texts])
    status = status_of(saved.error) if saved.error else REFUSALS.get(Outcome(change.outcome), 502)
    return Answer(status, words, change)


def _with_merged(words: Words, merged: Sequence[str]) -> Words:
    if not merged:
        return words
    names = ", ".join(field_label(name) for name in dict.fromkeys(merged))
    return words.adding(_("Meanwhile somebody else changed: %(fields)s. That was left as it is.") % {"fields": names})
