"""Bringing many numbers back: why, and the token that makes two sends one plan."""

from django import forms

from phones.forms.opened import TOO_OLD
from phones.forms.reasons import ReasonFields, reason_field


class BringBackForm(ReasonFields):
    """Why numbers are brought back."""

    reason = reason_field(is_required=True)
    form_token = forms.UUIDField(widget=forms.HiddenInput, error_messages={"required": TOO_OLD, "invalid": TOO_OLD})
