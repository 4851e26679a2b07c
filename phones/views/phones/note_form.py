"""The note and the tags of a phone, in the drawer and on a page of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from phones.access import Desk
from phones.forms.notes import NoteForm
from phones.models import Act, Phone
from phones.services.notes.tags import acts_on
from phones.services.notes.writing import NOTE_LIMIT
from phones.views.phones.listing.rows import TagLink, tag_links
from phones.wording.history.acts import words_for_kind, words_for_noted
from phones.wording.phones.notes import NoteWords

# How many earlier notes a page shows; Changes › Acts has all.
EARLIER = 20


@dataclass(frozen=True, slots=True)
class EarlierNote:
    """An act on the note or tags of a phone, in words."""

    at: datetime
    person: str
    what: str
    text: str

    @classmethod
    def of(cls, act: Act) -> "EarlierNote":
        """Return an act as the page of its phone tells it."""
        return cls(act.at, act.actor_name, words_for_kind(act.kind), words_for_noted(act))


@dataclass(frozen=True, slots=True)
class NoteBlock:
    """A note and tags, and the form that writes them where it is open.

    `phone_url` is where a page without scripts leads back to. `known` are the tags of the project, to choose from.
    `words` say what became of what was sent; `earlier` is what was noted before, told with the form.
    """

    text: str
    tags: list[TagLink]
    known: list[str]
    url: str
    phone_url: str
    may_write: bool
    limit: int = NOTE_LIMIT
    form: NoteForm | None = None
    words: NoteWords | None = None
    earlier: Sequence[EarlierNote] = ()

    @property
    def cancel_url(self) -> str:
        """The address that answers with the note as it is."""
        return f"{self.url}{'&' if '?' in self.url else '?'}cancel=1"


def note_of(
    desk: Desk,
    phone: Phone,
    *,
    suffix: str,
    form: NoteForm | None = None,
    words: NoteWords | None = None,
) -> NoteBlock:
    """Return the note and tags of a phone; the addresses keep the list's filters (`suffix`, with its `?`).

    No query; one with a form, for what was noted before.
    """
    names = [desk.project.slug, phone.pk]
    return NoteBlock(
        text=phone.note,
        tags=tag_links(phone, reverse("phone_list", args=[desk.project.slug])),
        known=desk.project.tags,
        url=reverse("phone_note", args=names) + suffix,
        phone_url=reverse("phone_edit", args=names) + suffix,
        may_write=desk.may_label,
        form=form,
        words=words,
        earlier=[EarlierNote.of(act) for act in acts_on(phone, limit=EARLIER)] if form else (),
    )
