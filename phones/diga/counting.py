"""How many requests to Diga a piece of work has sent, and how long they took."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass
class Calls:
    """Attempts that were made, whatever came of them, and the seconds they took in all."""

    count: int = 0
    seconds: float = 0.0


_current: ContextVar[Calls | None] = ContextVar("calls", default=None)


@contextmanager
def counted() -> Iterator[Calls]:
    """Count what this thread sends within the block."""
    calls = Calls()
    token = _current.set(calls)
    try:
        yield calls
    finally:
        _current.reset(token)


def note_call(seconds: float) -> None:
    """Count one attempt, where somebody counts."""
    if calls := _current.get():
        calls.count += 1
        calls.seconds += seconds
