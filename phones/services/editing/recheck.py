"""Settling what nobody waits for any more: changes whose process died, and outcomes that are not known yet."""

import uuid
from contextlib import suppress

from django.db.models import QuerySet
from structlog.contextvars import bound_contextvars

from phones.models import Change, NoKey, Outcome, Phone, Project
from phones.services.audit import log
from phones.services.clock import Clock, database_clock
from phones.services.editing.outcome import SILENT, AgentsRead, read_agents, settle_by_reading
from phones.services.editing.recheck_times import claim_look, due, keep_unknown
from phones.services.projects.clients import client_for
from phones.services.sync.refresh import refresh_phone


def sweep(*, clock: Clock) -> int:
    """Read again what every open change that is due has come to, and return how many were settled. Sends nothing.

    Where Diga doesn't answer, one change of the project is tried: the others wait for the next time.
    """
    clock = database_clock(clock)
    projects: dict[uuid.UUID, _ProjectSweep] = {}
    for change in due(Change.objects.select_related("project", "phone"), "created_at", clock()):
        project = projects.setdefault(change.project_id, _ProjectSweep(clock))
        if not project.is_over and claim_look(change, begun_at=change.created_at, now=clock()):
            with bound_contextvars(project=change.project.slug):
                project.look(change)
    return sum(project.settled_count for project in projects.values())


def settle_due(changes: QuerySet[Change], clock: Clock) -> int:
    """Read again what those of a phone's changes that are due have come to, and return how many were settled."""
    clock = database_clock(clock)
    looked_at = due(changes.select_related("project", "phone"), "created_at", clock())
    for change in looked_at:
        if claim_look(change, begun_at=change.created_at, now=clock()):
            with suppress(NoKey):
                settle_by_reading(change, client_for(change.project), clock)
    return sum(not change.is_open for change in looked_at)


def settle_and_refresh(*, project: Project, phone: Phone, clock: Clock) -> tuple[bool, bool]:
    """Settle what a dead process had sent to a phone, or what got no answer, and read the phone; nothing is sent.

    Return whether anything was settled, and whether any of the phone's three values had moved.

    :raises NoKey: the project has no usable key.
    :raises DigaError: Diga gave no usable answer; our copy is as before.
    """
    settled_count = settle_due(Change.objects.filter(phone=phone), clock)
    has_moved = refresh_phone(project=project, phone=phone, clock=clock)
    return settled_count > 0, has_moved


class _ProjectSweep:
    """One project's part of a sweep: its agents are read once at most, and the first silence ends it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._agents: list[AgentsRead | None] = []
        self.is_over = False
        self.settled_count = 0

    def look(self, change: Change) -> None:
        """Read what became of the change; a dead sender's that can't be read is unknown from now on."""
        try:
            client = client_for(change.project)
        except NoKey:
            if change.outcome == Outcome.PENDING:
                keep_unknown(change, begun_at=change.created_at)
                log.settle([change])
            return
        error = settle_by_reading(change, client, self._clock, agents_of=self._agents_of)
        self.is_over = isinstance(error, SILENT)
        self.settled_count += not change.is_open

    def _agents_of(self, change: Change) -> AgentsRead | None:
        if not self._agents:
            self._agents.append(read_agents(change.project, client_for(change.project), self._clock))
        return self._agents[0]
