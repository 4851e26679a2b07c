"""The sentence on top of a number, and the button that leads to what puts it right."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from phones.diga.sandbox import Sandbox
from phones.models import Phone, Project
from tests.support.pages.pages import FOR_DRAWER, find, read, texts, url_of, version_of, words

ClientOf = Callable[[User], Client]
FIX = ".//a[@data-fix]"


@pytest.fixture
def client(client_of: ClientOf, router: User) -> Client:
    """The browser of somebody who may re-route."""
    return client_of(router)


@pytest.fixture
def emergencies(aurora: Project) -> Phone:
    """A phone whose agent has no published version."""
    return Phone.objects.get(number="+34900686427")


def test_healthy_number_names_agent_and_version(client: Client, sales_phone: Phone) -> None:
    who = find(read(client.get(url_of("phone_edit", sales_phone))), "who-answers")

    assert words(who) == "Bruno · Ventas v2 answers."
    assert who.xpath(FIX) == []


def test_nobody_answers_and_the_fix_opens_the_form_with_that_choice(
    client: Client, emergencies: Phone, sandbox: Sandbox
) -> None:
    tree = read(client.get(url_of("phone_edit", emergencies, "?q=urgencias")))
    who = find(tree, "who-answers")
    (fix,) = who.xpath(FIX)
    sandbox.journal.clear()

    given = read(client.get(fix.get("href"), headers=FOR_DRAWER))

    assert words(who) == (
        "Calls to this number reach nobody: Elena · Urgencias has no published version. Give it Alicia · Recepción v5"
    )
    assert fix.get("href") == fix.get("hx-get")
    assert find(given, "phone-form").get("action").endswith("?q=urgencias")
    assert find(given, "phone-form").get("data-typed") is not None
    assert find(given, "id_inbound_version_id").xpath(".//option[@selected]/@value") == [
        str(version_of(sandbox, "Alicia", 5))
    ]
    assert find(given, "phone-guard").get("hx-trigger", "").startswith("load, ")
    assert [received.method for received in sandbox.journal] == []
    emergencies.refresh_from_db()
    assert emergencies.inbound_agent_id == sandbox.projects["aurora"].agent("Elena").id


@pytest.mark.parametrize("give", ["nonsense", "00000000-0000-4000-8000-000000000000", "draft"])
def test_address_that_names_no_version_to_give_opens_the_form_as_it_is(
    client: Client, emergencies: Phone, sandbox: Sandbox, give: str
) -> None:
    draft = str(sandbox.projects["aurora"].agent("Alicia").draft.id)

    tree = read(client.get(url_of("phone_edit", emergencies, f"?give={draft if give == 'draft' else give}")))

    assert find(tree, "phone-form").get("data-typed") is None


def test_who_may_not_route_sees_no_button(client_of: ClientOf, labeller: User, emergencies: Phone) -> None:
    url = url_of("phone_edit", emergencies)

    tree = read(client_of(labeller).get(url))
    given = read(client_of(labeller).get(f"{url}?give={emergencies.inbound_agent_id}"))

    assert find(tree, "who-answers").xpath(FIX) == []
    assert find(given, "phone-form").get("data-typed") is None


def test_no_button_where_an_agent_would_not_help_or_saving_is_closed(
    client: Client, emergencies: Phone, released_phone: Phone
) -> None:
    quarantine = read(client.get(url_of("phone_edit", released_phone)))
    Project.objects.update(token_state="REJECTED")
    closed = read(client.get(url_of("phone_edit", emergencies)))

    assert texts(quarantine, FIX) == texts(closed, FIX) == []


def test_sentence_of_a_number_that_somebody_answers_takes_no_query(
    client: Client, sales_phone: Phone, emergencies: Phone, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for phone, expected in ((sales_phone, 7), (emergencies, 8)):
        url = url_of("phone_edit", phone)
        client.get(url, headers=FOR_DRAWER)
        with django_assert_num_queries(expected):
            client.get(url, headers=FOR_DRAWER)


def test_minutes_that_are_used_up_are_told_without_asking(client: Client, sales_phone: Phone, sandbox: Sandbox) -> None:
    now = timezone.now()
    Project.objects.update(minutes_read_at=now, minutes_out_until=now + timedelta(days=3))
    sandbox.journal.clear()

    who = find(read(client.get(url_of("phone_edit", sales_phone))), "who-answers")

    assert words(who) == "Calls to this number reach nobody: the minutes of the plan are used up."
    assert sandbox.journal == []
