"""The workers' heartbeat: the moment a worker last ran, in the cache table that all machines share."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache

from phones.services.clock import Clock, database_now, has_passed

KEY = "worker-seen"
BEAT_SECONDS = 20
SILENT_AFTER = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Silence:
    """No worker runs. `since` is the last heartbeat, None if there never was one."""

    since: datetime | None


def beat(clock: Clock) -> None:
    """Store the current time of the database as the heartbeat."""
    cache.set(KEY, database_now(clock).isoformat(), timeout=None)


def last_seen() -> datetime | None:
    """Return the last heartbeat of any worker, None if there never was one. One query."""
    seen = cache.get(KEY)
    return datetime.fromisoformat(seen) if seen else None


def silence_of_workers(clock: Clock) -> Silence | None:
    """Return since when no worker has run, None while one does. One query, and one for the clock on PostgreSQL."""
    since = last_seen()
    return Silence(since) if has_passed(SILENT_AFTER, since, database_now(clock)) else None
