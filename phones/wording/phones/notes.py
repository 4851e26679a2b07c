"""What became of a note and tags that somebody sent, in words."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from phones.services.notes.writing import NoteMoved
from phones.wording.moments import words_for_moment


@dataclass(frozen=True, slots=True)
class NoteWords:
    """A title and a sentence; `theirs` is the note of somebody else beside what was typed, None without a conflict."""

    title: str
    text: str = ""
    theirs: str | None = None


def words_for_note(*, is_new: bool, is_tagged: bool) -> NoteWords:
    """Return that a note and tags are stored, or were so already."""
    if is_new and is_tagged:
        return NoteWords(_("Note and tags saved"))
    if is_tagged:
        return NoteWords(_("Tags saved"))
    return NoteWords(_("Note saved")) if is_new else NoteWords(_("Nothing was changed: it was so already"))


def words_for_moved_note(error: NoteMoved, now: datetime) -> NoteWords:
    """Return that somebody else wrote the note meanwhile, and who."""
    title = _("Somebody else changed this note meanwhile. Nothing was saved.")
    text = _("Their note stands above yours. Save again to replace it; Changes › Acts keeps both.")
    if error.act:
        names = {"person": error.act.actor_name, "when": words_for_moment(error.act.at, now)}
        title = _("%(person)s changed this note %(when)s. Nothing was saved.") % names
    return NoteWords(title, text, error.note)
