"""The form that makes a plan which publishes a version of an agent."""

from django import forms

from phones.forms.opened import TOO_OLD
from phones.forms.reasons import ReasonFields, reason_field


class PublishForm(ReasonFields):
    """A version to publish for all numbers of an agent, and why."""

    version_id = forms.UUIDField(widget=forms.HiddenInput, error_messages={"required": TOO_OLD, "invalid": TOO_OLD})
    form_token = forms.UUIDField(widget=forms.HiddenInput, error_messages={"required": TOO_OLD, "invalid": TOO_OLD})
    reason = reason_field(is_required=True)
