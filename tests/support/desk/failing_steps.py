"""Saves that fail, or die, at their n-th step: a statement, a commit, a look at the clock, a request."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from phones.diga.sandbox import Fault, Sandbox
from phones.diga.sandbox.serving.messages import Answer, Request
from tests.support.desk.saving import Killed


class Clock:
    """A clock that never stands still, and can be moved on."""

    def __init__(self) -> None:
        self.now = timezone.now()

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


@contextmanager
def failing_request(sandbox: Sandbox, number: int, fault: Fault) -> Iterator[list[Request]]:
    """Let requests fail from the n-th on, as often as the fault says; yield those that came."""
    seen: list[Request] = []
    handle = sandbox.handle

    def handle_or_fail(request: Request) -> Answer:
        seen.append(request)
        if len(seen) == number:
            sandbox.faults.add(replace(fault))
        return handle(request)

    sandbox.handle = handle_or_fail  # type: ignore[method-assign]
    try:
        yield seen
    finally:
        sandbox.handle = handle  # type: ignore[method-assign]


@dataclass
class Steps:
    """Counts steps and raises at the n-th."""

    number: int
    error: BaseException
    count: int = 0

    def step(self) -> None:
        """Do a step."""
        self.count += 1
        if self.count == self.number:
            raise self.error

    @contextmanager
    def in_database(self) -> Iterator[None]:
        """Let every statement, the beginning of every commit and the end of it be a step."""
        database: Any = connection
        commit = database._commit

        def step_and_commit() -> None:
            try:
                self.step()
            except Killed:
                # As the database does when its client is gone.
                database._rollback()
                raise
            commit()
            if isinstance(self.error, Killed):
                self.step()

        def step_and_execute(execute: Callable[..., Any], *arguments: Any) -> Any:
            self.step()
            return execute(*arguments)

        database._commit = step_and_commit
        try:
            with connection.execute_wrapper(step_and_execute):
                yield
        finally:
            database._commit = commit

    def on(self, clock: Clock) -> Callable[[], datetime]:
        """Return a clock of which every look is a step."""

        def look() -> datetime:
            self.step()
            return clock()

        return look
