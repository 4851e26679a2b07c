"""The page of the agents."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from lxml.html import HtmlElement
from pytest_django import DjangoAssertNumQueries

from phones.models import Agent, AgentVersion, Phone, Project
from phones.services.routing.catalogue import forget_catalogues
from tests.support.database.agents import add_agents
from tests.support.database.crowds import add_phones
from tests.support.pages.pages import read, texts, words

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
LIST = "/projects/aurora/agents/"


def _rows(client: Client) -> dict[str, HtmlElement]:
    page = read(client.get(LIST))
    return {(texts(row, "./th//a") or texts(row, "./th"))[0]: row for row in page.xpath("//tbody/tr")}


def test_agent_list_counts_what_each_agent_answers_and_dials_from(
    client_of: SignIn, viewer: User, aurora: Project
) -> None:
    agent = Agent.objects.get(project=aurora, name="Alicia · Recepción")
    inbound = Phone.objects.filter(project=aurora, inbound_agent_id=agent.pk).count()
    outbound = Phone.objects.filter(project=aurora, outbound_agent_id=agent.pk).count()

    links = {link.get("href"): link.text for link in _rows(client_of(viewer))["Alicia · Recepción"].iter("a")}

    assert links == {
        f"/projects/aurora/agents/{agent.pk}/": "Alicia · Recepción",
        f"/projects/aurora/phones/?inbound={agent.pk}": f"{inbound} numbers",
        f"/projects/aurora/phones/?outbound={agent.pk}": f"{outbound} numbers",
    }


def test_agent_list_marks_the_draft_and_shows_what_is_published(
    client_of: SignIn, viewer: User, aurora: Project
) -> None:
    versions = AgentVersion.objects.filter(agent__project=aurora, agent__name="Alicia · Recepción")
    draft, live = versions.get(is_draft=True), versions.get(is_published=True)

    row = _rows(client_of(viewer))["Alicia · Recepción"]

    published, others = row.xpath("./td")[:2]
    assert [tag.text for tag in published.find_class("ver")] == [f"v{live.number}"]
    shown = [tag.text for tag in others.find_class("ver")]
    assert f"v{draft.number} draft" in shown
    assert len(shown) == versions.count() - 1


def test_agent_list_keeps_an_agent_that_diga_no_longer_lists(client_of: SignIn, viewer: User, aurora: Project) -> None:
    Agent.objects.create(project=aurora, name="Paula · Antigua", is_listed=False)
    forget_catalogues()

    row = _rows(client_of(viewer))["Paula · Antigua"]

    assert "No longer in Diga" in words(row.find("th"))
    assert texts(row, "./td")[0] == "none"


def test_agent_list_says_where_a_newer_version_is_saved_and_where_none_is_published(
    client_of: SignIn, viewer: User, aurora: Project
) -> None:
    rows = _rows(client_of(viewer))

    published = {name: texts(row, "./td")[0] for name, row in rows.items()}
    assert published["Alicia · Recepción"] == "v5 v6 saved, not live"
    assert published["Carla · Citas"] == "v4 Tono más breve"
    assert published["Elena · Urgencias"] == "Not published"


def test_agent_list_counts_the_numbers_of_an_agent_no_list_gives(
    client_of: SignIn, viewer: User, aurora: Project, orphan_phone: Phone
) -> None:
    client = client_of(viewer)

    row = _rows(client)["Unknown agent"]

    (link,) = row.iter("a")
    assert link.get("href") == f"/projects/aurora/phones/?inbound={orphan_phone.inbound_agent_id}"
    assert client.get(link.get("href")).context["total"] == 1


def test_agents_are_sorted_by_name_whatever_the_accents(client_of: SignIn, viewer: User, aurora: Project) -> None:
    Agent.objects.create(project=aurora, name="Ágata")
    Agent.objects.create(project=aurora, name="zoe")
    Agent.objects.create(project=aurora, name="Aaron", is_listed=False)
    forget_catalogues()

    names = list(_rows(client_of(viewer)))

    assert (names[0], names[-3:]) == ("Ágata", ["zoe", "Aaron", "Unknown agent"])


def test_agent_list_needs_as_many_queries_for_many_agents(
    client_of: SignIn, viewer: User, aurora: Project, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of(viewer)
    client.get(LIST)
    with django_assert_num_queries(6):
        client.get(LIST)

    agents = Agent.objects.bulk_create(Agent(project=aurora, name=f"Agent {number}") for number in range(30))
    add_phones(aurora, 1000, [agent.pk for agent in agents])
    forget_catalogues()

    with django_assert_num_queries(8):
        rows = _rows(client)
    assert len(rows) == 38


def test_agent_list_works_before_the_first_sync(client_of: SignIn, superuser: User) -> None:
    Project.objects.create(name="Empty", slug="empty")

    response = client_of(superuser).get("/projects/empty/agents/")

    assert response.status_code == 200
    assert "No agents were read yet." in response.content.decode()


# Many agents.


def _crowd(project: Project) -> None:
    agents = add_agents(project, *(f"Equipo {place:03} · Recepción" for place in range(193)), versions=8)
    add_phones(project, 30, [agents[7].pk])
    forget_catalogues()


def _names(page: HtmlElement) -> list[str]:
    return [(texts(row, ".//a") or [words(row)])[0] for row in page.xpath("//tbody/tr/th")]


def test_agent_list_shows_200_agents_fifty_a_page(client_of: SignIn, viewer: User, aurora: Project) -> None:
    _crowd(aurora)
    client = client_of(viewer)
    seen, url = [], LIST

    while url:
        page = read(client.get(url))
        seen.append(_names(page))
        (url,) = page.xpath("//a[@rel='next']/@href") or [""]

    assert [len(names) for names in seen] == [50, 50, 50, 50, 1]
    assert len({name for names in seen for name in names}) == 201
    assert seen[-1] == ["Unknown agent"]
    assert page.xpath("//a[@rel='prev']/@href") == [f"{LIST}?page=4"]
    assert "Page 5 of 5" in words(page.xpath("//nav[@class='foot']")[0])


def test_agent_list_sorts_what_was_found_and_keeps_both_in_its_address(
    client_of: SignIn, viewer: User, aurora: Project
) -> None:
    _crowd(aurora)
    client = client_of(viewer)

    page = read(client.get(LIST, {"q": "recepcion"}))
    (by_answers,) = page.xpath("//th[.//text()='Answers']/a/@href")
    most = read(client.get(by_answers))

    assert by_answers == f"{LIST}?q=recepcion&sort=-answers"
    assert _names(most)[0] == "Equipo 007 · Recepción"
    assert most.xpath("//th[@aria-sort]/@aria-sort") == ["descending"]
    assert most.xpath("//a[@rel='next']/@href") == [f"{LIST}?q=recepcion&sort=-answers&page=2"]
    assert "194 of 200 agents" in words(most.find(".//main"))
    (form,) = [form for form in most.forms if form.get("action") == LIST]
    assert dict(form.form_values()) == {"q": "recepcion", "sort": "-answers"}


def test_agent_list_goes_back_to_the_order_by_name(client_of: SignIn, viewer: User, aurora: Project) -> None:
    client = client_of(viewer)

    links = {query: read(client.get(LIST + query)).xpath("//th/a/@href")[0] for query in ("", "?sort=-name")}

    assert links == {"": f"{LIST}?sort=-name", "?sort=-name": LIST}


def test_agent_list_ignores_what_its_address_can_t_mean(client_of: SignIn, viewer: User, aurora: Project) -> None:
    client = client_of(viewer)
    usual = _names(read(client.get(LIST)))

    for query in ({"sort": "hue"}, {"sort": "-"}, {"page": "-1"}, {"page": "²"}, {"page": "9" * 50}, {"q": "\x00 "}):
        assert _names(read(client.get(LIST, query))) == usual


def test_agent_list_says_that_no_agent_matches(client_of: SignIn, viewer: User, aurora: Project) -> None:
    page = read(client_of(viewer).get(LIST, {"q": "nobody"}))

    assert texts(page, "//main//h2") == ["No agent matches"]
    assert page.xpath(f"//main//a[@href='{LIST}']") != []
    assert page.xpath("//table") == []
