"""Counting of requests to Diga, and of the time they took: those of a thread, and for whoever listens."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass
class Calls:
    """The number of attempts, successful or not, and their total time in seconds."""

    count: int = 0
    seconds: float = 0.0


_current: ContextVar[Calls | None] = ContextVar("calls", default=None)


@contextmanager
def counted() -> Iterator[Calls]:
    """Count the requests of this thread within the block."""
    calls = Calls()
    token = _current.set(calls)
    try:
        yield calls
    finally:
        _current.reset(token)


listeners: list[Callable[[str, float], None]] = []
"""Called with the outcome and the seconds of each attempt, in the thread that made it."""


def note_call(seconds: float, outcome: str) -> None:
    """Count one attempt, if a `counted` block is active, and tell the listeners."""
    if calls := _current.get():
        calls.count += 1
        calls.seconds += seconds
    for listen in listeners:
        listen(outcome, seconds)
