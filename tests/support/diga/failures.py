"""Every way in which Diga can fail a save, as the stand-in makes it, and what a person is told about it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
import requests
import responses
from urllib3.connection import HTTPConnection
from urllib3.exceptions import NewConnectionError

from phones.diga.sandbox import Fault, Sandbox
from phones.wording.causes import words_for_cause
from tests.support.desk.saving import forget_waiting
from tests.support.pages.pages import plan

PHONES = "/v1/phone/"
DIGA_SAID = "A fault of the stand-in"
REFUSED = NewConnectionError(HTTPConnection("127.0.0.1"), "Connection refused")
QUICK = {"read_timeout": 0.25, "deadline": 2.0}
# Shorter than the first pause after a 429, so that nothing is tried again.
IMPATIENT = {"deadline": 0.9}


@dataclass(frozen=True)
class Failure:
    """One way to fail: the fault, and the status we answer with.

    `cause` is the code whose sentence is shown. A `lost` answer says nothing about whether the write was applied.
    """

    name: str
    kind: str
    cause: str
    answer: int
    options: tuple[tuple[str, Any], ...] = ()
    is_lost: bool = False
    has_quote: bool = False
    more: str = ""
    exception: Exception | None = None
    is_impatient: bool = False

    @property
    def sentence(self) -> str:
        """What went wrong and what to do next."""
        return f"{words_for_cause(self.cause)} {self.more}".strip()

    @property
    def read_sentence(self) -> str:
        """The same for a read, where nothing was refused that somebody typed."""
        is_refusal = self.cause == "rejected"
        return words_for_cause("read_refused") if is_refusal else self.sentence

    def fault(self, method: str, when: str = "before") -> Fault:
        """Return the fault for requests with this method about phones, for ever."""
        options: dict[str, Any] = dict(self.options)
        return Fault(self.kind, method=method, path=PHONES, when=when, times=None, **options)  # type: ignore[arg-type]

    @contextmanager
    def happening(
        self, monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, url: str, method: str, when: str = "before"
    ) -> Iterator[None]:
        """Let every request with this method fail so."""
        with monkeypatch.context() as patched:
            forget_waiting(patched, **(IMPATIENT if self.is_impatient else QUICK))
            if self.exception is None:
                plan(sandbox, self.fault(method, when))
                yield
                sandbox.faults.clear()
            else:
                with failing_wire(url, method, self.exception):
                    yield


@contextmanager
def failing_wire(url: str, method: str, exception: Exception) -> Iterator[None]:
    """Fail below HTTP, before anything is sent; requests with another method pass."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        wire.add_passthru(url)
        wire.add(method, re.compile(f"{url}{PHONES}.*"), body=exception)
        yield


def _status(status: int, cause: str, answer: int, **options: Any) -> Failure:
    shape = options.get("shape", "envelope")
    return Failure(
        f"{status} {shape}",
        "status",
        cause,
        answer,
        (("status", status), *options.items()),
        is_lost=status >= 500,
        has_quote=shape != "html",
    )


FAILURES = [
    *(
        _status(status, "rejected", 422, shape=shape)
        for status in (400, 409, 422)
        for shape in ("envelope", "validation")
    ),
    _status(401, "auth", 502),
    _status(403, "forbidden", 403),
    _status(404, "not_found", 404),
    *(_status(status, "server_error", 502) for status in (500, 502, 503)),
    _status(500, "server_error", 502, shape="html"),
    replace(_status(429, "rate_limited", 502), is_impatient=True),
    replace(
        _status(429, "rate_limited", 502, retry_after="20"),
        name="429 with Retry-After",
        more="Diga names 20 seconds.",
    ),
    Failure("page instead of JSON", "html", "not_json", 502, is_lost=True),
    Failure("broken JSON", "not_json", "not_json", 502, is_lost=True),
    Failure("truncated body", "truncated", "truncated", 502, is_lost=True),
    Failure("wrong types", "wrong_types", "wrong_shape", 502, is_lost=True),
    Failure("missing field", "missing_field", "wrong_shape", 502, is_lost=True),
    Failure("closed connection", "close", "disconnected", 502, is_lost=True),
    Failure("timeout after sending", "hang", "timeout", 502, (("seconds", 0.6),), is_lost=True),
    Failure("redirect", "redirect", "redirect", 502, is_lost=True),
    Failure("refused connection", "close", "refused", 502, exception=requests.ConnectionError(REFUSED)),
    Failure("timeout before sending", "close", "connect_timeout", 502, exception=requests.ConnectTimeout()),
]
EVERY_FAILURE = pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)
