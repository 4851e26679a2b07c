"""The two lanes of a phone, and what can be wanted in one."""

from dataclasses import dataclass
from enum import StrEnum

from phones.models import LaneSnapshot
from phones.services.routing.catalogue import AgentEntry, VersionEntry


class Lane(StrEnum):
    """A lane of a phone, by the name of its field in an edit and in a snapshot."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"

    @property
    def other(self) -> "Lane":
        """The lane beside it."""
        return Lane.OUTBOUND if self is Lane.INBOUND else Lane.INBOUND


# The fields of a phone that can be changed through Diga.
FIELDS = ("nickname", *Lane)


@dataclass(frozen=True, slots=True)
class Target:
    """The version wanted in a lane."""

    agent: AgentEntry
    version: VersionEntry

    @property
    def snapshot(self) -> LaneSnapshot:
        """What the lane holds when it has this version."""
        return LaneSnapshot(self.agent.id, self.agent.name, self.version.id, self.version.number)
