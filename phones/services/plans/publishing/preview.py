"""What publishing another version of an agent would do: to which numbers, from which version to which."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from phones.models import Phone, PlanItem, Project
from phones.services.routing.catalogue import AgentEntry, VersionEntry


@dataclass(frozen=True, slots=True)
class Affected:
    """A number of the agent, and the lanes in which it has it."""

    phone_id: uuid.UUID
    shown: str
    nickname: str
    answers: bool
    dials: bool

    @property
    def lanes(self) -> tuple[str, ...]:
        """The names of those lanes, as the log calls them."""
        return ("inbound",) * self.answers + ("outbound",) * self.dials


@dataclass(frozen=True, slots=True)
class Outlook:
    """A saved version that could take the place of the live one, and every number that would run it, by number."""

    agent: AgentEntry
    live: VersionEntry
    version: VersionEntry
    numbers: tuple[Affected, ...]

    @property
    def count(self) -> int:
        """How many numbers there are."""
        return len(self.numbers)

    @property
    def is_older(self) -> bool:
        """True where the version is older than the live one."""
        return self.version.number < self.live.number

    def is_held_by(self, items: Iterable[PlanItem]) -> bool:
        """Say whether the rows of a plan are these numbers, in these lanes, from the live version."""
        planned = {(item.phone_id, name, lane.version_id) for item in items for name, lane in item.before.items()}
        return planned == {(each.phone_id, name, self.live.id) for each in self.numbers for name in each.lanes}


class NotOffered(Exception):
    """The version can't be published from here; `why` is a code that `wording.publishing` has a sentence for."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The version is not offered: {why}")
        self.why = why


def outlook_of(project: Project, agent: AgentEntry | None, version_id: uuid.UUID | None) -> Outlook:
    """Return what publishing a version would do, by our copy of the numbers; without an id, of the newest saved one.

    One query.

    :raises NotOffered: the agent or the version is gone, a draft or live already, or there is nothing to move.
    """
    if agent is None or not agent.is_listed:
        raise NotOffered("gone")
    live = agent.published
    if live is None:
        raise NotOffered("nothing_live")
    version = _version(agent, live, version_id)
    numbers = _numbers(project, agent.id)
    if not numbers:
        raise NotOffered("no_number")
    return Outlook(agent, live, version, numbers)


def _version(agent: AgentEntry, live: VersionEntry, version_id: uuid.UUID | None) -> VersionEntry:
    saved = [version for version in agent.offered if version.id != live.id]
    if version_id is None:
        if not saved:
            raise NotOffered("nothing_saved")
        return saved[0]
    version = next((version for version in agent.versions if version.id == version_id), None)
    if version is None:
        raise NotOffered("no_version")
    if version.is_draft:
        raise NotOffered("draft")
    if version.id == live.id:
        raise NotOffered("live")
    return version


def _numbers(project: Project, agent_id: uuid.UUID) -> tuple[Affected, ...]:
    phones = Phone.objects.filter(project=project).using_agents({agent_id})
    columns = phones.values_list("pk", "shown", "nickname", "inbound_agent_id", "outbound_agent_id")
    return tuple(
        Affected(phone_id, shown, nickname or "", inbound == agent_id, outbound == agent_id)
        for phone_id, shown, nickname, inbound, outbound in columns
    )
