"""A rate limit that all processes using one Diga key share, on an SQLite file or on Redis.

It lets a second's worth of calls through at once, then the rate. After a 429 everyone holds off, goes on more
slowly, and recovers within minutes: the rate grows back by 1 % a second.
"""

import logging
import math
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pyrate_limiter import GCRA, Rate, RedisStateStore

logger = logging.getLogger("phones.diga")

LEAST_HOLD_SECONDS = 0.25
LEAST_WAIT_SECONDS = 0.001
FIRST_HOLD_SECONDS = 1.0
LAST_HOLD_SECONDS = 60.0
MAX_HOLD_SECONDS = 900.0
CLOCK_SLACK_SECONDS = 60.0
"""How far the clocks of two machines that share a pace may be apart."""
SLOWED_TO = 0.8
LEAST_SHARE = 1 / 50
GROWTH_PER_SECOND = 1.01
STRIKES_FORGOTTEN_AFTER_SECONDS = 60.0


class Pace(Protocol):
    """What a client asks before each call, and tells after a 429."""

    def acquire(self, timeout: float) -> bool:
        """Wait for a turn; False, without waiting, if none comes up within `timeout` seconds."""
        ...

    def slow_down(self, retry_after: float | None) -> None:
        """Make every process hold off for `retry_after` seconds, or for 1, 2, 4 … 60 if Diga did not say."""
        ...


@dataclass(frozen=True, slots=True)
class Slowness:
    """What 429s have taught us. Times are epoch seconds; `share` is of the configured rate, at `since`."""

    hold_until: float = 0.0
    share: float = 1.0
    since: float = 0.0
    strike_count: int = 0

    def hold_at(self, now: float) -> float:
        """Return the seconds to hold off from now; one longer than any we impose is of a clock that was set back."""
        hold = self.hold_until - now
        return hold if 0 < hold <= MAX_HOLD_SECONDS + CLOCK_SLACK_SECONDS else 0.0

    def share_at(self, now: float) -> float:
        """Return the share of the configured rate to use now."""
        seconds = min(1000.0, max(0.0, now - self.since))
        return min(1.0, self.share * math.pow(GROWTH_PER_SECOND, seconds))

    def after_429(self, now: float, retry_after: float | None) -> "Slowness":
        """Return what to do after one more 429. Those that come while everyone holds off are the same one."""
        if self.hold_at(now):
            return self if retry_after is None else self._held_until(now + retry_after)
        is_fresh = now - self.hold_until > STRIKES_FORGOTTEN_AFTER_SECONDS
        strike_count = 1 if is_fresh else min(self.strike_count + 1, 10)
        if retry_after is None:
            retry_after = min(FIRST_HOLD_SECONDS * 2 ** (strike_count - 1), LAST_HOLD_SECONDS)
        hold_until = now + min(max(retry_after, LEAST_HOLD_SECONDS), MAX_HOLD_SECONDS)
        share = max(LEAST_SHARE, self.share_at(now) * SLOWED_TO)
        return Slowness(hold_until, share, hold_until, strike_count)

    def _held_until(self, until: float) -> "Slowness":
        until = min(until, self.since + MAX_HOLD_SECONDS)
        return Slowness(max(self.hold_until, until), self.share, self.since, self.strike_count)


class _SharedPace:
    """The waiting; where the state lives is the subclass's affair."""

    def __init__(self, per_second: float) -> None:
        if per_second <= 0:
            raise ValueError("A rate is above 0")
        self._per_second = per_second

    def acquire(self, timeout: float) -> bool:
        """See `Pace`."""
        deadline = time.monotonic() + timeout
        while (wait := self._take()) > 0:
            if time.monotonic() + wait > deadline:
                return False
            time.sleep(wait)
        return True

    def rate_at(self, now: float, slowness: Slowness) -> Rate:
        """Return the rate to keep now: a burst of one second's worth, but a single call while slowed."""
        per_second = self._per_second * slowness.share_at(now)
        burst = max(1, int(per_second)) if slowness.share_at(now) == 1.0 else 1
        return Rate(max(1, round(per_second * 1000)), 1_000_000, burst=burst)

    @property
    def longest_turn(self) -> float:
        """Return the seconds until the next turn at most; one further ahead is of a clock that was set back."""
        return max(1.0, 1 / (self._per_second * LEAST_SHARE))

    def _take(self) -> float:
        """Take a turn and return 0, or return the seconds until it is worth asking again."""
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
                "CREATE TABLE IF NOT EXISTS pace (name TEXT PRIMARY KEY, tat INTEGER, hold_until REAL,"
                " share REAL, since REAL, strike_count INTEGER) WITHOUT ROWID"
            )
            connection.execute("INSERT OR IGNORE INTO pace VALUES (?, 0, 0, 1, 0, 0)", (self._name,))
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
            "SELECT tat, hold_until, share, since, strike_count FROM pace WHERE name = ?", (self._name,)
        ).fetchone()
        return row[0], Slowness(*row[1:])

    def _take(self) -> float:
        try:
            with self._transaction() as connection:
                return self._take_within(connection)
        except sqlite3.Error as error:
            logger.warning("The pace file is unusable: %s", error)
        time.sleep(1 / self._per_second)
        return 0.0

    def _take_within(self, connection: sqlite3.Connection) -> float:
        now = time.time()
        tat, slowness = self._read(connection)
        if hold := slowness.hold_at(now):
            return hold
        state, decision = GCRA().step([self.rate_at(now, slowness)], (tat,), int(now * 1000), 1)
        if not decision.allowed:
            wait = (decision.retry_after_ms or 1) / 1000
            if wait <= self.longest_turn:
                return wait
            connection.execute("UPDATE pace SET tat = 0 WHERE name = ?", (self._name,))
            return LEAST_WAIT_SECONDS
        connection.execute("UPDATE pace SET tat = ? WHERE name = ?", (int(state[0]), self._name))
        return 0.0

    def slow_down(self, retry_after: float | None) -> None:
        """See `Pace`."""
        try:
            with self._transaction() as connection:
                slow = self._read(connection)[1].after_429(time.time(), retry_after)
                connection.execute(
                    "UPDATE pace SET hold_until = ?, share = ?, since = ?, strike_count = ? WHERE name = ?",
                    (slow.hold_until, slow.share, slow.since, slow.strike_count, self._name),
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
        self._slow_key = f"phone-desk:pace:{name}:slow"
        self._turns: Any = RedisStateStore(self._redis, f"phone-desk:pace:{name}:turns")

    @staticmethod
    def _read(client: Any, key: str) -> Slowness:
        row = client.hgetall(key)
        if not row:
            return Slowness()
        return Slowness(float(row["u"]), float(row["s"]), float(row["t"]), int(row["n"]))

    def _take(self) -> float:
        now = time.time()
        try:
            slowness = self._read(self._redis, self._slow_key)
            if hold := slowness.hold_at(now):
                return hold
            rates = [self.rate_at(now, slowness)]
            decision = self._turns.check(GCRA(), rates, int(now * 1000), 1)
            wait = 0.0 if decision.allowed else (decision.retry_after_ms or 1) / 1000
            if wait > self.longest_turn:
                self._turns.reset()
                return LEAST_WAIT_SECONDS
        except self._errors as error:
            logger.warning("The pace in Redis is unusable: %s", type(error).__name__)
            time.sleep(1 / self._per_second)
            return 0.0
        return wait

    def slow_down(self, retry_after: float | None) -> None:
        """See `Pace`."""

        def change(pipe: Any) -> None:
            slow = self._read(pipe, self._slow_key).after_429(time.time(), retry_after)
            row = {"u": slow.hold_until, "s": slow.share, "t": slow.since, "n": slow.strike_count}
            pipe.multi()
            pipe.hset(self._slow_key, mapping=row)
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
