"""Sending: take a turn, send, read within the limits, log one line, and retry reads."""

import copy
import logging
import random
from collections.abc import Callable, Mapping
from contextvars import copy_context
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Thread
from typing import NamedTuple

import requests

from .counting import note_call
from .decoding import Reply, decode
from .errors import DigaError, DigaRateLimited, DigaUnavailable, Reason
from .pace import Pace
from .transport import TRANSPORT_ERRORS, BearerAuth, Exchange, current_exchange, find_reason

logger = logging.getLogger("phones.diga")

MAX_TRIES = 3
CHUNK_BYTES = 2**16
WAIT_SECONDS = 0.25
"""How often whoever waits for an answer is asked whether to go on."""
OnWait = Callable[[], None]
RETRIED = frozenset(
    {
        Reason.REFUSED,
        Reason.TIMEOUT,
        Reason.DISCONNECTED,
        Reason.SERVER_ERROR,
        Reason.NOT_JSON,
        Reason.TRUNCATED,
    }
)


@dataclass(frozen=True, slots=True)
class Request:
    """A request. Query values of None are left out; a body of None sends none."""

    method: str
    path: str
    query: Mapping[str, object] = field(default_factory=dict)
    body: Mapping[str, str | None] | None = None

    @property
    def is_write(self) -> bool:
        """True for a request that must be sent at most once."""
        return self.method != "GET"


class Limits(NamedTuple):
    """The limits of an answer: seconds, and bytes after decompression."""

    connect_timeout: float
    read_timeout: float
    deadline: float
    max_bytes: int


class Sender:
    """Sends requests with one key to one address. Thread-safe."""

    def __init__(
        self,
        base_url: str,
        auth: BearerAuth,
        session: requests.Session,
        limits: Limits,
        *,
        pace: Pace | None,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._base_url = base_url
        self._auth = auth
        self._session = session
        self._limits = limits
        self._pace = pace
        self._takes_turns = True
        self.on_wait: OnWait | None = None
        self._clock = clock
        self._sleep = sleep

    def take_turns(self, count: int, *, timeout: float, reserve: int) -> bool:
        """Wait for turns of the pace; return True if all were taken, or if there is no pace."""
        return self._pace is None or self._pace.acquire(timeout, count=count, reserve=reserve)

    def with_turns_taken(self) -> "Sender":
        """Return a sender whose first attempts take no turn, and that is the same otherwise."""
        other = copy.copy(self)
        other._takes_turns = False
        return other

    def asking(self, on_wait: OnWait) -> "Sender":
        """Return a sender that calls `on_wait` before a read and while it waits for one, and is the same otherwise.

        What `on_wait` raises ends the wait at once.
        """
        other = copy.copy(self)
        other.on_wait = on_wait
        return other

    def send(self, request: Request) -> object:
        """Send a request and return the JSON value of its good answer.

        A write is sent once. A read is retried within the same deadline if that may help.

        :raises DigaError: for every other answer.
        """
        if self.on_wait is None or request.is_write:
            return self._send(request)
        self.on_wait()
        answers: SimpleQueue[object] = SimpleQueue()
        # A daemon: an answer that nobody waits for any more does not keep the process from ending.
        work = copy_context().run
        Thread(target=work, args=(self._send_into, answers, request), name="diga-read", daemon=True).start()
        while True:
            try:
                answer = answers.get(timeout=WAIT_SECONDS)
            except Empty:
                self.on_wait()
                continue
            if isinstance(answer, Exception):
                raise answer
            return answer

    def _send_into(self, answers: SimpleQueue[object], request: Request) -> None:
        """Put the JSON value or the error into a queue."""
        answer: object = RuntimeError("A read ended by an error of this program")
        try:
            answer = self._send(request)
        except DigaError as error:
            answer = error
        finally:
            answers.put(answer)

    def _send(self, request: Request) -> object:
        """See `send`. Waits for the answer, however long it takes."""
        deadline = self._clock() + self._limits.deadline
        attempt = 1
        while True:
            exchange = Exchange(request.is_write, deadline, self._limits.read_timeout, self._clock)
            outcome = self._attempt(request, exchange, attempt)
            if not isinstance(outcome, DigaError):
                return outcome
            wait = _wait_before_retry(outcome, attempt)
            if request.is_write or attempt == MAX_TRIES or wait is None or wait >= exchange.remaining():
                raise outcome
            self._sleep(wait)
            attempt += 1

    def _attempt(self, request: Request, exchange: Exchange, attempt: int) -> object:
        """Make one attempt, log it, and return the JSON value or the error."""
        needs_turn = self._takes_turns or attempt > 1
        if needs_turn and not self.take_turns(1, timeout=max(0.0, exchange.remaining()), reserve=0):
            return DigaUnavailable(reason=Reason.PACED)
        started_at = self._clock()
        reply = self._exchange(request, exchange)
        took = self._clock() - started_at
        outcome = self._decode(reply)
        note_call(took, type(outcome).__name__ if isinstance(outcome, DigaError) else "ok")
        _log(request, reply, outcome, round(took * 1000), attempt)
        if self._pace and isinstance(outcome, DigaRateLimited):
            self._pace.slow_down(outcome.retry_after, sent_ago=took)
        return outcome

    def _exchange(self, request: Request, exchange: Exchange) -> Reply | DigaUnavailable:
        """Send the request and read the answer.

        The error is created outside the handler: the caught exception holds the request with the key in its header, and
        must not stay alive as a `__context__`.
        """
        current = current_exchange.set(exchange)
        try:
            response = self._session.request(
                request.method,
                self._base_url + request.path,
                params={name: str(value) for name, value in request.query.items() if value is not None},
                json=request.body,
                auth=self._auth,
                timeout=(self._limits.connect_timeout, self._limits.read_timeout),
                allow_redirects=False,
                stream=True,
            )
            exchange.sent = True
            return self._read(response)
        except TRANSPORT_ERRORS as error:
            reason = find_reason(error, exchange)
        finally:
            current_exchange.reset(current)
        is_stale = reason is Reason.DISCONNECTED and exchange.is_reused and not exchange.is_answered
        return DigaUnavailable(reason=reason, is_stale=is_stale)

    def _read(self, response: requests.Response) -> Reply | DigaUnavailable:
        """Read the body, at most `max_bytes` of it. A refusal counts even if its body can't be read."""
        is_refusal = 400 <= response.status_code <= 499
        body = bytearray()
        try:
            for chunk in response.iter_content(CHUNK_BYTES):
                body += chunk
                if len(body) > self._limits.max_bytes:
                    if not is_refusal:
                        return DigaUnavailable(reason=Reason.TOO_LARGE, status=response.status_code)
                    body.clear()
                    break
        except TRANSPORT_ERRORS:
            if not is_refusal:
                raise
            body.clear()
        finally:
            response.close()
        return Reply(response.status_code, response.headers, bytes(body))

    def _decode(self, reply: Reply | DigaUnavailable) -> object:
        if isinstance(reply, DigaUnavailable):
            return reply
        try:
            return decode(reply, self._auth.mask)
        except DigaError as error:
            return error


def _wait_before_retry(error: DigaError, attempt: int) -> float | None:
    """Return the delay in seconds before a read is retried, None if that would not help."""
    if isinstance(error, DigaRateLimited):
        return float(2 ** (attempt - 1)) if error.retry_after is None else error.retry_after
    if isinstance(error, DigaUnavailable) and error.reason in RETRIED:
        return random.uniform(0, min(2.0, 0.25 * 2**attempt))  # noqa: S311 - jitter is no secret.
    return None


def _log(request: Request, reply: Reply | DigaUnavailable, outcome: object, milliseconds: int, attempt: int) -> None:
    """Log one line for an attempt: no header, no body, no query."""
    status = reply.reason.value if isinstance(reply, DigaUnavailable) else str(reply.status)
    logger.log(
        logging.WARNING if isinstance(outcome, DigaError) else logging.INFO,
        "%s %s %s in %s ms, attempt %s",
        request.method,
        request.path,
        status,
        milliseconds,
        attempt,
        extra={
            "method": request.method,
            "path": request.path,
            "status": status,
            "milliseconds": milliseconds,
            "attempt": attempt,
        },
    )
