"""When what was sent is looked at again, because its sender died or its answer was lost: more and more seldom."""

from datetime import datetime, timedelta
from typing import TypeVar

from django.db.models import F, Q, QuerySet

from phones.models import AgentUpgrade, Change

Sent = TypeVar("Sent", Change, AgentUpgrade)
PENDING, UNKNOWN = "PENDING", "UNKNOWN"
# Longer than one call to Diga may take, retries of its read-back included: until then the sender may be at work.
LEASE = timedelta(seconds=60)
# A person has to look after that: nobody can tell any more what came from where.
GIVE_UP_AFTER = timedelta(hours=24)
LONGEST_WAIT = timedelta(hours=4)
BATCH = 100


def due(rows: QuerySet[Sent], begun_field: str, now: datetime) -> list[Sent]:
    """Return the rows that are due for a look, a batch at most; `begun_field` holds when each was about to be sent."""
    # What was begun in the future was begun by a clock that has been set back since.
    is_late = Q(**{f"{begun_field}__lt": now - LEASE}) | Q(**{f"{begun_field}__gt": now + LEASE})
    is_dead = Q(outcome=PENDING) & is_late & (Q(next_look_at=None) | Q(next_look_at__lte=now))
    is_unknown = Q(outcome=UNKNOWN, next_look_at__lte=now)
    return list(rows.filter(is_dead | is_unknown).order_by("pk")[:BATCH])


def claim_look(row: Change | AgentUpgrade, *, begun_at: datetime, now: datetime) -> bool:
    """Take a row for one look, and say when the next one is; False if another worker was quicker."""
    wait = min(timedelta(minutes=2**row.look_count), LONGEST_WAIT)
    is_over = row.outcome == UNKNOWN and now - begun_at > GIVE_UP_AFTER
    next_look_at = None if is_over else now + wait
    seen = type(row)._default_manager.filter(pk=row.pk, outcome=row.outcome, next_look_at=row.next_look_at)
    if not seen.update(next_look_at=next_look_at, look_count=F("look_count") + 1):
        return False
    row.next_look_at = next_look_at
    row.look_count += 1
    return True
