"""The agents of a project as pages of a table."""

import uuid

import pytest
from django.utils import timezone

from phones.models import Agent, Phone, Project
from phones.services.agents.listing import AgentOrder, AgentPage, agent_page
from phones.services.routing.catalogue import forget_catalogues
from tests.support.database.agents import add_agents


@pytest.fixture
def north(db: None) -> Project:
    """A project with four agents, and a number each of an agent that no list gives."""
    project = Project.objects.create(name="North", slug="north", agents_changed_at=timezone.now())
    bruno, _carla = add_agents(project, "Bruno Citas", "Carla Citas", published=1)
    (dora,) = add_agents(project, "Dora", published=None)
    (alba,) = add_agents(project, "Álba Citas", published=2)
    answered = [bruno, bruno, dora, alba, alba, alba]
    Phone.objects.bulk_create(
        Phone(
            project=project,
            number=f"+3495100000{place}",
            shown=f"+34 951 00 00 0{place}",
            status="assigned",
            inbound_agent_id=agent.pk,
            outbound_agent_id=dora.pk if place < 2 else uuid.UUID(int=9),
            fetched_at=timezone.now(),
        )
        for place, agent in enumerate(answered)
    )
    return project


def names(page: AgentPage) -> list[str]:
    return [row.agent.name if row.agent else "?" for row in page.rows]


@pytest.mark.parametrize(
    ("order", "ascending", "descending"),
    [
        (
            AgentOrder.NAME,
            ["Álba Citas", "Bruno Citas", "Carla Citas", "Dora", "?"],
            ["?", "Dora", "Carla Citas", "Bruno Citas", "Álba Citas"],
        ),
        (
            AgentOrder.LIVE,
            ["Dora", "?", "Bruno Citas", "Carla Citas", "Álba Citas"],
            ["Álba Citas", "Bruno Citas", "Carla Citas", "Dora", "?"],
        ),
        (
            AgentOrder.ANSWERS,
            ["Carla Citas", "?", "Dora", "Bruno Citas", "Álba Citas"],
            ["Álba Citas", "Bruno Citas", "Dora", "Carla Citas", "?"],
        ),
        (
            AgentOrder.CALLS_OUT,
            ["Álba Citas", "Bruno Citas", "Carla Citas", "Dora", "?"],
            ["?", "Dora", "Álba Citas", "Bruno Citas", "Carla Citas"],
        ),
    ],
)
def test_order_is_as_asked_and_by_name_where_equal(
    north: Project, order: AgentOrder, ascending: list[str], descending: list[str]
) -> None:
    assert names(agent_page(project=north, order=order)) == ascending
    assert names(agent_page(project=north, order=order, is_reversed=True)) == descending


def test_words_find_names_in_any_order_and_nothing_without_a_name(north: Project) -> None:
    page = agent_page(project=north, words="citas ALB")

    assert names(page) == ["Álba Citas"]
    assert (page.total, page.listed, page.all_listed) == (1, 1, 4)


def test_only_what_diga_lists_is_counted_as_an_agent(north: Project) -> None:
    Agent.objects.filter(name="Dora").update(is_listed=False)
    forget_catalogues()

    page = agent_page(project=north)

    assert (page.total, page.listed, page.unlisted, page.all_listed) == (5, 3, 2, 3)


@pytest.mark.parametrize(
    ("asked", "number", "shown"),
    [(0, 1, ["Álba Citas", "Bruno Citas"]), (2, 2, ["Carla Citas", "Dora"]), (3, 3, ["?"]), (99, 3, ["?"])],
)
def test_page_beyond_the_others_is_the_last(north: Project, asked: int, number: int, shown: list[str]) -> None:
    page = agent_page(project=north, number=asked, size=2)

    assert (page.number, page.page_count, names(page)) == (number, 3, shown)


def test_nothing_found_is_one_empty_page(north: Project) -> None:
    page = agent_page(project=north, words="nobody", number=4)

    assert (page.rows, page.total, page.number, page.page_count) == ([], 0, 1, 1)
