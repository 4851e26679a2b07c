"""A rate limit shared by all processes that use one Diga key, in an SQLite file, or in Redis with a second store.

One second's worth of calls passes at once, then calls at the rate. After a 429 all processes pause, then continue at a
lower rate (see `rate`). Background work can leave turns free for people.

pyrate-limiter's buckets do not fit. Their rates are constants of a process, while a learnt rate has to be shared and
updated together with the turns; a put always spends, so nothing can be left free; and its SQLite bucket, a log of
calls, blocks everyone for an hour if a clock is set back by an hour.
"""

import json
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from .rate import MAX_HOLD_SECONDS, Ask, RateState

logger = logging.getLogger("phones.diga")

SECOND_STORE_SECONDS = 5.0
"""For how long the second store is used at most before the first is tried again."""

Change = Callable[[RateState], tuple[RateState, float]]
"""A step from one state to the next, and what is answered to who made it."""


class Pace(Protocol):
    """What a client calls before each request and after a 429."""

    def acquire(self, timeout: float, *, count: int = 1, reserve: int = 0) -> bool:
        """Wait for `count` turns at once; return False if they don't come within `timeout` seconds.

        There is no wait if it is known that it would not suffice.

        :param reserve: how many more turns must be free, which are left to others: so people need not wait for work
            in the background. While slowed it is one.
        """
        ...

    def slow_down(self, retry_after: float | None, *, sent_ago: float = 0.0) -> None:
        """Make every process pause for `retry_after` seconds, or for ¼, ½, 1 … 60 if Diga did not say.

        :param sent_ago: seconds since the refused call was sent.
        """
        ...


class StoreUnusable(Exception):
    """The shared state can't be read or written now."""


class Store(Protocol):
    """The storage of a state that processes share."""

    def update(self, change: Change) -> float:
        """Replace the state by what `change` returns for it, atomically; return the other value of `change`.

        :raises StoreUnusable: it can't be done now.
        """
        ...


class SharedPace:
    """The waiting, on a shared state. While that can't be used, each thread keeps the configured rate by itself."""

    def __init__(self, store: Store, per_second: float) -> None:
        if per_second <= 0:
            raise ValueError("A rate is above 0")
        self._store = store
        self._per_second = per_second
        self._queues = (threading.Lock(), threading.Lock())

    def acquire(self, timeout: float, *, count: int = 1, reserve: int = 0) -> bool:
        """See `Pace`. A lock lets one thread of a process ask at a time, else all would ask for each turn."""
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
        """Take turns and return 0, or return the seconds until the next attempt makes sense."""
        try:
            return self._store.update(lambda state: state.take(Ask(count, reserve, time.time()), self._per_second))
        except StoreUnusable as error:
            logger.warning("%s", error)
        time.sleep(count / self._per_second)
        return 0.0

    def slow_down(self, retry_after: float | None, *, sent_ago: float = 0.0) -> None:
        """See `Pace`."""

        def refused(state: RateState) -> tuple[RateState, float]:
            return state.refused(time.time(), retry_after, per_second=self._per_second, sent_ago=sent_ago), 0.0

        try:
            self._store.update(refused)
        except StoreUnusable as error:
            logger.warning("%s", error)


class SqliteStore:
    """The state in a row of an SQLite file."""

    _connection: sqlite3.Connection | None = None
    _pid = 0

    def __init__(self, name: str, path: Path) -> None:
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
            connection.execute("CREATE TABLE IF NOT EXISTS rate (name TEXT PRIMARY KEY, state TEXT) WITHOUT ROWID")
            self._connection, self._pid = connection, os.getpid()
        return self._connection

    def update(self, change: Change) -> float:
        """See `Store`."""
        try:
            with self._lock, self._open() as connection:
                connection.execute("BEGIN IMMEDIATE")
                row = connection.execute("SELECT state FROM rate WHERE name = ?", (self._name,)).fetchone()
                state, answer = change(decoded_state(row and row[0]))
                connection.execute("REPLACE INTO rate VALUES (?, ?)", (self._name, encoded_state(state)))
        except sqlite3.Error as error:
            raise StoreUnusable(f"The pace file is unusable: {error}") from error
        return answer


class RedisStore:
    """The state as a text in Redis, with an expiry."""

    def __init__(self, name: str, url: str) -> None:
        import redis  # Redis is an extra: imported only where it is used.

        self._errors = redis.RedisError
        self._redis: Any = redis.Redis.from_url(url, socket_timeout=2.0, socket_connect_timeout=1.0)
        self._key = f"phone-desk:rate:{name}"

    def update(self, change: Change) -> float:
        """See `Store`. A WATCH repeats the transaction if another process has written the key meanwhile."""

        def step(pipe: Any) -> float:
            state, answer = change(decoded_state(pipe.get(self._key)))
            pipe.multi()
            pipe.set(self._key, encoded_state(state), ex=int(MAX_HOLD_SECONDS) * 2)
            return answer

        try:
            answer: float = self._redis.transaction(step, self._key, value_from_callable=True)
        except self._errors as error:
            raise StoreUnusable(f"The pace in Redis is unusable: {type(error).__name__}") from error
        return answer


class PairOfStores:
    """The state in the first of two stores; in the second for a while after the first could not be used.

    Every process that fails at the first store returns to it at the same moments: multiples of `SECOND_STORE_SECONDS`
    of the clock. So during an outage all of them use one store. With the store the last known state is carried over,
    else each change would let another second's worth of turns pass.
    """

    def __init__(self, first: Store, second: Store) -> None:
        self._first = first
        self._second = second
        self._current = first
        self._known = RateState()
        self._failed_in = -1

    def update(self, change: Change) -> float:
        """See `Store`. :raises StoreUnusable: neither of them can be used."""
        period = int(time.time() // SECOND_STORE_SECONDS)
        if period != self._failed_in:
            try:
                return self._update(self._first, change)
            except StoreUnusable as error:
                logger.warning("%s; the second store is used", error)
                self._failed_in = period
        return self._update(self._second, change)

    def _update(self, store: Store, change: Change) -> float:
        has_moved, known = store is not self._current, self._known
        reached = RateState()

        def step(state: RateState) -> tuple[RateState, float]:
            nonlocal reached
            reached, answer = change(state.joined(known) if has_moved else state)
            return reached, answer

        answer = store.update(step)
        self._current, self._known = store, reached
        return answer


def decoded_state(text: str | bytes | None) -> RateState:
    """Return the state of a text that `encoded_state` made; the initial one if there is none."""
    return RateState(*json.loads(text)) if text else RateState()


def encoded_state(state: RateState) -> str:
    """Return a state as the text that stores keep."""
    return json.dumps(state)


def make_pace(
    name: str, per_second: float, *, sqlite_path: Path | None, redis_url: str | None, second: Store | None = None
) -> Pace:
    """Return the pace called `name`: on Redis if there is one, else in `second`, else in the SQLite file.

    While Redis can't be used, the state is in the place that would be taken without it.

    :param name: the scope of the limit, such as a project's id; never the key itself.
    :raises ValueError: if neither place is given, or the rate is not above 0.
    """
    local = second or (SqliteStore(name, sqlite_path) if sqlite_path else None)
    if redis_url:
        first = RedisStore(name, redis_url)
        return SharedPace(PairOfStores(first, local) if local else first, per_second)
    if local:
        return SharedPace(local, per_second)
    raise ValueError("A shared pace needs an SQLite file or Redis")
