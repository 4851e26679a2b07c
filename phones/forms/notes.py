"""The forms of what this desk keeps on numbers: the note and tags of one, and tags of many."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from phones.models import Phone
from phones.services.notes.tags import LENGTH_LIMIT, TAGS_A_PHONE, TagTooLong, read_tags
from phones.services.notes.writing import NOTE_LIMIT, fingerprint_of

from .opened import TOO_OLD

TOO_MANY = _("A number has at most %(limit)d tags.")
ADD, REMOVE = "add", "remove"


class NoteField(forms.CharField):
    """A text of several lines, whose breaks count as one character each, as browsers count them."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> str:
        """Return the text with plain line breaks, without blanks around it."""
        return (super().to_python(value) or "").replace("\r\n", "\n").replace("\r", "\n")


class TagsField(forms.CharField):
    """Tags with commas between them; its value is a tuple of them."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=2 * TAGS_A_PHONE * LENGTH_LIMIT, **kwargs)

    def clean(self, value: Any) -> tuple[str, ...]:
        """Return the tags.

        :raises ValidationError: one of them is too long.
        """
        try:
            return read_tags(super().clean(value) or "")
        except TagTooLong as error:
            words = _("“%(tag)s” is too long: a tag has at most %(limit)d characters.")
            raise forms.ValidationError(words, params={"tag": error.tag, "limit": LENGTH_LIMIT}) from None


class NoteForm(forms.Form):
    """A note and tags, with the fingerprint of the note, and the tags, that the person saw."""

    seen = forms.CharField(widget=forms.HiddenInput, error_messages={"required": TOO_OLD})
    note = NoteField(label=_("Note"), required=False, max_length=NOTE_LIMIT)
    tags_seen = TagsField(required=False, widget=forms.HiddenInput)
    tags = TagsField(label=_("Tags"), required=False)

    def __init__(
        self, data: QueryDict | None = None, *, stored: Phone, typed: str | None = None, tags: str | None = None
    ) -> None:
        """Make a form of what was sent, or a fresh one on what is stored; `typed` and `tags` stand in it instead."""
        had = ", ".join(stored.tag_names)
        initial = {
            "seen": fingerprint_of(stored.note),
            "note": stored.note if typed is None else typed,
            "tags_seen": had,
            "tags": had if tags is None else tags,
        }
        super().__init__(data, initial=initial)

    def clean_tags(self) -> tuple[str, ...]:
        """Return the tags, unless they are too many for one number."""
        tags: tuple[str, ...] = self.cleaned_data["tags"]
        if len(tags) > TAGS_A_PHONE:
            raise forms.ValidationError(TOO_MANY, params={"limit": TAGS_A_PHONE})
        return tags


class TagForm(forms.Form):
    """Tags that many numbers get, or lose."""

    tags = TagsField(label=_("Tags"))
    how = forms.ChoiceField(choices=[(ADD, _("Add")), (REMOVE, _("Remove"))], widget=forms.HiddenInput)
