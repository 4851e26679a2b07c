"""The drift ledger: what was changed in Diga past this desk becomes a change of its own, exactly once.

An answer about a phone is compared with the row it is about to replace. What differs and is not our doing was
done outside, between the moment the row was last read and the moment this answer was asked for. The entry is
written in the transaction that writes the row, so neither is ever there without the other.
"""

import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from phones import diga
from phones.models import Change, Outcome, Phone, Source

from .directory import Directory, directory_of
from .intention import FIELDS, Base, frozen

OPEN = (Outcome.PENDING, Outcome.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a read tells of a phone, as far as the ledger keeps it."""

    base: Base
    status: str

    @classmethod
    def of(cls, phone: Phone | diga.Phone) -> "Seen":
        """Return what a row or an answer says."""
        return cls(Base.of(phone), phone.status)

    def value(self, name: str) -> object:
        """Return a field's value; an empty nickname and none at all are the same."""
        return self.status if name == "status" else self.base.value(name)

    def frozen(self, directory: Directory, fields: Collection[str] = (*FIELDS, "status")) -> dict[str, Any]:
        """Return these fields as the diary keeps them; versions are the ones published now."""
        kept = frozen(directory, self.base, tuple(name for name in FIELDS if name in fields))
        return kept | ({"status": self.status} if "status" in fields else {})


def open_changes(phone_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[Change]]:
    """Return our changes of these phones whose outcome is not known yet. One query."""
    found: dict[uuid.UUID, list[Change]] = {}
    for change in Change.objects.filter(phone__in=list(phone_ids), outcome__in=OPEN):
        found.setdefault(change.phone_id, []).append(change)
    return found


def drift_of(
    phone: Phone,
    before: Seen,
    now_says: Seen,
    *,
    seen_from: datetime,
    now: datetime,
    ours: Collection[str] = (),
    open_ones: Collection[Change] = (),
) -> Change | None:
    """Return the entry for what others changed in a phone, not yet written down; None where nothing is theirs.

    `seen_from` is when Diga last said `before`, `now` when it was asked for what it says now. `ours` are fields
    that the answer to our own write has set.
    """
    explained = {*ours, *_explained(open_ones, now_says)}
    fields = [
        name for name in (*FIELDS, "status") if before.value(name) != now_says.value(name) and name not in explained
    ]
    if not fields:
        return None
    directory = directory_of(phone.project)
    return Change(
        project=phone.project,
        phone=phone,
        number=phone.shown,
        source=Source.OUTSIDE,
        outcome=Outcome.OBSERVED,
        before=before.frozen(directory, fields),
        after=now_says.frozen(directory, fields),
        seen_from=seen_from,
        created_at=now,
        settled_at=now,
    )


def _explained(open_ones: Collection[Change], now_says: Seen) -> Iterator[str]:
    """Yield the fields in which a change of ours may have made the difference.

    While a write is under way nobody can tell what Diga makes of its fields: settling it is what says so. Later,
    what a lost write has left unknown explains the values it wanted, and no others.
    """
    for change in open_ones:
        for name, wanted in change.after.items():
            if change.outcome == Outcome.PENDING or _read_as(name, wanted) == now_says.value(name):
                yield name


def _read_as(name: str, wanted: str | Mapping[str, Any] | None) -> object:
    """Return how a value of the diary reads in Diga: a lane as its agent's id."""
    if isinstance(wanted, Mapping):
        return uuid.UUID(wanted["agent_id"])
    return (wanted or "") if name == "nickname" else wanted
