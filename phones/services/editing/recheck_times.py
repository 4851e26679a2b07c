"""When what was sent is read again, because its sender died or its answer was lost.

Diga may apply a write for a while after it left, so that reading the old value proves nothing at first. It is read
again after 5, 20 and 60 seconds, and then more and more seldom.
"""

from datetime import datetime, timedelta
from typing import TypeVar

from django.db.models import F, Q, QuerySet

from phones.models import Change, PublishRequest

Sent = TypeVar("Sent", Change, PublishRequest)
PENDING, UNKNOWN = "PENDING", "UNKNOWN"
# A write leaves so soon after it was written down, or not at all.
SENT_WITHIN = timedelta(seconds=30)
# Longer than one call to Diga may take, retries of its read-back included: until then the sender may be at work.
LEASE = timedelta(seconds=60)
# The old value, read so long after a write left, means that it was not applied.
APPLIED_WITHIN = timedelta(seconds=60)
# When it is read again, counted from the moment at which its answer was given up.
FIRST_LOOKS = (timedelta(seconds=5), timedelta(seconds=20), APPLIED_WITHIN)
# A person has to look after that, if reading has not told: nobody can tell any more what came from where.
GIVE_UP_AFTER = timedelta(hours=24)
LONGEST_WAIT = timedelta(hours=4)
BATCH = 100


def may_still_be_applied(row: Change | PublishRequest, *, begun_at: datetime, asked_at: datetime) -> bool:
    """Say whether Diga may apply a write after it was asked, at `asked_at`, what it has.

    What a dead sender sent left at the latest moment at which a write may leave.
    """
    left_before = row.answer_lost_at or begun_at + SENT_WITHIN
    return asked_at - left_before < APPLIED_WITHIN


def is_soon_known(row: Change | PublishRequest) -> bool:
    """Say whether it will be known within about a minute what became of a row, so that a page may wait for it."""
    if row.outcome != UNKNOWN or row.next_look_at is None or row.answer_lost_at is None:
        return row.outcome == PENDING
    return row.next_look_at - row.answer_lost_at <= APPLIED_WITHIN


def keep_unknown(row: Change | PublishRequest, *, begun_at: datetime) -> None:
    """Set a row to UNKNOWN, and its first recheck to soon after the answer was lost.

    The answer to a dead sender's write counts as lost at the latest moment at which it may have left.
    """
    row.outcome = UNKNOWN
    row.answer_lost_at = row.answer_lost_at or begun_at + SENT_WITHIN
    row.next_look_at = row.next_look_at or row.answer_lost_at + FIRST_LOOKS[0]


def is_given_up(row: Change | PublishRequest) -> bool:
    """Say whether nobody looks at a row any more, although it is not known what became of it."""
    return row.outcome == UNKNOWN and row.next_look_at is None


def give_up_if_old(row: Sent, *, begun_at: datetime, now: datetime) -> None:
    """End the rechecks of an UNKNOWN row that a day of them has not settled.

    It is called where Diga has answered: silence, and a key that is missing, are no reason to give up.
    """
    if now - begun_at > GIVE_UP_AFTER:
        row.next_look_at = None
        type(row)._default_manager.filter(pk=row.pk, outcome=UNKNOWN).update(next_look_at=None)


def due(rows: QuerySet[Sent], begun_field: str, now: datetime) -> list[Sent]:
    """Return the rows that are due for a look, a batch at most; `begun_field` holds when each was about to be sent."""
    # What was begun in the future was begun by a clock that has been set back since.
    is_late = Q(**{f"{begun_field}__lt": now - LEASE}) | Q(**{f"{begun_field}__gt": now + LEASE})
    is_dead = Q(outcome=PENDING) & is_late & (Q(next_look_at=None) | Q(next_look_at__lte=now))
    is_unknown = Q(outcome=UNKNOWN, next_look_at__lte=now)
    return list(rows.filter(is_dead | is_unknown).order_by(F("next_look_at").asc(nulls_first=True), "pk")[:BATCH])


def claim_look(row: Change | PublishRequest, *, begun_at: datetime, now: datetime) -> bool:
    """Take a row for one look, and say when the next one is; False if another worker was quicker."""
    next_look_at = _next_look_at(row, begun_at, now)
    seen = type(row)._default_manager.filter(pk=row.pk, outcome=row.outcome, next_look_at=row.next_look_at)
    if not seen.update(next_look_at=next_look_at, look_count=F("look_count") + 1):
        return False
    row.next_look_at = next_look_at
    row.look_count += 1
    return True


def _next_look_at(row: Change | PublishRequest, begun_at: datetime, now: datetime) -> datetime:
    left_before = row.answer_lost_at or begun_at + SENT_WITHIN
    early = next((left_before + wait for wait in FIRST_LOOKS if left_before + wait > now), None)
    later_count = max(0, row.look_count + 1 - len(FIRST_LOOKS))
    return early or now + min(timedelta(minutes=2**later_count), LONGEST_WAIT)
