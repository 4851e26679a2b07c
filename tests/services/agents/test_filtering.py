"""A filter offers few agents, those with most numbers."""

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from phones.models import Project
from phones.services.agents.filtering import agents_to_filter_by
from phones.services.routing.catalogue import catalogue_of
from tests.support.database.agents import add_agents
from tests.support.database.crowds import add_phones


@pytest.fixture
def north(db: None) -> Project:
    return Project.objects.create(name="North", slug="north", agents_changed_at=timezone.now())


def names(project: Project, chosen: str = "") -> list[str]:
    catalogue = catalogue_of(project)
    return [agent.name for agent in agents_to_filter_by(project, catalogue, catalogue.agents, chosen)]


def test_twenty_agents_are_all_offered_without_a_query(
    north: Project, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    add_agents(north, *(f"Agent {place:02}" for place in range(20)))
    catalogue_of(north)

    with django_assert_num_queries(0):
        offered = names(north)

    assert offered == [f"Agent {place:02}" for place in range(20)]


def test_of_more_those_with_most_numbers_are_offered_by_name_and_the_chosen_one(
    north: Project, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    agents = add_agents(north, *(f"Agent {place:02}" for place in range(40)))
    add_phones(north, 20, [agent.pk for agent in agents[20:]])
    catalogue_of(north)

    with django_assert_num_queries(2):
        offered = names(north)
    with django_assert_num_queries(0):
        with_chosen = names(north, str(agents[3].pk))

    assert offered == [f"Agent {place:02}" for place in range(20, 40)]
    assert with_chosen == ["Agent 03", *offered]
