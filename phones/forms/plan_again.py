"""The form that makes a plan from another one: of which rows, and why."""

import uuid

from django import forms
from django.utils.translation import gettext_lazy as _

from phones.models import PlanKind

from .phones import REASON_LIMIT, TICKET_LIMIT

KINDS = [(kind, kind.label) for kind in (PlanKind.RETRY, PlanKind.REST, PlanKind.REVERT)]


class PlanAgainForm(forms.Form):
    """Which rows of a plan to make another one of. Its reason is asked for like that of any plan."""

    kind = forms.ChoiceField(choices=KINDS)
    reason = forms.CharField(
        label=_("Reason"), max_length=REASON_LIMIT, error_messages={"required": _("Say why; the history keeps it.")}
    )
    ticket = forms.CharField(label=_("Ticket"), required=False, max_length=TICKET_LIMIT)
    form_token = forms.UUIDField()

    def token(self) -> uuid.UUID:
        """Return what makes two sends of one button one plan: each button of the form makes its own."""
        return uuid.uuid5(self.cleaned_data["form_token"], self.cleaned_data["kind"])
