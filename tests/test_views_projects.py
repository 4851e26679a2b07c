"""The overview of a project."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from phones.diga.sandbox import Sandbox
from phones.models import Phone, Project
from phones.services import syncing
from tests.pages import Answer, read
from tests.settings_pages import text_of

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
OVERVIEW = "/projects/aurora/"
SETTINGS = "/projects/aurora/settings/"


def _cards(response: Answer) -> list[tuple[str, int, str]]:
    cards = read(response).xpath("//div[contains(@class, 'queue')]/a")
    return [(card.find("strong").text, int(card.find("b").text.replace(",", "")), card.get("href")) for card in cards]


def test_each_count_of_the_queue_is_the_total_of_the_list_it_leads_to(
    client_of: SignIn, viewer: User, aurora: Project, sales_phone: Phone
) -> None:
    Phone.objects.filter(pk=sales_phone.pk).update(missing_since=timezone.now())
    client = client_of(viewer)

    cards = _cards(client.get(OVERVIEW))

    assert [(title, url) for title, _count, url in cards] == [
        ("No inbound agent", "/projects/aurora/phones/?status=assigned&inbound=none"),
        ("Agent unknown", "/projects/aurora/phones/?inbound=unknown"),
        ("Waiting for verification", "/projects/aurora/phones/?status=pending_verification"),
        ("In quarantine", "/projects/aurora/phones/?status=released"),
        ("Unknown to Diga", "/projects/aurora/phones/?status=missing"),
    ]
    assert all(count > 0 for _title, count, _url in cards)
    for title, count, url in cards:
        assert client.get(url).context["total"] == count, title


def test_overview_shows_the_last_five_syncs_and_why_one_failed(
    client_of: SignIn, viewer: User, aurora: Project, sandbox: Sandbox
) -> None:
    for _number in range(5):
        syncing.sync_project(project=aurora, clock=timezone.now)
    sandbox.keys.clear()
    syncing.sync_project(project=aurora, clock=timezone.now)

    response = client_of(viewer).get(OVERVIEW)

    page = read(response)
    assert len(page.xpath("//table/tbody/tr")) == 5
    assert "Last sync failed" in text_of(response)
    assert text_of(response).count("Diga no longer accepts the API key.") >= 2


@pytest.mark.parametrize(("hours", "word"), [(0.5, "Fresh"), (2, "Old")])
def test_overview_says_how_fresh_the_copy_is(
    client_of: SignIn, viewer: User, aurora: Project, hours: float, word: str
) -> None:
    Project.objects.filter(pk=aurora.pk).update(synced_at=timezone.now() - timedelta(hours=hours))

    page = read(client_of(viewer).get(OVERVIEW))

    (state,) = page.xpath("//section[@aria-labelledby='fresh']/header/span")
    assert state.text_content() == word


def test_overview_of_a_project_that_was_never_synced(client_of: SignIn, superuser: User) -> None:
    Project.objects.create(name="Empty", slug="empty")

    response = client_of(superuser).get("/projects/empty/")

    assert response.status_code == 200
    assert "Nobody has changed a number here yet." in text_of(response)


def test_overview_takes_as_many_queries_for_many_phones(
    client_of: SignIn, viewer: User, aurora: Project, django_assert_max_num_queries: pytest.FixtureRequest
) -> None:
    client = client_of(viewer)
    client.get(OVERVIEW)

    with django_assert_max_num_queries(10):  # type: ignore[operator]
        client.get(OVERVIEW)


@pytest.mark.parametrize("path", [OVERVIEW, SETTINGS, f"{SETTINGS}people/", "/projects/aurora/agents/"])
def test_a_stranger_finds_nothing(client_of: SignIn, stranger: User, aurora: Project, path: str) -> None:
    assert client_of(stranger).get(path).status_code == 404
