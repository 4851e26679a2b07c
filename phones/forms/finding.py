"""What a person pastes to find numbers, and the name of a view they save."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from phones.models import SavedView


class PasteForm(forms.Form):
    """A ticket's text, or a column of numbers. How much is too much is said by the service, not cut off here."""

    text = forms.CharField(
        label=_("Text or numbers"),
        help_text=_("A ticket, a mail, or a column of a spreadsheet; the numbers may be spelled in any way."),
        widget=forms.Textarea(attrs={"rows": 8, "autocomplete": "off", "spellcheck": "false"}),
    )


class ViewForm(forms.Form):
    """A saved view. Who may not share gets no such field, and only the owner is asked what opens first."""

    name = forms.CharField(
        label=_("Name"),
        max_length=SavedView._meta.get_field("name").max_length,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    is_default = forms.BooleanField(
        label=_("Open first"),
        required=False,
        help_text=_("The list of phones opens with this view when you choose it in the menu."),
    )
    is_shared = forms.BooleanField(
        label=_("Share with the project"),
        required=False,
        help_text=_("Everybody in the project sees it; leads and administrators may change it."),
    )

    def __init__(self, *args: Any, can_share: bool, is_owner: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not can_share:
            del self.fields["is_shared"]
        if not is_owner:
            del self.fields["is_default"]

    def clean_name(self) -> str:
        """Return the name with single blanks."""
        name: str = self.cleaned_data["name"]
        return " ".join(name.split())
