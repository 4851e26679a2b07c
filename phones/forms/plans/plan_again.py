"""The form that makes a plan from another one: of which rows, and why."""

import uuid

from django import forms

from phones.forms.reasons import ReasonFields, reason_field
from phones.models import PlanKind

KINDS = [(kind, kind.label) for kind in (PlanKind.RETRY, PlanKind.REST, PlanKind.REVERT, PlanKind.REATTACH)]


class PlanAgainForm(ReasonFields):
    """Which rows of a plan to make another one of. Its reason is asked for like that of any plan."""

    kind = forms.ChoiceField(choices=KINDS)
    reason = reason_field(is_required=True)
    form_token = forms.UUIDField()

    def token(self) -> uuid.UUID:
        """Return what makes two sends of one button one plan: each button of the form makes its own."""
        return uuid.uuid5(self.cleaned_data["form_token"], self.cleaned_data["kind"])
