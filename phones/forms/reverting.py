"""The form that takes a change back: which fields, why, and that its effects were read."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from phones.models import Change, Phone
from phones.services.editing.revert import Standing, Step, edit_of
from phones.services.routing.catalogue import Catalogue
from phones.services.routing.edits import PhoneEdit

from .phones import NicknameForm
from .reasons import ReasonFields


class RevertForm(ReasonFields, NicknameForm):
    """What of an old state to put back. A field of the phone is a tick, since its value is known."""

    nickname = None  # type: ignore[assignment]
    reviewed = forms.CharField(widget=forms.HiddenInput, required=False)
    understood = forms.BooleanField(label=_("I understand this goes live"), required=False)

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        phone: Phone,
        catalogue: Catalogue,
        steps: tuple[Step, ...],
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, phone=phone, catalogue=catalogue, initial=initial)
        self.steps = steps
        for step in steps:
            if step.can_take:
                self.fields[f"take_{step.name}"] = forms.BooleanField(required=False, initial=step.is_default)

    def clean(self) -> dict[str, Any]:
        """Refuse a tick at a field that can't be taken back: the page has changed since it was opened."""
        cleaned = super().clean()
        open_ticks = {f"take_{step.name}" for step in self.steps if step.can_take}
        if {name for name in self.data if name.startswith("take_")} - open_ticks:
            raise forms.ValidationError(_("Something has changed since you opened this page. Nothing was sent."))
        return cleaned

    def edit(self) -> PhoneEdit:
        """Return what is ticked; of a form that was not sent yet, what is ticked beforehand."""
        return edit_of(self.steps, {step.name for step in self.steps if self._is_taken(step)})

    def _is_taken(self, step: Step) -> bool:
        name = f"take_{step.name}"
        if self.is_bound:
            return bool(self.cleaned_data.get(name))
        return step.can_take and bool(self.get_initial_for_field(self.fields[name], name))

    def chosen(self) -> dict[str, Any]:
        """Return what was typed and ticked, as the beginning of another form."""
        ticks = {f"take_{step.name}": f"take_{step.name}" in self.data for step in self.steps}
        return {name: self.cleaned_data.get(name, "") for name in ("reason", "ticket")} | ticks

    def asks_for(self, done: Change) -> bool:
        """Say whether a change is what is ticked here, for the same reason; it leaves out only what is so already."""
        ticked = {name.removeprefix("take_") for name in self.data if name.startswith("take_")}
        left_out = {step.name for step in self.steps if step.standing is Standing.SAME}
        is_same = set(done.after) <= ticked <= set(done.after) | left_out
        return is_same and [self.cleaned_data.get(name) for name in ("reason", "ticket")] == [done.reason, done.ticket]

    def agreed(self) -> str | None:
        """Return the fingerprint of the impacts that the person has read and ticked."""
        return self.cleaned_data.get("reviewed") if self.is_bound and self.cleaned_data.get("understood") else None
