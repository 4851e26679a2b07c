"""The page of one agent: its versions, and the numbers that depend on it."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from lxml.html import HtmlElement
from pytest_django import DjangoAssertNumQueries

from phones.models import Agent, AgentVersion, Phone, Project
from tests.support.database.crowds import add_phones
from tests.support.pages.hostile import HOSTILE, harmless
from tests.support.pages.pages import read, texts, words

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


@pytest.fixture
def client(client_of: SignIn, viewer: User) -> Client:
    """The browser of somebody who may only look."""
    return client_of(viewer)


@pytest.fixture
def alicia(aurora: Project) -> Agent:
    """The agent most numbers have: v5 is published, v6 saved, v7 a draft."""
    return Agent.objects.get(project=aurora, name__startswith="Alicia")


def url_of(agent: Agent) -> str:
    """Return the address of an agent's page."""
    return f"/projects/{agent.project.slug}/agents/{agent.pk}/"


def page_of(client: Client, agent: Agent) -> HtmlElement:
    """Return the page of an agent, whose names may just have changed."""
    Project.objects.update(agents_changed_at=timezone.now())
    return read(client.get(url_of(agent)))


def _guard(page: HtmlElement) -> list[str]:
    return texts(page, "//main//p[contains(@class, 'guard')]/strong")


def test_page_shows_every_version_newest_first(client: Client, alicia: Agent) -> None:
    rows = page_of(client, alicia).xpath("//table[contains(caption, 'Versions')]/tbody/tr")

    states = {words(row.find("th")): words(row.findall("td")[-1]) for row in rows}
    assert list(states) == ["v7", "v6", "v5", "v4", "v3", "v2", "v1"]
    assert (states["v7"], states["v6"]) == ("Draft not offered here", "Saved")
    assert states["v5"] == "Published takes the calls"


def test_page_says_how_many_numbers_run_the_older_version(client: Client, alicia: Agent) -> None:
    count = Phone.objects.using_agents({alicia.pk}).count()

    assert _guard(page_of(client, alicia)) == [f"v6 is saved, {count} numbers run v5"]

    AgentVersion.objects.filter(agent=alicia, number=6).update(is_draft=True)
    assert _guard(page_of(client, alicia)) == []


def test_page_of_an_agent_without_a_published_version(client: Client, alicia: Agent) -> None:
    AgentVersion.objects.filter(agent=alicia).update(is_published=False)

    page = page_of(client, alicia)

    assert _guard(page) == ["No version of this agent is published"]
    assert texts(page, "//main/header//span[contains(@class, 'state')]") == ["Not published"]


def test_page_of_an_agent_that_diga_no_longer_lists(client: Client, alicia: Agent) -> None:
    Agent.objects.filter(pk=alicia.pk).update(is_listed=False)
    AgentVersion.objects.filter(agent=alicia).delete()
    count = Phone.objects.using_agents({alicia.pk}).count()

    page = page_of(client, alicia)

    assert _guard(page) == ["Diga no longer lists this agent"]
    assert f"{count} numbers still point at it." in words(page)
    assert "No version of it is known." in words(page)


def test_page_shows_the_numbers_with_their_directions(client: Client, alicia: Agent, sales_phone: Phone) -> None:
    Phone.objects.exclude(pk=sales_phone.pk).update(inbound_agent_id=None, outbound_agent_id=None)
    for lanes, directions in (
        ((alicia.pk, None), "Answers"),
        ((None, alicia.pk), "Calls out from it"),
        ((alicia.pk, alicia.pk), "Answers Calls out from it"),
    ):
        inbound, outbound = lanes
        Phone.objects.filter(pk=sales_phone.pk).update(inbound_agent_id=inbound, outbound_agent_id=outbound)

        (row,) = page_of(client, alicia).xpath("//table[contains(caption, 'Numbers')]/tbody/tr")

        assert [words(cell) for cell in row] == [sales_phone.shown, "Ventas Costa del Sol", "Assigned", directions]
        assert [link.get("href") for link in row.iter("a")] == [f"/projects/aurora/phones/{sales_phone.pk}/"]


def test_links_of_the_page_lead_to_all_its_numbers_and_changes(client: Client, alicia: Agent) -> None:
    page = page_of(client, alicia)

    links = {words(link): link.get("href") for link in page.xpath("//main//a")}
    inbound = Phone.objects.filter(inbound_agent_id=alicia.pk).count()
    outbound = Phone.objects.filter(outbound_agent_id=alicia.pk).count()
    assert client.get(links[f"answers {inbound} numbers"]).context["total"] == inbound
    assert client.get(links[f"calls out from {outbound} numbers"]).context["total"] == outbound
    assert links["Changes with this agent"] == f"/projects/aurora/changes/?agent={alicia.pk}"


def test_page_of_an_idle_agent_says_so(client: Client, aurora: Project) -> None:
    idle = Agent.objects.create(project=aurora, name="Paula")

    page = page_of(client, idle)

    assert "No number has this agent." in words(page)


def test_page_shows_the_first_fifty_in_as_many_queries(
    client: Client, alicia: Agent, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.get(url_of(alicia))
    with django_assert_num_queries(7):
        client.get(url_of(alicia))
    add_phones(alicia.project, 1000, [alicia.pk])

    with django_assert_num_queries(7):
        page = read(client.get(url_of(alicia)))

    assert len(page.xpath("//table[contains(caption, 'Numbers')]/tbody/tr")) == 50
    total = Phone.objects.using_agents({alicia.pk}).count()
    assert f"The first 50 of {total:,}." in words(page)


def test_agent_of_another_project_and_an_unknown_one_are_not_found(
    client: Client, talleres: Project, orphan_phone: Phone
) -> None:
    other = Agent.objects.filter(project=talleres)[0]

    for agent_id in (other.pk, orphan_phone.inbound_agent_id, uuid4()):
        assert client.get(f"/projects/aurora/agents/{agent_id}/").status_code == 404


@pytest.mark.parametrize("text", HOSTILE)
def test_names_stay_text(client: Client, alicia: Agent, text: str) -> None:
    def shape() -> list[tuple[str, list[str]]]:
        return [(element.tag, sorted(element.attrib)) for element in page_of(client, alicia).iter()]

    def name(value: str) -> None:
        Agent.objects.filter(pk=alicia.pk).update(name=value)
        AgentVersion.objects.filter(agent=alicia).update(name=value)
        Phone.objects.using_agents({alicia.pk}).update(nickname=value, shown=f"+34 {value}")

    name(harmless(text))
    expected = shape()
    name(text)

    assert shape() == expected
