"""Agents are found by words of their names, those used lately first."""

import pytest
from django.contrib.auth.models import User
from pytest_django import DjangoAssertNumQueries

from phones.models import Agent, LaneSnapshot, Phone, Project, Source
from phones.services.agents.search import find_agents
from phones.services.agents.tallies import Uses
from phones.services.routing.catalogue import catalogue_of
from tests.support.database.agents import add_agents
from tests.support.database.history import add_changes
from tests.support.database.north import NOON, add_phone


@pytest.fixture
def north(db: None) -> Project:
    """A project of its own, with agents as companies name them."""
    project = Project.objects.create(name="North", slug="north", agents_changed_at=NOON)
    add_agents(project, "Recepción Málaga", "Málaga Citas", "Citas Sevilla", "Zoë")
    return project


@pytest.fixture
def office_phone(north: Project) -> Phone:
    return add_phone(north, "+34951000001")


@pytest.fixture
def person(db: None) -> User:
    return User.objects.create_user("lola")


def names(project: Project, words: str = "", **wanted: object) -> list[str]:
    return [hit.agent.name for hit in find_agents(project=project, words=words, **wanted).hits]  # type: ignore[arg-type]


def give(phone: Phone, name: str, **values: object) -> None:
    """Note that a number was given an agent."""
    agent = Agent.objects.get(name=name)
    add_changes(phone, 1, after={"inbound": LaneSnapshot(agent.pk, name, None, None)}, **values)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("malaga citas", ["Málaga Citas"]),
        ("CITAS MÁLAGA", ["Málaga Citas"]),
        ("málaga", ["Málaga Citas", "Recepción Málaga"]),
        ("cit sev", ["Citas Sevilla"]),
        ("zoe", ["Zoë"]),
        ("citas madrid", []),
        ("  ", ["Citas Sevilla", "Málaga Citas", "Recepción Málaga", "Zoë"]),
    ],
)
def test_every_word_occurs_in_any_order_case_and_accent(north: Project, words: str, found: list[str]) -> None:
    assert names(north, words) == found


def test_first_hits_come_with_the_number_of_all(north: Project) -> None:
    add_agents(north, *(f"Agent {place:02}" for place in range(30)))

    found = find_agents(project=north, words="agent")

    assert [hit.agent.name for hit in found.hits] == [f"Agent {place:02}" for place in range(20)]
    assert found.total == 30


def test_those_given_lately_come_first_the_persons_own_before(
    north: Project, office_phone: Phone, person: User
) -> None:
    give(office_phone, "Recepción Málaga", actor=person)
    give(office_phone, "Zoë")

    assert names(north, person=person) == ["Recepción Málaga", "Zoë", "Citas Sevilla", "Málaga Citas"]
    assert names(north) == ["Zoë", "Recepción Málaga", "Citas Sevilla", "Málaga Citas"]
    assert [hit.is_recent for hit in find_agents(project=north).hits] == [True, True, False, False]


def test_what_was_given_outside_this_desk_is_no_use_of_it(north: Project, office_phone: Phone) -> None:
    give(office_phone, "Zoë", source=Source.OUTSIDE)

    assert names(north)[0] == "Citas Sevilla"


def test_agents_without_a_version_to_give_or_not_listed_are_found_only_where_they_are_asked_for(north: Project) -> None:
    add_agents(north, "Draft alone", versions=1)
    add_agents(north, "Gone")
    Agent.objects.filter(name="Gone").update(is_listed=False)

    assert names(north, "draft") == []
    assert names(north, "gone") == []
    assert names(north, "draft", among=catalogue_of(north).agents) == ["Draft alone"]


def test_hits_count_their_numbers_in_a_fixed_number_of_queries(
    north: Project, person: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    zoe = Agent.objects.get(name="Zoë")
    add_phone(north, "+34951000002", inbound_agent_id=zoe.pk, outbound_agent_id=zoe.pk)
    add_phone(north, "+34951000003", inbound_agent_id=zoe.pk)
    add_phone(north, "+34951000004", inbound_agent_id=zoe.pk, missing_since=NOON)
    find_agents(project=north)

    with django_assert_num_queries(4):
        hits = {hit.agent.name: hit.uses for hit in find_agents(project=north, person=person).hits}

    assert (hits["Zoë"], hits["Citas Sevilla"]) == (Uses(2, 1), Uses())
