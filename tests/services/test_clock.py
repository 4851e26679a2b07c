"""Moments of a clock that was set back hold nothing up."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from phones.services.clock import CLOCK_SLACK, database_clock, database_now, has_passed, is_ahead

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        (5 * MINUTE, True),
        (5 * MINUTE - SECOND, False),
        (timedelta(0), False),
        (-CLOCK_SLACK, False),
        (-CLOCK_SLACK - SECOND, True),
        (-60 * MINUTE, True),
    ],
)
def test_time_has_passed_since_a_moment_or_nobody_can_tell(ago: timedelta, expected: bool) -> None:
    assert has_passed(5 * MINUTE, NOW - ago, NOW) is expected


def test_time_has_passed_where_there_is_no_moment() -> None:
    assert has_passed(5 * MINUTE, None, NOW)


def test_clocks_of_two_machines_may_differ_a_little() -> None:
    assert not is_ahead(NOW + CLOCK_SLACK, NOW)
    assert is_ahead(NOW + CLOCK_SLACK + SECOND, NOW)


@pytest.mark.django_db
def test_the_databases_now_is_the_clocks_on_one_machine() -> None:
    assert database_now(lambda: NOW) == NOW


@pytest.mark.django_db
def test_the_databases_now_sets_a_clock_right_that_is_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite runs on the clock of the only machine it is on.")
    right = timezone.now

    def fast() -> datetime:
        return right() + 5 * MINUTE

    monkeypatch.setattr(timezone, "now", fast)

    assert abs(database_now(fast) - right()) < SECOND
    assert abs(database_now(lambda: NOW + 5 * MINUTE) - NOW) < SECOND


@pytest.mark.django_db
def test_clock_that_moves_later_is_set_right_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite runs on the clock of the only machine it is on.")
    right, ahead = timezone.now, [timedelta(0)]
    monkeypatch.setattr(timezone, "now", lambda: right() + ahead[0])
    clock = database_clock(timezone.now)
    ahead[0] = 5 * MINUTE

    assert abs(clock() - right()) > 4 * MINUTE
    clock.adjust()
    assert abs(clock() - right()) < SECOND
