"""Reads of the agents for rows of a plan that were given a version: only that tells whether it is published."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from datetime import datetime

from phones import diga
from phones.models import Project

from .connecting import note_answer, note_refusal
from .settling import AgentsRead
from .storing import store_agents
from .writing import Answered, settle_versions

Clock = Callable[[], datetime]
# How often the agents are read at most while other rows are under way.
EVERY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Check:
    """A read of the agents that is under way, and the answered rows that wait for it."""

    future: Future[diga.AgentList | diga.DigaError]
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

    def begin(
        self, project: Project, pool: Executor, read: Callable[[], diga.AgentList | diga.DigaError], *, is_alone: bool
    ) -> None:
        """Begin a read, if any row waits and it is time; it is where nothing else is under way."""
        is_due = is_alone or time.monotonic() - self._began_at >= EVERY_SECONDS
        if self.current or not self._waiting or not is_due:
            return
        project.refresh_from_db(fields=["agents_read_at"])
        asked_at, self._began_at = self._clock(), time.monotonic()
        self.current = Check(pool.submit(read), asked_at, self._waiting)
        self._waiting = []

    def take(self, project: Project, check: Check) -> diga.DigaError | None:
        """Settle the rows that waited; return the error where the agents could not be read: then they are unknown."""
        self.current, agents = None, check.future.result()
        if isinstance(agents, diga.DigaError):
            note_refusal(project, agents, self._clock())
            settle_versions(project, check.answers, None, self._clock())
            return agents
        note_answer(project)
        store_agents(project, agents, asked_at=check.asked_at)
        settle_versions(project, check.answers, AgentsRead.of(agents, check.asked_at), self._clock())
        return None
