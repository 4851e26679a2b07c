"""The stand-in's limit of requests for each key."""

import time
from email.utils import formatdate

from .faults.switches import Switches
from .serving.messages import Refusal, envelope


class Turns:
    """When the next request of each key may come; `rate_limit` a second, with a second's worth at once."""

    def __init__(self) -> None:
        self._next: dict[str, float] = {}

    def clear(self) -> None:
        """Forget all requests."""
        self._next.clear()

    def take(self, token: str, switches: Switches) -> None:
        """Count a request.

        :raises Refusal: with 429 if it comes too soon; it isn't counted.
        """
        limit = switches.rate_limit
        if not limit:
            return
        now = time.monotonic()
        turn = max(now, self._next.get(token, 0.0)) + 1 / limit
        if turn - now <= 1.0 + 1e-9 or (limit < 1 and turn - now <= 1 / limit):
            self._next[token] = turn
            return
        refusal = envelope(429, "TOO_MANY_REQUESTS", "Too many requests")
        if switches.retry_after == "seconds":
            refusal.headers["Retry-After"] = "1"
        elif switches.retry_after == "date":
            refusal.headers["Retry-After"] = formatdate(time.time() + 1, usegmt=True)
        raise Refusal(refusal)
