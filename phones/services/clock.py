"""Moments that were written down, compared with now: clocks are set back, and differ from machine to machine."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

Clock = Callable[[], datetime]
# How far the clocks of two machines may be apart.
CLOCK_SLACK = timedelta(seconds=60)


def is_ahead(moment: datetime, now: datetime) -> bool:
    """Say whether a moment that has been can't have been yet: it is of a clock that was set back."""
    return moment > now + CLOCK_SLACK


def has_passed(wait: timedelta, since: datetime | None, now: datetime) -> bool:
    """Say whether so much time has gone since a moment; yes where nobody can tell, as there is none, or it is ahead."""
    return since is None or is_ahead(since, now) or now - since >= wait


@dataclass(slots=True)
class DatabaseClock:
    """A clock of this machine, set right by the database's when it is made. Asking it takes no query."""

    clock: Clock
    offset: timedelta

    def __call__(self) -> datetime:
        """Return the database's now."""
        return self.clock() + self.offset

    def adjust(self) -> None:
        """Set it right anew, as either clock may have moved since. One query on PostgreSQL."""
        self.offset = _database_offset()


def database_clock(clock: Clock) -> DatabaseClock:
    """Return `clock` set right by the database's clock, which is one for all machines. One query on PostgreSQL.

    What several machines write down and judge goes by it: when a value was read, when a write was sent, whose lease is
    over. The clock of a single machine may be minutes off. SQLite has no other clock than that of its only machine.
    """
    return clock if isinstance(clock, DatabaseClock) else DatabaseClock(clock, _database_offset())


def database_now(clock: Clock) -> datetime:
    """Return the database's now, as `database_clock` tells it."""
    return database_clock(clock)()


def _database_offset() -> timedelta:
    """Return how far the database's clock is ahead of this machine's; nothing, while they can't be told apart."""
    if connection.vendor != "postgresql":
        return timedelta(0)
    asked_at = timezone.now()
    with connection.cursor() as cursor:
        # Unlike `now()`, which stands still within a transaction.
        cursor.execute("SELECT clock_timestamp()")
        (told,) = cursor.fetchone()
    answered_at = timezone.now()
    return timedelta(0) if asked_at <= told <= answered_at else told - (asked_at + (answered_at - asked_at) / 2)
