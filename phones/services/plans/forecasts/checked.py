"""What a plan's preview would refuse is asked for in Diga before it is told: agents, and phones of those in the way."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import timedelta

from phones import diga
from phones.models import NoKey, Phone, Project
from phones.services.clock import Clock
from phones.services.editing.guard import read_users
from phones.services.plans.forecasts.forecast import (
    Edits,
    Forecast,
    LookReasons,
    RowForecast,
    foresee_rows,
    targets_of,
    unchecked,
)
from phones.services.projects.clients import client_for
from phones.services.routing.catalogue import Catalogue, catalogue_of
from phones.services.routing.edits import renewed
from phones.services.sync.refresh import UsersRead, reread_agents

# A person waits for the preview: no further agent's phones are asked for after so long.
READ_FOR = timedelta(seconds=15)
# Reasons that rest on what Diga has.
DOUBTED = ("refused", "after_others", "gone", "draft")
_MOVABLE = ("nickname", "status", "missing_since", "inbound_agent_id", "outbound_agent_id")


def foresee_checked(
    project: Project, edits: Edits, *, look_reasons: LookReasons, clock: Clock
) -> dict[uuid.UUID, RowForecast]:
    """Return what each row will do, computed over all of them, by the id of its phone.

    Where rows would be refused, what that rests on is read from Diga: the agents, then the phones of each agent, once.
    What can't be read is told as not checked. The phones say afterwards what was read of them. Two queries, and what
    is read.
    """
    inquiry = _Inquiry(project, clock)
    agents = {target.agent.id for _phone, edit in edits for target in targets_of(edit)}
    while True:
        catalogue = catalogue_of(project)
        rows = [(phone, renewed(edit, catalogue)) for phone, edit in edits]
        forecast = _forecast(project, catalogue, agents, inquiry.read)
        foreseen = foresee_rows(rows, forecast=forecast, look_reasons=look_reasons)
        if not inquiry.has_asked_about(foreseen.values()):
            return {phone_id: row if inquiry.has_checked(row) else unchecked(row) for phone_id, row in foreseen.items()}
        _refresh([phone for phone, _edit in edits], inquiry.read.values())


def has_read_agents(project: Project, clock: Clock) -> bool:
    """Read the agents now, and say whether that was possible."""
    return bool(_Inquiry(project, clock).asked_agents())


class _Inquiry:
    """What was asked in Diga for one preview, until it fails or takes too long."""

    def __init__(self, project: Project, clock: Clock) -> None:
        self._project, self._clock = project, clock
        self._until = clock() + READ_FOR
        self._agents: diga.AgentList | None = None
        # While Diga is known to be silent, nobody waits for it.
        self._is_over = not project.is_readable
        self.read: dict[uuid.UUID, UsersRead] = {}

    def has_asked_about(self, row_forecasts: Iterable[RowForecast]) -> bool:
        """Read what the refusals among these rest on, and say whether there was anything to read."""
        doubted = [row_forecast for row_forecast in row_forecasts if row_forecast.why in DOUBTED]
        if not doubted or self._is_over:
            return False
        if self._agents is None:
            return self.asked_agents() is not None
        unread = {row_forecast.held_by for row_forecast in doubted if row_forecast.held_by} - self.read.keys()
        for agent_id in unread:
            self._ask_users(agent_id)
        return bool(unread)

    def has_checked(self, row_forecast: RowForecast) -> bool:
        """Say whether Diga has confirmed what a row's refusal rests on, if it has any."""
        if row_forecast.why not in DOUBTED:
            return True
        return self._agents is not None and (row_forecast.held_by is None or row_forecast.held_by in self.read)

    def asked_agents(self) -> diga.AgentList | None:
        """Read the agents and return them; None without an answer, and nothing more is asked then."""
        try:
            if not self._is_over:
                client = client_for(self._project)
                self._agents = reread_agents(project=self._project, client=client, clock=self._clock)
        except (diga.DigaError, NoKey):
            self._is_over = True
        return self._agents

    def _ask_users(self, agent_id: uuid.UUID) -> None:
        self._is_over = self._is_over or self._agents is None or self._clock() > self._until
        if self._is_over or self._agents is None:
            return
        try:
            self._agents.require(agent_id)
            self.read[agent_id] = read_users(self._project, agent_id, client_for(self._project), self._clock)
        except (diga.DigaError, NoKey):
            self._is_over = True


def _forecast(
    project: Project, catalogue: Catalogue, agents: Iterable[uuid.UUID], read: Mapping[uuid.UUID, UsersRead]
) -> Forecast:
    users = users_of(project, agents)
    proven = {
        agent_id: {phone_id: shown for phone_id, shown in users[agent_id].items() if phone_id in found.ids}
        for agent_id, found in read.items()
        if not found.is_complete
    }
    return Forecast(catalogue, users, proven)


def users_of(project: Project, agents: Iterable[uuid.UUID]) -> dict[uuid.UUID, dict[uuid.UUID, str]]:
    """Return the phones that each of these agents answers or dials from, as id and shown number. One query."""
    users: dict[uuid.UUID, dict[uuid.UUID, str]] = {agent_id: {} for agent_id in agents}
    if not users:
        return users
    uses = Phone.objects.filter(project=project).using_agents(set(users))
    for phone_id, shown, *lanes in uses.values_list("pk", "shown", "inbound_agent_id", "outbound_agent_id"):
        for agent_id in users.keys() & set(lanes):
            users[agent_id][phone_id] = shown
    return users


def _refresh(phones: Iterable[Phone], read: Iterable[UsersRead]) -> None:
    """Reload phones that were read from Diga meanwhile. One query if any was."""
    known = {phone.pk: phone for phone in phones}
    ids = known.keys() & frozenset().union(*(found.ids for found in read))
    for phone_id, *values in Phone.objects.filter(pk__in=ids).values_list("pk", *_MOVABLE) if ids else ():
        for name, value in zip(_MOVABLE, values, strict=True):
            setattr(known[phone_id], name, value)
