"""The guard before a change: what it will do to live calls, and whether the person has agreed to that."""

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial

from phones import diga
from phones.models import Phone, Project
from phones.services.clock import Clock, has_passed
from phones.services.editing.result import SaveKind, SaveResult
from phones.services.routing.catalogue import catalogue_of
from phones.services.routing.edits import PhoneEdit, renewed
from phones.services.routing.impact import Impact, Use, fingerprint
from phones.services.routing.lane_impacts import lane_impacts
from phones.services.routing.lanes import Target
from phones.services.sync.refresh import UsersRead, reread_agents, reread_users

# A large agent answers on thousands of numbers; sentences name a few and count the rest.
NAMED_USES = 20
# Somebody may publish another version in Diga meanwhile; then this change would publish the old one again.
AGENTS_FRESH_FOR = timedelta(seconds=60)
# So many pages of an agent's phones are read in each direction before a refusal is told: one phone proves it.
USER_PAGES = 3


class NotChecked(Exception):
    """Our copy foresees a refusal, and Diga could not be asked.

    `error` is why; without one our copy is too far from what Diga lists, and needs a sync.
    """

    def __init__(self, error: diga.DigaError | None = None) -> None:
        super().__init__("Whether Diga would refuse this change could not be found out")
        self.error = error


def impacts_of(phone: Phone, edit: PhoneEdit) -> tuple[Impact, ...]:
    """Say what the edit will do with live calls, lane by lane. One query for each agent wanted."""
    return lane_impacts(phone, edit, other_uses=partial(_other_uses, phone))


def _other_uses(phone: Phone, target: Target, among: Collection[uuid.UUID] | None = None) -> tuple[list[Use], int]:
    """Return the first of the other phones that the target's agent answers or dials from, and their number.

    `among` are the ids to look among, if not all.
    """
    phones = Phone.objects.filter(project=phone.project_id).exclude(pk=phone.pk)
    if among is not None:
        phones = phones.filter(pk__in=among)
    others_in = phones.split_by_use(target.agent.id)
    rows = sorted(row for users in others_in for row in users.values_list("number", "pk", "shown")[: NAMED_USES + 1])
    first = [Use(pk, shown) for _number, pk, shown in rows[:NAMED_USES]]
    return first, len(rows) if len(rows) <= NAMED_USES else sum(users.count() for users in others_in)


def guard_change(
    *,
    project: Project,
    phone: Phone,
    edit: PhoneEdit,
    client: diga.DigaClient,
    agreed: str | None,
    clock: Clock,
) -> SaveResult:
    """Say what the edit will do, on a copy of the agents that is fresh enough to say it, and whether it may be sent.

    `agreed` is the fingerprint of the impacts that the person has ticked, or None. The result is `READY`,
    `WILL_BE_REFUSED`, `NOT_CHECKED` or `NO_CONSENT`.

    :raises DigaError: the agents had to be read, and Diga gave no usable answer.
    """
    if not edit.moves_calls:
        return SaveResult(SaveKind.READY)
    agents = None
    if has_passed(AGENTS_FRESH_FOR, project.agents_read_at, clock()):
        agents = reread_agents(project=project, client=client, clock=clock)
    impacts = impacts_of(phone, renewed(edit, catalogue_of(project)))
    if any(impact.is_refused for impact in impacts):
        # Ask before telling a person that something can't be done.
        try:
            impacts = _impacts_read(project, phone, edit, client, clock, agents)
        except NotChecked as unchecked:
            return SaveResult(SaveKind.NOT_CHECKED, error=unchecked.error)
    if any(impact.is_refused for impact in impacts):
        return SaveResult(SaveKind.WILL_BE_REFUSED, impacts=impacts)
    if any(impact.needs_consent for impact in impacts) and agreed != fingerprint(impacts):
        return SaveResult(SaveKind.NO_CONSENT, impacts=impacts)
    return SaveResult(SaveKind.READY, impacts=impacts)


def _impacts_read(
    project: Project,
    phone: Phone,
    edit: PhoneEdit,
    client: diga.DigaClient,
    clock: Clock,
    agents: diga.AgentList | None,
) -> tuple[Impact, ...]:
    """Read what the refusals rest on, the agents and the phones of those that stand in the way; foresee it anew.

    `agents` are what was read just now, if they were.
    """
    read: dict[uuid.UUID, UsersRead] = {}
    try:
        agents = agents or reread_agents(project=project, client=client, clock=clock)
        while True:
            impacts = impacts_of(phone, renewed(edit, catalogue_of(project)))
            unread = holders_of(impacts) - read.keys()
            if not unread:
                return tuple(as_read(phone, impact, read) for impact in impacts)
            for agent_id in unread:
                agents.require(agent_id)
                read[agent_id] = read_users(project, agent_id, client, clock)
    except diga.DigaError as error:
        raise NotChecked(error) from error


def holders_of(impacts: Iterable[Impact]) -> set[uuid.UUID]:
    """Return the agents of which other phones stand in the way."""
    return {impact.target.agent.id for impact in impacts if impact.is_held_elsewhere and impact.target}


def read_users(project: Project, agent_id: uuid.UUID, client: diga.DigaClient, clock: Clock) -> UsersRead:
    """Read phones of an agent, enough of them to prove a refusal.

    :raises DigaError: Diga gave no usable answer.
    """
    return reread_users(project=project, agent_id=agent_id, client=client, clock=clock, page_limit=USER_PAGES)


def as_read(phone: Phone, impact: Impact, read: Mapping[uuid.UUID, UsersRead]) -> Impact:
    """Return a refusal by the phones that were read, where not all of the agent's were.

    :raises NotChecked: none of those stands in the way.
    """
    if not impact.is_held_elsewhere or impact.target is None:
        return impact
    users = read[impact.target.agent.id]
    if users.is_complete:
        return impact
    others, count = _other_uses(phone, impact.target, users.ids)
    if not others:
        raise NotChecked
    return replace(impact, others=tuple(others), other_count=count, is_at_least=True)
