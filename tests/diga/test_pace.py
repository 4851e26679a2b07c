"""The shared rate limit: bursts, keeps the rate across processes, holds off after a 429, and recovers."""

import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from phones.diga import Pace, make_pace
from phones.diga.rate import RateState
from tests.support.diga.fake_time import FakeTime

REDIS_URL = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/0"
ROOT = Path(__file__).resolve().parents[2]


def redis_is_there() -> bool:
    try:
        socket.create_connection(("127.0.0.1", 6379), timeout=0.2).close()
    except OSError:
        return bool(os.environ.get("CI"))
    return True


needs_redis = [
    pytest.mark.redis,
    pytest.mark.skipif(not redis_is_there(), reason="Redis is not on 127.0.0.1:6379"),
]


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=needs_redis)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, object]]:
    """Where the state lives."""
    if request.param == "sqlite":
        yield {"sqlite_path": tmp_path / "pace.sqlite3", "redis_url": None}
    else:
        yield {"sqlite_path": None, "redis_url": REDIS_URL}


def make(place: dict[str, object], per_second: float, name: str = "") -> Pace:
    return make_pace(name or str(uuid4()), per_second, **place)  # type: ignore[arg-type]


def test_a_second_s_worth_passes_at_once_then_the_rate(place: dict[str, object], fake_time: FakeTime) -> None:
    turns = make(place, 10)
    started_at = fake_time.now

    for _ in range(10):
        assert turns.acquire(0)
    burst_seconds = fake_time.now - started_at
    for _ in range(20):
        assert turns.acquire(1)

    assert burst_seconds == 0
    assert fake_time.now - started_at == pytest.approx(2.0, abs=0.05)


def test_turn_that_would_come_too_late_is_refused_at_once(place: dict[str, object], fake_time: FakeTime) -> None:
    turns = make(place, 2)
    turns.acquire(0)
    turns.acquire(0)

    assert not turns.acquire(0.3)
    assert fake_time.naps == []
    assert turns.acquire(0.6)


@pytest.mark.parametrize("is_held", [False, True])
def test_clock_that_is_set_back_stops_nobody(place: dict[str, object], fake_time: FakeTime, is_held: bool) -> None:
    turns = make(place, 10)
    for _ in range(10):
        turns.acquire(0)
    if is_held:
        turns.slow_down(900.0)
    fake_time.now -= 3600

    assert turns.acquire(10)
    assert sum(fake_time.naps) < 10


@pytest.mark.parametrize("per_second", [0.5, 1 / 3, 300, 2000])
def test_any_rate_above_zero_is_kept(place: dict[str, object], fake_time: FakeTime, per_second: float) -> None:
    turns = make(place, per_second)
    for _ in range(max(1, int(per_second))):
        turns.acquire(0)
    started_at = fake_time.now

    for _ in range(10):
        turns.acquire(60)

    assert fake_time.now - started_at == pytest.approx(10 / per_second, rel=0.02, abs=0.02)


@pytest.mark.parametrize("per_second", [0, -1])
def test_rate_of_nothing_is_refused(tmp_path: Path, per_second: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        make({"sqlite_path": tmp_path / "p", "redis_url": None}, per_second)


def test_pace_without_a_place_is_refused() -> None:
    with pytest.raises(ValueError, match="SQLite file or Redis"):
        make_pace("project", 10, sqlite_path=None, redis_url=None)


def test_projects_do_not_slow_each_other(place: dict[str, object], fake_time: FakeTime) -> None:
    one, other = make(place, 1), make(place, 1)

    one.acquire(0)
    one.slow_down(60)

    assert other.acquire(0)
    assert not one.acquire(0)


def test_everyone_holds_off_for_as_long_as_diga_says(place: dict[str, object], fake_time: FakeTime) -> None:
    name = str(uuid4())
    one, other = make(place, 10, name), make(place, 10, name)
    started_at = fake_time.now

    one.slow_down(7)

    assert not other.acquire(6.9)
    assert other.acquire(7.1)
    assert fake_time.now - started_at == pytest.approx(7, abs=0.01)


def test_holding_off_grows_while_diga_gives_no_advice(place: dict[str, object], fake_time: FakeTime) -> None:
    turns = make(place, 10)
    waits: list[float] = []

    for _ in range(8):
        turns.slow_down(None)
        started_at = fake_time.now
        turns.acquire(3600)
        waits.append(round(fake_time.now - started_at, 2))

    assert waits == [0.25, 0.5, 1, 2, 4, 8, 16, 32]


def test_holding_off_is_capped(place: dict[str, object], fake_time: FakeTime) -> None:
    turns = make(place, 10)

    turns.slow_down(86_400)

    assert not turns.acquire(899)
    assert turns.acquire(901)


def test_a_crowd_refused_together_counts_once(place: dict[str, object], fake_time: FakeTime) -> None:
    turns = make(place, 10)
    started_at = fake_time.now

    for _ in range(16):
        turns.slow_down(None)
    turns.acquire(60)
    for _ in range(9):
        turns.acquire(60)

    # A quarter of a second's hold, then half the rate at first; each one counted would be a standstill.
    assert fake_time.now - started_at == pytest.approx(0.25 + 9 / 6, abs=0.2)


def test_rate_drops_after_a_429_and_recovers_by_itself(place: dict[str, object], fake_time: FakeTime) -> None:
    turns = make(place, 10)

    def measured_rate() -> float:
        turns.acquire(60)
        started_at = fake_time.now
        for _ in range(10):
            turns.acquire(60)
        return 10 / (fake_time.now - started_at)

    for _ in range(10):
        turns.acquire(0)
    turns.slow_down(1)
    slow_rate = measured_rate()
    fake_time.now += 60
    for _ in range(10):
        turns.acquire(0)
    recovered_rate = measured_rate()

    # Half of the rate at first, as nothing is known about the limit, and fast back up from there.
    assert slow_rate == pytest.approx(5.5, abs=0.3)
    assert recovered_rate == pytest.approx(10, abs=0.3)


def test_rate_never_drops_to_a_standstill(fake_time: FakeTime) -> None:
    known = RateState()

    for _ in range(1000):
        known = known.refused(fake_time.now, 0.0, per_second=10)
        fake_time.now += 0.3

    assert known.rate_at(fake_time.now) >= 10 / 50
    assert known.rate_at(fake_time.now + 86_400) > 10


def test_file_of_an_older_version_is_passed_over(tmp_path: Path, fake_time: FakeTime) -> None:
    with sqlite3.connect(tmp_path / "pace.sqlite3") as connection:
        connection.execute("CREATE TABLE learnt_pace (name TEXT PRIMARY KEY, tat INTEGER, ceiling REAL) WITHOUT ROWID")
        connection.execute("INSERT INTO learnt_pace VALUES ('project', 0, 0.5)")
    connection.close()
    turns = make_pace("project", 10, sqlite_path=tmp_path / "pace.sqlite3", redis_url=None)

    turns.slow_down(1)

    assert turns.acquire(2)
    assert fake_time.naps == [pytest.approx(1.0)]


def test_reserve_is_left_to_others(place: dict[str, object], fake_time: FakeTime) -> None:
    name = str(uuid4())
    plan, person = make(place, 10, name), make(place, 10, name)

    taken = sum(plan.acquire(0, reserve=3) for _ in range(20))
    left = sum(person.acquire(0) for _ in range(20))

    assert (taken, left) == (7, 3)


@pytest.mark.parametrize("is_slowed", [False, True])
def test_reserve_costs_no_throughput(place: dict[str, object], fake_time: FakeTime, is_slowed: bool) -> None:
    turns = make(place, 20)
    if is_slowed:
        turns.slow_down(1)
        fake_time.now += 25  # Resting under the ceiling: 19.4 turns a second and more.
    for _ in range(20 if not is_slowed else 1):
        turns.acquire(60, reserve=3)
    started_at = fake_time.now

    for _ in range(40):
        turns.acquire(60, reserve=3)

    assert 40 / (fake_time.now - started_at) >= 0.96 * 20


def test_person_need_not_wait_for_a_plan_while_slowed(place: dict[str, object], fake_time: FakeTime) -> None:
    name = str(uuid4())
    plan, person = make(place, 10, name), make(place, 10, name)
    plan.slow_down(1)
    for _ in range(10):
        plan.acquire(60, reserve=3)

    assert person.acquire(0)
    assert not plan.acquire(0.1, reserve=3)


@pytest.mark.parametrize("is_slowed", [False, True])
@pytest.mark.parametrize("per_second", [0.5, 10])
def test_turns_are_taken_together_or_not(
    place: dict[str, object], fake_time: FakeTime, is_slowed: bool, per_second: float
) -> None:
    turns = make(place, per_second)
    if is_slowed:
        turns.slow_down(1)
    for _ in range(5):
        assert turns.acquire(600, count=2, reserve=1)
    started_at = fake_time.now

    while not turns.acquire(0.04, count=2, reserve=1):
        fake_time.now += 0.04
    for _ in range(4):
        turns.acquire(600, count=2, reserve=1)

    pace_now = 10 / (fake_time.now - started_at)
    assert 0.45 * per_second <= pace_now <= 1.2 * per_second


def test_processes_share_one_rate(place: dict[str, object]) -> None:
    program = (
        "import sys, time; from pathlib import Path; from phones.diga import make_pace\n"
        "path, url, name = sys.argv[1:]\n"
        "turns = make_pace(name, 40, sqlite_path=Path(path) if path else None, redis_url=url or None)\n"
        "over, count = time.time() + 1.5, 0\n"
        "while time.time() < over: count += turns.acquire(0.1)\n"
        "print(count)"
    )
    arguments = [str(place["sqlite_path"] or ""), str(place["redis_url"] or ""), str(uuid4())]
    started_at = time.monotonic()

    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for _ in range(3)
    ]
    outputs = [process.communicate() for process in processes]

    seconds = time.monotonic() - started_at
    count = sum(int(output) for output, _ in outputs)
    assert [complaint for _, complaint in outputs] == ["", "", ""]
    assert 40 + 40 * 1.0 <= count <= 40 + 40 * seconds + 3


def test_threads_share_one_rate(place: dict[str, object]) -> None:
    turns = make(place, 50)
    counts: list[int] = []
    over = time.monotonic() + 1.0

    def work() -> None:
        count = 0
        while time.monotonic() < over:
            count += turns.acquire(0.05)
        counts.append(count)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # Eight rates would give 800. More than the 50 saved up: turns come back. How many more, a busy machine says.
    assert 50 < sum(counts) <= 110


def test_file_that_can_t_be_used_slows_but_stops_nobody(
    tmp_path: Path, fake_time: FakeTime, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "pace.sqlite3").write_text("This is no database, but long enough to be taken for one." * 20)
    turns = make({"sqlite_path": tmp_path / "pace.sqlite3", "redis_url": None}, 10)

    turns.slow_down(60)

    assert turns.acquire(0)
    assert fake_time.naps == [0.1]
    assert caplog.messages == ["The pace file is unusable: file is not a database"] * 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="There is no fork here")
def test_connection_is_not_carried_over_a_fork(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from phones.diga import make_pace\n"
        "turns = make_pace('p', 3, sqlite_path=Path(sys.argv[1]), redis_url=None)\n"
        "assert turns.acquire(0)\n"
        "before = turns._store._connection\n"
        "child = os.fork()\n"
        "assert turns.acquire(0)\n"
        "assert (turns._store._connection is before) == bool(child)\n"
        "if child == 0: os._exit(0)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "assert not turns.acquire(0), 'three of three are taken'"
    )

    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "pace.sqlite3")], cwd=ROOT, check=False)

    assert done.returncode == 0
