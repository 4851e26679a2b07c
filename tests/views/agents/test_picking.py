"""The picker of agents: its select, the list below its box, and the versions that follow."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from lxml.html import HtmlElement, fragments_fromstring
from pytest_django import DjangoAssertNumQueries

from phones.diga.sandbox import Sandbox
from phones.forms.opened import kept_value
from phones.forms.phones import PhoneForm
from phones.models import Agent, Phone, Project
from phones.services.routing.catalogue import AgentEntry, catalogue_of
from phones.services.routing.lanes import Lane
from phones.views.parts.agent_picker import LaneChoice
from tests.support.database.agents import add_agents
from tests.support.pages.pages import FOR_DRAWER, find, open_phone, read, texts, url_of, version_of, words
from tests.support.pages.phone_forms import CATALOGUE, make_phone, version_id

ClientOf = Callable[[User], Client]
OPTIONS, VERSIONS = "/projects/aurora/agents/options/", "/projects/aurora/agents/versions/"
ALICIA = [(version_id(1, 1), "v1 · published"), (version_id(1, 2), "v2 “Summer” · saved")]
CARLA = [(version_id(3, 2), "v2 “Summer” · saved"), (version_id(3, 1), "v1 · saved")]


@pytest.fixture
def client(client_of: ClientOf, router: User) -> Client:
    """The browser of somebody who may change agents."""
    return client_of(router)


def choice_of(inbound: int | None) -> LaneChoice:
    form = PhoneForm(phone=make_phone(inbound=inbound), catalogue=CATALOGUE, can_route=True)
    return LaneChoice.of_phone(form, Lane.INBOUND)


def pairs(choice: LaneChoice, chosen: str) -> list[tuple[str, str]]:
    return [(option.value, option.label) for option in choice.options(chosen, CATALOGUE)]


def crowd(project: Project) -> None:
    """Give the project 193 more agents, which makes 200, each with eight versions."""
    add_agents(project, *(f"Equipo {place:03} · Recepción" for place in range(193)), versions=8)
    project.agents_changed_at = None
    project.save()


def lines(client: Client, typed: str = "", **query: Any) -> HtmlElement:
    """Return the list for these words."""
    answer = client.get(OPTIONS, {"words": typed} | query)
    assert answer.status_code == 200
    return fragments_fromstring(answer.content.decode())[0]


def names(tree: HtmlElement) -> list[str]:
    return texts(tree, ".//*[@class='picker-name']")


# The select.


def test_select_has_the_versions_of_one_agent_published_first_and_no_draft() -> None:
    choice = choice_of(1)

    assert pairs(choice, version_id(1, 1)) == [(version_id(1, 1), "v1 · published · unchanged"), ALICIA[1]]
    assert pairs(choice, version_id(3, 2)) == CARLA


@pytest.mark.parametrize(
    ("agent", "label", "others"),
    [
        (None, "No agent", []),
        (99, "Unknown agent", []),
        (3, "Carla · not published", CARLA),
        (4, "Gone · no longer in Diga", []),
    ],
)
def test_select_says_what_the_lane_holds_where_no_version_stands_for_it(
    agent: int | None, label: str, others: list[tuple[str, str]]
) -> None:
    assert pairs(choice_of(agent), "") == [("", label), *others]
    assert kept_value(uuid.UUID(int=agent) if agent else None, CATALOGUE) == ""


@pytest.mark.parametrize("agent", [1, 4, None])
def test_whole_list_has_a_group_an_agent_and_before_them_what_no_version_stands_for(agent: int | None) -> None:
    groups = list(choice_of(agent).groups("", CATALOGUE))

    assert [name for name, _options in groups] == ([] if agent == 1 else [""]) + ["Alicia", "Bruno", "Carla"]
    assert [(option.value, option.label) for option in groups[-1][1]] == [
        (value, f"Carla · {label}") for value, label in CARLA
    ]


# The list below the box.


def test_found_agents_say_version_numbers_and_what_choosing_them_does(
    client: Client, aurora: Project, spare_phone: Phone
) -> None:
    tree = lines(client, use="phone", lane="inbound", phone=spare_phone.pk)

    (alicia,) = tree.xpath(".//li[starts-with(@data-name, 'Alicia')]")
    (gema,) = tree.xpath(".//li[starts-with(@data-name, 'Gema')]")
    alicias = Phone.objects.filter(project=aurora, missing_since=None, inbound_agent_id=agent_of(aurora, "Alicia").id)
    assert words(alicia) == f"A Alicia · Recepción published v5 answers {alicias.count()} joins"
    assert words(gema) == "G Gema · Fisioterapia not published answers 0 publishes"
    assert names(tree)[-1] == "No agent"
    assert has_mark(lines(client, use="plan", lane="inbound")) is False


def test_words_find_agents_and_what_is_none(client: Client, spare_phone: Phone) -> None:
    query = {"lane": "outbound", "use": "phone", "phone": spare_phone.pk}

    assert names(lines(client, "CITAS car", **query)) == ["Carla · Citas"]
    assert names(lines(client, "no agent", **query)) == ["No agent"]
    assert names(lines(client, "no agent", use="plan")) == []
    assert names(lines(client, "agent", use="filter")) == ["Every agent", "No agent", "Unknown agent"]


def test_agent_that_left_diga_is_found_in_the_history_alone(client: Client, aurora: Project) -> None:
    Agent.objects.filter(project=aurora, name__startswith="Gema").update(is_listed=False)
    Project.objects.update(agents_changed_at=timezone.now())

    assert names(lines(client, "gema", use="history")) == ["Gema · Fisioterapia"]
    assert names(lines(client, "gema", use="filter")) == []
    assert names(lines(client, "agent", use="history")) == ["Every agent"]


def test_agent_of_the_lane_is_marked_as_it_is_now(client: Client, aurora: Project, reception_phone: Phone) -> None:
    tree = lines(client, "alicia", use="phone", lane="inbound", phone=reception_phone.pk)

    assert words(tree).endswith("as now")
    assert has_mark(tree) is False


def test_marks_are_for_those_who_may_route(client_of: ClientOf, labeller: User, spare_phone: Phone) -> None:
    tree = lines(client_of(labeller), use="phone", lane="inbound", phone=spare_phone.pk)

    assert names(tree) != []
    assert has_mark(tree) is False


def test_phone_of_another_project_is_not_found(client: Client, talleres: Project) -> None:
    foreign = Phone.objects.filter(project=talleres)[0]

    for phone_id in (foreign.pk, "nonsense"):
        for url in (OPTIONS, VERSIONS):
            assert client.get(url, {"use": "phone", "phone": str(phone_id)}).status_code == 404


def test_second_lane_that_follows_counts_in_the_mark(client: Client, sandbox: Sandbox, spare_phone: Phone) -> None:
    """One save can't publish two versions of one agent, but it can give one version to both lanes."""
    form = open_phone(client, spare_phone).values
    wanted = {"outbound_version_id": str(version_of(sandbox, "Elena", 2)), "words": "elena", "lane": "inbound"}
    query = form | wanted | {"use": "phone", "phone": str(spare_phone.pk)}

    apart = fragments_fromstring(client.get(OPTIONS, query).content.decode())[0]
    together = fragments_fromstring(client.get(OPTIONS, query | {"both_directions": "on"}).content.decode())[0]

    assert (marks(apart), marks(together)) == (["refused"], ["publishes"])


# The versions.


def test_versions_of_the_chosen_agent_carry_their_marks(client: Client, sandbox: Sandbox, spare_phone: Phone) -> None:
    chosen = str(version_of(sandbox, "Dora", 2))
    form = open_phone(client, spare_phone).values | {"inbound_version_id": chosen}

    answer = client.get(VERSIONS, form | {"lane": "inbound", "phone": str(spare_phone.pk)})

    select = fragments_fromstring(f"<select>{answer.content.decode()}</select>")[0]
    assert [label.rpartition(" · ")[2] for label in texts(select, "./option")] == ["joins", "refused"]
    assert select.xpath("./option[@selected]/@value") == [chosen]
    assert select.xpath("./option/@data-agent") == ["Dora · Encuestas"]


def test_versions_without_a_phone_have_no_marks(client: Client, sandbox: Sandbox) -> None:
    answer = client.get(VERSIONS, {"lane": "outbound", "outbound_version_id": str(version_of(sandbox, "Dora", 2))})

    select = fragments_fromstring(f"<select>{answer.content.decode()}</select>")[0]
    assert [label.rpartition(" · ")[2] for label in texts(select, "./option")] == ["published", "saved"]


# Weight.


def test_drawer_is_as_light_with_200_agents_as_with_seven(client: Client, aurora: Project, sales_phone: Phone) -> None:
    url = url_of("phone_edit", sales_phone)
    few = len(client.get(url, headers=FOR_DRAWER).content)

    crowd(aurora)

    many = client.get(url, headers=FOR_DRAWER).content
    # Where static files have hashed names it has some 250 more.
    assert len(many) <= 14_500
    assert abs(len(many) - few) <= 100
    assert len(find(read(client.get(url)), "phone-form").xpath(".//option")) <= 16


@pytest.mark.parametrize(
    ("url", "fields"),
    [("/projects/aurora/phones/", ("inbound", "outbound")), ("/projects/aurora/changes/", ("agent",))],
)
def test_filters_offer_few_of_200_agents(client: Client, aurora: Project, url: str, fields: tuple[str, ...]) -> None:
    few = len(client.get(url).content)
    crowd(aurora)
    last = agent_of(aurora, "Equipo 192")

    page = client.get(url, {fields[0]: str(last.id)})

    tree = read(page)
    boxes = tree.xpath("//*[@data-filter]//input[@role='combobox']")
    assert [box.get("value") for box in boxes] == [last.name, *[""] * (len(fields) - 1)]
    for field in fields:
        labels = texts(tree, f"//select[@name='{field}']/option")
        assert len(labels) <= 25
        assert labels[-1] in {"179 more: see Agents", "180 more: see Agents"}
    assert tree.xpath(f"//select[@name='{fields[0]}']/option[@selected]/text()") == [last.name]
    assert len(client.get(url).content) <= few + 6_000


def test_few_agents_are_a_select_alone(client: Client, aurora: Project) -> None:
    tree = read(client.get("/projects/aurora/phones/"))

    assert tree.xpath("//*[@data-filter]") == []
    assert tree.xpath("//select[@name='inbound']/option[@disabled]") == []


def test_list_below_the_box_has_twenty_agents_at_most(
    client: Client, aurora: Project, spare_phone: Phone, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    query = {"use": "phone", "lane": "inbound", "phone": spare_phone.pk}
    crowd(aurora)
    few = lines(client, "carla", **query)

    with django_assert_num_queries(10):
        lines(client, "carla", **query)
    with django_assert_num_queries(10):
        many = lines(client, "recepcion equipo", **query)

    assert (len(names(few)), len(names(many))) == (1, 20)


# Without scripts.


def test_without_scripts_the_form_is_asked_for_again_with_every_agent(client: Client, spare_phone: Phone) -> None:
    page = find(read(client.get(url_of("phone_edit", spare_phone))), "phone-form")
    (button, _other) = page.xpath(".//noscript/button[@name='picker']")

    answer = open_phone(client, spare_phone).send(nickname="Not yet sent", picker=button.get("value"))

    form = find(read(answer), "phone-form")
    assert form.xpath(".//input[@name='nickname']/@value") == ["Not yet sent"]
    assert form.xpath(".//select[@name='inbound_version_id']/optgroup/@label")[:2] == [
        "Alicia · Recepción",
        "Bruno · Ventas",
    ]
    assert form.xpath(".//button[@name='picker']") == []


def agent_of(project: Project, name: str) -> AgentEntry:
    return next(agent for agent in catalogue_of(project).agents if agent.name.startswith(name))


def marks(tree: HtmlElement) -> list[str]:
    return texts(tree, ".//*[contains(@class, 'state')]")


def has_mark(tree: HtmlElement) -> bool:
    return bool(marks(tree))
