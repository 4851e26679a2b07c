"""The queue in Redis, used only to notify workers. While Redis doesn't answer, each worker continues by itself."""

import logging
from collections.abc import Callable
from datetime import datetime
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any, TypeVar

from huey.api import Huey
from huey.consumer import Consumer
from huey.storage import PriorityRedisStorage
from redis import ConnectionPool, RedisError
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ConnectionFailed
from redis.retry import Retry

from dashboard.queue import Stoppable

logger = logging.getLogger("dashboard.doorbell")

T = TypeVar("T")

CONNECT_TIMEOUT_SECONDS = 1.0
# Longer than a worker's blocking read of the queue, which is a second.
ANSWER_TIMEOUT_SECONDS = 3.0
SILENT_WAIT_SECONDS = 1.0


class Doorbell(PriorityRedisStorage):
    """Messages in Redis. While it doesn't answer, a worker process keeps the messages it sends in memory, for itself.

    A web process drops its messages then. No work is lost with them: waiting work is a row, and the periodic tasks,
    which every worker sends to itself, find it within a minute.
    """

    def __init__(self, name: str, url: str, **options: Any) -> None:
        pool = ConnectionPool.from_url(
            url,
            socket_connect_timeout=CONNECT_TIMEOUT_SECONDS,
            socket_timeout=ANSWER_TIMEOUT_SECONDS,
            # A kept connection that was closed meanwhile is replaced; a server that doesn't answer is not asked twice.
            retry=Retry(NoBackoff(), 1, supported_errors=(ConnectionFailed,)),
        )
        super().__init__(name, connection_pool=pool, **options)
        self.has_workers = False
        self._own: SimpleQueue[bytes] = SimpleQueue()
        self._was_silent = False
        self._lock = Lock()

    def is_silent(self) -> bool:
        """Return whether Redis does not answer."""
        return self._ask(self.conn.ping, instead=None) is None

    def enqueue(self, data: bytes, priority: int | None = None) -> None:
        """Send a message; never raises if Redis can't take it."""
        is_sent = self._ask(lambda: super(Doorbell, self).enqueue(data, priority) or True, instead=False)
        if not is_sent and self.has_workers:
            self._own.put(data)

    def dequeue(self) -> bytes | None:
        """Return a message after a blocking read, None without one."""
        found = self._ask(lambda: super(Doorbell, self).dequeue() or b"", instead=None)
        # The blocking read is on Redis, unless it doesn't answer.
        return found or self._take_own(SILENT_WAIT_SECONDS if found is None else 0)

    def _take_own(self, wait_seconds: float) -> bytes | None:
        try:
            return self._own.get(block=wait_seconds > 0, timeout=wait_seconds)
        except Empty:
            return None

    def read_schedule(self, ts: datetime) -> list[bytes]:
        """Return the messages that are due; nothing is ever scheduled in this queue."""
        return self._ask(lambda: super(Doorbell, self).read_schedule(ts), instead=[])

    def peek_many(self, keys: list[str]) -> dict[str, bytes]:
        """Return the values of the keys: before each task, huey reads whether it was revoked."""
        return self._ask(lambda: super(Doorbell, self).peek_many(keys), instead={})

    def delete_data(self, key: str) -> bool:
        """Delete the value of a key, as huey does after each task."""
        return self._ask(lambda: super(Doorbell, self).delete_data(key), instead=False)

    def _ask(self, ask: Callable[[], T], *, instead: T) -> T:
        try:
            answer = ask()
        except RedisError as error:
            if self._is_news(silent=True):
                logger.warning("Redis does not answer (%s); work goes on without it, more slowly", type(error).__name__)
            return instead
        if self._was_silent and self._is_news(silent=False):
            logger.warning("Redis answers again")
        return answer

    def _is_news(self, *, silent: bool) -> bool:
        """Record whether Redis answers; return True for the one thread that finds it changed."""
        with self._lock:
            was_silent, self._was_silent = self._was_silent, silent
        return was_silent != silent


class RedisQueue(Stoppable, Huey):
    """A queue in Redis: for any number of workers on any number of machines."""

    storage_class = Doorbell

    def create_consumer(self, **options: Any) -> Consumer:
        """Return a consumer; from now on this process receives its own messages without Redis too."""
        self.storage.has_workers = True
        return super().create_consumer(**options)
