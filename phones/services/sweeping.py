"""Settling what nobody waits for any more: changes whose process died, and outcomes that are not known yet."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import F, Q

from phones.models import Change, NoKey, Outcome

from . import diary
from .connecting import client_for
from .settling import settle_by_reading

Clock = Callable[[], datetime]
# Longer than one call to Diga may take, retries of its read-back included: until then the sender may be at work.
LEASE = timedelta(seconds=60)
# A person has to look after that: nobody can tell any more what came from where.
GIVE_UP_AFTER = timedelta(hours=24)
LONGEST_WAIT = timedelta(hours=4)
BATCH = 100


def sweep(*, clock: Clock) -> int:
    """Look at every open change that is due, and return how many were settled. Nothing is ever sent."""
    now = clock()
    settled_count = 0
    for change in _due(now):
        if _claim(change, now):
            settled_count += _look(change, clock)
    return settled_count


def _due(now: datetime) -> list[Change]:
    # What was begun in the future was begun by a clock that has been set back since.
    is_late = Q(created_at__lt=now - LEASE) | Q(created_at__gt=now + LEASE)
    is_dead = Q(outcome=Outcome.PENDING) & is_late & (Q(next_look_at=None) | Q(next_look_at__lte=now))
    is_unknown = Q(outcome=Outcome.UNKNOWN, next_look_at__lte=now)
    return list(Change.objects.filter(is_dead | is_unknown).select_related("project", "phone").order_by("pk")[:BATCH])


def _claim(change: Change, now: datetime) -> bool:
    """Take the change for one look; False if another worker was quicker."""
    wait = min(timedelta(minutes=2**change.look_count), LONGEST_WAIT)
    is_over = change.outcome == Outcome.UNKNOWN and now - change.created_at > GIVE_UP_AFTER
    next_look_at = None if is_over else now + wait
    seen = Change.objects.filter(pk=change.pk, outcome=change.outcome, next_look_at=change.next_look_at)
    if not seen.update(next_look_at=next_look_at, look_count=F("look_count") + 1):
        return False
    change.next_look_at = next_look_at
    change.look_count += 1
    return True


def _look(change: Change, clock: Clock) -> bool:
    """Read what became of the change; a dead sender's that can't be read is unknown from now on."""
    try:
        settle_by_reading(change, client_for(change.project), clock)
    except NoKey:
        if change.outcome == Outcome.PENDING:
            change.outcome = Outcome.UNKNOWN
            diary.settle([change])
    return not change.is_open
