"""The workers' heartbeat: the cache, which all machines share in the database, has when one was last seen."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache

from phones.services.clock import Clock, database_now, has_passed

KEY = "worker-seen"
BEAT_SECONDS = 20
SILENT_AFTER = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Silence:
    """No worker runs. `since` is when one was last seen, None if none ever was."""

    since: datetime | None


def beat(clock: Clock) -> None:
    """Write down, by the database's clock, that a worker runs now."""
    cache.set(KEY, database_now(clock).isoformat(), timeout=None)


def silence_of_workers(clock: Clock) -> Silence | None:
    """Return since when no worker has been seen, None while one is. A query, and one for the clock on PostgreSQL."""
    seen = cache.get(KEY)
    since = datetime.fromisoformat(seen) if seen else None
    return Silence(since) if has_passed(SILENT_AFTER, since, database_now(clock)) else None
