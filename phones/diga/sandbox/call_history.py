"""The calls of the last two weeks: in working hours mostly, in both directions, by the routing of the seed."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

from .calls import make_call
from .state import AgentRow, CallRow, PhoneRow, Project, Table

DAYS = 14
# The newest phones, which are the named ones, are called so often, the others that have an agent so often.
BUSY_PHONES, BUSY_CALLS, OTHER_PHONES, OTHER_CALLS = 50, 9, 150, 1
NIGHT_AND_DAY = ("Urgencias", "Línea noche", "Grúa")


# What is called: ids of the phone and of its agents, nickname and number. Values, since rows are changed later.
Called = tuple[UUID, UUID | None, UUID | None, str | None, str]
# An agent with its published version.
Live = tuple[UUID, UUID | None]


def calls_of(seed: int, project: Project, now: datetime) -> Table[CallRow]:
    """Return the calls, oldest first. Every sandbox of a seed has the same, and none changes them."""
    newest = project.phones.slice(0, BUSY_PHONES + OTHER_PHONES, is_ascending=False)
    called = tuple(
        (phone.id, phone.inbound_agent_id, phone.outbound_agent_id, phone.nickname, phone.number)
        for phone in newest
        if phone.status == "assigned"
    )
    live = tuple((agent.id, agent.published_id) for agent in project.agents.values())
    return _calls(seed, project.slug, called, live, now)


@lru_cache(maxsize=8)
def _calls(seed: int, slug: str, called: tuple[Called, ...], live: tuple[Live, ...], now: datetime) -> Table[CallRow]:
    chance = random.Random(f"{seed}/{slug}/calls")  # noqa: S311 - made-up data is no secret.
    project = Project(slug, slug)
    for agent_id, published_id in live:
        agent = AgentRow(agent_id, None, [], now)
        agent.published_id = published_id
        project.agents[agent_id] = agent
    made: list[CallRow] = []
    for place, (phone_id, inbound, outbound, nickname, number) in enumerate(called):
        phone = PhoneRow(phone_id, number, nickname, inbound_agent_id=inbound, outbound_agent_id=outbound)
        count = chance.randint(3, BUSY_CALLS) if place < BUSY_PHONES else OTHER_CALLS
        for created_at in _times(chance, now, count, is_always=any(word in (nickname or "") for word in NIGHT_AND_DAY)):
            kind = "outbound" if outbound and chance.random() < 0.3 else "inbound"
            call = make_call(project, phone, kind, created_at=created_at, chance=chance)
            made += [call] if call else []
    return _in_order(made)


def _in_order(made: list[CallRow]) -> Table[CallRow]:
    calls = Table[CallRow]()
    for call in sorted(made, key=lambda call: call.created_at):
        calls.add(call)
    # The newest that is answered goes on.
    going_on = next((call for call in calls.walk(None, is_ascending=False) if call.agent_id), None)
    if going_on:
        going_on.status, going_on.duration, going_on.end_reason = "in_progress", None, None
    return calls


def _times(chance: random.Random, now: datetime, count: int, *, is_always: bool) -> Iterator[datetime]:
    """Yield moments of the last days: between 8 and 19 h on a working day, or at any time."""
    for _ in range(count):
        while True:
            moment = now - timedelta(minutes=5 + DAYS * 24 * 60 * chance.random() ** 2)
            if is_always or (moment.weekday() < 5 and 8 <= moment.hour < 19):
                yield moment.replace(microsecond=0)
                break
