"""The page of the agents."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from lxml.html import HtmlElement

from phones.models import Agent, AgentVersion, Phone, Project
from tests.pages import read

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


def _rows(client: Client) -> dict[str, HtmlElement]:
    page = read(client.get("/projects/aurora/agents/"))
    return {row.xpath(".//*[@class='cut']")[0].text: row for row in page.xpath("//tbody/tr")}


def test_agent_list_counts_what_each_agent_answers_and_dials_from(
    client_of: SignIn, viewer: User, aurora: Project
) -> None:
    agent = Agent.objects.get(project=aurora, name="Alicia · Recepción")
    inbound = Phone.objects.filter(project=aurora, inbound_agent_id=agent.pk).count()
    outbound = Phone.objects.filter(project=aurora, outbound_agent_id=agent.pk).count()

    links = {link.get("href"): link.text for link in _rows(client_of(viewer))["Alicia · Recepción"].iter("a")}

    assert links == {
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

    row = _rows(client_of(viewer))["Paula · Antigua"]

    assert "No longer in Diga" in row.text_content()


def test_agent_list_needs_as_many_queries_for_many_agents(
    client_of: SignIn, viewer: User, aurora: Project, django_assert_max_num_queries: pytest.FixtureRequest
) -> None:
    Agent.objects.bulk_create(Agent(project=aurora, name=f"Agent {number}") for number in range(30))

    client = client_of(viewer)

    with django_assert_max_num_queries(7):  # type: ignore[operator]
        rows = _rows(client)

    assert len(rows) == 37


def test_agent_list_works_before_the_first_sync(client_of: SignIn, superuser: User) -> None:
    Project.objects.create(name="Empty", slug="empty")

    response = client_of(superuser).get("/projects/empty/agents/")

    assert response.status_code == 200
    assert "No agents were read yet." in response.content.decode()
