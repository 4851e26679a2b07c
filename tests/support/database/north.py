"""A project named North with three agents, one of which Diga lists no more, and phones as storing adds them."""

import base64
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from phones.models import Agent, AgentVersion, Phone, Project
from phones.services.routing.catalogue import Catalogue, catalogue_of
from tests.support.database.rows import made_up, store_rows

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
RECEPTION, SALES, GONE, STRANGE = (UUID(int=number) for number in (1, 2, 3, 4))


def add_phone(project: Project, number: str, nickname: str | None = None, **values: Any) -> Phone:
    """Add a row as storing would."""
    known = {"telephony_provider": "netelip", "status": "assigned", "fetched_at": NOON}
    phone = Phone(project=project, number=number, nickname=nickname, **(known | values))
    return store_rows([made_up(phone)])[0]


def add_many(project: Project, count: int) -> None:
    """Add rows whose numbers come in threes, so that pages break between equal ones."""
    Phone.objects.bulk_create(
        Phone(
            id=UUID(int=(index * 7919) % 100_003),
            project=project,
            number=f"+3495100{index // 3:04d}",
            shown="",
            telephony_provider="netelip",
            status="assigned",
            fetched_at=NOON,
        )
        for index in range(count)
    )


@pytest.fixture
def north(db: None) -> Project:
    """A project with three agents, one of which Diga lists no more."""
    project = Project.objects.create(name="North", slug="north", agents_changed_at=NOON)
    for pk, name, is_listed in ((RECEPTION, "Alicia Recepción", True), (SALES, "Ñ Ventas", True), (GONE, "Old", False)):
        agent = Agent.objects.create(pk=pk, project=project, name=name, is_listed=is_listed)
        AgentVersion.objects.create(agent=agent, number=1, is_published=True)
    return project


@pytest.fixture
def catalogue(north: Project) -> Catalogue:
    """The agents of that project."""
    return catalogue_of(north)


def cursor_of(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")
