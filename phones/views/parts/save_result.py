"""What a save comes to: words, a status code, and what to show with them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django import forms
from django.utils.translation import gettext as _

from phones import diga
from phones.forms.phones import NicknameForm
from phones.models import Change, NoKey, Outcome
from phones.services.audit import queries
from phones.services.editing import guard
from phones.services.editing import save as editing_save
from phones.services.editing.outcome import is_stored
from phones.services.editing.spent_forms import SpentForm
from phones.services.projects.identity import ForeignProject
from phones.services.routing.impact import Impact
from phones.services.upstream import bulkhead
from phones.views.parts.changes import field_label
from phones.wording import changes, saves
from phones.wording.changes import Words

REFUSALS = {Outcome.REFUSED: 422, Outcome.FAILED: 502, Outcome.UNKNOWN: 502}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a save comes to: words, a status code, and the change there is to show.

    `is_done` is true when there is nothing left to do with what was typed: a fresh form is shown instead of it.
    `asked` are the fields that somebody else changed as well. `is_rebased` is true when what was typed is to be
    shown in a new form, on what the phone is now. `impacts` are those because of which nothing was sent. `is_waiting`
    is true while another save is under way: the page goes on looking (`saving`).
    """

    status: int
    words: Words | None = None
    change: Change | None = None
    is_done: bool = False
    is_rebased: bool = False
    asked: tuple[str, ...] = ()
    impacts: tuple[Impact, ...] = ()
    is_waiting: bool = False


# What keeps a save from being sent, or from being written down, whatever the form says.
_HINDRANCES: dict[type[Exception], tuple[int, Callable[[], Words]]] = {
    editing_save.AlreadySent: (409, saves.words_for_being_sent),
    editing_save.BeingSaved: (409, saves.words_for_being_saved),
    editing_save.PhoneIsBusy: (409, saves.words_for_busy),
    editing_save.NotRecorded: (503, saves.words_for_unrecorded),
    editing_save.OutcomeNotRecorded: (503, saves.words_for_unrecorded_outcome),
}
# Of these the page finds out by itself when they are over.
_WAITING = {editing_save.AlreadySent, editing_save.BeingSaved}


def answer_for(form: NicknameForm, save: Callable[[], editing_save.Saved]) -> Answer:
    """Run a save and translate what it returns or raises. Errors about a field are put on the form."""
    try:
        saved = _with_place(form, save)
    except editing_save.NothingToChange:
        is_chosen = bool(form.seen.asked)
        return Answer(200, saves.words_for_nothing_to_save(is_chosen=is_chosen), is_done=is_chosen)
    except (editing_save.ReadOnlyProject, NoKey):
        return Answer(422, saves.words_for_no_key())
    except editing_save.NotEditable as closed:
        return Answer(422, saves.words_for_closed(closed.policy))
    except (guard.PredictedRefusal, guard.NotChecked, guard.NoConsent) as guarded:
        return _answer_for_guard(form, guarded)
    except SpentForm as spent:
        return Answer(409, saves.words_for_spent_form(spent.earlier), spent.earlier, is_rebased=True)
    except editing_save.Conflict as conflict:
        return Answer(409, saves.words_for_conflict(), is_rebased=True, asked=conflict.fields)
    except tuple(_HINDRANCES) as hindrance:
        status, words = _HINDRANCES[type(hindrance)]
        return Answer(status, words(), is_waiting=type(hindrance) in _WAITING)
    except diga.DigaError as error:
        return Answer(status_of(error), changes.words_for_save_not_sent(error))
    return _answer_for_change(form, saved)


def _with_place(form: NicknameForm, save: Callable[[], editing_save.Saved]) -> editing_save.Saved:
    """Run a save if there is a place to wait for Diga; a second click of one that is under way is told so."""
    try:
        with bulkhead.place_to_act(form.phone.project):
            return save()
    except bulkhead.NotAsked:
        if queries.change_of_form(form.phone, form.cleaned_data.get("form_token")):
            raise editing_save.AlreadySent from None
        raise


def _answer_for_guard(
    form: NicknameForm, guarded: guard.PredictedRefusal | guard.NotChecked | guard.NoConsent
) -> Answer:
    match guarded:
        case guard.PredictedRefusal():
            return Answer(422, saves.words_for_predicted_refusal(), impacts=guarded.impacts)
        case guard.NotChecked():
            status = status_of(guarded.error) if guarded.error else 409
            return Answer(status, changes.words_for_unchecked_refusal(guarded.error))
        case _:
            form.add_error("understood", _("Read the box above, then tick that you understand it. Nothing was sent."))
            return Answer(422, impacts=guarded.impacts)


def status_of(error: diga.DigaError) -> int:
    """Return the status of an answer that is about a failed call to Diga."""
    if isinstance(error, diga.DigaRejected | ForeignProject):
        return 422
    if isinstance(error, diga.DigaNotFound):
        return 404
    return 403 if isinstance(error, diga.DigaForbidden) else 502


def _answer_for_change(form: NicknameForm, saved: editing_save.Saved) -> Answer:
    change = saved.change
    words = changes.words_for_change(change, saved.error)
    # A number that was given an agent has it, even while nobody has read yet whether its version is published.
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
