"""Reads of the agents for rows of a plan that were given a version: only that tells whether it is published."""

import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime

from phones import diga
from phones.services.clock import Clock
from phones.services.editing.outcome import AgentsRead
from phones.services.editing.write import Answered, settle_versions
from phones.services.projects.answers import note_answer, note_refusal
from phones.services.running.held_rows import Access
from phones.services.sync.store_agents import store_agents

# How often the agents are read at most while other rows are under way.
EVERY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Check:
    """A read of the agents, with which key and when it is asked for, and the answered rows that wait for it."""

    access: Access
    asked_at: datetime
    answers: Sequence[Answered]


class VersionChecks:
    """Rows whose answers are copied and whose versions are not read yet. They wait together for one read at a time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: list[Answered] = []
        self._begun_at = 0.0

    def add(self, answers: Sequence[Answered]) -> None:
        """Queue answers for the next read of the agents."""
        self._waiting += answers

    def begin(self, access: Access, *, is_alone: bool) -> Check | None:
        """Return the read that is to be made now; None if no row waits or it is too early.

        It never is where nothing else is under way (`is_alone`).
        """
        is_due = is_alone or time.monotonic() - self._begun_at >= EVERY_SECONDS
        if not self._waiting or not is_due:
            return None
        access.project.refresh_from_db(fields=["agents_read_at"])
        self._begun_at = time.monotonic()
        check, self._waiting = Check(access, self._clock(), self._waiting), []
        return check

    def record(self, check: Check, read: Future[diga.AgentList]) -> diga.DigaError | None:
        """Settle the rows that waited; return the error where the agents could not be read: then they are unknown."""
        project = check.access.project
        try:
            agents = read.result()
            store_agents(project, agents, asked_at=check.asked_at)
        except diga.DigaError as error:
            note_refusal(project, error, self._clock())
            settle_versions(project, check.answers, None, self._clock())
            return error
        note_answer(project, is_ours=True)
        settle_versions(project, check.answers, AgentsRead.of(agents, check.asked_at), self._clock())
        return None
