"""The overview of a project."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from phones.diga.sandbox import Sandbox
from phones.models import Project
from phones.services.sync import passes
from tests.support.pages.pages import read
from tests.support.pages.settings_pages import text_of

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
OVERVIEW = "/projects/aurora/"
SETTINGS = "/projects/aurora/settings/"


def test_overview_shows_the_last_five_syncs_and_why_one_failed(
    client_of: SignIn, viewer: User, aurora: Project, sandbox: Sandbox
) -> None:
    for _number in range(5):
        passes.sync_project(project=aurora, clock=timezone.now)
    sandbox.keys.clear()
    passes.sync_project(project=aurora, clock=timezone.now)

    response = client_of(viewer).get(OVERVIEW)

    page = read(response)
    assert len(page.xpath("//table[caption='Last syncs']/tbody/tr")) == 5
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


@pytest.mark.parametrize("path", [OVERVIEW, SETTINGS, f"{SETTINGS}people/", "/projects/aurora/agents/"])
def test_a_stranger_finds_nothing(client_of: SignIn, stranger: User, aurora: Project, path: str) -> None:
    assert client_of(stranger).get(path).status_code == 404
