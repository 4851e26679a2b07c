"""The forms of a project: its API key, sync interval, and rules for plans. A typed key is never shown again."""

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from phones.services.projects.key_checks import UnusableKey, clean_key


class ReplaceKeyForm(forms.Form):
    """A key to replace the stored one."""

    # An empty field is reported by `clean_key`, not by the browser.
    key = forms.CharField(
        label=_("API key"),
        required=False,
        help_text=_("In Diga: Settings > Project > API Keys. Spaces and a leading “Bearer” are removed."),
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password", "spellcheck": "false"}),
    )

    @sensitive_variables()
    def clean_key(self) -> str:
        """Return the key alone; the error says what was wrong without repeating the input."""
        try:
            return clean_key(self.cleaned_data["key"])
        except UnusableKey as fault:
            raise forms.ValidationError(fault.args[0]) from None


class KeyForm(ReplaceKeyForm):
    """A project to connect: its name here, and its key."""

    field_order = ("name", "key")

    name = forms.CharField(
        label=_("Project name"),
        required=False,
        max_length=80,
        help_text=_("As your team calls it: the customer, or the name of the project in Diga."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_name(self) -> str:
        """Return the name; a key alone is enough to begin with."""
        name: str = self.cleaned_data["name"]
        return name or gettext("Diga project")


class SyncIntervalForm(forms.Form):
    """The interval between syncs."""

    minutes = forms.IntegerField(label=_("Minutes between syncs"), min_value=1, max_value=1440)


class PlanRulesForm(forms.Form):
    """The counts above which a plan takes more than a click. Empty: never."""

    typed_above = forms.IntegerField(
        label=_("Type the count above"),
        required=False,
        min_value=0,
        max_value=1_000_000,
        help_text=_("Plans with more changes ask for their count to be typed. Empty: never."),
    )
    approved_above = forms.IntegerField(
        label=_("A second person above"),
        required=False,
        min_value=0,
        max_value=1_000_000,
        help_text=_("Plans with more changes wait for the yes of another lead or administrator. Empty: never."),
    )
