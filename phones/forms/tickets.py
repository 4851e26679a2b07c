"""The form that makes a plan of a pasted ticket: its numbers as they were shown, the version, and why."""

import uuid
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from phones.services.routing.catalogue import Catalogue
from phones.services.routing.lanes import Target

from .opened import TOO_OLD
from .reasons import ReasonFields, reason_field

_OLD = dict.fromkeys(("required", "invalid"), TOO_OLD)


class TicketPlanForm(ReasonFields):
    """The numbers of a ticket that are to be answered by one version."""

    phones = forms.CharField(widget=forms.HiddenInput, error_messages=_OLD)
    version = forms.UUIDField(widget=forms.HiddenInput, error_messages=_OLD)
    form_token = forms.UUIDField(widget=forms.HiddenInput, error_messages=_OLD)
    reason = reason_field(is_required=True)

    def __init__(self, data: QueryDict | None = None, *, catalogue: Catalogue, initial: dict[str, Any] | None = None):
        super().__init__(data, initial=initial)
        self.catalogue = catalogue

    def clean_phones(self) -> list[uuid.UUID]:
        """Return the ids of the phones, in the order shown."""
        try:
            return [uuid.UUID(phone_id) for phone_id in self.cleaned_data["phones"].split(",")]
        except ValueError:
            raise forms.ValidationError(TOO_OLD) from None

    def clean_version(self) -> Target:
        """Return the version; one that is not offered is refused."""
        found = self.catalogue.version(self.cleaned_data["version"])
        if found is None or not found[0].is_listed or found[1].is_draft:
            raise forms.ValidationError(_("This version is not offered in this project."))
        return Target(*found)
