"""A pickle that leaves a trace when it is read: what must never happen."""

import pickle
from collections.abc import Callable

TRACES: list[str] = []


def leave_trace(text: str) -> None:
    """Do what an attacker's pickle would have done."""
    TRACES.append(text)


class Pickled:
    """What leaves a trace when its pickle is read."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return leave_trace, ("code was run",)


def runs_when_read(text: bytes) -> bool:
    """Say whether the pickle would have left a trace: that a test without one means something."""
    TRACES.clear()
    pickle.loads(text)  # noqa: S301 - a pickle of the tests' own.
    return TRACES == ["code was run"]
