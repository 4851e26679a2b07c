"""A plan that gives numbers the agent back that Diga detached while a version of it was published."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from phones.models import AgentUpgrade, Plan, PlanKind, ReadBack, UpgradeItem
from phones.services.plans.create import NothingPlanned, create_plan
from phones.services.plans.drafts import Draft, PlannedRow, PlanRequest
from phones.services.plans.preview import read_agents_if_old
from phones.services.routing.catalogue import AgentEntry, VersionEntry, catalogue_of
from phones.services.routing.edits import PhoneEdit
from phones.services.routing.lanes import Target
from phones.services.routing.snapshots import reads_as

Clock = Callable[[], datetime]


def plan_giving_back(
    *,
    upgrade: AgentUpgrade,
    author: User,
    reason: str,
    form_token: uuid.UUID | None,
    clock: Clock,
    form_digest: str = "",
) -> Plan:
    """Make a plan, with its preview, that gives each detached number the agent in the lanes in which it lost it.

    The agent is given in the version that is published today. A lane that has another agent by now needs a look.

    :raises NothingPlanned: no number was detached, or the agent has no version any more that it could be given in.
    :raises SpentForm: the form was sent before for another upgrade.
    """
    read_agents_if_old(upgrade.project, clock)
    target = _target(upgrade)
    detached = upgrade.items.filter(read_back=ReadBack.DETACHED).select_related("phone", "change")
    rows = [_row(upgrade, item, target) for item in detached.order_by("phone__number", "pk")]
    request = PlanRequest(
        project=upgrade.project,
        author=author,
        kind=PlanKind.CHANGE,
        draft=Draft(rows),
        reason=reason,
        ticket=upgrade.ticket,
        wish=_wish(rows, target),
        form_token=form_token,
        form_digest=form_digest,
    )
    return create_plan(request, clock=clock)


def _target(upgrade: AgentUpgrade) -> Target:
    agent = catalogue_of(upgrade.project).agent(upgrade.agent_id)
    version = _version(upgrade, agent) if agent and agent.is_listed else None
    if agent is None or version is None:
        raise NothingPlanned
    return Target(agent, version)


def _version(upgrade: AgentUpgrade, agent: AgentEntry) -> VersionEntry | None:
    asked_for = (version for version in agent.offered if str(version.id) == upgrade.after["version_id"])
    return agent.published or next(asked_for, None)


def _row(upgrade: AgentUpgrade, item: UpgradeItem, target: Target) -> PlannedRow:
    stored = item.change.stored if item.change else {}
    lost = [name for name in item.before if reads_as(name, stored.get(name)) != upgrade.agent_id]
    wish = PhoneEdit(**dict.fromkeys(lost, target))  # type: ignore[arg-type]
    is_taken = any(getattr(item.phone, f"{name}_agent_id") not in {None, upgrade.agent_id} for name in lost)
    return PlannedRow(item.phone_id, wish, look="moved_since" if is_taken else "")


def _wish(rows: list[PlannedRow], target: Target) -> dict[str, Any]:
    """Return the heading of the plan: what is wanted, where that is the same for every number."""
    lanes = {row.edit.fields for row in rows}
    if len(lanes) != 1:
        return {}
    return {name: {"how": "SET", "value": target.snapshot} for name in lanes.pop()}
