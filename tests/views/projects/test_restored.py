"""A restored copy: who reads what, and the page on which a superuser lets it go on."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from bench.rig.plans import make_plan, phones_of
from phones.models import Act, Plan, PlanState, Project, Schedule
from phones.services.audit.chain.heads import NUMBER_LENGTH, head_path
from phones.services.installation import instances
from phones.services.routing.edits import PhoneEdit
from tests.support.desk.scheduled import HOUR
from tests.support.pages.pages import read, texts, words

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
NOTICE = "//p[contains(@class, 'guard')]"
OVERVIEW, PAGE = "/projects/aurora/", "/restored/"


@pytest.fixture
def restored(settings: Settings, tmp_path: Path) -> Path:
    """Let this process run from a folder that the database does not know."""
    for name in ("original", "copy"):
        settings.DATA_DIR = tmp_path / name
        settings.DATA_DIR.mkdir()
        instances.note_own(timezone.now())
    return tmp_path / "copy"


def notices(client: Client) -> list[str]:
    """Return what the overview says about the copy, with the addresses of its links."""
    page = read(client.get(OVERVIEW))
    return [*texts(page, NOTICE), *page.xpath(f"{NOTICE}//a/@href")]


def test_superuser_finds_the_way_to_the_page(
    client_of: ClientOf, superuser: User, aurora: Project, restored: Path
) -> None:
    assert notices(client_of(superuser)) == [
        "The database seems to be a restored copy, so no plan goes on and nothing set for a time is done. "
        "See what waits, and let it go on",
        PAGE,
    ]


def test_others_read_who_lets_it_go_on(client_of: ClientOf, admin: User, aurora: Project, restored: Path) -> None:
    assert notices(client_of(admin)) == [
        "The database seems to be a restored copy, so no plan goes on and nothing set for a time is done. "
        "An administrator of this server lets it go on."
    ]


def test_page_counts_what_waits_in_each_project(
    client_of: ClientOf,
    superuser: User,
    lead: User,
    aurora: Project,
    talleres: Project,
    lunch: Schedule,
    restored: Path,
) -> None:
    Schedule.objects.update(due_at=timezone.now() - HOUR)
    plan = make_plan(lead, phones_of(aurora, 3), PhoneEdit(nickname="Restored"))
    Plan.objects.filter(pk=plan.pk).update(state=PlanState.RUNNING)

    page = read(client_of(superuser).get(PAGE))

    assert texts(page, "//main//ul[@class='line-list']/li") == [
        "Aurora 1 plan runs 1 thing is put back 1 of them is past its time, and is done within a minute"
    ]
    assert page.xpath("//main//li//a/@href") == ["/projects/aurora/plans/", "/projects/aurora/schedules/"]
    assert texts(page, "//main//form//button") == ["Let all of it go on"]


def test_superuser_lets_it_go_on_and_that_is_an_act(
    client_of: ClientOf, superuser: User, aurora: Project, restored: Path
) -> None:
    client = client_of(superuser)

    response = client.post(PAGE, follow=True)

    assert response.redirect_chain == [(PAGE, 302)]
    assert "Plans and what is set for a time go on." in words(read(response))
    assert not instances.is_foreign()
    act = Act.objects.get(kind="COPY_RELEASED")
    assert (act.actor, act.project) == (superuser, None)
    assert notices(client) == []


@pytest.mark.parametrize("person", ["admin", "lead", "viewer"])
def test_nobody_else_lets_it_go_on(
    client_of: ClientOf, aurora: Project, restored: Path, request: pytest.FixtureRequest, person: str
) -> None:
    response = client_of(request.getfixturevalue(person)).post(PAGE)

    assert (response.status_code, instances.is_foreign()) == (403, True)


def test_second_click_changes_nothing(client_of: ClientOf, superuser: User, aurora: Project, restored: Path) -> None:
    client = client_of(superuser)
    client.post(PAGE)

    page = read(client.post(PAGE, follow=True))

    assert "Nothing waited any more. Nothing was changed." in words(page)
    assert texts(page, "//main//h2") == ["Nothing is held back"]
    assert page.xpath("//main//form") == []
    assert Act.objects.filter(kind="COPY_RELEASED").count() == 1


def test_project_with_a_break_says_that_it_waits_on(
    client_of: ClientOf, superuser: User, aurora: Project, lunch: Schedule, restored: Path
) -> None:
    path = head_path(aurora.pk)
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{10**6:0{NUMBER_LENGTH}d} {'a' * 64}\n")

    page = read(client_of(superuser).get(PAGE))

    assert texts(page, "//main//li/span[@class='hint']") == [
        "This project waits on, until an administrator has acknowledged the break on the page of changes."
    ]
