"""What pages say of the age of our copy, and how they behave while Diga is silent."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from lxml.html import HtmlElement

from phones.diga.sandbox import Fault, Sandbox
from phones.models import Phone, Project
from tests.support.pages.pages import FOR_DRAWER, find, has, open_phone, read, words

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
LIST = "/projects/aurora/phones/"
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.fixture
def noon() -> Iterator[None]:
    """Stop the clock at noon."""
    with time_machine.travel(NOON, tick=False):
        yield


def freshness(client: Client) -> HtmlElement:
    return find(read(client.get(LIST)), "freshness")


@pytest.mark.parametrize(
    ("passed", "row_age", "is_stale", "summary"),
    [
        (timedelta(0), "now", False, "Updated just now"),
        (timedelta(seconds=59), "now", False, "Updated just now"),
        (timedelta(minutes=61), "1 h", True, "Updated 1 hour ago"),
        (timedelta(hours=25), "1 d", True, "Updated 1 day ago"),
    ],
)
def test_ages_of_list_and_row_at_a_frozen_clock(
    client_of: SignIn,
    viewer: User,
    aurora: Project,
    sales_phone: Phone,
    noon: None,
    passed: timedelta,
    row_age: str,
    is_stale: bool,
    summary: str,
) -> None:
    Project.objects.update(synced_at=NOON - passed, confirmed_at=NOON - passed)
    # The pass has confirmed what was read long before.
    Phone.objects.update(fetched_at=NOON - timedelta(days=9))

    page = read(client_of(viewer).get(LIST))

    row = find(page, f"phone-{sales_phone.pk}")
    assert words(row.xpath(".//time")[0]) == row_age
    assert row.xpath(".//time/@datetime") == [(NOON - passed).isoformat()]
    assert (row.get("class") == "is-stale") == is_stale
    assert summary in words(find(page, "freshness"))
    assert find(page, "freshness").xpath(".//summary/@class")[0].endswith("fresh-stale") == is_stale


@pytest.mark.usefixtures("noon")
def test_last_success_and_last_attempt_stand_apart(client_of: SignIn, viewer: User, aurora: Project) -> None:
    Project.objects.update(
        synced_at=NOON - timedelta(hours=2), sync_tried_at=NOON - timedelta(minutes=3), sync_cause="server_error"
    )

    details = freshness(client_of(viewer))
    text = words(details)

    assert "Last complete sync 11:00 Last attempt 12:57" in text
    assert details.xpath(".//dd/time/@title") == ["2026-11-25 11:00:00 CET", "2026-11-25 12:57:00 CET"]
    assert "The last attempt failed. Diga has a problem of its own." in text


def test_the_page_has_the_words_with_which_ages_go_on(client_of: SignIn, viewer: User, aurora: Project) -> None:
    ages = find(read(client_of(viewer).get(LIST)), "ages")

    kept = json.loads(ages.get("data-words"))
    assert kept["short"] == {
        "now": "now",
        "d": ["%(count)d d"] * 2,
        "h": ["%(count)d h"] * 2,
        "min": ["%(count)d min"] * 2,
    }
    assert kept["long"]["min"] == ["%(count)d minute ago", "%(count)d minutes ago"]
    assert kept["stale"] == 3600


def test_the_clock_of_the_page_is_the_servers(client_of: SignIn, viewer: User, aurora: Project, noon: None) -> None:
    assert find(read(client_of(viewer).get(LIST)), "ages").get("data-now") == str(int(NOON.timestamp()))


@pytest.fixture
def silent(aurora: Project) -> Project:
    """A project whose Diga has not answered for a while."""
    Project.objects.filter(pk=aurora.pk).update(unreachable_since=NOON, unreachable_cause="connect_timeout")
    aurora.refresh_from_db()
    return aurora


def test_while_diga_is_silent_every_page_says_so_and_nothing_can_be_saved(
    client_of: SignIn, router: User, silent: Project, sales_phone: Phone
) -> None:
    client = client_of(router)

    page = read(client.get(f"{LIST}{sales_phone.pk}/"))

    assert "Diga has not answered since 13:00:00." in words(find(page, "problems"))
    assert "took too long to connect" in words(find(page, "drawer"))
    assert not has(page, "phone-form")
    assert not page.xpath("//a[@data-rename]")
    assert find(page, "read-state").get("hx-trigger") == "load"


def test_the_page_opens_again_with_the_first_answer(
    client_of: SignIn, router: User, silent: Project, sales_phone: Phone
) -> None:
    client = client_of(router)
    address = reverse("phone_reread", args=["aurora", sales_phone.pk])

    response = client.post(address, headers={"HX-Request": "true", "HX-Target": "read-state"})

    assert response["HX-Refresh"] == "true"
    page = read(client.get(f"{LIST}{sales_phone.pk}/"))
    assert has(page, "phone-form")
    assert words(find(page, "problems")) == ""


def test_typed_text_is_kept_when_diga_falls_silent_during_a_save(
    client_of: SignIn, router: User, aurora: Project, sales_phone: Phone, sandbox: Sandbox
) -> None:
    form = open_phone(client_of(router), sales_phone)
    sandbox.faults.add(Fault("status", status=503, times=None))

    response = form.send(nickname="Ventas nuevas", headers=FOR_DRAWER)

    assert response.status_code == 502
    assert find(read(response), "phone-form").xpath(".//input[@name='nickname']/@value") == ["Ventas nuevas"]


def test_a_row_is_read_again_where_it_stands(
    client_of: SignIn, viewer: User, aurora: Project, sales_phone: Phone, sandbox: Sandbox
) -> None:
    sandbox.projects["aurora"].phones[sales_phone.pk].nickname = "Ventas Nerja"

    response = client_of(viewer).post(
        reverse("phone_reread", args=["aurora", sales_phone.pk]),
        headers={"HX-Request": "true", "HX-Target": f"phone-{sales_phone.pk}"},
    )

    row = read(response)
    assert (row.tag, row.get("id")) == ("tr", f"phone-{sales_phone.pk}")
    assert "Ventas Nerja" in words(row)
    assert words(row.xpath(".//*[@role='status']")[0]) == "Checked again"


def test_a_row_that_cannot_be_read_says_why_and_keeps_its_age(
    client_of: SignIn, viewer: User, aurora: Project, sales_phone: Phone, sandbox: Sandbox
) -> None:
    Project.objects.update(confirmed_at=sales_phone.fetched_at - timedelta(minutes=7))
    Phone.objects.update(fetched_at=sales_phone.fetched_at - timedelta(minutes=8))
    sandbox.faults.add(Fault("status", status=503, times=None))

    response = client_of(viewer).post(
        reverse("phone_reread", args=["aurora", sales_phone.pk]),
        headers={"HX-Request": "true", "HX-Target": f"phone-{sales_phone.pk}"},
    )

    row = read(response)
    assert response.status_code == 502
    assert words(row.xpath(".//*[@role='status']")[0]) == "Not read from Diga"
    assert words(row.xpath(".//time")[0]) == "7 min"
