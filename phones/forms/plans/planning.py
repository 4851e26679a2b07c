"""The form that says what is to be done with many phones: for each field keep, set or empty, and why."""

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from phones import diga
from phones.forms.moments import WhenFields
from phones.forms.opened import TOO_OLD
from phones.forms.reasons import ReasonFields, reason_field
from phones.forms.versions import VersionField, version_of
from phones.models import Phone
from phones.services.nicknames import one_line
from phones.services.plans.bulk_edits import BulkEdit, Wanted
from phones.services.plans.nickname_patterns import BadPattern, Pattern
from phones.services.routing.catalogue import Catalogue
from phones.services.routing.edits import NICKNAME_LIMIT
from phones.services.routing.lanes import Lane

KEEP, SET, EMPTY = "KEEP", "SET", "EMPTY"


def how(label: Any, set_to: Any, empty: Any) -> forms.ChoiceField:
    """Return what can be done with a field. It is kept unless somebody says otherwise."""
    choices = [(KEEP, _("Keep")), (SET, set_to), (EMPTY, empty)]
    return forms.ChoiceField(label=label, choices=choices, initial=KEEP, required=False)


class WishForm(WhenFields, ReasonFields):
    """What is wanted on every chosen phone. A lane's value is a version id, since that is what Diga takes."""

    nickname_how = how(_("Alias"), _("Set to a pattern"), _("Remove"))
    nickname_pattern = forms.CharField(label=_("Pattern"), required=False, max_length=NICKNAME_LIMIT)
    inbound_how = how(_("Inbound agent"), _("Set to"), _("Unassign"))
    inbound_version_id = VersionField(label=_("Inbound agent to set"))
    outbound_how = how(_("Outbound agent"), _("Set to"), _("Unassign"))
    outbound_version_id = VersionField(label=_("Outbound agent to set"))
    reason = reason_field(is_required=True)
    form_token = forms.UUIDField(widget=forms.HiddenInput, error_messages={"required": TOO_OLD, "invalid": TOO_OLD})

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        catalogue: Catalogue,
        phones: Sequence[Phone],
        initial: dict[str, Any] | None = None,
    ) -> None:
        """Make a form about these phones of a project with these agents."""
        super().__init__(data, initial=initial)
        self.catalogue, self.phones = catalogue, phones
        for lane in Lane:
            cast(VersionField, self.fields[f"{lane}_version_id"]).catalogue = catalogue

    def clean_nickname_pattern(self) -> str:
        """Refuse a placeholder that stands for nothing, and names that would be too long."""
        text = one_line(self.cleaned_data["nickname_pattern"])
        if self._how("nickname") != SET:
            return text
        try:
            pattern = Pattern.read(text)
        except BadPattern as bad:
            words = _("“%(placeholder)s” stands for nothing. There are {n}, {n:03}, {number} and {alias}.")
            raise forms.ValidationError(words, params={"placeholder": bad.placeholder}) from bad
        for place, phone in enumerate(self.phones, 1):
            if len(pattern.name(place, phone)) > NICKNAME_LIMIT:
                words = _("The alias of %(number)s would have more than %(limit)s characters.")
                limit = number_format(NICKNAME_LIMIT)
                raise forms.ValidationError(words, params={"number": phone.shown, "limit": limit})
        return text

    def clean(self) -> dict[str, Any]:
        """Refuse a field that is to be set to nothing, and a form that keeps everything."""
        super().clean()
        if self._is_missing("nickname", "nickname_pattern"):
            self.add_error("nickname_pattern", _("Type a pattern, or choose Keep."))
        for lane in Lane:
            if self._is_missing(lane, f"{lane}_version_id"):
                self.add_error(f"{lane}_version_id", _("Choose an agent, or Keep."))
        if not self.errors.keys() - {"reason", "ticket", "form_token", "from_at", "until_at"} and self.wish().is_empty:
            raise forms.ValidationError(_("Nothing is to be changed: every field is kept. Choose at least one."))
        return self.cleaned_data

    def _is_missing(self, name: str, value: str) -> bool:
        return self._how(name) == SET and value not in self.errors and not self.cleaned_data.get(value)

    def _how(self, name: str) -> str:
        return self.cleaned_data.get(f"{name}_how") or KEEP

    def wish(self) -> BulkEdit:
        """Return what is wanted on every phone."""
        nickname: Pattern | diga.Unset | None = diga.UNSET
        if self._how("nickname") == SET:
            nickname = Pattern(self.cleaned_data["nickname_pattern"])
        elif self._how("nickname") == EMPTY:
            nickname = None
        return BulkEdit(nickname, self._lane("inbound"), self._lane("outbound"))

    def _lane(self, lane: str) -> Wanted:
        chosen = self._how(lane)
        if chosen != SET:
            return None if chosen == EMPTY else diga.UNSET
        return version_of(self.catalogue, self.cleaned_data[f"{lane}_version_id"]) or diga.UNSET
