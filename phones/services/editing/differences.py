"""Numbers that aren't what they were before a set of changes: since a moment, of a person, a ticket or a plan."""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Max, Min, Q

from phones.models import Change, Outcome, Phone, Project
from phones.services.audit.queries import Wanted, matching_changes
from phones.services.editing.revert import Standing, Step, steps_to
from phones.services.routing.catalogue import Catalogue
from phones.services.routing.lanes import FIELDS

BATCH_SIZE = 5000
# How changes end that have made something of a number, if not what was asked for.
EFFECTIVE = (Outcome.CONFIRMED, Outcome.OBSERVED, Outcome.MISMATCH)
# What of a phone is compared, and shown of it.
PHONE_COLUMNS = (
    "project_id",
    "number",
    "shown",
    "nickname",
    "status",
    "missing_since",
    "inbound_agent_id",
    "outbound_agent_id",
)


@dataclass(frozen=True, slots=True)
class Difference:
    """A number that is not what it was in a field at least.

    `last_id` is the newest of the changes that are looked at, None where none is known to have done anything; `steps`
    are what taking them back would do today, field by field.
    """

    phone: Phone
    last_id: int | None
    steps: tuple[Step, ...]

    @property
    def can_take(self) -> bool:
        """True where a field can be brought back."""
        return any(step.can_take for step in self.steps)


def differences(
    *, project: Project, wanted: Wanted, catalogue: Catalogue, can_label: bool, can_route: bool
) -> list[Difference]:
    """Return the numbers that differ from what they were before these changes, by number.

    What a field was is what the first of the changes found there. For all changes since a moment that is one of any
    outcome, as each has read the number before; and what came in between doesn't matter. Otherwise only changes that
    have done something count, and a field that others have changed after the last of them stands as moved. One query,
    and two more for some thousands of numbers.
    """
    is_moment = wanted == Wanted(at=wanted.at)
    found = []
    for rows in _batches(_edges(project, wanted, is_moment=is_moment)):
        kept = _kept(rows)
        phones = Phone.objects.only(*PHONE_COLUMNS).in_bulk([row["phone"] for row in rows])
        for row in rows:
            phone = phones[row["phone"]]
            phone.project = project
            target = {name: kept[first].before[name] for name in FIELDS if (first := row[f"first_{name}"])}
            left = None if is_moment else {name: _left_by(kept[row[f"last_{name}"]], name) for name in target}
            steps = steps_to(target, left, phone, catalogue, can_label=can_label, can_route=can_route)
            if any(step.standing is not Standing.SAME for step in steps):
                found.append(Difference(phone, row["last"], steps))
    return sorted(found, key=lambda each: (each.phone.number, each.phone.pk))


def _left_by(change: Change, name: str) -> Any:
    return (change.stored if change.outcome == Outcome.MISMATCH else change.after).get(name)


def _edges(project: Project, wanted: Wanted, *, is_moment: bool) -> Iterator[Mapping[str, Any]]:
    """Yield for each number the ids of the first change of each field, and of the last where it matters."""
    changes = matching_changes(project, wanted).order_by()
    if connection.vendor == "sqlite":
        # Matched first: to group by phone, SQLite would walk the whole history in that order.
        changes = Change.objects.filter(pk__in=changes.values("pk"))
    ends = {"first": Min} if is_moment else {"first": Min, "last": Max}
    ids = {
        f"{end}_{name}": function("pk", filter=Q(after__has_key=name))
        for end, function in ends.items()
        for name in FIELDS
    }
    effective = Q(outcome__in=EFFECTIVE)
    rows = changes if is_moment else changes.filter(effective)
    return rows.values("phone").annotate(last=Max("pk", filter=effective), **ids).iterator(chunk_size=BATCH_SIZE)


def _batches(rows: Iterable[Mapping[str, Any]]) -> Iterator[Sequence[Mapping[str, Any]]]:
    batch: list[Mapping[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH_SIZE:
            yield batch
            batch = []
    if batch:
        yield batch


def _kept(rows: Sequence[Mapping[str, Any]]) -> Mapping[int, Change]:
    ids = {value for row in rows for name, value in row.items() if value and name.startswith(("first_", "last_"))}
    return Change.objects.only("before", "after", "stored", "outcome").in_bulk(ids)


def changed_since(found: Iterable[Difference]) -> dict[uuid.UUID, str]:
    """Return who has changed these numbers after the changes that are looked at: a name, "" for somebody outside.

    Two queries for some thousands of numbers.
    """
    last_ids = {each.phone.pk: each.last_id or 0 for each in found}
    newest: dict[uuid.UUID, str] = {}
    phone_ids = list(last_ids)
    for start in range(0, len(phone_ids), BATCH_SIZE):
        some = Change.objects.filter(phone__in=phone_ids[start : start + BATCH_SIZE], outcome__in=EFFECTIVE)
        latest = some.order_by().values("phone").annotate(latest=Max("pk")).values("latest")
        for change in Change.objects.filter(pk__in=latest).only("phone_id", "actor_name"):
            if change.pk > last_ids[change.phone_id]:
                newest[change.phone_id] = change.actor_name
    return newest
