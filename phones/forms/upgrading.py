"""The forms around publishing a version of an agent: what was read, ticked and typed."""

from django import forms
from django.utils.translation import gettext_lazy as _

from .opened import TOO_OLD
from .reasons import ReasonFields, reason_field


class ConsentForm(forms.Form):
    """That somebody has read what would happen, and agrees to it."""

    understood = forms.BooleanField(
        label=_("I understand this goes live"),
        error_messages={"required": _("Read the box above, then tick that you understand it. Nothing was sent.")},
    )


class UpgradeForm(ReasonFields, ConsentForm):
    """A version to publish for all numbers of an agent, and why. `reviewed` is the fingerprint of what was shown."""

    version_id = forms.UUIDField(widget=forms.HiddenInput, error_messages={"required": TOO_OLD, "invalid": TOO_OLD})
    form_token = forms.UUIDField(widget=forms.HiddenInput, error_messages={"required": TOO_OLD, "invalid": TOO_OLD})
    reviewed = forms.CharField(widget=forms.HiddenInput, max_length=80, error_messages={"required": TOO_OLD})
    reason = reason_field(is_required=True)
    typed = forms.CharField(label=_("Count of numbers"), required=False, max_length=20)


class GiveBackForm(forms.Form):
    """A plan to make once, however often its button is pressed."""

    form_token = forms.UUIDField(widget=forms.HiddenInput)
