"""What a person saw when a form was opened: signed, bound to the phone, and sent back with the form."""

import uuid
from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.core import signing
from django.utils.translation import gettext_lazy as _

from phones.models import Phone
from phones.services.routing.catalogue import Catalogue
from phones.services.routing.edits import PhoneSnapshot
from phones.services.routing.lanes import FIELDS

TOO_OLD = _("This form is too old. Open the number again; nothing was sent.")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a form showed of a phone.

    `kept` is the value each lane's picker had: the version its agent had published then. Without it, a
    version published meanwhile would look like the person's choice, and a rename would take it back.
    """

    base: PhoneSnapshot
    kept: dict[str, str]

    def values(self) -> list[Any]:
        """Return it as JSON can have it."""
        base = self.base
        return [base.nickname, _text(base.inbound_agent_id), _text(base.outbound_agent_id), self.kept]


@dataclass(frozen=True, slots=True)
class Opened(Seen):
    """What the person saw when the form was opened.

    After a conflict, `before` is what had been seen before it, and `asked` names the fields to choose in.
    """

    before: Seen | None = None
    asked: tuple[str, ...] = ()

    @classmethod
    def of(cls, phone: Phone, catalogue: Catalogue) -> "Opened":
        """Return what a form opened now shows."""
        return cls(
            PhoneSnapshot.of(phone),
            {
                "inbound": kept_value(phone.inbound_agent_id, catalogue),
                "outbound": kept_value(phone.outbound_agent_id, catalogue),
            },
        )

    def after(self, before: Seen, asked: tuple[str, ...]) -> "Opened":
        """Return it as the outcome of a conflict in the fields `asked`."""
        return replace(self, before=Seen(before.base, before.kept), asked=asked)

    @property
    def merged(self) -> tuple[str, ...]:
        """The fields that others changed meanwhile, and in which there is nothing to choose."""
        if self.before is None:
            return ()
        then = self.before.base
        return tuple(name for name in FIELDS if then.value(name) != self.base.value(name) and name not in self.asked)

    def packed(self, phone_id: uuid.UUID) -> str:
        """Return it signed and bound to the phone, for a hidden field."""
        before = self.before.values() if self.before else None
        return signing.dumps([self.values(), before, self.asked], salt=_salt(phone_id))

    @classmethod
    def unpacked(cls, phone_id: uuid.UUID, packed: str) -> "Opened":
        """Return what `packed` packed.

        :raises ValidationError: it was altered, or belongs to another phone.
        """
        try:
            seen, before, asked = signing.loads(packed, salt=_salt(phone_id))
        except signing.BadSignature:
            raise forms.ValidationError(TOO_OLD) from None
        return cls(*_seen(seen), Seen(*_seen(before)) if before else None, tuple(asked))


def _seen(values: list[Any]) -> tuple[PhoneSnapshot, dict[str, str]]:
    nickname, inbound, outbound, kept = values
    return PhoneSnapshot(nickname, _id(inbound), _id(outbound)), kept


def _salt(phone_id: uuid.UUID) -> str:
    """Return what binds the text to a phone, and to this order of values."""
    return f"phones.opened.3.{phone_id}"


def _text(value: uuid.UUID | None) -> str | None:
    return str(value) if value else None


def _id(text: str | None) -> uuid.UUID | None:
    return uuid.UUID(text) if text else None


def kept_value(agent_id: uuid.UUID | None, catalogue: Catalogue) -> str:
    """Return the picker's value for what a lane holds: its agent's published version, "" where there is none."""
    agent = catalogue.agent(agent_id)
    return str(agent.published.id) if agent and agent.is_listed and agent.published else ""
