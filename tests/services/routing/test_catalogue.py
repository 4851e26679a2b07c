"""Agents in memory: in order, never stale, two queries when they move and none when they don't."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from phones.models import Agent, AgentVersion, Project
from phones.services.routing import catalogue as catalogues
from phones.services.routing.catalogue import (
    HUE_COUNT,
    AgentEntry,
    Catalogue,
    VersionEntry,
    catalogue_of,
    forget_catalogues,
)

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def add_agent(project: Project, name: str | None, *, published: int | None = None, is_listed: bool = True) -> Agent:
    """Add an agent with v1, v2 and the draft v3."""
    agent = Agent.objects.create(project=project, name=name, is_listed=is_listed)
    for number in (1, 2, 3):
        AgentVersion.objects.create(agent=agent, number=number, is_published=number == published, is_draft=number == 3)
    return agent


@pytest.fixture
def north(db: None) -> Project:
    """A project without a key: nothing here uses the network."""
    return Project.objects.create(name="North", slug="north", agents_changed_at=NOON)


def test_listed_agents_come_first_by_name_and_versions_newest_first(north: Project) -> None:
    for name, is_listed in (("zoe", True), ("Alicia", True), ("Bruno", False), ("aaron", False)):
        add_agent(north, name, is_listed=is_listed)

    agents = catalogue_of(north).agents

    assert [agent.name for agent in agents] == ["Alicia", "zoe", "aaron", "Bruno"]
    assert [version.number for version in agents[0].versions] == [3, 2, 1]


def test_offered_are_listed_agents_and_never_a_draft(north: Project) -> None:
    add_agent(north, "Alicia", published=2)
    add_agent(north, "Gone", is_listed=False)
    only_draft = Agent.objects.create(project=north, name="Only a draft")
    AgentVersion.objects.create(agent=only_draft, number=1, is_draft=True)
    Agent.objects.create(project=north, name="Nothing at all")

    offered = catalogue_of(north).offered

    assert [agent.name for agent in offered] == ["Alicia"]
    assert [version.label for version in offered[0].offered] == ["v2", "v1"]
    assert offered[0].published == offered[0].offered[0]


def test_agents_and_versions_are_found_by_id_within_the_project_only(north: Project) -> None:
    south = Project.objects.create(name="South", slug="south")
    mine, foreign = add_agent(north, "Mine"), add_agent(south, "Foreign")
    catalogues = catalogue_of(north)

    found = catalogues.agent(mine.pk)
    version = AgentVersion.objects.get(agent=mine, number=2)
    pair = catalogues.version(version.pk)

    assert found is not None
    assert pair is not None
    assert (found.name, pair[0], pair[1].number) == ("Mine", found, 2)
    assert (catalogues.agent(foreign.pk), catalogues.agent(None), catalogues.agent(uuid4())) == (None, None, None)
    assert catalogues.version(AgentVersion.objects.get(agent=foreign, number=2).pk) is None


def test_agent_without_a_name_is_shown_by_its_id(north: Project) -> None:
    agent = add_agent(north, None)
    add_agent(north, "")

    names = {entry.id: entry.name for entry in catalogue_of(north).agents}

    assert names[agent.pk] == str(agent.pk)[:8]
    assert "" not in names.values()


def test_tile_has_a_letter_and_a_stable_colour() -> None:
    def entry(number: int, name: str) -> AgentEntry:
        return AgentEntry(UUID(int=number), name, True, (VersionEntry(uuid4(), 1, "", False, False),))

    catalogues = Catalogue.of(entry(number, f"agent {9 - number}") for number in (6, 12, 18, 24, 30, 36, 42))

    hues = [agent.hue for agent in sorted(catalogues.agents, key=lambda agent: agent.id)]
    assert hues == [1, 2, 3, 4, 5, 6, 1]
    assert HUE_COUNT == 6
    assert [entry(1, name).initial for name in ("óptica", "Alicia", "")] == ["Ó", "A", "?"]


def test_two_queries_when_the_agents_have_moved_and_none_otherwise(
    north: Project, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for index in range(30):
        add_agent(north, f"Agent {index}")

    with django_assert_num_queries(2):
        first = catalogue_of(north)
    with django_assert_num_queries(0):
        second = catalogue_of(Project(pk=north.pk, agents_changed_at=NOON))
    north.agents_changed_at = NOON + timedelta(microseconds=1)
    with django_assert_num_queries(2):
        third = catalogue_of(north)

    assert second is first
    assert third is not first
    assert len(third.agents) == 30


def test_old_copy_is_replaced_and_projects_are_kept_apart(north: Project) -> None:
    south = Project.objects.create(name="South", slug="south", agents_changed_at=NOON)
    add_agent(north, "Before")
    add_agent(south, "Southern")
    before = [agent.name for agent in catalogue_of(north).agents]
    Agent.objects.filter(project=north).update(name="After")

    kept = [agent.name for agent in catalogue_of(north).agents]
    north.agents_changed_at = NOON + timedelta(seconds=1)
    moved = [agent.name for agent in catalogue_of(north).agents]

    assert (before, kept, moved) == (["Before"], ["Before"], ["After"])
    assert [agent.name for agent in catalogue_of(south).agents] == ["Southern"]


def test_only_so_many_copies_are_kept_and_the_least_used_goes(
    north: Project, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    monkeypatch.setattr(catalogues, "KEPT_CATALOGUES", 2)
    others = [Project.objects.create(name=name, slug=name) for name in ("b", "c")]

    catalogue_of(north)
    catalogue_of(others[0])
    catalogue_of(north)
    catalogue_of(others[1])

    with django_assert_num_queries(0):
        catalogue_of(north)
        catalogue_of(others[1])
    with django_assert_num_queries(2):
        catalogue_of(others[0])


def test_forgotten_copies_are_read_again(north: Project, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    catalogue_of(north)

    forget_catalogues()

    with django_assert_num_queries(2):
        catalogue_of(north)
