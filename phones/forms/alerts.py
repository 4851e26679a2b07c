"""The forms of a project's alerts: to whom, about what, and the webhook. A webhook's address is never shown again."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from phones.models import EVENTS

MOST_MAILS = 10


class RecipientsForm(forms.Form):
    """Who is told, of what, and in which language."""

    mails = forms.CharField(
        label=_("Mail addresses"),
        required=False,
        max_length=2000,
        help_text=_("One on each line, ten at most. Empty: no mail is sent."),
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
    )
    kinds = forms.MultipleChoiceField(
        label=_("Tell of"),
        required=False,
        choices=[(kind.value, kind.label) for kind in EVENTS],
        widget=forms.CheckboxSelectMultiple,
    )
    sync_failing_minutes = forms.IntegerField(
        label=_("Minutes until failing syncs are told"), min_value=1, max_value=1440
    )
    language = forms.ChoiceField(label=_("Language of the messages"), choices=settings.LANGUAGES)

    def clean_mails(self) -> list[str]:
        """Return the addresses, each once."""
        found = list(dict.fromkeys(self.cleaned_data["mails"].split()))
        if len(found) > MOST_MAILS:
            raise forms.ValidationError(_("Ten addresses at most. Use a list of your mail server for more."))
        for address in found:
            try:
                validate_email(address)
            except forms.ValidationError:
                raise forms.ValidationError(
                    _("“%(address)s” is no mail address."), params={"address": address}
                ) from None
        return found

    def clean_kinds(self) -> list[str]:
        """Return the codes in their order."""
        chosen: Any = self.cleaned_data["kinds"]
        return [kind.value for kind in EVENTS if kind.value in chosen]


class WebhookForm(forms.Form):
    """The address of a receiver."""

    url = forms.CharField(
        label=_("Webhook address"),
        max_length=500,
        help_text=_("Begins with https://. Saving it makes a new secret, which is shown once."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "inputmode": "url"}),
    )
