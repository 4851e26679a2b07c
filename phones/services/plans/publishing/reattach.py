"""The rows of a plan that gives numbers the agent back that Diga detached while a version of it was published."""

import uuid
from typing import Any

from phones import diga
from phones.models import ItemState, Plan, PlanItem
from phones.services.plans.drafts import Draft, PlannedRow
from phones.services.plans.publishing.create import ids_of
from phones.services.routing.catalogue import AgentEntry, Catalogue, VersionEntry
from phones.services.routing.edits import PhoneEdit
from phones.services.routing.lanes import Target

DETACHED = "detached"


def detached_count(plan: Plan) -> int:
    """Return how many numbers have lost the agent. One query for a plan that publishes, none for others."""
    return plan.items.filter(state=ItemState.MISMATCH, cause=DETACHED).count() if plan.is_publishing else 0


def reattaching(plan: Plan, catalogue: Catalogue) -> tuple[Draft, dict[str, Any]]:
    """Return a row for each detached number, which gives it the agent in the lanes that lost it, and the plan's wish.

    The agent is given in the version that is published today; no row is left where it has none. A lane that has another
    agent by now needs a look.
    """
    target = _target(plan, catalogue)
    if target is None:
        return Draft(), {}
    detached = plan.items.filter(state=ItemState.MISMATCH, cause=DETACHED).select_related("phone").order_by("number")
    rows = [_row(item, target) for item in detached]
    return Draft(rows), _wish(rows, target)


def _target(plan: Plan, catalogue: Catalogue) -> Target | None:
    agent_id, version_id = ids_of(plan)
    agent = catalogue.agent(agent_id)
    version = _version(version_id, agent) if agent and agent.is_listed else None
    return Target(agent, version) if agent and version else None


def _version(asked_for: uuid.UUID, agent: AgentEntry) -> VersionEntry | None:
    return agent.published or next((version for version in agent.offered if version.id == asked_for), None)


def _row(item: PlanItem, target: Target) -> PlannedRow:
    lost = item.details["lost"]
    edit = PhoneEdit(
        inbound=target if "inbound" in lost else diga.UNSET, outbound=target if "outbound" in lost else diga.UNSET
    )
    is_taken = any(getattr(item.phone, f"{name}_agent_id") not in {None, target.agent.id} for name in lost)
    return PlannedRow(item.phone_id, edit, look="moved_since" if is_taken else "")


def _wish(rows: list[PlannedRow], target: Target) -> dict[str, Any]:
    """Return the heading of the plan: what is wanted, where that is the same for every number."""
    lanes = {row.edit.fields for row in rows}
    if len(lanes) != 1:
        return {}
    return {name: {"how": "SET", "value": target.snapshot} for name in lanes.pop()}
