"""The queue, which tells long tasks when the worker is asked to stop: then they end what is under way, and go."""

from threading import Event
from typing import Any

from huey.api import SqliteHuey
from huey.consumer import Consumer


class Stoppable:
    """Keeps the flag of the consumer that works on this queue, None in a process that only puts tasks into it."""

    stop_flag: Event | None = None

    def create_consumer(self, **options: Any) -> Consumer:
        """Return a consumer, and remember its flag."""
        consumer: Consumer = super().create_consumer(**options)  # type: ignore[misc]
        self.stop_flag = consumer.stop_flag
        return consumer


class SqliteQueue(Stoppable, SqliteHuey):
    """A queue in an SQLite file: for one machine."""
