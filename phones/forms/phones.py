"""The forms that change a phone."""

from collections.abc import Collection
from contextlib import suppress
from typing import Any, Self, cast

from django import forms
from django.core.validators import MaxLengthValidator
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from phones import diga
from phones.models import Phone
from phones.services.nicknames import one_line
from phones.services.routing.catalogue import Catalogue
from phones.services.routing.edits import NICKNAME_LIMIT, PhoneEdit, PhoneSnapshot
from phones.services.routing.lanes import FIELDS, Lane, Target

from .moments import WhenFields
from .opened import TOO_OLD, Opened
from .reasons import ReasonFields
from .versions import VersionField, version_of

ROUTE_FIELDS = (
    "inbound_version_id",
    "outbound_version_id",
    "unassign_inbound",
    "unassign_outbound",
    "both_directions",
    "from_at",
    "until_at",
)
# Fields of a phone that nobody changes here; a request that carries one was made by hand.
FIXED_FIELDS = frozenset({field.name for field in Phone._meta.get_fields()} - {"nickname", "changes"}) | {
    "inbound_agent_id",
    "outbound_agent_id",
}


# After a conflict, a field is kept as Diga has it, or becomes what the person typed.
THEIRS, MINE = "theirs", "mine"


class ConflictForm(forms.Form):
    """A choice in each field that two people changed: Diga's value, or what was typed. Nothing is chosen beforehand."""

    def __init__(self, data: QueryDict | None, *, asked: Collection[str]) -> None:
        super().__init__(data)
        errors = dict.fromkeys(("required", "invalid_choice"), _("Choose which value to keep. Nothing was sent."))
        choices = [(THEIRS, _("Keep what Diga has")), (MINE, _("Use mine"))]
        for name in asked:
            self.fields[f"choose_{name}"] = forms.ChoiceField(choices=choices, error_messages=errors)

    def keeps_theirs(self, name: str) -> bool:
        """Say whether a field stays as Diga has it: until the person chooses their own."""
        choice = f"choose_{name}"
        return choice in self.fields and self.data.get(choice) != MINE


class NicknameForm(forms.Form):
    """A phone's nickname, with what the person saw and the token that makes two sends one write."""

    opened = forms.CharField(widget=forms.HiddenInput, error_messages={"required": TOO_OLD})
    form_token = forms.UUIDField(widget=forms.HiddenInput, error_messages={"required": TOO_OLD, "invalid": TOO_OLD})
    nickname = forms.CharField(label=_("Alias"), required=False, strip=False, empty_value="")
    # What a person may change with this form.
    editable: tuple[str, ...] = ("nickname",)

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        phone: Phone,
        catalogue: Catalogue,
        initial: dict[str, Any] | None = None,
        opened: Opened | None = None,
    ) -> None:
        """Make a form of what was sent, or a fresh one: on what the phone is now, or on `opened`."""
        self.phone, self.catalogue = phone, catalogue
        self.seen = opened or Opened.of(phone, catalogue)
        shown = {"opened": self.seen.packed(phone.pk), "nickname": one_line(phone.nickname or "")}
        super().__init__(data, initial=shown | (initial or {}))
        if self.is_bound:
            with suppress(forms.ValidationError):
                self.seen = Opened.unpacked(phone.pk, self.data.get("opened", ""))
        self.conflict = ConflictForm(data, asked=[name for name in self.seen.asked if name in self.editable])

    def is_valid(self) -> bool:
        """Say whether nothing is wrong with what was typed, and every choice after a conflict was made."""
        return super().is_valid() and (not self.conflict.fields or self.conflict.is_valid())

    def clean_opened(self) -> Opened:
        """Return what the person saw when the form was opened."""
        return Opened.unpacked(self.phone.pk, self.cleaned_data["opened"])

    def clean_nickname(self) -> str:
        """Return the nickname on one line. It has a limit, but for one that Diga has and the person left alone."""
        typed = one_line(self.cleaned_data["nickname"])
        if "opened" not in self.cleaned_data or typed != one_line(self.seen.base.nickname or ""):
            MaxLengthValidator(NICKNAME_LIMIT)(typed)
        return typed

    def clean(self) -> dict[str, Any]:
        """Refuse a request that carries a field nobody changes here; read what is wanted, whatever else is wrong."""
        if forged := FIXED_FIELDS & set(self.data):
            text = _("“%(field)s” can’t be changed here. Nothing was sent.")
            self.add_error(None, forms.ValidationError(text, params={"field": ", ".join(sorted(forged))}))
        if "opened" in self.cleaned_data:
            self.cleaned_data["edit"] = self._wanted()
        return self.cleaned_data

    def base(self) -> PhoneSnapshot:
        """Return the values of the phone that the person saw."""
        return self.seen.base

    def edit(self) -> PhoneEdit:
        """Return what the person wants changed."""
        edit: PhoneEdit = self.cleaned_data["edit"]
        return edit

    def _wanted(self) -> PhoneEdit:
        return PhoneEdit(nickname=self._nickname())

    def _nickname(self) -> str | diga.Unset:
        """Return the nickname to send, or UNSET where the person left it alone or it can't be read."""
        typed: str | None = self.cleaned_data.get("nickname")
        is_left_alone = "nickname" not in self.data or self.conflict.keeps_theirs("nickname")
        if typed is None or is_left_alone or typed == one_line(self.seen.base.nickname or ""):
            return diga.UNSET
        return typed

    def rebased(self, asked: tuple[str, ...] = ()) -> Self:
        """Return a form on what the phone is now, with what was typed here in the fields that were touched.

        A field the person left alone shows the new value, so that it is not taken for their choice. `asked` are
        the fields of a conflict: there the person chooses anew, and nothing is chosen for them.
        """
        opened = Opened.of(self.phone, self.catalogue)
        return self._anew(self._touched(), opened.after(self.seen, asked) if asked else opened)

    def _touched(self) -> dict[str, Any]:
        nickname = self.edit().nickname
        return {"nickname": nickname} if isinstance(nickname, str) else {}

    def _anew(self, touched: dict[str, Any], opened: Opened) -> Self:
        return type(self)(phone=self.phone, catalogue=self.catalogue, initial=touched, opened=opened)


class PhoneForm(WhenFields, ReasonFields, NicknameForm):
    """Everything of a phone that people change: nickname, agents, and why.

    A lane's value is a version id, since that is what Diga takes; "" keeps what the phone has.
    """

    inbound_version_id = VersionField(label=_("Inbound agent"))
    outbound_version_id = VersionField(label=_("Outbound agent"))
    unassign_inbound = forms.BooleanField(label=_("Unassign inbound agent"), required=False)
    unassign_outbound = forms.BooleanField(label=_("Unassign outbound agent"), required=False)
    both_directions = forms.BooleanField(label=_("Use for outgoing calls too"), required=False)
    reviewed = forms.CharField(widget=forms.HiddenInput, required=False)
    understood = forms.BooleanField(label=_("I understand this goes live"), required=False)

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        phone: Phone,
        catalogue: Catalogue,
        can_route: bool,
        initial: dict[str, Any] | None = None,
        opened: Opened | None = None,
    ) -> None:
        opened = opened or Opened.of(phone, catalogue)
        self.editable = FIELDS if can_route else ("nickname",)
        lanes = {f"{lane}_version_id": value for lane, value in opened.kept.items()}
        super().__init__(data, phone=phone, catalogue=catalogue, initial=lanes | (initial or {}), opened=opened)
        for lane in Lane:
            field = cast(VersionField, self.fields[f"{lane}_version_id"])
            field.catalogue, field.kept = catalogue, self.seen.kept[lane]
            field.error_messages["invalid_choice"] = _("This version is not offered to this number. Nothing was sent.")
        if not can_route:
            for name in (*ROUTE_FIELDS, "understood", "reviewed"):
                del self.fields[name]

    def clean(self) -> dict[str, Any]:
        """Refuse a lane that is both given an agent and unassigned."""
        for lane in Lane if "opened" in self.cleaned_data else ():
            if self.cleaned_data.get(f"unassign_{lane}") and self._is_changed(lane):
                self.add_error(f"{lane}_version_id", _("Choose an agent or unassign, not both. Nothing was sent."))
        return super().clean()

    def _is_changed(self, lane: Lane) -> bool:
        """Say whether another version was chosen than the one the picker had."""
        return self.cleaned_data.get(f"{lane}_version_id") not in {None, "", self.seen.kept[lane]}

    def _wanted(self) -> PhoneEdit:
        """Return what is wanted. A ticked `both_directions` gives outbound what inbound has."""
        if "inbound" not in self.editable:
            return super()._wanted()
        inbound, outbound = (self._lane(lane) for lane in Lane)
        if self.cleaned_data.get("both_directions") and not self.conflict.keeps_theirs("outbound"):
            outbound = self._same_as_inbound(inbound)
        return PhoneEdit(self._nickname(), inbound, outbound)

    def _lane(self, lane: Lane) -> Target | diga.Unset | None:
        if self.conflict.keeps_theirs(lane):
            return diga.UNSET
        if self.cleaned_data.get(f"unassign_{lane}"):
            return None if self.seen.base.value(lane) else diga.UNSET
        return self._target(self.cleaned_data[f"{lane}_version_id"]) if self._is_changed(lane) else diga.UNSET

    def _target(self, version_id: str) -> Target | diga.Unset:
        return version_of(self.catalogue, version_id) or diga.UNSET

    def _same_as_inbound(self, inbound: Target | diga.Unset | None) -> Target | diga.Unset | None:
        if inbound is None:
            return None if self.seen.base.outbound_agent_id else diga.UNSET
        if isinstance(inbound, diga.Unset):
            # It stays as it is shown.
            is_theirs = self.conflict.keeps_theirs("inbound")
            inbound = self._target(
                self.seen.kept["inbound"] if is_theirs else self.cleaned_data.get("inbound_version_id", "")
            )
        is_same = isinstance(inbound, Target) and str(inbound.version.id) == self.seen.kept["outbound"]
        return diga.UNSET if is_same else inbound

    def _touched(self) -> dict[str, Any]:
        touched = super()._touched() | {name: self.cleaned_data.get(name, "") for name in ("reason", "ticket")}
        touched |= {name: self.data.get(name, "") for name in ("from_at", "until_at")}
        edit = self.edit()
        for lane in Lane:
            wanted = getattr(edit, lane)
            if isinstance(wanted, Target):
                touched[f"{lane}_version_id"] = str(wanted.version.id)
            elif wanted is None:
                touched[f"unassign_{lane}"] = True
        return touched

    def _anew(self, touched: dict[str, Any], opened: Opened) -> Self:
        can_route = "inbound" in self.editable
        return type(self)(
            phone=self.phone, catalogue=self.catalogue, can_route=can_route, initial=touched, opened=opened
        )

    def agreed(self) -> str | None:
        """Return the fingerprint of the impacts that the person has read and ticked."""
        return self.cleaned_data.get("reviewed") if self.cleaned_data.get("understood") else None


def using(data: QueryDict, catalogue: Catalogue, version_id: str) -> QueryDict:
    """Return what was sent with another version chosen, wherever one of its agent was; nothing agreed to stays so."""
    changed = data.copy()
    wanted = version_of(catalogue, version_id)
    for name in (f"{lane}_version_id" for lane in Lane):
        chosen = version_of(catalogue, data.get(name, ""))
        if wanted and chosen and chosen.agent.id == wanted.agent.id:
            changed[name] = version_id
    changed.pop("understood", None)
    return changed
