"""What a person wants changed on a phone, what they saw before, and both as the diary keeps them."""

import uuid
from dataclasses import dataclass, replace
from typing import Any

from phones import diga
from phones.models import Phone
from phones.services.routing.catalogue import AgentEntry, Catalogue, VersionEntry
from phones.services.routing.impact import Direction, Target

LANES = ("inbound", "outbound")
FIELDS = ("nickname", *LANES)
NICKNAME_LIMIT = 255


@dataclass(frozen=True, slots=True)
class PhoneSnapshot:
    """What the person saw when the form was opened: the three values Diga keeps."""

    nickname: str | None
    inbound_agent_id: uuid.UUID | None
    outbound_agent_id: uuid.UUID | None

    @classmethod
    def of(cls, phone: Phone | diga.Phone) -> "PhoneSnapshot":
        """Return the values of a phone now."""
        return cls(phone.nickname, phone.inbound_agent_id, phone.outbound_agent_id)

    def value(self, name: str) -> object:
        """Return a field's value; an empty nickname and none at all are the same."""
        return (self.nickname or "") if name == "nickname" else getattr(self, f"{name}_agent_id")


@dataclass(frozen=True, slots=True)
class PhoneEdit:
    """What the person wants changed; `UNSET` leaves a field alone, a lane of `None` is unassigned."""

    nickname: str | diga.Unset = diga.UNSET
    inbound: Target | diga.Unset | None = diga.UNSET
    outbound: Target | diga.Unset | None = diga.UNSET

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields to change."""
        return tuple(name for name in FIELDS if not isinstance(getattr(self, name), diga.Unset))

    @property
    def is_empty(self) -> bool:
        """True when nothing is to be changed."""
        return not self.fields

    @property
    def moves_calls(self) -> bool:
        """True when a lane is to be changed, and not only the nickname."""
        return bool({"inbound", "outbound"} & set(self.fields))

    def lane(self, direction: Direction) -> Target | diga.Unset | None:
        """Return what is wanted in a lane."""
        return self.inbound if direction is Direction.INBOUND else self.outbound

    def update(self) -> diga.PhoneUpdate:
        """Return what to send: the changed keys, lanes as version ids, an emptied nickname as null."""

        def version_id(target: Target | diga.Unset | None) -> uuid.UUID | diga.Unset | None:
            return target.version.id if isinstance(target, Target) else target

        return diga.PhoneUpdate(
            nickname=(self.nickname or None) if isinstance(self.nickname, str) else self.nickname,
            inbound_version_id=version_id(self.inbound),
            outbound_version_id=version_id(self.outbound),
        )

    def wanted(self, name: str) -> object:
        """Return what a field should read as afterwards: the nickname, or the agent's id."""
        value = getattr(self, name)
        return value.agent.id if isinstance(value, Target) else value

    def is_met(self, name: str, says: PhoneSnapshot) -> bool:
        """Say whether a field reads as wanted. A version is not told by a read, only its agent."""
        return says.value(name) == self.wanted(name)

    def remaining(self, says: PhoneSnapshot) -> "PhoneEdit":
        """Return what is still to be done: without a nickname or an unassigned lane that reads as wanted already."""
        lanes = [name for name in self.fields if isinstance(getattr(self, name), Target)]
        done = [name for name in self.fields if name not in lanes and self.is_met(name, says)]
        return replace(self, **dict.fromkeys(done, diga.UNSET))


def renewed(edit: PhoneEdit, catalogue: Catalogue) -> PhoneEdit:
    """Return the edit with its agents and versions looked up anew; one that is gone stays as it was."""

    def lane(target: Target | diga.Unset | None) -> Target | diga.Unset | None:
        found = catalogue.version(target.version.id) if isinstance(target, Target) else None
        return Target(*found) if found else target

    return PhoneEdit(edit.nickname, lane(edit.inbound), lane(edit.outbound))


def frozen_lane(
    agent: AgentEntry | None, version: VersionEntry | None, agent_id: uuid.UUID | None
) -> dict[str, Any] | None:
    """Return a lane as the diary keeps it: ids, name and version number as they were at the time."""
    if agent_id is None:
        return None
    return {
        "agent_id": str(agent_id),
        "agent_name": agent.name if agent else None,
        "version_id": str(version.id) if version else None,
        "version_number": version.number if version else None,
    }


def frozen(catalogue: Catalogue, values: PhoneSnapshot, fields: tuple[str, ...]) -> dict[str, Any]:
    """Return these fields of a phone as the diary keeps them."""
    frozen_values: dict[str, Any] = {}
    for name in fields:
        value = values.value(name)
        if name == "nickname":
            frozen_values[name] = value
        else:
            agent = catalogue.agent(value) if isinstance(value, uuid.UUID) else None
            frozen_values[name] = frozen_lane(
                agent, agent.published if agent else None, value if isinstance(value, uuid.UUID) else None
            )
    return frozen_values


def reads_as(name: str, frozen_value: Any) -> object:
    """Return what a read shows of a value as the diary keeps it: the nickname, or the agent's id."""
    if name == "nickname":
        return frozen_value or ""
    return uuid.UUID(frozen_value["agent_id"]) if frozen_value else None


def frozen_edit(edit: PhoneEdit) -> dict[str, Any]:
    wanted: dict[str, Any] = {}
    for name in edit.fields:
        value = getattr(edit, name)
        wanted[name] = frozen_lane(value.agent, value.version, value.agent.id) if isinstance(value, Target) else value
    return wanted


def is_answered_by(edit: PhoneEdit, after: dict[str, Any], says: PhoneSnapshot) -> bool:
    """Say whether a change to `after` is what this edit asks for, on a phone that now says so.

    What is left out of a write because it reads as wanted already may be missing from the change.
    """
    wanted = frozen_edit(edit)
    remaining = edit.remaining(says).fields
    is_same = all(name in wanted and _key(wanted[name]) == _key(value) for name, value in after.items())
    return is_same and all(name in after for name in remaining)


def _key(value: Any) -> Any:
    """Return what tells a frozen value from another: names may have been looked up anew."""
    return value["version_id"] if isinstance(value, dict) else value
