"""Reads of the agents for rows of a plan that were given a version: only that tells whether it is published."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from phones import diga
from phones.services.editing.outcome import AgentsRead
from phones.services.editing.write import Answered, settle_versions
from phones.services.projects.keys import note_answer, note_refusal
from phones.services.running.held_rows import Access
from phones.services.sync.store_agents import store_agents

Clock = Callable[[], datetime]
# How often the agents are read at most while other rows are under way.
EVERY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Check:
    """A read of the agents that is under way, with which key, and the answered rows that wait for it."""

    access: Access
    future: Future[diga.AgentList]
    asked_at: datetime
    answers: Sequence[Answered]


class VersionChecks:
    """Rows whose answers are copied and whose versions are not read yet. They wait together for one read at a time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: list[Answered] = []
        self._began_at = 0.0
        self.current: Check | None = None

    def add(self, answers: Sequence[Answered]) -> None:
        """Let answers wait for the next read."""
        self._waiting += answers

    def begin(self, access: Access, pool: Executor, calls: AbstractContextManager[object], *, is_alone: bool) -> None:
        """Begin a read, if any row waits and it is time; it is where nothing else is under way.

        `calls` is entered for the call to Diga.
        """
        is_due = is_alone or time.monotonic() - self._began_at >= EVERY_SECONDS
        if self.current or not self._waiting or not is_due:
            return
        access.project.refresh_from_db(fields=["agents_read_at"])
        asked_at, self._began_at = self._clock(), time.monotonic()
        future = pool.submit(_list_agents, access.client, calls)
        self.current = Check(access, future, asked_at, self._waiting)
        self._waiting = []

    def take(self, check: Check) -> diga.DigaError | None:
        """Settle the rows that waited; return the error where the agents could not be read: then they are unknown."""
        self.current, project = None, check.access.project
        try:
            agents = check.future.result()
            store_agents(project, agents, asked_at=check.asked_at)
        except diga.DigaError as error:
            note_refusal(project, error, self._clock())
            settle_versions(project, check.answers, None, self._clock())
            return error
        note_answer(project, is_ours=True)
        settle_versions(project, check.answers, AgentsRead.of(agents, check.asked_at), self._clock())
        return None


def _list_agents(client: diga.DigaClient, calls: AbstractContextManager[object]) -> diga.AgentList:
    with calls:
        return client.list_agents()
