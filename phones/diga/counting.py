"""Counting of a thread's requests to Diga, and of the time they took."""

from collections.abc import Iterator
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


def note_call(seconds: float) -> None:
    """Count one attempt, if a `counted` block is active."""
    if calls := _current.get():
        calls.count += 1
        calls.seconds += seconds
