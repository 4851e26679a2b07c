"""The drift ledger: what was changed in Diga past this desk becomes a change of its own, exactly once.

An answer about a phone is compared with the row it is about to replace. What differs and is not our doing was
done outside, between the moment the row was last read and the moment this answer was asked for. The entry is
written in the transaction that writes the row, so neither is ever there without the other.

A value that a write of ours had asked for, which was settled as not applied or as something else, is ours too: Diga was
late. As a settled change is never altered, it gets an entry of its own (`LATE`).
"""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from phones import diga
from phones.models import OPEN_ITEMS, Change, Outcome, Phone, PlanItem, PlanKind, Source
from phones.services.audit.log import OPEN
from phones.services.clock import CLOCK_SLACK
from phones.services.routing.catalogue import Catalogue, catalogue_of
from phones.services.routing.edits import PhoneSnapshot
from phones.services.routing.lanes import FIELDS
from phones.services.routing.snapshots import reads_as, snapshot
from phones.services.upstream.failures import was_sent

# For how long a value that turns up is taken for a write of ours that was settled as not applied.
LATE_WITHIN = timedelta(hours=24)
LATE_AFTER_ANOTHER_WITHIN = timedelta(minutes=10)
# While the request of a plan that publishes has one of these, its numbers are read back, and that writes what became of
# them down.
_TO_BE_READ_BACK = (Outcome.PENDING, Outcome.UNKNOWN, Outcome.CONFIRMED, Outcome.MISMATCH)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a read tells of a phone, as far as the ledger keeps it."""

    base: PhoneSnapshot
    status: str

    @classmethod
    def of(cls, phone: Phone | diga.Phone) -> "Seen":
        """Return what a row or an answer says."""
        return cls(PhoneSnapshot.of(phone), phone.status)

    def value(self, name: str) -> object:
        """Return a field's value; an empty nickname and none at all are the same."""
        return self.status if name == "status" else self.base.value(name)

    def snapshot(self, catalogue: Catalogue, fields: Collection[str] = (*FIELDS, "status")) -> dict[str, Any]:
        """Return these fields as the log keeps them; versions are the ones published now."""
        kept = snapshot(catalogue, self.base, tuple(name for name in FIELDS if name in fields))
        return kept | ({"status": self.status} if "status" in fields else {})


@dataclass(frozen=True, slots=True)
class Ours:
    """What of our doing may explain how a phone differs: its changes, oldest first, and lanes to be read back."""

    changes: tuple[Change, ...] = ()
    lanes: frozenset[str] = frozenset()

    @property
    def is_being_sent(self) -> bool:
        """True while a write is under way: nobody can tell whether an answer has its effect."""
        return any(change.outcome == Outcome.PENDING for change in self.changes)

    def is_taken_back(self, row: "Seen", says: "Seen", *, asked_at: datetime) -> bool:
        """Say whether an answer has the value from before a write of ours that ended at about that time.

        The clocks of two machines may differ by `CLOCK_SLACK`, so that the answer may be older than the write.
        """
        return any(
            reads_as(name, wanted) == row.value(name) != says.value(name) == reads_as(name, change.before.get(name))
            for change in self.changes
            if change.source != Source.OUTSIDE and (change.settled_at or change.created_at) > asked_at - CLOCK_SLACK
            for name, wanted in change.after.items()
        )

    def explained(self, says: "Seen") -> set[str]:
        """Return the fields in which we may have made the difference.

        While a write is under way nobody can tell what Diga makes of its fields: settling it is what says so. Later,
        what a lost write has left unknown explains the values it wanted, and no others.
        """
        return {
            *self.lanes,
            *(
                name
                for change in self.changes
                if change.is_open
                for name, wanted in change.after.items()
                if change.outcome == Outcome.PENDING or reads_as(name, wanted) == says.value(name)
            ),
        }

    def late(self, name: str, value: object, now: datetime) -> Change | None:
        """Return the write that asked for this value and was settled without it, if it may come only now.

        It comes once. Where the value was there since by another write, only a young one is taken for it.
        """
        come = {change.late_for_id for change in self.changes}
        is_brought = False
        for change in reversed(self.changes):
            if name not in change.after or reads_as(name, change.after[name]) != value:
                continue
            if change.may_come_late and was_sent(change) and change.pk not in come:
                is_young = now - change.created_at < LATE_AFTER_ANOTHER_WITHIN
                return change if is_young or not is_brought else None
            is_brought = is_brought or not change.may_come_late
        return None


def ours_of(phone_ids: Iterable[uuid.UUID], now: datetime) -> Mapping[uuid.UUID, Ours]:
    """Return what of our doing may explain how these phones differ from an answer. Two queries."""
    ids = list(phone_ids)
    if not ids:
        return {}
    changes: dict[uuid.UUID, list[Change]] = defaultdict(list)
    recent = Q(outcome__in=OPEN) | Q(created_at__gte=now - LATE_WITHIN)
    for change in Change.objects.filter(recent, phone__in=ids).order_by("pk"):
        changes[change.phone_id].append(change)
    lanes: dict[uuid.UUID, set[str]] = defaultdict(set)
    unread = PlanItem.objects.filter(
        phone__in=ids, state__in=OPEN_ITEMS, plan__kind=PlanKind.PUBLISH, plan__request__outcome__in=_TO_BE_READ_BACK
    )
    for phone_id, before in unread.values_list("phone_id", "before"):
        lanes[phone_id].update(before)
    return {phone_id: Ours(tuple(changes[phone_id]), frozenset(lanes[phone_id])) for phone_id in {*changes, *lanes}}


def drifts_of(
    phone: Phone,
    before: Seen,
    now_says: Seen,
    *,
    seen_from: datetime,
    now: datetime,
    set_by_us: Collection[str] = (),
    ours: Ours,
) -> list[Change]:
    """Return the entries for what a phone has that no write of ours is known to have brought; not yet written down.

    `seen_from` is when Diga last said `before`, `now` when it was asked for what it says now. `set_by_us` are fields
    that the answer to our own write has set. What others changed is one entry, and each late write of ours another.
    """
    explained = {*set_by_us, *ours.explained(now_says)}
    found: dict[Change | None, list[str]] = defaultdict(list)
    for name in (*FIELDS, "status"):
        if before.value(name) != now_says.value(name) and name not in explained:
            found[ours.late(name, now_says.value(name), now)].append(name)
    catalogue = catalogue_of(phone.project)
    return [
        Change(
            project=phone.project,
            phone=phone,
            number=phone.shown,
            outcome=Outcome.OBSERVED,
            before=before.snapshot(catalogue, fields),
            after=now_says.snapshot(catalogue, fields),
            seen_from=seen_from,
            created_at=now,
            settled_at=now,
            **_authored(late),
        )
        for late, fields in found.items()
    ]


def _authored(late: Change | None) -> dict[str, Any]:
    """Return whose change an entry is: nobody's here, or that of the write that came late."""
    if late is None:
        return {"source": Source.OUTSIDE}
    return {
        "source": Source.LATE,
        "late_for": late,
        "actor_id": late.actor_id,
        "actor_name": late.actor_name,
        "reason": late.reason,
        "ticket": late.ticket,
    }
