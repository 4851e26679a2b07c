"""The state of the simulated Diga: plain mutable rows, in tables with quick paging."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar
from uuid import UUID


class HasId(Protocol):
    """A row with an id."""

    id: UUID


T = TypeVar("T", bound=HasId)


@dataclass(slots=True)
class PhoneRow:
    """A phone register in Diga."""

    id: UUID
    number: str
    nickname: str | None = None
    telephony_provider: str = "netelip"
    status: str = "assigned"
    assigned_at: datetime | None = None
    scheduled_release_at: datetime | None = None
    released_at: datetime | None = None
    inbound_agent_id: UUID | None = None
    outbound_agent_id: UUID | None = None
    region_codes: tuple[str, ...] = ()
    sip_username: str | None = None
    checkout_url: str | None = None
    reservation_expires_at: datetime | None = None

    def agent_id(self, kind: str) -> UUID | None:
        """Return the agent of inbound or of outbound calls."""
        return self.inbound_agent_id if kind == "inbound" else self.outbound_agent_id


@dataclass(slots=True)
class VersionRow:
    """A numbered version of an agent, or its draft."""

    id: UUID
    number: int
    name: str | None = None
    is_draft: bool = False
    created_at: datetime | None = None


@dataclass(slots=True)
class AgentRow:
    """An agent; `published_id` is the version that takes calls, if any, and `was_published` has each that ever did."""

    id: UUID
    name: str | None
    versions: list[VersionRow]
    created_at: datetime
    was_published: set[UUID] = field(default_factory=set, init=False)
    published_id: UUID | None = None

    def __setattr__(self, name: str, value: object) -> None:
        """Add each published version to `was_published`."""
        object.__setattr__(self, name, value)
        if name == "published_id" and isinstance(value, UUID):
            self.was_published.add(value)

    @property
    def draft(self) -> VersionRow:
        """The draft."""
        return next(version for version in self.versions if version.is_draft)

    def version(self, number: int) -> VersionRow:
        """Return the saved version with this number."""
        return next(row for row in self.versions if row.number == number and not row.is_draft)


@dataclass(slots=True)
class CallRow:
    """A call."""

    id: UUID
    agent_id: UUID | None
    agent_version_id: UUID | None
    type: str
    phone_id: UUID | None
    contact: str
    created_at: datetime
    duration: int | None
    status: str = "completed"
    end_reason: str | None = None


class Table(Generic[T]):
    """Rows in the order they were added. A removed row's id keeps its place, for cursors."""

    def __init__(self) -> None:
        self._rows: list[T] = []
        self._places: list[int] = []
        self._by_id: dict[UUID, T] = {}
        self._place_of: dict[UUID, int] = {}

    def __iter__(self) -> Iterator[T]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, row_id: UUID) -> bool:
        return row_id in self._by_id

    def __getitem__(self, row_id: UUID) -> T:
        return self._by_id[row_id]

    def get(self, row_id: UUID) -> T | None:
        """Return the row with this id, None if there is none."""
        return self._by_id.get(row_id)

    def add(self, row: T) -> None:
        """Add a row as the newest."""
        place = self._places[-1] + 1 if self._places else 0
        self._rows.append(row)
        self._places.append(place)
        self._by_id[row.id] = row
        self._place_of[row.id] = place

    def copy(self) -> "Table[T]":
        """Return a table of the same rows, to which others can be added."""
        other = Table[T]()
        other._rows, other._places = self._rows.copy(), self._places.copy()
        other._by_id, other._place_of = self._by_id.copy(), self._place_of.copy()
        return other

    def remove(self, row_id: UUID) -> None:
        """Remove a row; `after=` its id still works."""
        index = bisect_left(self._places, self._place_of[row_id])
        del self._rows[index], self._places[index], self._by_id[row_id]

    def knew(self, row_id: UUID) -> bool:
        """Return whether the row is or was here."""
        return row_id in self._place_of

    def walk(self, start: UUID | None, *, is_ascending: bool) -> Iterator[T]:
        """Yield the rows after `start`, oldest or newest first; all of them if it is None."""
        if start is None:
            index = 0 if is_ascending else len(self._rows) - 1
        elif is_ascending:
            index = bisect_right(self._places, self._place_of[start])
        else:
            index = bisect_left(self._places, self._place_of[start]) - 1
        step = 1 if is_ascending else -1
        while 0 <= index < len(self._rows):
            yield self._rows[index]
            index += step

    def slice(self, offset: int, limit: int, *, is_ascending: bool) -> list[T]:
        """Return rows by their distance from the end."""
        if is_ascending:
            return self._rows[offset : offset + limit]
        end = len(self._rows) - offset
        return self._rows[max(0, end - limit) : max(0, end)][::-1]


@dataclass
class Project:
    """One project: what a key gives access to. `phones` and `calls` are in order of creation."""

    slug: str
    name: str
    phones: Table[PhoneRow] = field(default_factory=Table)
    agents: dict[UUID, AgentRow] = field(default_factory=dict)
    calls: Table[CallRow] = field(default_factory=Table)

    def phone(self, number: str) -> PhoneRow:
        """Return the phone with this number. :raises StopIteration: if there is none."""
        return next(phone for phone in self.phones if phone.number == number)

    def agent(self, name: str) -> AgentRow:
        """Return the first agent whose name starts so. :raises StopIteration: if there is none."""
        return next(agent for agent in self.agents.values() if (agent.name or "").startswith(name))

    def live_agent(self, phone: PhoneRow, kind: str) -> AgentRow | None:
        """Return the agent that takes part in a phone's calls of a kind: one with a published version."""
        agent_id = phone.agent_id(kind)
        agent = self.agents.get(agent_id) if agent_id and phone.status == "assigned" else None
        return agent if agent and agent.published_id else None

    def phones_of(self, agent_id: UUID) -> list[PhoneRow]:
        """List the phones an agent answers or dials from, oldest first."""
        return [phone for phone in self.phones if agent_id in (phone.inbound_agent_id, phone.outbound_agent_id)]

    def find_version(self, version_id: UUID) -> tuple[AgentRow, VersionRow] | None:
        """Return a version with its agent."""
        for agent in self.agents.values():
            for version in agent.versions:
                if version.id == version_id:
                    return agent, version
        return None


@dataclass(frozen=True)
class Key:
    """An API key: the project it opens, and its permissions. These keys are no secrets."""

    token: str
    name: str
    project: str
    permissions: frozenset[str]


@dataclass(slots=True)
class Received:
    """A request in the journal. `status` is None if it was not answered; no key is stored.

    `received_at` and `applied_at` are seconds of the monotonic clock; the latter is None if it was not carried out.
    """

    method: str
    path: str
    query: dict[str, str]
    body: object
    status: int | None
    applied: bool
    key_name: str
    received_at: float = 0.0
    applied_at: float | None = None

    def is_later_than(self, wait: timedelta) -> bool:
        """Return whether it was carried out longer than this after it was received."""
        return self.applied_at is not None and self.applied_at - self.received_at > wait.total_seconds()
