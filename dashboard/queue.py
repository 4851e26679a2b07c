"""The queue: messages are JSON, and long tasks can read whether the worker was asked to stop."""

import json
from pathlib import Path
from threading import Event
from typing import Any

from huey.api import SqliteHuey
from huey.consumer import Consumer
from huey.registry import Message
from huey.serializer import Serializer


class JsonMessages(Serializer):
    """Messages as JSON objects of huey's `Message` fields. huey's own are pickles, which can execute code.

    A task's arguments are numbers, texts and None: primary keys. The sender gets an error for any other type.
    """

    def _serialize(self, data: Message) -> bytes:
        return json.dumps(data._asdict()).encode()

    def _deserialize(self, data: bytes) -> Message:
        """:raises ValueError: the bytes are not such a message, for example a pickle of an earlier version."""
        fields = json.loads(data)
        if not isinstance(fields, dict) or not fields.keys() <= set(Message._fields):
            raise ValueError("This is no message of Phone Desk.")
        return Message(**fields)


class Stoppable:
    """Keeps the stop flag of the consumer of this queue, None in a process that only sends tasks."""

    stop_flag: Event | None = None

    def __init__(self, *args: Any, **options: Any) -> None:
        options["serializer"] = JsonMessages()
        super().__init__(*args, **options)

    def create_consumer(self, **options: Any) -> Consumer:
        """Return a consumer, and keep its stop flag.

        :raises CommandError: the tables are not there, or a key is not that of the database; it says what to do.
        """
        # The queue is made before the models are there.
        from dashboard.monitoring import error_reports, metrics, traces
        from dashboard.monitoring.readiness import demand_ready

        demand_ready()
        for reports in (error_reports, traces, metrics):
            reports.start("worker")
        consumer: Consumer = super().create_consumer(**options)  # type: ignore[misc]
        self.stop_flag = consumer.stop_flag
        return consumer


class SqliteQueue(Stoppable, SqliteHuey):
    """A queue in an SQLite file, for one machine, and for its user alone."""

    def __init__(self, *args: Any, filename: str, **options: Any) -> None:
        # SQLite gives its other files the mode of this one. `collectstatic`, which has no umask of ours, makes it, too.
        path = Path(filename)
        path.touch(mode=0o600)
        path.chmod(0o600)
        super().__init__(*args, filename=filename, **options)
