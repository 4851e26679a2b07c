"""What to do with a row of a running plan, now that its phone has been read: send what is left, or why not."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from phones import diga
from phones.models import ItemState, Phone, PlanItem, Project
from phones.services.clock import Clock, has_passed
from phones.services.editing.guard import NotChecked, as_read, holders_of, impacts_of, read_users
from phones.services.plans.forecasts.forecast import targets_of
from phones.services.plans.forecasts.preview import edit_from
from phones.services.routing.catalogue import Catalogue, catalogue_of
from phones.services.routing.editability import policy_for
from phones.services.routing.edits import PhoneEdit, PhoneSnapshot
from phones.services.routing.impact import Effect, Impact
from phones.services.routing.lanes import FIELDS
from phones.services.routing.snapshots import reads_as, snapshot
from phones.services.sync.refresh import UsersRead, reread_agents

Read = Mapping[uuid.UUID, UsersRead]
# A row that can't be sent by what was read longer ago than this is looked at once more.
DOUBTFUL_AFTER = timedelta(seconds=5)
_DOUBTED = {"gone", "predicted", "not_agreed"}


@dataclass(frozen=True, slots=True)
class Decision:
    """Either what is left to send, or the state in which the row ends with the code of the reason.

    `held_by` are the agents of which other phones stand in the way.
    """

    edit: PhoneEdit = field(default_factory=PhoneEdit)
    state: ItemState | None = None
    cause: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    held_by: frozenset[uuid.UUID] = frozenset()


class Decider:
    """What one worker does with rows. It gives none up by our copy alone: it asks Diga first, not for every row."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._agents: diga.AgentList | None = None
        self._agents_read_at: datetime | None = None
        self._users: dict[uuid.UUID, tuple[datetime, UsersRead]] = {}

    def decide(self, item: PlanItem, phone: Phone, agreed: set[str], client: diga.DigaClient) -> Decision:
        """Compare a row with its phone as it was read a moment ago. `agreed` are the versions the plan may publish.

        :raises DigaError: the row can't be sent by our copy, and Diga gave no usable answer about it.
        """
        decision = decide(item, phone, agreed, {})
        if decision.cause not in _DOUBTED:
            return decision
        agents = self._agents_now(phone.project, client)
        decision = decide(item, phone, agreed, {})
        asked: dict[uuid.UUID, UsersRead] = {}
        while unread := decision.held_by - asked.keys():
            for agent_id in unread:
                agents.require(agent_id)
                asked[agent_id] = self._users_now(phone.project, agent_id, client)
            decision = decide(item, phone, agreed, asked)
        return decision

    def _agents_now(self, project: Project, client: diga.DigaClient) -> diga.AgentList:
        now = self._clock()
        if self._agents is None or has_passed(DOUBTFUL_AFTER, self._agents_read_at, now):
            self._agents = reread_agents(project=project, client=client, clock=self._clock)
            self._agents_read_at = now
        return self._agents

    def _users_now(self, project: Project, agent_id: uuid.UUID, client: diga.DigaClient) -> UsersRead:
        now = self._clock()
        read_at, users = self._users.get(agent_id, (None, None))
        if users is None or has_passed(DOUBTFUL_AFTER, read_at, now):
            users = read_users(project, agent_id, client, self._clock)
            self._users[agent_id] = now, users
        return users


def decide(item: PlanItem, phone: Phone, agreed: set[str], read: Read) -> Decision:
    """Compare a row with its phone, as our copy is: `read` are the agents of which phones were read for it.

    No query, unless a version is not the one its agent has published.
    """
    catalogue = catalogue_of(phone.project)
    edit = edit_from(item.after, catalogue)
    if edit is None:
        return Decision(state=ItemState.REFUSED, cause="gone")
    left = _left(edit, PhoneSnapshot.of(phone), catalogue)
    if left.is_empty:
        return Decision(state=ItemState.SAME)
    policy = policy_for(phone)
    if (left.moves_calls and not policy.can_route) or not policy.can_label:
        return Decision(state=ItemState.CHANGED, cause="closed", details={"status": phone.status})
    says = PhoneSnapshot.of(phone)
    if any(says.value(name) != reads_as(name, item.before.get(name)) for name in left.fields):
        now = snapshot(catalogue, says, tuple(name for name in FIELDS if name in item.after))
        return Decision(state=ItemState.CHANGED, cause="changed", details={"now": now})
    return _guarded(phone, left, agreed, read)


def _left(edit: PhoneEdit, says: PhoneSnapshot, catalogue: Catalogue) -> PhoneEdit:
    """Return what is still to be done: a lane is done when its agent has it, in the version that is published."""
    left = edit.remaining(says)
    for name in ("inbound", "outbound"):
        lane = getattr(left, name)
        if name in left.fields and lane is not None and says.value(name) == lane.agent.id and lane.version.is_published:
            left = replace(left, **{name: diga.UNSET})
    return left


def _guarded(phone: Phone, left: PhoneEdit, agreed: set[str], read: Read) -> Decision:
    targets = targets_of(left)
    if all(target.version.is_published for target in targets):
        return Decision(left)
    impacts = impacts_of(phone, left)
    held_by = frozenset(holders_of(impacts))
    for impact in impacts:
        if impact.is_refused:
            return _refused(phone, impact, held_by, read)
        publishes = impact.effect is Effect.WILL_PUBLISH and impact.target
        if publishes and str(publishes.version.id) not in agreed:
            return Decision(state=ItemState.REFUSED, cause="not_agreed")
    return Decision(left)


def _refused(phone: Phone, impact: Impact, held_by: frozenset[uuid.UUID], read: Read) -> Decision:
    """Refuse a row because of phones of agents; once those were read, by what was read."""
    try:
        if held_by <= read.keys():
            as_read(phone, impact, read)
    except NotChecked:
        return Decision(state=ItemState.FAILED, cause="not_checked")
    return Decision(state=ItemState.REFUSED, cause="predicted", held_by=held_by)
