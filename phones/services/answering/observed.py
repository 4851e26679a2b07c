"""Configured and observed: did the last call of each direction go to the agent and version that it should?"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from phones.models import Change, Outcome, Phone, Project
from phones.services.answering.calls import SeenCall
from phones.services.clock import CLOCK_SLACK
from phones.services.routing.catalogue import Catalogue
from phones.services.routing.lanes import Lane

# Changes that have come about; of these only the newest are looked through for one of each lane.
_HAPPENED = (Outcome.CONFIRMED, Outcome.MISMATCH, Outcome.OBSERVED)
CHANGE_LIMIT = 50


class Proof(StrEnum):
    """What the last call of a direction shows."""

    MATCH = "match"
    MISMATCH = "mismatch"
    NOBODY = "nobody"  # An agent is configured, and the call reached none.
    UNPROVEN = "unproven"  # No call since the last change, or none that shows it.
    NO_CALL = "no_call"


@dataclass(frozen=True, slots=True)
class Since:
    """From when calls count for a lane.

    `changed_at` is when it was changed last, as far as is known. Only calls from `known_since` on contradict it: before
    that, it may have been changed without our knowing when.
    """

    changed_at: datetime | None = None
    known_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """The last call of a lane, and what it shows."""

    lane: Lane
    proof: Proof
    call: SeenCall | None = None


def lanes_since(phone: Phone) -> dict[Lane, Since]:
    """Return from when calls count for each lane of a phone. One query."""
    changes = Change.objects.filter(phone=phone, outcome__in=_HAPPENED).only("after", "created_at", "settled_at")
    newest = list(changes.order_by("-id")[:CHANGE_LIMIT])
    return {lane: _since(phone, [change for change in newest if lane in change.after]) for lane in Lane}


def _since(phone: Phone, changes: Sequence[Change]) -> Since:
    if not changes:
        return Since(None, phone.first_seen_at)
    changed_at = changes[0].settled_at or changes[0].created_at
    return Since(changed_at, changed_at)


def observe(
    phone: Phone,
    calls: Sequence[SeenCall],
    since: Mapping[Lane, Since],
    *,
    project: Project,
    catalogue: Catalogue,
) -> list[Observed]:
    """Return what the last call of each lane shows; calls are newest first. Pure."""
    return [_observe(phone, lane, calls, since[lane], project.agents_changed_at, catalogue) for lane in Lane]


def note_contradiction(phone: Phone, observed: Sequence[Observed]) -> None:
    """Note on the phone when a call began that another agent or version took than is configured; None without one."""
    calls = [lane.call for lane in observed if lane.proof is Proof.MISMATCH and lane.call]
    since = max((call.started_at for call in calls), default=None)
    if since != phone.answered_otherwise_at:
        phone.answered_otherwise_at = since
        Phone.objects.filter(pk=phone.pk).update(answered_otherwise_at=since)


def _observe(
    phone: Phone,
    lane: Lane,
    calls: Sequence[SeenCall],
    since: Since,
    agents_changed_at: datetime | None,
    catalogue: Catalogue,
) -> Observed:
    call = next((call for call in calls if call.type == lane and call.is_taken), None)
    if call is None:
        return Observed(lane, Proof.NO_CALL)
    agent_id = phone.inbound_agent_id if lane is Lane.INBOUND else phone.outbound_agent_id
    agent = catalogue.agent(agent_id)
    version_id = agent.published.id if agent and agent.published else None
    if agent and agent.is_listed and version_id is None:
        # Without a published version it takes no calls.
        agent_id = None
    limits = (since.known_since, agents_changed_at if agent and call.agent_id == agent.id else None)
    return Observed(lane, proof_of(call, agent_id, version_id, changed_at=since.changed_at, limits=limits), call)


def proof_of(
    call: SeenCall,
    agent_id: uuid.UUID | None,
    version_id: uuid.UUID | None,
    *,
    changed_at: datetime | None,
    limits: Sequence[datetime | None],
) -> Proof:
    """Return what a call shows of a lane that has this agent and version since `changed_at`.

    A call contradicts it only after all `limits`, and by more than the clocks of Diga and of this machine may differ.
    """
    if changed_at and call.started_at <= changed_at:
        return Proof.UNPROVEN
    is_same_agent = call.agent_id == agent_id
    if is_same_agent and (agent_id is None or (version_id and call.version_id == version_id)):
        return Proof.MATCH
    if any(limit and call.started_at <= limit + CLOCK_SLACK for limit in (*limits, changed_at)):
        return Proof.UNPROVEN
    if call.agent_id is None:
        return Proof.NOBODY if version_id else Proof.UNPROVEN
    return Proof.UNPROVEN if is_same_agent and None in (version_id, call.version_id) else Proof.MISMATCH
