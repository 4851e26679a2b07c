"""The rows that a worker at a plan holds, and the key with which it calls Diga for each."""

from dataclasses import dataclass, field
from datetime import datetime

from phones import diga
from phones.models import Phone, Plan, PlanItem, PlanKind, Project, Source
from phones.services.editing.write import Author
from phones.services.projects.clients import client_for
from phones.services.running.circuit_breaker import CircuitBreaker

# How long a row waits for its turns at Diga before it lets go.
TURN_SECONDS = 5
# Turns that a plan leaves to people who save a single phone.
LEFT_TO_PEOPLE = 2
_SOURCES = {
    PlanKind.IMPORT: Source.IMPORT,
    PlanKind.REVERT: Source.REVERT,
    PlanKind.PUT_BACK: Source.PUT_BACK,
    PlanKind.PUBLISH: Source.PUBLISH,
}


@dataclass(frozen=True, slots=True)
class Access:
    """One key of the project: who calls Diga with it, and what went wrong with it lately.

    What is learned by it is noted by way of its own `project`, which knows what key that was.
    """

    project: Project
    client: diga.DigaClient
    breaker: CircuitBreaker = field(default_factory=CircuitBreaker)

    @classmethod
    def of(cls, project: Project) -> "Access":
        """Take the project's key.

        :raises NoKey: the project has no usable key.
        """
        return cls(project, client_for(project))


@dataclass(slots=True, eq=False)
class Row:
    """A row with its phone as it was last read."""

    item: PlanItem
    asked_at: datetime
    access: Access
    round: int = 1

    @property
    def phone(self) -> Phone:
        """The row's phone."""
        return self.item.phone


def was_a_try(outcome: diga.Phone | diga.DigaError) -> bool:
    """Say whether Diga was asked and did not answer: one of a row's limited tries. Without a turn nobody was asked."""
    return isinstance(outcome, diga.DigaUnavailable) and outcome.reason is not diga.Reason.PACED


def author_of(plan: Plan, item: PlanItem) -> Author:
    """Return who changes the phone of a plan's row, and why."""
    return Author(
        plan.author,
        plan.reason,
        plan.ticket,
        _SOURCES.get(PlanKind(plan.kind), Source.PLAN),
        reverts=item.reverts,
        plan=plan,
        name=plan.author_name,
    )
