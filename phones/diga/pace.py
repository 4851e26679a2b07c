"""A rate limit that all processes using one Diga key share, on an SQLite file or on Redis.

It lets a second's worth of calls through at once, then the rate. After a 429 everyone holds off, goes on more
slowly, and recovers within minutes: see `slowness`. Background work can leave turns free for people.
"""

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from pyrate_limiter import GCRA, Decision, Rate, RedisStateStore

from .slowness import MAX_HOLD_SECONDS, Slowness, least_rate

logger = logging.getLogger("phones.diga")

LEAST_WAIT_SECONDS = 0.001
PARTS = 20
"""The algorithm counts in whole numbers; a turn is so many of them, so that there are parts of turns."""
TICKS = 4000
"""The algorithm's milliseconds are ticks here, so many a second: at a hundred turns a second a millisecond is much.
Redis keeps a thousandth of one exact until 2041."""
LATENESS_SECONDS = 0.002
"""How much a thread that wakes up late may make up for while slowed."""
LATENESS_GROWTH = 1 / 64
"""How much of it may be made up for per second since the hold: an upstream without a burst sees every hurry."""


class Pace(Protocol):
    """What a client asks before each call, and tells after a 429."""

    def acquire(self, timeout: float, *, count: int = 1, reserve: int = 0) -> bool:
        """Wait for `count` turns at once; False if they don't come up within `timeout` seconds.

        Where that can be foreseen, there is no waiting.

        :param reserve: how many more turns must be free, which are left to others: so people need not wait for work
            in the background. While slowed it is one.
        """
        ...

    def slow_down(self, retry_after: float | None, *, sent_ago: float = 0.0) -> None:
        """Make every process hold off for `retry_after` seconds, or for ¼, ½, 1 … 60 if Diga did not say.

        :param sent_ago: seconds since the refused call was sent.
        """
        ...


class Ask(NamedTuple):
    """How many turns are asked for, how many must stay free besides, and when: epoch seconds."""

    turns: int
    reserve: int
    now: float


class Step(NamedTuple):
    """An ask in the algorithm's terms: a rate in parts of turns, the time in ticks, parts asked for."""

    rate: Rate
    now: int
    weight: int
    longest_wait: float

    def wait(self, decision: Decision) -> float:
        """Return the seconds to wait, 0 if the turns were granted."""
        return 0.0 if decision.allowed else max(1, decision.retry_after_ms or 1) / TICKS


def step_for(ask: Ask, per_second: float, slowness: Slowness) -> Step:
    """Return the algorithm's step: a burst of one second's worth, but a single turn while slowed.

    A reserve is taken off the burst. Where there is none, it is one turn: asked for as if it were the time of the turn
    before, so that others can always step in between.
    """
    slowed_to = slowness.rate_at(ask.now)
    rate = min(per_second, slowed_to)
    reserve = min(ask.reserve, 1)
    if slowed_to >= per_second:
        burst = max(1, int(rate))
        if ask.turns < burst:
            burst, reserve = max(ask.turns, burst - ask.reserve), 0
        parts = burst * PARTS
    else:
        made_up = min(LATENESS_SECONDS, max(0.0, ask.now - slowness.hold_until) * LATENESS_GROWTH)
        parts = PARTS + round(made_up * rate * PARTS)
    parts = max(parts, ask.turns * PARTS + parts % PARTS)
    limit = Rate(max(1, round(rate * PARTS * 1000)), 1000 * TICKS, burst=parts)
    longest_wait = max(1.0, (ask.turns + reserve) / least_rate(per_second))
    return Step(limit, int((ask.now - reserve / rate) * TICKS), ask.turns * PARTS, longest_wait)


class _SharedPace:
    """The waiting; where the state lives is the subclass's affair."""

    def __init__(self, per_second: float) -> None:
        if per_second <= 0:
            raise ValueError("A rate is above 0")
        self._per_second = per_second
        self._queues = (threading.Lock(), threading.Lock())

    def acquire(self, timeout: float, *, count: int = 1, reserve: int = 0) -> bool:
        """See `Pace`. Of the threads of a process one asks at a time, else all would ask for each turn."""
        deadline = time.monotonic() + timeout
        queue = self._queues[reserve > 0]
        if not queue.acquire(timeout=max(0.0, timeout)):
            return False
        try:
            while (wait := self._take(count, reserve)) > 0:
                if time.monotonic() + wait > deadline:
                    return False
                time.sleep(wait)
        finally:
            queue.release()
        return True

    def _take(self, count: int, reserve: int) -> float:
        """Take turns and return 0, or return the seconds until it is worth asking again."""
        raise NotImplementedError


class SqlitePace(_SharedPace):
    """The state as one row of an SQLite file. If the file can't be used, each thread paces itself, alone."""

    _connection: sqlite3.Connection | None = None
    _pid = 0

    def __init__(self, name: str, per_second: float, path: Path) -> None:
        super().__init__(per_second)
        self._name = name
        self._path = path
        self._lock = threading.Lock()
        self._inherited: sqlite3.Connection | None = None

    def __del__(self) -> None:
        if self._connection and self._pid == os.getpid():
            self._connection.close()

    def _open(self) -> sqlite3.Connection:
        """Return this process's connection. One opened before a fork must be neither used nor closed."""
        if self._connection is None or self._pid != os.getpid():
            self._inherited = self._connection
            connection = sqlite3.connect(self._path, timeout=5.0, isolation_level=None, check_same_thread=False)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS learnt_pace (name TEXT PRIMARY KEY, tat INTEGER, hold_until REAL,"
                " start REAL, ceiling REAL, refused_at REAL, strike_count INTEGER) WITHOUT ROWID"
            )
            row = (self._name, 0, *astuple(Slowness()))
            connection.execute("INSERT OR IGNORE INTO learnt_pace VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            self._connection, self._pid = connection, os.getpid()
        return self._connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            finally:
                connection.execute("COMMIT")

    def _read(self, connection: sqlite3.Connection) -> tuple[int, Slowness]:
        row = connection.execute(
            "SELECT tat, hold_until, start, ceiling, refused_at, strike_count FROM learnt_pace WHERE name = ?",
            (self._name,),
        ).fetchone()
        return row[0], Slowness(*row[1:])

    def _take(self, count: int, reserve: int) -> float:
        try:
            with self._transaction() as connection:
                return self._take_within(connection, Ask(count, reserve, time.time()))
        except sqlite3.Error as error:
            logger.warning("The pace file is unusable: %s", error)
        time.sleep(count / self._per_second)
        return 0.0

    def _take_within(self, connection: sqlite3.Connection, ask: Ask) -> float:
        tat, slowness = self._read(connection)
        if hold := slowness.hold_at(ask.now):
            return hold
        step = step_for(ask, self._per_second, slowness)
        state, decision = GCRA().step([step.rate], (tat,), step.now, step.weight)
        wait = step.wait(decision)
        if wait <= step.longest_wait:
            tat = int(state[0])
        else:
            tat, wait = 0, LEAST_WAIT_SECONDS
        connection.execute("UPDATE learnt_pace SET tat = ? WHERE name = ?", (tat, self._name))
        return wait

    def slow_down(self, retry_after: float | None, *, sent_ago: float = 0.0) -> None:
        """See `Pace`."""
        try:
            with self._transaction() as connection:
                slow = self._read(connection)[1].after_429(
                    time.time(), retry_after, per_second=self._per_second, sent_ago=sent_ago
                )
                connection.execute(
                    "UPDATE learnt_pace SET hold_until = ?, start = ?, ceiling = ?, refused_at = ?, strike_count = ?"
                    " WHERE name = ?",
                    (*astuple(slow), self._name),
                )
        except sqlite3.Error as error:
            logger.warning("The pace file is unusable: %s", error)


class RedisPace(_SharedPace):
    """The state in two Redis hashes, which expire by themselves. Without Redis each thread paces itself."""

    def __init__(self, name: str, per_second: float, url: str) -> None:
        import redis  # Redis is an extra: imported only where it is used.

        super().__init__(per_second)
        self._errors = redis.RedisError
        self._redis: Any = redis.Redis.from_url(
            url, socket_timeout=2.0, socket_connect_timeout=1.0, decode_responses=True
        )
        self._slow_key = f"phone-desk:pace:{name}:learnt"
        self._turns: Any = RedisStateStore(self._redis, f"phone-desk:pace:{name}:turns")

    @staticmethod
    def _read(client: Any, key: str) -> Slowness:
        row = client.hgetall(key)
        if not row:
            return Slowness()
        return Slowness(float(row["u"]), float(row["s"]), float(row["c"]), float(row["r"]), int(row["n"]))

    def _take(self, count: int, reserve: int) -> float:
        now = time.time()
        try:
            slowness = self._read(self._redis, self._slow_key)
            if hold := slowness.hold_at(now):
                return hold
            step = step_for(Ask(count, reserve, now), self._per_second, slowness)
            decision = self._turns.check(GCRA(), [step.rate], step.now, step.weight)
            wait = step.wait(decision)
            if wait > step.longest_wait:
                self._turns.reset()
                return LEAST_WAIT_SECONDS
        except self._errors as error:
            logger.warning("The pace in Redis is unusable: %s", type(error).__name__)
            time.sleep(count / self._per_second)
            return 0.0
        return wait

    def slow_down(self, retry_after: float | None, *, sent_ago: float = 0.0) -> None:
        """See `Pace`."""

        def change(pipe: Any) -> None:
            known = self._read(pipe, self._slow_key)
            slow = known.after_429(time.time(), retry_after, per_second=self._per_second, sent_ago=sent_ago)
            pipe.multi()
            pipe.hset(self._slow_key, mapping=dict(zip("uscrn", astuple(slow), strict=True)))
            pipe.expire(self._slow_key, int(MAX_HOLD_SECONDS) * 2)

        try:
            self._redis.transaction(change, self._slow_key)
        except self._errors as error:
            logger.warning("The pace in Redis is unusable: %s", type(error).__name__)


def make_pace(name: str, per_second: float, *, sqlite_path: Path | None, redis_url: str | None) -> Pace:
    """Return the pace called `name`, on Redis if there is one, else in the SQLite file.

    :param name: what the limit is for, such as a project's id; never the key itself.
    :raises ValueError: if neither place is given, or the rate is not above 0.
    """
    if redis_url:
        return RedisPace(name, per_second, redis_url)
    if sqlite_path:
        return SqlitePace(name, per_second, sqlite_path)
    raise ValueError("A shared pace needs an SQLite file or Redis")
