"""How old our copy is, in steps that mean something to people."""

from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings

from phones.services.clock import is_ahead

FRESH_FOR = timedelta(minutes=5)


class Freshness(StrEnum):
    """How much a copy can be relied on."""

    FRESH = "fresh"
    AGEING = "ageing"
    STALE = "stale"
    NEVER = "never"


def stale_after() -> timedelta:
    """Return the age from which a copy is greyed out."""
    return timedelta(minutes=settings.STALE_AFTER_MINUTES)


def freshness_of(read_at: datetime | None, now: datetime) -> Freshness:
    """Say how fresh what was read from Diga at this moment is; stale if nobody can tell, as the moment is ahead."""
    if read_at is None:
        return Freshness.NEVER
    if is_ahead(read_at, now):
        return Freshness.STALE
    if now - read_at <= FRESH_FOR:
        return Freshness.FRESH
    return Freshness.STALE if now - read_at > stale_after() else Freshness.AGEING


def is_stale(read_at: datetime | None, now: datetime) -> bool:
    """Say whether a copy is too old to be shown like a fresh one."""
    return freshness_of(read_at, now) in {Freshness.STALE, Freshness.NEVER}
