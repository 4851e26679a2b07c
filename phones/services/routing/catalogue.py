"""The agents of a project in memory: names, versions, what is published.

A project has few agents and many phones, so every list and every prediction looks names up here. A copy is kept
per process and replaced when `Project.agents_changed_at` has moved on.
"""

import uuid
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock

from phones import diga
from phones.models import Agent, AgentVersion, Project
from phones.services.phone_numbers import folded

KEPT_CATALOGUES = 64
HUE_COUNT = 6


@dataclass(frozen=True, slots=True)
class VersionEntry:
    """A version as pickers and sentences need it."""

    id: uuid.UUID
    number: int
    name: str
    is_published: bool
    is_draft: bool

    @property
    def label(self) -> str:
        """The short form people use."""
        return f"v{self.number}"


@dataclass(frozen=True, slots=True)
class AgentEntry:
    """An agent with its versions, newest first."""

    id: uuid.UUID
    name: str
    is_listed: bool
    versions: tuple[VersionEntry, ...]
    # The colour number of the tile, 1 to 6; never the only sign.
    hue: int = 1

    @property
    def published(self) -> VersionEntry | None:
        """The version that takes the calls, if any."""
        return next((version for version in self.versions if version.is_published), None)

    @property
    def takes_calls(self) -> bool:
        """True if Diga lists it and one of its versions is published."""
        return self.is_listed and self.published is not None

    @property
    def offered(self) -> tuple[VersionEntry, ...]:
        """The versions a phone may be given: never a draft."""
        return tuple(version for version in self.versions if not version.is_draft)

    @property
    def newer_saved(self) -> VersionEntry | None:
        """The newest saved version, if it is newer than the one that takes the calls: saved, and not live."""
        live, newest = self.published, next(iter(self.offered), None)
        return newest if live and newest and newest.number > live.number else None

    @property
    def initial(self) -> str:
        """The letter on the tile."""
        return self.name[:1].upper() or "?"


@dataclass(frozen=True, eq=False)
class Catalogue:
    """All agents of one project, listed ones first, by name. Equal only to itself, so that it can be a cache's key."""

    agents: tuple[AgentEntry, ...]
    _agents: dict[uuid.UUID, AgentEntry] = field(default_factory=dict)
    _versions: dict[uuid.UUID, tuple[AgentEntry, VersionEntry]] = field(default_factory=dict)

    @classmethod
    def of(cls, agents: Iterable[AgentEntry]) -> "Catalogue":
        """Return a catalogue of these agents."""
        # Colours go round, so that few agents never share one.
        coloured = [
            replace(agent, hue=place % HUE_COUNT + 1)
            for place, agent in enumerate(sorted(agents, key=lambda agent: agent.id))
        ]
        ordered = tuple(sorted(coloured, key=lambda agent: (not agent.is_listed, folded(agent.name), agent.id)))
        return cls(
            ordered,
            {agent.id: agent for agent in ordered},
            {version.id: (agent, version) for agent in ordered for version in agent.versions},
        )

    def agent(self, agent_id: uuid.UUID | None) -> AgentEntry | None:
        """Return the agent, or None where we don't know it."""
        return self._agents.get(agent_id) if agent_id else None

    def version(self, version_id: uuid.UUID) -> tuple[AgentEntry, VersionEntry] | None:
        """Return an agent and its version, or None where it isn't this project's."""
        return self._versions.get(version_id)

    @property
    def offered(self) -> tuple[AgentEntry, ...]:
        """The agents a picker shows: listed by Diga, with a version that isn't a draft."""
        return tuple(agent for agent in self.agents if agent.is_listed and agent.offered)


_kept: OrderedDict[uuid.UUID, tuple[datetime | None, Catalogue]] = OrderedDict()
_lock = Lock()


def catalogue_of(project: Project) -> Catalogue:
    """Return the agents of the project as of `project.agents_changed_at`; two queries if they have moved."""
    with _lock:
        kept = _kept.get(project.pk)
        if kept and kept[0] == project.agents_changed_at:
            _kept.move_to_end(project.pk)
            return kept[1]
    catalogue = _read(project)
    with _lock:
        _kept[project.pk] = (project.agents_changed_at, catalogue)
        _kept.move_to_end(project.pk)
        while len(_kept) > KEPT_CATALOGUES:
            _kept.popitem(last=False)
    return catalogue


def forget_catalogues() -> None:
    """Drop all kept copies."""
    with _lock:
        _kept.clear()


def catalogue_read(agents: Iterable[diga.Agent]) -> Catalogue:
    """Return a catalogue of what Diga says, without our copy."""
    entries = []
    for agent in agents:
        rows = sorted(agent.versions, key=lambda row: (-row.version_number, row.version_id))
        versions = tuple(
            VersionEntry(row.version_id, row.version_number, row.version_name or "", row.is_published, row.is_draft)
            for row in rows
        )
        entries.append(AgentEntry(agent.agent_id, agent.name or str(agent.agent_id)[:8], True, versions))
    return Catalogue.of(entries)


def _read(project: Project) -> Catalogue:
    versions: dict[uuid.UUID, list[VersionEntry]] = {}
    for row in AgentVersion.objects.filter(agent__project=project).order_by("-number", "id"):
        entry = VersionEntry(row.pk, row.number, row.name or "", row.is_published, row.is_draft)
        versions.setdefault(row.agent_id, []).append(entry)
    return Catalogue.of(
        AgentEntry(agent.pk, agent.name or str(agent.pk)[:8], agent.is_listed, tuple(versions.get(agent.pk, ())))
        for agent in Agent.objects.filter(project=project)
    )
