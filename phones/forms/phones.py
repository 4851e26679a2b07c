"""The forms that change a phone."""

import uuid
from collections.abc import Collection
from contextlib import suppress
from functools import lru_cache
from typing import Any, Self, cast

from django import forms
from django.core.validators import MaxLengthValidator
from django.http import QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from phones import diga
from phones.models import Phone
from phones.services.nicknames import one_line
from phones.services.routing.catalogue import AgentEntry, Catalogue, VersionEntry
from phones.services.routing.edits import NICKNAME_LIMIT, PhoneEdit, PhoneSnapshot
from phones.services.routing.lanes import FIELDS, Lane, Target

from .opened import TOO_OLD, Opened
from .reasons import ReasonFields

ROUTE_FIELDS = (
    "inbound_version_id",
    "outbound_version_id",
    "unassign_inbound",
    "unassign_outbound",
    "both_directions",
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


# A picker's options of one agent: its name, and (version id, label) of each version.
Group = tuple[str, tuple[tuple[str, str], ...]]


class NicknameForm(forms.Form):
    """A phone's nickname, with what the person saw and the token that makes two sends one write."""

    opened = forms.CharField(widget=forms.HiddenInput, error_messages={"required": TOO_OLD})
    form_token = forms.UUIDField(widget=forms.HiddenInput, error_messages={"required": TOO_OLD, "invalid": TOO_OLD})
    nickname = forms.CharField(label=_("Nickname"), required=False, strip=False, empty_value="")
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


class PhoneForm(ReasonFields, NicknameForm):
    """Everything of a phone that people change: nickname, agents, and why.

    A lane's value is a version id, since that is what Diga takes; "" keeps what the phone has.
    """

    inbound_version_id = forms.ChoiceField(label=_("Inbound agent"), required=False)
    outbound_version_id = forms.ChoiceField(label=_("Outbound agent"), required=False)
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
        # Each picker's options as `_choices` returns them; Django's field turns them into lists of its own.
        self.options: dict[str, tuple[Any, ...]] = {}
        lanes = {f"{lane}_version_id": value for lane, value in opened.kept.items()}
        super().__init__(data, phone=phone, catalogue=catalogue, initial=lanes | (initial or {}), opened=opened)
        for lane, agent_id in (("inbound", phone.inbound_agent_id), ("outbound", phone.outbound_agent_id)):
            field = cast(forms.ChoiceField, self.fields[f"{lane}_version_id"])
            self.options[lane] = _choices(self.seen.kept[lane], agent_id, catalogue)
            field.choices = self.options[lane]
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
        found = self.catalogue.version(uuid.UUID(version_id)) if version_id else None
        return Target(*found) if found else diga.UNSET

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
        if wanted and chosen and chosen[0].id == wanted[0].id:
            changed[name] = version_id
    changed.pop("understood", None)
    return changed


def version_of(catalogue: Catalogue, version_id: str) -> tuple[AgentEntry, VersionEntry] | None:
    """Return the version that a request names, with its agent; None where there is no such one."""
    try:
        return catalogue.version(uuid.UUID(version_id))
    except ValueError:
        return None


def _choices(kept: str, agent_id: uuid.UUID | None, catalogue: Catalogue) -> tuple[Any, ...]:
    """Return the options: a group an agent, and before them what the lane holds if none stands for it."""
    groups = offered_groups(catalogue)
    offered = catalogue.version(uuid.UUID(kept)) if kept else None
    is_offered = offered is not None and offered[0].is_listed and not offered[1].is_draft
    return groups if is_offered else ((kept, _kept_label(agent_id, catalogue)), *groups)


def offered_groups(catalogue: Catalogue) -> tuple[Group, ...]:
    """Return what a picker offers, a group an agent: the published version first, drafts never."""
    return _groups(catalogue, get_language())


@lru_cache(maxsize=64)
def _groups(catalogue: Catalogue, _language: str | None) -> tuple[Group, ...]:
    """Return a picker's options, a group an agent. Kept: a catalogue stays the same until agents change."""
    return tuple(
        (agent.name, tuple(_option(agent, version) for version in _published_first(agent)))
        for agent in catalogue.offered
    )


def _kept_label(agent_id: uuid.UUID | None, catalogue: Catalogue) -> Any:
    if agent_id is None:
        return _("No agent")
    agent = catalogue.agent(agent_id)
    if agent is None:
        return _("Unknown agent")
    label = _("%(name)s · not published") if agent.is_listed else _("%(name)s · no longer in Diga")
    return label % {"name": agent.name}


def _published_first(agent: AgentEntry) -> list[VersionEntry]:
    return sorted(agent.offered, key=lambda version: not version.is_published)


def _option(agent: AgentEntry, version: VersionEntry) -> tuple[str, str]:
    named = f"{agent.name} · {version.label}" + (f" “{version.name}”" if version.name else "")
    label = _("%(version)s · published") if version.is_published else _("%(version)s · saved")
    return str(version.id), str(label % {"version": named})
