"""The numbers that depend on one agent."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q

from phones.models import Phone, Project
from phones.services.agents.tallies import Uses

SHOWN_COUNT = 50


@dataclass(frozen=True, slots=True)
class AgentNumbers:
    """The first numbers that an agent answers or dials from, by number; how many each way, and together."""

    phones: Sequence[Phone]
    uses: Uses
    number_count: int

    @property
    def has_more(self) -> bool:
        """True when not all are shown."""
        return self.number_count > len(self.phones)


def numbers_of_agent(project: Project, agent_id: uuid.UUID) -> AgentNumbers:
    """Return the numbers that the agent answers or dials from. Two queries."""
    phones = Phone.objects.filter(project=project).using_agents({agent_id})
    answers, dials = Q(inbound_agent_id=agent_id), Q(outbound_agent_id=agent_id)
    counts = phones.aggregate(
        inbound=Count("pk", filter=answers), outbound=Count("pk", filter=dials), number_count=Count("*")
    )
    shown = phones.only("project_id", "number", "shown", "nickname", "status", "inbound_agent_id", "outbound_agent_id")
    return AgentNumbers(list(shown[:SHOWN_COUNT]), Uses(counts["inbound"], counts["outbound"]), counts["number_count"])
