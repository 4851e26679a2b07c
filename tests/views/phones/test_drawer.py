"""One phone beside the list: as a page and as a fragment, and what each role and status opens."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from lxml.etree import strip_elements
from pytest_django import DjangoAssertNumQueries

from phones.diga.sandbox import Sandbox
from phones.models import Change, Membership, Outcome, Phone, Project
from phones.services.projects import keys
from tests.support.database.history import add_changes
from tests.support.database.tampering import alter
from tests.support.pages.pages import FOR_DRAWER, find, has, open_phone, read, texts, url_of, version_of, words

LIST = "/projects/aurora/phones/"
ClientOf = Callable[[User], Client]


@pytest.fixture
def client(client_of: ClientOf, router: User) -> Client:
    """The browser of somebody who may rename and re-route."""
    return client_of(router)


def test_drawer_is_in_the_page_and_alone_for_htmx(client: Client, sales_phone: Phone) -> None:
    url = url_of("phone_edit", sales_phone, "?q=ventas")

    page, fragment = read(client.get(url)), read(client.get(url, headers=FOR_DRAWER))

    assert fragment.get("id") == "drawer"
    # A fragment is for scripts.
    assert fragment.xpath(".//noscript") == []
    strip_elements(page, "noscript", with_tail=False)
    assert words(find(page, "drawer")) == words(fragment)
    assert find(page, "finder").get("value") == "ventas"
    assert words(page.find(".//title")) == "+34 951 44 12 46 · Aurora · Phone Desk"
    assert fragment.xpath(".//a[@data-close]/@href") == [LIST + "?q=ventas"]
    assert fragment.xpath(".//template") == []


def test_drawer_shows_facts_instead_of_a_form_to_a_viewer(
    client_of: ClientOf, viewer: User, labeller: User, admin: User, sales_phone: Phone
) -> None:
    Membership.objects.filter(user=admin).update(role="VIEWER")
    tree = read(client_of(viewer).get(url_of("phone_edit", sales_phone)))

    assert not has(tree, "phone-form")
    told = "Your role shows numbers but doesn’t change them. Who can: Labeller Ruiz."
    assert told in words(find(tree, "drawer"))


def test_drawer_has_no_lanes_for_a_labeller(client_of: ClientOf, labeller: User, sales_phone: Phone) -> None:
    form = find(read(client_of(labeller).get(url_of("phone_edit", sales_phone))), "phone-form")

    assert form.xpath(".//fieldset") == []
    assert not has(form, "phone-guard")
    assert form.xpath(".//input[@type='text']/@name") == ["nickname", "reason", "ticket"]


@pytest.mark.parametrize(
    ("fixture", "why", "fields"),
    [
        ("reserved_phone", "reserved and not active yet", ["nickname", "reason", "ticket"]),
        ("pending_phone", "Diga is still verifying it", ["nickname", "reason", "ticket"]),
        ("released_phone", "given back and is in quarantine", []),
        ("finished_phone", "no longer belongs to the project", []),
    ],
)
def test_drawer_opens_what_the_status_allows_and_says_why_not_more(
    request: pytest.FixtureRequest, client: Client, fixture: str, why: str, fields: list[str]
) -> None:
    phone: Phone = request.getfixturevalue(fixture)

    drawer = find(read(client.get(url_of("phone_edit", phone))), "drawer")

    assert [why in text for text in texts(drawer, ".//p[contains(@class, 'is-off')]")] == [True]
    assert drawer.xpath(".//input[@type='text']/@name") == fields
    assert drawer.xpath(".//select") == []


def test_drawer_is_read_only_while_the_key_is_rejected(client: Client, aurora: Project, sales_phone: Phone) -> None:
    Project.objects.update(token_state="REJECTED")

    tree = read(client.get(url_of("phone_edit", sales_phone)))

    assert not has(tree, "phone-form")
    assert "no longer accepts the API key" in words(find(tree, "problems"))
    assert find(tree, "read-state").get("hx-trigger") is None


@pytest.mark.parametrize("headers", [{}, FOR_DRAWER])
def test_queries_of_the_drawer_do_not_grow(
    client: Client,
    aurora: Project,
    sales_phone: Phone,
    headers: dict[str, str],
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    url = url_of("phone_edit", sales_phone)
    client.get(url)
    # The session, the person, their projects, the phone, its problems, history and what is set for a time; the list
    # with what is set there, and the shell, if asked for.
    expected = 7 if headers else 10

    add_changes(sales_phone, 1)
    with django_assert_num_queries(expected):
        assert texts(read(client.get(url, headers=headers)), ".//ol[@class='line']/li") != []
    add_changes(sales_phone, 30)
    with django_assert_num_queries(expected):
        tree = read(client.get(url, headers=headers))
    assert len(tree.xpath(".//ol[@class='line']/li")) == 8
    assert tree.xpath(".//a[text()='All changes of this number']/@href") == [
        f"/projects/aurora/changes/?phone={sales_phone.pk}"
    ]


@pytest.mark.parametrize("query", ["", "?q=ventas"])
def test_reread_without_htmx_leads_back_to_the_fresh_page(
    client: Client, sandbox: Sandbox, sales_phone: Phone, query: str
) -> None:
    sandbox.phones[sales_phone.pk].nickname = "De Marta"
    again = find(read(client.get(url_of("phone_edit", sales_phone, query))), "read-again")

    response = client.post(again.get("formaction") or "")

    assert (response.status_code, response["Location"]) == (302, url_of("phone_edit", sales_phone, query))
    assert find(read(client.get(response["Location"])), "id_nickname").get("value") == "De Marta"


@pytest.mark.parametrize("has_moved", [False, True])
def test_reread_with_htmx_says_whether_the_copy_was_right(
    client: Client, sandbox: Sandbox, sales_phone: Phone, has_moved: bool
) -> None:
    if has_moved:
        sandbox.phones[sales_phone.pk].nickname = "De Marta"

    response = client.post(
        url_of("phone_reread", sales_phone), headers={"HX-Request": "true", "HX-Target": "read-state"}
    )

    state = read(response)
    assert (response.status_code, state.get("id"), state.get("hx-trigger")) == (200, "read-state", None)
    assert ("Diga has other values now than this form shows." in words(state)) == has_moved
    assert texts(state, ".//template//td[@class='c-alias']//span[@title]") == [
        "De Marta" if has_moved else "Ventas Costa del Sol"
    ]


def test_reread_of_what_diga_no_longer_knows_marks_it(client: Client, sandbox: Sandbox, sales_phone: Phone) -> None:
    sandbox.phones.remove(sales_phone.pk)

    response = client.post(url_of("phone_reread", sales_phone), headers={"HX-Request": "true"})

    page = read(client.get(url_of("phone_edit", sales_phone)))
    assert response.status_code == 404
    assert texts(read(response), ".//template//td[@class='c-state']") == ["Unknown to Diga"]
    assert "Diga does not know this number any more, so it is read-only." in words(find(page, "drawer"))
    assert not has(page, "phone-form")


def test_reread_without_key_says_so(client: Client, aurora: Project, sales_phone: Phone) -> None:
    keys.disconnect(project=aurora, actor=None, now=timezone.now())

    response = client.post(url_of("phone_reread", sales_phone), headers={"HX-Request": "true"})

    assert response.status_code == 422
    assert "This project has no API key that can be used." in words(read(response))


def test_queries_of_the_guard_are_few(
    client: Client, sandbox: Sandbox, spare_phone: Phone, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    values = open_phone(client, spare_phone).values

    # The session, the person, their projects, the phone, and the other numbers of the agent, 1 and 18 of them: those it
    # answers, and those it dials from.
    for agent, number in (("Hugo", 7), ("Alicia", 6)):
        with django_assert_num_queries(6):
            client.get(
                url_of("phone_guard", spare_phone),
                values | {"inbound_version_id": str(version_of(sandbox, agent, number))},
            )


def test_who_else_has_the_number_open_is_said_softly(
    client: Client, client_of: ClientOf, lead: User, sales_phone: Phone
) -> None:
    url, headers = url_of("phone_reread", sales_phone), {"HX-Request": "true", "HX-Target": "read-state"}
    alone = client_of(lead).post(url, headers=headers)

    response = client.post(url, headers=headers)

    assert "opened this" not in words(read(alone))
    assert texts(read(response), "./span[contains(@class, 'is-info')]") == ["Lead Ruiz opened this just now"]
    assert has(read(client.get(url_of("phone_edit", sales_phone))), "phone-form")


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (Outcome.UNKNOWN, "It is looked at again at 2026-10-09 10:45:00 CEST."),
        (Outcome.PENDING, "We read it by ourselves, and say here what we find."),
    ],
)
def test_save_whose_outcome_is_not_known_is_shown_on_the_number_and_the_form_stays(
    client: Client, sales_phone: Phone, outcome: Outcome, told: str
) -> None:
    url = url_of("phone_edit", sales_phone)
    add_changes(sales_phone, 1)
    alter(Change.objects.all(), outcome=outcome, next_look_at=datetime(2026, 10, 9, 8, 45, tzinfo=UTC))

    page = read(client.get(url))

    (note,) = page.xpath("//section[@aria-label='Not known yet']")
    assert "We don’t know whether Diga applied what was sent at" in words(note)
    assert told in words(note)
    assert has(page, "phone-form")

    add_changes(sales_phone, 1)
    assert read(client.get(url)).xpath("//section[@aria-label='Not known yet']") == []


def test_agents_of_a_number_lead_to_their_pages(
    client_of: ClientOf, viewer: User, router: User, sales_phone: Phone
) -> None:
    page = f"/projects/aurora/agents/{sales_phone.inbound_agent_id}/"

    for person in (viewer, router):
        drawer = read(client_of(person).get(url_of("phone_edit", sales_phone)))

        assert drawer.xpath("//aside//a[@class='to-agent']/@href") == [page, page]


def test_change_that_was_undone_is_marked_in_the_history_of_its_number(client: Client, sales_phone: Phone) -> None:
    (change,) = add_changes(sales_phone, 1)
    (back,) = add_changes(sales_phone, 1, reverts=change)

    marks = texts(
        read(client.get(url_of("phone_edit", sales_phone))), ".//ol[@class='line']/li/div[contains(@class, 'state')]"
    )

    assert marks == [f"Undone #{back.pk}"]
