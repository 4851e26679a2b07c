"""Copying Diga's list of agents: the newest list wins, versions go with their agents, and its times never go back."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from phones import diga
from phones.models import Agent, AgentVersion, Project
from phones.services.projects.identity import ForeignProject
from phones.services.routing.catalogue import catalogue_of
from phones.services.sync.store_agents import store_agents
from tests.support.diga.said import agent, listed, version, writes

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def north(db: None) -> Project:
    """A project without a key: nothing here uses the network."""
    return Project.objects.create(name="North", slug="north")


@pytest.fixture
def south(db: None) -> Project:
    """Another one."""
    return Project.objects.create(name="South", slug="south")


def test_agents_are_copied_with_their_versions(north: Project) -> None:
    store_agents(
        north, listed(agent(1, version(5, is_published=True, name="Summer"), version(4)), agent(2)), asked_at=NOON
    )

    alicia = Agent.objects.get(pk=UUID(int=1))
    assert (alicia.project, alicia.name, alicia.is_listed) == (north, "Alicia", True)
    assert list(alicia.versions.order_by("number").values_list("number", "name", "is_published", "is_draft")) == [
        (4, None, False, False),
        (5, "Summer", True, False),
    ]
    assert (north.agents_changed_at, north.agent_count) == (NOON, 2)


def test_agent_that_is_listed_no_more_keeps_its_name_and_loses_its_versions(north: Project) -> None:
    store_agents(north, listed(agent(1, version(5)), agent(2, version(1, of=2), name="Bruno")), asked_at=NOON)

    store_agents(north, listed(agent(2, version(1, of=2), name="Bruno")), asked_at=NOON + MINUTE)

    alicia = Agent.objects.get(pk=UUID(int=1))
    assert (alicia.name, alicia.is_listed, alicia.versions.count()) == ("Alicia", False, 0)
    assert [entry.name for entry in catalogue_of(north).offered] == ["Bruno"]
    assert (north.agent_count, north.agents_changed_at) == (1, NOON + MINUTE)


@pytest.mark.parametrize("gap", [{"malformed_count": 1}, {"is_cut": True}], ids=["malformed", "cut"])
def test_agent_that_could_not_be_read_stays_as_it_is(north: Project, gap: dict[str, Any]) -> None:
    store_agents(north, listed(agent(1, version(5, is_published=True)), agent(2, version(1, of=2))), asked_at=NOON)

    store_agents(north, listed(agent(2, version(2, of=2), name="Bruno"), **gap), asked_at=NOON + MINUTE)

    assert {entry.name: [offered.number for offered in entry.offered] for entry in catalogue_of(north).offered} == {
        "Alicia": [5],
        "Bruno": [2],
    }
    assert (north.agent_count, north.agents_read_at) == (2, NOON + MINUTE)


def test_agent_that_could_not_be_read_and_is_gone_then_loses_its_versions(north: Project) -> None:
    store_agents(north, listed(agent(1, version(5))), asked_at=NOON)
    store_agents(north, listed(malformed_count=1), asked_at=NOON + MINUTE)

    store_agents(north, listed(), asked_at=NOON + 2 * MINUTE)

    assert catalogue_of(north).offered == ()
    assert (AgentVersion.objects.count(), north.agent_count) == (0, 0)


def test_agent_that_is_back_is_offered_again(north: Project) -> None:
    store_agents(north, listed(agent(1, version(5))), asked_at=NOON)
    store_agents(north, listed(), asked_at=NOON + MINUTE)

    store_agents(north, listed(agent(1, version(5))), asked_at=NOON + 2 * MINUTE)

    assert [entry.name for entry in catalogue_of(north).offered] == ["Alicia"]


BEFORE = [agent(1, version(5, is_published=True), version(4))]
DIFFERENCES: dict[str, Callable[[], list[diga.Agent]]] = {
    "name": lambda: [agent(1, *BEFORE[0].versions, name="Alicia B")],
    "no name": lambda: [agent(1, *BEFORE[0].versions, name=None)],
    "published": lambda: [agent(1, version(5), version(4, is_published=True))],
    "new version": lambda: [agent(1, *BEFORE[0].versions, version(6))],
    "version gone": lambda: [agent(1, version(5, is_published=True))],
    "version renamed": lambda: [agent(1, version(5, is_published=True, name="Summer"), version(4))],
    "new agent": lambda: [*BEFORE, agent(2)],
    "agent gone": list,
}


@pytest.mark.parametrize("difference", DIFFERENCES.values(), ids=DIFFERENCES.keys())
def test_time_of_the_agents_moves_when_something_differs(
    north: Project, difference: Callable[[], list[diga.Agent]]
) -> None:
    store_agents(north, listed(*BEFORE), asked_at=NOON)

    store_agents(north, listed(*BEFORE), asked_at=NOON + MINUTE)
    at_rest = north.agents_changed_at
    store_agents(north, listed(*difference()), asked_at=NOON + 2 * MINUTE)

    north.refresh_from_db()
    assert (at_rest, north.agents_changed_at) == (NOON, NOON + 2 * MINUTE)


def test_agent_of_another_project_is_refused(north: Project, south: Project) -> None:
    store_agents(north, listed(*BEFORE), asked_at=NOON)

    with pytest.raises(ForeignProject):
        store_agents(south, listed(agent(2), agent(1, name="Taken")), asked_at=NOON + MINUTE)

    assert list(Agent.objects.values_list("project", "name")) == [(north.pk, "Alicia")]
    assert AgentVersion.objects.count() == 2


def test_version_listed_twice_is_one_row(north: Project) -> None:
    store_agents(north, listed(agent(1, version(5), version(5, is_published=True))), asked_at=NOON)

    assert [row.is_published for row in AgentVersion.objects.all()] == [True]


def test_list_that_was_overtaken_by_a_newer_one_is_left_alone(north: Project) -> None:
    store_agents(north, listed(*BEFORE), asked_at=NOON)
    asking = Project.objects.get(pk=north.pk)
    newer = listed(agent(1, version(5), version(4, is_published=True)))
    store_agents(north, newer, asked_at=NOON + 2 * MINUTE)

    store_agents(asking, listed(*BEFORE), asked_at=NOON + MINUTE)

    published = AgentVersion.objects.filter(is_published=True)
    assert [found.pk for found in published] == [version(4).version_id]
    asking.refresh_from_db()
    assert asking.agents_read_at == asking.agents_changed_at == NOON + 2 * MINUTE


def test_list_that_nothing_overtook_is_taken_whatever_the_clock_says(north: Project) -> None:
    store_agents(north, listed(*BEFORE), asked_at=NOON)
    newer = listed(agent(1, version(5), version(4, is_published=True)))

    store_agents(north, newer, asked_at=NOON - timedelta(seconds=5))

    assert [found.pk for found in AgentVersion.objects.filter(is_published=True)] == [version(4).version_id]
    assert north.agents_read_at == north.agents_changed_at == NOON + timedelta.resolution


def test_list_that_says_the_same_writes_no_agent(north: Project) -> None:
    store_agents(north, listed(*BEFORE), asked_at=NOON)

    with CaptureQueriesContext(connection) as captured:
        store_agents(north, listed(*BEFORE), asked_at=NOON + MINUTE)

    assert [sql for sql in writes(captured) if "phones_project" not in sql] == []
    assert (north.agents_read_at, north.agents_changed_at) == (NOON + MINUTE, NOON)


def test_agents_that_have_not_moved_keep_the_time_of_their_last_move(north: Project) -> None:
    """Copies in memory are kept by that time: an object older than its row must not set it back."""
    store_agents(north, listed(*BEFORE), asked_at=NOON)
    older = Project.objects.get(pk=north.pk)
    now_there = listed(agent(1, version(5), version(4, is_published=True)))
    store_agents(north, now_there, asked_at=NOON + MINUTE)

    store_agents(older, now_there, asked_at=NOON + 2 * MINUTE)

    north.refresh_from_db()
    assert (north.agents_read_at, north.agents_changed_at) == (NOON + 2 * MINUTE, NOON + MINUTE)
