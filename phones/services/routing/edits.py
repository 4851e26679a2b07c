"""What a person wants changed on a phone, and what they saw before."""

import uuid
from dataclasses import dataclass, replace

from phones import diga
from phones.models import Phone
from phones.services.routing.catalogue import Catalogue
from phones.services.routing.lanes import FIELDS, Lane, Target

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
        return not set(Lane).isdisjoint(self.fields)

    def lane(self, lane: Lane) -> Target | diga.Unset | None:
        """Return what is wanted in a lane."""
        return self.inbound if lane is Lane.INBOUND else self.outbound

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
