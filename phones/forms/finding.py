"""The forms of the finder (pasted text) and of saved views."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from phones.models import SavedView


class PasteForm(forms.Form):
    """A ticket's text, or a column of numbers. The service checks its size, so that nothing is cut off here."""

    text = forms.CharField(
        label=_("Text or numbers"),
        help_text=_("A ticket, a mail, or a column of a spreadsheet; the numbers may be spelled in any way."),
        widget=forms.Textarea(attrs={"rows": 8, "autocomplete": "off", "spellcheck": "false"}),
    )


class ViewForm(forms.Form):
    """A saved view. Only people who may share have the field for it, and only the owner the one for the default."""

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
