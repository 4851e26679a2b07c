"""What is wanted on every phone of a choice, and the rows of the plan that come of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from phones import diga
from phones.models import Phone
from phones.services.plans.drafts import Draft, PlannedRow
from phones.services.plans.nickname_patterns import Pattern
from phones.services.routing.edits import PhoneEdit
from phones.services.routing.lanes import Lane, Target

Wanted = Target | diga.Unset | None


@dataclass(frozen=True, slots=True)
class BulkEdit:
    """One change for many phones. `UNSET` keeps a field, None empties it."""

    nickname: Pattern | diga.Unset | None = diga.UNSET
    inbound: Wanted = diga.UNSET
    outbound: Wanted = diga.UNSET

    @property
    def is_empty(self) -> bool:
        """True when every field is kept."""
        return all(isinstance(value, diga.Unset) for value in (self.nickname, self.inbound, self.outbound))

    def draft(self, phones: Sequence[Phone]) -> Draft:
        """Return a row for each phone, in the order given."""
        return Draft([PlannedRow(phone.pk, self._edit(place, phone)) for place, phone in enumerate(phones, 1)])

    def _edit(self, place: int, phone: Phone) -> PhoneEdit:
        nickname = self.nickname
        if isinstance(nickname, Pattern):
            return PhoneEdit(nickname.name(place, phone), self.inbound, self.outbound)
        return PhoneEdit("" if nickname is None else nickname, self.inbound, self.outbound)

    def wish(self) -> dict[str, Any]:
        """Return the fields that aren't kept, as `Plan.wish` has them."""
        wish: dict[str, Any] = {}
        if isinstance(self.nickname, Pattern):
            how = "SET" if self.nickname.is_fixed else "PATTERN"
            wish["nickname"] = {"how": how, "value": self.nickname.text}
        elif self.nickname is None:
            wish["nickname"] = {"how": "UNASSIGN", "value": None}
        for name in Lane:
            wanted: Wanted = getattr(self, name)
            if isinstance(wanted, Target):
                wish[name] = {"how": "SET", "value": wanted.snapshot}
            elif wanted is None:
                wish[name] = {"how": "UNASSIGN", "value": None}
        return wish
