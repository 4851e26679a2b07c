"""The cache and the queue of tests: in memory, and yet through JSON, as the real ones are."""

import json
from datetime import datetime
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.locmem import LocMemCache
from huey.api import MemoryHuey, Task

from dashboard.queue import Stoppable


class JsonMemory(LocMemCache):
    """Gives back what JSON makes of a value, and refuses what it can't hold."""

    def set(self, key: str, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        """Keep a value."""
        super().set(key, json.loads(json.dumps(value)), timeout, version)

    def add(self, key: str, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Keep a value where there is none."""
        return super().add(key, json.loads(json.dumps(value)), timeout, version)


class ImmediateQueue(Stoppable, MemoryHuey):
    """Does a task at once, as the worker would that took its message from the queue."""

    def execute(self, task: Task, timestamp: datetime | None = None) -> Any:
        """Do a task after its way through a message."""
        return super().execute(self.deserialize_task(self.serialize_task(task)), timestamp)
