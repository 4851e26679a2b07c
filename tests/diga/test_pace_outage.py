"""The shared rate limit while Redis is down: kept in a second store, and taken back to the first."""

from pathlib import Path

import pytest

from phones.diga import make_pace
from phones.diga.pace import SECOND_STORE_SECONDS, Change, PairOfStores, SharedPace, StoreUnusable
from phones.diga.rate import RateState
from tests.support.diga.fake_time import FakeTime

pytest.importorskip("redis")

NOBODY_URL = "redis://:secret@127.0.0.1:9/0"


# Redis alone has nothing beside it: that is a client without this desk.


def test_redis_that_is_down_and_alone_slows_but_stops_nobody(
    fake_time: FakeTime, caplog: pytest.LogCaptureFixture
) -> None:
    turns = make_pace("project", 10, sqlite_path=None, redis_url=NOBODY_URL)

    turns.slow_down(60)

    assert turns.acquire(0)
    assert fake_time.naps[-1] == 0.1
    assert caplog.messages == ["The pace in Redis is unusable: ConnectionError"] * 2


def test_redis_that_is_down_lets_a_file_keep_the_shared_rate(
    tmp_path: Path, fake_time: FakeTime, caplog: pytest.LogCaptureFixture
) -> None:
    one, other = (
        make_pace("project", 10, sqlite_path=tmp_path / "pace.sqlite3", redis_url=NOBODY_URL) for _process in range(2)
    )

    taken = [sum(turns.acquire(0) for _ in range(20)) for turns in (one, other)]
    other.slow_down(60)

    assert taken == [10, 0]
    assert not one.acquire(59)
    # Each says so once in a period, and not at each turn.
    assert caplog.messages == ["The pace in Redis is unusable: ConnectionError; the second store is used"] * 2


class Outage:
    """A store that can be away; what is in it stays there."""

    def __init__(self) -> None:
        self.is_away = False
        self.state = RateState()
        self.asked_count = 0

    def update(self, change: Change) -> float:
        self.asked_count += 1
        if self.is_away:
            raise StoreUnusable("It is away")
        self.state, answer = change(self.state)
        return answer


def pair(first: Outage, second: Outage, per_second: float = 10) -> SharedPace:
    """Return the pace of one process on two stores."""
    return SharedPace(PairOfStores(first, second), per_second)


def test_outage_of_the_first_store_frees_no_turns(fake_time: FakeTime) -> None:
    first, second = Outage(), Outage()
    turns = pair(first, second)
    before = sum(turns.acquire(0) for _ in range(20))

    first.is_away = True
    during = sum(turns.acquire(0) for _ in range(20))
    fake_time.now += SECOND_STORE_SECONDS
    turns.slow_down(60)
    first.is_away = False
    fake_time.now += SECOND_STORE_SECONDS
    after = sum(turns.acquire(0) for _ in range(20))

    assert (before, during, after) == (10, 0, 0)
    assert first.state.hold_until == second.state.hold_until


def test_first_store_is_tried_again_by_all_at_the_same_moment(fake_time: FakeTime) -> None:
    first, second = Outage(), Outage()
    first.is_away = True
    early, late = pair(first, second), pair(first, second)
    early.acquire(0)
    fake_time.now += 0.8 * SECOND_STORE_SECONDS
    late.acquire(0)
    first.is_away = False

    for turns in (early, late):
        turns.acquire(0)
    asked_within_the_period = first.asked_count
    fake_time.now += 0.2 * SECOND_STORE_SECONDS
    for turns in (early, late):
        turns.acquire(0)

    assert asked_within_the_period == 2
    assert (first.asked_count, second.asked_count) == (4, 4)
