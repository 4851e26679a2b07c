"""Who answers the calls to a phone, by our copy of it and of the agents: one rule for the number and for the overview.

Pure: what is known of the plan's minutes is passed in.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from phones.models import Phone
from phones.services.routing.catalogue import AgentEntry, Catalogue, VersionEntry


class Kind(StrEnum):
    """What is known about who answers."""

    ANSWERED = "answered"
    CHECKING = "checking"  # An agent answers; which version is live is being read.
    UNASSIGNED = "unassigned"
    UNPUBLISHED = "unpublished"
    UNKNOWN_AGENT = "unknown_agent"
    AGENTS_UNREAD = "agents_unread"
    NO_MINUTES = "no_minutes"
    RESERVED = "reserved"
    PENDING_VERIFICATION = "pending_verification"
    GIVEN_BACK = "given_back"
    FINISHED = "finished"
    UNKNOWN_STATUS = "unknown_status"
    MISSING = "missing"


FIXABLE = frozenset({Kind.UNASSIGNED, Kind.UNPUBLISHED, Kind.UNKNOWN_AGENT})
"""Kinds that another agent puts right."""
_STATUSES = {
    "reserved": Kind.RESERVED,
    "pending_verification": Kind.PENDING_VERIFICATION,
    "released": Kind.GIVEN_BACK,
    "finished": Kind.FINISHED,
}


@dataclass(frozen=True, slots=True)
class Answering:
    """Who answers. `agent` and `version` are set as far as they are known.

    `ends_at` is when an assigned number is given back, or when a released one was. `status` is Diga's word.
    """

    kind: Kind
    agent: AgentEntry | None = None
    version: VersionEntry | None = None
    ends_at: datetime | None = None
    status: str = ""

    @property
    def is_fixable(self) -> bool:
        """True where another agent puts it right."""
        return self.kind in FIXABLE


def who_answers(
    phone: Phone,
    catalogue: Catalogue,
    *,
    are_agents_read: bool = True,
    has_minutes: bool = True,
    is_version_checked: bool = True,
) -> Answering:
    """Return who answers the calls to a phone.

    :param are_agents_read: False if Diga's agents were never read: an agent we don't have may well be there.
    :param has_minutes: False if the plan's minutes are known to be used up; True if that isn't known.
    :param is_version_checked: False while it is read whether the version that a save has stored is published.
    """
    if phone.missing_since is not None:
        return Answering(Kind.MISSING)
    if phone.status != "assigned":
        return Answering(
            _STATUSES.get(phone.status, Kind.UNKNOWN_STATUS), ends_at=phone.released_at, status=phone.status
        )
    agent, ends_at = catalogue.agent(phone.inbound_agent_id), phone.scheduled_release_at
    kind = _kind_of(phone, agent, are_agents_read=are_agents_read, has_minutes=has_minutes)
    if kind is Kind.ANSWERED and not is_version_checked:
        return Answering(Kind.CHECKING, agent, ends_at=ends_at)
    return Answering(kind, agent, agent.published if agent else None, ends_at)


def _kind_of(phone: Phone, agent: AgentEntry | None, *, are_agents_read: bool, has_minutes: bool) -> Kind:
    if phone.inbound_agent_id is None:
        return Kind.UNASSIGNED
    if agent is None or not agent.is_listed:
        return Kind.UNKNOWN_AGENT if are_agents_read else Kind.AGENTS_UNREAD
    if not agent.takes_calls:
        return Kind.UNPUBLISHED
    return Kind.ANSWERED if has_minutes else Kind.NO_MINUTES
