"""Sentences about saves that were not sent: refused here, in conflict, or sent before."""

from collections.abc import Callable

from django.utils.translation import gettext as _

from phones.models import Change
from phones.services.editing.result import SaveKind, SaveResult
from phones.services.routing.editability import Policy
from phones.wording.causes import parts_for_cause
from phones.wording.history.changes import (
    Happened,
    Words,
    failure,
    why_closed,
    words_for_change,
    words_for_unchecked_refusal,
)


def words_for_review() -> Words:
    """Explain that the guard has to be read first: without JavaScript nobody has seen it yet."""
    then = _("Below the fields stands what saving will do. Read it, then press Save changes again.")
    return failure(_("Not saved yet"), Happened.NO, _("Nothing was sent."), then, tone="warn")


def words_for_choice(version: str) -> Words:
    """Explain that another version was chosen for the person, and that it is theirs to save."""
    title, then = _("%(version)s is chosen") % {"version": version}, _("Look at the agents below, then save.")
    return failure(title, Happened.NO, _("Nothing was sent."), then, tone="warn")


def words_for_nothing_to_save(*, is_chosen: bool) -> Words:
    """Explain that nothing differs; `is_chosen` if the person has chosen Diga's value everywhere."""
    if is_chosen:
        sentence = _("You kept what Diga has. Nothing was sent.")
        return failure(_("Nothing to save"), Happened.NO, sentence, _("The form shows Diga’s values."), tone="warn")
    sentence = _("The number is already so. Nothing was sent.")
    return failure(_("Nothing to save"), Happened.NO, sentence, _("Change a field first."), tone="warn")


def words_for_no_key() -> Words:
    """Explain that nothing can be written: the project has no key, or Diga rejects it."""
    what, then = parts_for_cause("no_key")
    return failure(_("Not saved"), Happened.NO, _("Nothing was sent, nothing was changed."), then, why=what)


def words_for_closed(policy: Policy) -> Words:
    """Explain that the phone's status closes a field."""
    why = why_closed(policy.why) if policy.why else ""
    then = _("Check the number again: it may be open later.")
    return failure(_("Not saved"), Happened.NO, _("Nothing was sent, nothing was changed."), then, why=why)


def words_for_predicted_refusal() -> Words:
    """Explain that Diga would refuse, as the guard says."""
    then = _("The box above the button says because of which numbers, and what you can do.")
    return failure(_("Not sent"), Happened.NO, _("Diga would refuse this, so nothing was sent."), then)


def words_for_conflict() -> Words:
    """Explain that somebody else changed the same field."""
    sentence = _("Nothing was sent; what you typed is kept, and you can still edit it.")
    then = _("Choose below which value to keep, then save again.")
    return failure(_("This number changed in Diga while you were editing."), Happened.NO, sentence, then, tone="warn")


def words_for_being_sent() -> Words:
    """Explain that the same form is under way."""
    sentence = _("This form was sent a moment ago and Diga has not answered yet. It was not sent again.")
    then = _("Wait a moment, then check the number again.")
    return failure(_("Already sent"), Happened.UNKNOWN, sentence, then, tone="warn")


def words_for_spent_form(earlier: Change) -> Words:
    """Explain that the form was sent before, with other text in it."""
    result = words_for_change(earlier).title
    sentence = _("This form was sent before, and ended so: %(result)s. What you typed since was not sent.")
    then = _("It is in the form: compare it with what the number has now, then save again.")
    return failure(_("Already sent"), Happened.NO, sentence % {"result": result}, then, tone="warn")


def words_for_being_saved() -> Words:
    """Explain that somebody else's save of the phone is under way."""
    sentence = _(
        "Somebody else’s change of this number was sent, and Diga has not answered yet. Nothing of yours was sent."
    )
    return failure(_("Not saved yet"), Happened.NO, sentence, _("Wait a moment, then save again."), tone="warn")


def words_for_still_being_saved() -> Words:
    """Explain, in a page that goes on looking, that a save is not over."""
    return Words("warn", _("Still being saved"), _("Diga has not answered yet. This page goes on looking."))


def words_for_dead_sender() -> Words:
    """Explain that whoever was saving is gone, and that the next save finds out what became of it."""
    sentence = _("The process that was saving ended before it knew what Diga did.")
    then = _("Save again: what Diga has is read first.")
    return failure(_("Not known yet"), Happened.UNKNOWN, sentence, then, tone="warn")


def words_for_over() -> Words:
    """Explain that another save of the phone is over."""
    then = _("Save again: what Diga has now is read and compared first.")
    return Words("ok", _("Nothing is being saved any more"), then)


def words_for_busy() -> Words:
    """Explain that others were saving the same phone all the while."""
    sentence = _("Somebody else is saving this number again and again. Nothing was sent; your text is kept.")
    return failure(_("Not saved"), Happened.NO, sentence, _("Wait a moment, then save again."), tone="warn")


def words_for_unrecorded() -> Words:
    """Explain that nothing is sent that can't be logged."""
    sentence = _("The change could not be written into the history, so nothing was sent. Your text is kept.")
    then = _("Try again in a minute; if it stays, tell the administrator of this server: the disk may be full.")
    return failure(_("Not saved"), Happened.NO, sentence, then)


def words_for_unrecorded_outcome() -> Words:
    """Explain that it was sent, and that we could not note what Diga said."""
    sentence = _("It was sent, but what became of it could not be written down. We look again within two minutes.")
    then = _("Don’t save it again now: check the number again in two minutes.")
    return failure(_("We don’t know whether Diga applied it"), Happened.UNKNOWN, sentence, then)


_UNSENT: dict[SaveKind, Callable[[], Words]] = {
    SaveKind.READ_ONLY: words_for_no_key,
    SaveKind.WILL_BE_REFUSED: words_for_predicted_refusal,
    SaveKind.CONFLICT: words_for_conflict,
    SaveKind.ALREADY_SENT: words_for_being_sent,
    SaveKind.BEING_SAVED: words_for_being_saved,
    SaveKind.BUSY: words_for_busy,
    SaveKind.NOT_RECORDED: words_for_unrecorded,
    SaveKind.OUTCOME_NOT_RECORDED: words_for_unrecorded_outcome,
}


def words_for_unsent(result: SaveResult, *, is_chosen: bool) -> Words | None:
    """Explain why a save was not sent; None for `NO_CONSENT`, which is said at the field.

    `is_chosen` if the person has chosen Diga's value wherever there was a conflict.
    """
    match result.kind:
        case SaveKind.NO_CONSENT:
            return None
        case SaveKind.NOTHING_TO_CHANGE:
            return words_for_nothing_to_save(is_chosen=is_chosen)
        case SaveKind.NOT_EDITABLE if result.policy:
            return words_for_closed(result.policy)
        case SaveKind.NOT_CHECKED:
            return words_for_unchecked_refusal(result.error)
        case SaveKind.SPENT_FORM if result.change:
            return words_for_spent_form(result.change)
        case kind:
            return _UNSENT[kind]()
