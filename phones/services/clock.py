"""Stored moments compared with now, and the database's clock. Clocks are set back, and differ between machines."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

Clock = Callable[[], datetime]
# The largest difference between the clocks of two machines that counts as normal.
CLOCK_SLACK = timedelta(seconds=60)


def local_iso(moment: datetime | None) -> str:
    """Return a moment as an ISO 8601 date-time in the current time zone, to the second; "" for None."""
    return "" if moment is None else timezone.localtime(moment).isoformat(timespec="seconds")


def is_ahead(moment: datetime, now: datetime) -> bool:
    """Return whether a past moment lies in the future: the clock that wrote it has been set back since."""
    return moment > now + CLOCK_SLACK


def has_passed(wait: timedelta, since: datetime | None, now: datetime) -> bool:
    """Return whether `wait` has gone by since a moment; True as well without a moment, or if it lies in the future."""
    return since is None or is_ahead(since, now) or now - since >= wait


@dataclass(slots=True)
class DatabaseClock:
    """This machine's clock plus the offset of the database's, measured when it is made. A call takes no query."""

    clock: Clock
    offset: timedelta

    def __call__(self) -> datetime:
        """Return the database's now."""
        return self.clock() + self.offset

    def adjust(self) -> None:
        """Measure the offset again, as either clock may have moved. One query on PostgreSQL."""
        self.offset = _database_offset()


def database_clock(clock: Clock) -> DatabaseClock:
    """Return `clock` corrected to the database's clock, which all machines share. One query on PostgreSQL.

    Every moment that several machines write and compare uses it: when a value was read, when a write was sent, when
    a lease expires. A single machine's clock may be minutes off. SQLite runs on one machine, and has only its clock.
    """
    return clock if isinstance(clock, DatabaseClock) else DatabaseClock(clock, _database_offset())


def database_now(clock: Clock) -> datetime:
    """Return the current time of the database (see `database_clock`)."""
    return database_clock(clock)()


def _database_offset() -> timedelta:
    """Return how far the database's clock is ahead of this machine's; 0 if that is too little to be measured."""
    if connection.vendor != "postgresql":
        return timedelta(0)
    asked_at = timezone.now()
    with connection.cursor() as cursor:
        # `now()` would return the start of the transaction.
        cursor.execute("SELECT clock_timestamp()")
        (told,) = cursor.fetchone()
    answered_at = timezone.now()
    return timedelta(0) if asked_at <= told <= answered_at else told - (asked_at + (answered_at - asked_at) / 2)
