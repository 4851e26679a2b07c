"""Realistic data for the sandbox, the same for the same seed."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from .call_history import calls_of
from .names import (
    AURORA_AGENTS,
    AURORA_PHONES,
    PLACES,
    REGIONS,
    SERVICES,
    TALLERES_AGENTS,
    TALLERES_PHONES,
    TALLERES_SERVICES,
    VERSION_NAMES,
)
from .state import AgentRow, Key, PhoneRow, Project, VersionRow

NAMESPACE = UUID("9b1f3a52-6d0e-4a6e-9a53-0d4d3a7c1e55")
NOW = datetime(2026, 10, 9, 9, 0, tzinfo=UTC)
"""The day the data is of, unless another is given; all dates are relative to it."""

SPAN = timedelta(days=620)
UNKNOWN_AGENT_ID = UUID("7f3c2b10-55aa-4c8e-8d1f-2f6f0c9b7e01")
"""The id of an agent no list gives."""

ALL_PERMISSIONS = frozenset(
    {"phones.view", "phones.update", "agents.view", "agents.update", "calls.view", "billing.view"}
)
LINES: dict[str, tuple[str, ...]] = {"aurora": AURORA_PHONES, "talleres": TALLERES_PHONES}


def seed_keys() -> list[Key]:
    """Return the keys. They are no secrets: the sandbox prints them."""
    kinds = {
        "full": ALL_PERMISSIONS,
        "readonly": frozenset(name for name in ALL_PERMISSIONS if name.endswith(".view")),
        "nocalls": ALL_PERMISSIONS - {"calls.view"},
        "nobilling": ALL_PERMISSIONS - {"billing.view"},
        "noagents": ALL_PERMISSIONS - {"agents.view", "agents.update"},
    }
    return [
        Key(f"sandbox-{project}-{kind}", f"{project}-{kind}", project, permissions)
        for project in LINES
        for kind, permissions in kinds.items()
    ]


def seed_projects(seed: int, phone_count: int, agent_count: int, now: datetime = NOW) -> dict[str, Project]:
    """Return the projects by slug: Clínicas Aurora in the requested size, and the small Talleres Norte."""
    aurora = Project("aurora", "Clínicas Aurora")
    talleres = Project("talleres", "Talleres Norte")
    _add_agents(aurora, seed, AURORA_AGENTS, agent_count, now)
    _add_agents(talleres, seed, TALLERES_AGENTS, len(TALLERES_AGENTS), now)
    _add_phones(aurora, seed, phone_count, SERVICES, now)
    _add_phones(talleres, seed, min(24, max(4, phone_count // 8)), TALLERES_SERVICES, now)
    for project in (aurora, talleres):
        project.calls = calls_of(seed, project, now)
    return {project.slug: project for project in (aurora, talleres)}


def _add_agents(
    project: Project, seed: int, known: tuple[tuple[str | None, int, int | None], ...], count: int, now: datetime
) -> None:
    for index in range(count):
        name, saved_count, published = known[index] if index < len(known) else (f"Agente {index + 1}", 2, 1 + index % 2)
        created_at = now - timedelta(days=300 - index % 200)
        agent_id = uuid5(NAMESPACE, f"{seed}/{project.slug}/agent/{index}")
        versions = [
            VersionRow(
                id=uuid5(agent_id, str(number)),
                number=number,
                name=VERSION_NAMES[(index + number) % len(VERSION_NAMES)],
                is_draft=number > saved_count,
                created_at=created_at + timedelta(days=9 * number),
            )
            for number in range(1, saved_count + 2)
        ]
        versions[-1].name = None
        agent = AgentRow(agent_id, name, versions, created_at)
        agent.published_id = agent.version(published).id if published else None
        project.agents[agent_id] = agent


def _add_phones(
    project: Project, seed: int, count: int, services: dict[str, tuple[str | None, str | None]], now: datetime
) -> None:
    """Add the phones, oldest first, so that the named lines are the newest."""
    agent_ids = {(agent.name or "").split(" ")[0]: agent.id for agent in project.agents.values()}
    agent_ids["UNKNOWN"] = UNKNOWN_AGENT_ID
    known = LINES[project.slug][:count]
    lines = [*known, *_make_lines(project.slug, seed, count - len(known), services)]
    step = min(SPAN / max(1, count), timedelta(hours=40))
    for index in range(count - 1, -1, -1):
        phone_id = uuid5(NAMESPACE, f"{seed}/{project.slug}/phone/{index}")
        assigned_at = now - timedelta(hours=20) - step * index
        project.phones.add(_make_phone(phone_id, lines[index], assigned_at, agent_ids, now))


def _make_lines(slug: str, seed: int, count: int, services: dict[str, tuple[str | None, str | None]]) -> Iterator[str]:
    """Yield generated lines in the notation of `names`. Every number occurs once."""
    chance = random.Random(f"{seed}/{slug}/lines")  # noqa: S311 - made-up data is no secret.
    taken = {line.partition("|")[0] for line in LINES[slug]}
    names = list(services)
    marks = ["", "pending_verification", "reserved", "released", "finished", "leaving", "custom"]
    for _ in range(count):
        prefix, place = chance.choice(PLACES)
        while (number := f"{prefix}{chance.randrange(10**6):06d}") in taken:
            pass
        taken.add(number)
        service = chance.choice(names)
        mark = chance.choices(marks, weights=[84, 3, 2, 3, 2, 2, 4])[0]
        inbound, outbound = services[service] if mark in ("", "leaving", "custom") else (None, None)
        if chance.random() < 0.02:
            inbound = None
        nickname = f"{service} {place} {chance.randint(1, 400)}" if chance.random() > 0.02 else ""
        yield f"{number}|{nickname}|{inbound or ''}|{outbound or ''}|{mark}"


def _make_phone(
    phone_id: UUID, line: str, assigned_at: datetime, agent_ids: dict[str, UUID], now: datetime
) -> PhoneRow:
    number, nickname, inbound, outbound, mark = line.split("|")
    is_sip = "@" in number
    phone = PhoneRow(
        id=phone_id,
        number=number if is_sip else f"+34{number}",
        nickname=nickname or None,
        assigned_at=assigned_at,
        inbound_agent_id=agent_ids.get(inbound),
        outbound_agent_id=agent_ids.get(outbound),
        region_codes=REGIONS.get(number[:3], ()),
    )
    match mark:
        case "custom":
            phone.telephony_provider = "custom"
            phone.sip_username = number.partition("@")[0] if is_sip else None
        case "leaving":
            phone.scheduled_release_at = now + timedelta(days=12)
        case "reserved":
            phone.status, phone.assigned_at = mark, None
            phone.checkout_url = f"https://checkout.example.com/{phone_id}"
            phone.reservation_expires_at = now + timedelta(minutes=30)
        case "pending_verification":
            phone.status, phone.assigned_at = mark, None
        case "released" | "finished":
            phone.status = mark
            phone.released_at = assigned_at + (now - assigned_at) / 2
    return phone
