"""Why something is changed: the same two fields in every form that changes a phone."""

from django import forms
from django.utils.translation import gettext_lazy as _

REASON_LIMIT = 500
TICKET_LIMIT = 80


def reason_field(*, is_required: bool = False) -> forms.CharField:
    """Return the field of the reason. One phone may be changed without; many at once may not."""
    missing = {"required": _("Say why; the history keeps it.")}
    return forms.CharField(label=_("Reason"), required=is_required, max_length=REASON_LIMIT, error_messages=missing)


class ReasonFields(forms.Form):
    """A reason and the ticket it comes from, both to be left out."""

    reason = reason_field()
    ticket = forms.CharField(label=_("Ticket"), required=False, max_length=TICKET_LIMIT)
