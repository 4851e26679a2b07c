"""The orders of the list: by any column, ascending or descending, each a total order.

Keyset pages compare the whole key of a row, `(column, number, id) > (…)`, which an index of the same columns answers
at any depth. That needs columns without nulls: no nickname, no agent and no date sort first, an unknown agent next.
"""

import base64
import binascii
import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import F, Func, Value
from django.db.models.lookups import GreaterThan, LessThan

from phones.diga.types import clean_text
from phones.models import Phone
from phones.services.phone_numbers import folded

# The database column for each code of the address. Codes are the columns of the list.
KEYS = {
    "number": "number",
    "nickname": "nickname_key",
    "status": "status",
    "inbound": "inbound_key",
    "outbound": "outbound_key",
    "provider": "telephony_provider",
    "assigned": "assigned_key",
    "age": "fetched_at",
}
BY_NUMBER = "number"
# The sort key of an agent that we don't know.
UNKNOWN_KEY = " "
# The cursor of the last page.
END = "end"


def agent_key(agent_id: uuid.UUID, name: str | None) -> str:
    """Return the sort key of an agent for the list of phones: its name in the order people expect."""
    return folded(name or str(agent_id)[:8])


_FIELDS: dict[type, Any] = {
    str: models.TextField(),
    datetime: models.DateTimeField(),
    uuid.UUID: models.UUIDField(),
}


class _Key(Func):
    """Several values compared from left to right, as a row value."""

    template = "(%(expressions)s)"
    output_field = models.TextField()


@dataclass(frozen=True, slots=True)
class Order:
    """An order of the list: a code of `KEYS`, with `-` before it for descending. An unknown code means by number."""

    code: str
    is_reversed: bool

    @classmethod
    def of(cls, sort: str) -> "Order":
        """Return the order that a parameter of the address names."""
        code = sort.removeprefix("-")
        return cls(code, sort.startswith("-")) if code in KEYS else cls(BY_NUMBER, False)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the key, which is unique."""
        return tuple(dict.fromkeys((KEYS[self.code], "number", "pk")))

    def falls(self, *, backwards: bool) -> bool:
        """Return whether the columns descend. By age the youngest come first, so the latest moments do."""
        return self.is_reversed ^ backwards ^ (self.code == "age")

    def sorted(self, phones: models.QuerySet[Phone], *, backwards: bool = False) -> models.QuerySet[Phone]:
        """Return the phones in this order."""
        sign = "-" if self.falls(backwards=backwards) else ""
        return phones.order_by(*(sign + column for column in self.columns))

    def beyond(
        self, phones: models.QuerySet[Phone], key: tuple[Any, ...], *, backwards: bool
    ) -> models.QuerySet[Phone]:
        """Return the phones after a key."""
        compare = LessThan if self.falls(backwards=backwards) else GreaterThan
        bound = [Value(value, output_field=_FIELDS[type(value)]) for value in key]
        return phones.filter(compare(_Key(*map(F, self.columns)), _Key(*bound)))

    def cursor(self, phone: Phone) -> str:
        """Return the key of a phone in the form of the address."""
        values = [getattr(phone, column) for column in self.columns]
        texts = [value.isoformat() if isinstance(value, datetime) else str(value) for value in values]
        return base64.urlsafe_b64encode(json.dumps(texts).encode()).decode().rstrip("=")

    def key(self, cursor: str) -> tuple[Any, ...] | None:
        """Return the key that a cursor encodes, None if it is malformed or of another kind of order."""
        try:
            first, *others, pk = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            is_moment = KEYS[self.code] in {"assigned_key", "fetched_at"}
            head = _moment(first) if is_moment else clean_text(str(first))
            key = (head, *(clean_text(str(value)) for value in others), uuid.UUID(pk))
        except (ValueError, TypeError, AttributeError, RecursionError, binascii.Error):
            return None
        return key if len(key) == len(self.columns) else None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("A moment needs a zone")
    return moment
