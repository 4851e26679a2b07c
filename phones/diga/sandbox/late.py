"""Requests that a fault has answered before they are carried out."""

from dataclasses import dataclass

from .serving.messages import Request
from .state import Key, Received


@dataclass(eq=False)
class Late:
    """A request that a fault has answered, to be carried out later; `due_at` is of the monotonic clock."""

    request: Request
    key: Key | None
    received: Received
    due_at: float | None

    def is_due(self, now: float) -> bool:
        """True once its time has come."""
        return self.due_at is not None and now >= self.due_at
