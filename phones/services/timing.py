"""Moments that were written down, compared with now: clocks are set back, and differ from machine to machine."""

from datetime import datetime, timedelta

# How far the clocks of two machines may be apart.
CLOCK_SLACK = timedelta(seconds=60)


def is_ahead(moment: datetime, now: datetime) -> bool:
    """Say whether a moment that has been can't have been yet: it is of a clock that was set back."""
    return moment > now + CLOCK_SLACK


def has_passed(wait: timedelta, since: datetime | None, now: datetime) -> bool:
    """Say whether so much time has gone since a moment; yes where nobody can tell, as there is none, or it is ahead."""
    return since is None or is_ahead(since, now) or now - since >= wait
