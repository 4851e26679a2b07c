"""The key of a project and its settings, and that the key is on no page."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from phones.diga.sandbox import Sandbox
from phones.models import Phone, Project, SyncRun, TokenState
from phones.services.projects import keys
from tests.fixtures.desk import Canary
from tests.support.desk.saving import before_answering
from tests.support.pages.settings_pages import abilities_in, text_of

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
OVERVIEW = "/projects/aurora/"
SETTINGS = "/projects/aurora/settings/"
SYNC = "/projects/aurora/sync/"
FRESHNESS = {"HX-Request": "true", "HX-Target": "freshness"}


@pytest.mark.parametrize("role", ["viewer", "labeller", "router", "lead"])
@pytest.mark.parametrize("path", [SETTINGS, f"{SETTINGS}disconnect/"])
def test_settings_are_for_administrators(
    client_of: SignIn, request: pytest.FixtureRequest, role: str, path: str
) -> None:
    client = client_of(request.getfixturevalue(role))

    assert client.get(path).status_code == 403
    assert client.post(path).status_code == 403


def test_settings_show_the_key_by_its_last_four(client_of: SignIn, admin: User, canary: Canary) -> None:
    response = client_of(admin).get(SETTINGS)

    page = text_of(response)
    assert "••••e4Uo" in page
    assert "Last accepted just now" in page
    assert canary.found_in(response.content) == []


def test_a_key_is_replaced_after_it_has_passed(
    client_of: SignIn, admin: User, aurora: Project, sandbox: Sandbox
) -> None:
    response = client_of(admin).post(SETTINGS, {"key": sandbox.key(name="nocalls")}, follow=True)

    assert response.redirect_chain == [(SETTINGS, 302)]
    assert "The new key is checked and kept" in text_of(response)
    assert abilities_in(response)["Read calls"] == "Not allowed"
    aurora.refresh_from_db()
    assert aurora.open_token() == sandbox.key(name="nocalls")
    assert aurora.token_by == admin


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("", "Paste the API key. Nothing was changed."),
        ("sandbox-aurora-noagents", "It lacks a right that is needed here"),
        ("sandbox-talleres-full", "The key opens another Diga project than the one whose phones are here."),
        ("a-key-of-nobody-at-all", "Diga does not accept this key."),
    ],
)
def test_a_key_that_does_not_pass_leaves_the_old_one(
    client_of: SignIn, admin: User, aurora: Project, sandbox: Sandbox, key: str, words: str
) -> None:
    response = client_of(admin).post(SETTINGS, {"key": key})

    assert response.status_code == 422
    assert words in text_of(response)
    assert not key or key not in response.content.decode()
    aurora.refresh_from_db()
    assert aurora.open_token() == sandbox.key()
    assert aurora.token_state == TokenState.ACCEPTED


def test_a_key_can_not_be_replaced_while_diga_is_away(
    client_of: SignIn, admin: User, aurora: Project, settings: Settings, sandbox: Sandbox
) -> None:
    settings.DIGA_API_URL = "http://127.0.0.1:9"

    response = client_of(admin).post(SETTINGS, {"key": sandbox.key(name="nocalls")})

    assert response.status_code == 502
    assert "Diga could not be reached: the connection was refused." in text_of(response)


def test_the_key_is_checked_again(client_of: SignIn, admin: User, aurora: Project, sandbox: Sandbox) -> None:
    response = client_of(admin).post(f"{SETTINGS}check/", follow=True)

    assert response.redirect_chain == [(SETTINGS, 302)]
    assert "Checked: Diga accepts the key." in text_of(response)


def test_a_check_says_that_the_key_was_deleted_in_diga(
    client_of: SignIn, admin: User, aurora: Project, sandbox: Sandbox
) -> None:
    sandbox.keys.clear()

    response = client_of(admin).post(f"{SETTINGS}check/")

    assert response.status_code == 422
    assert "Diga does not accept this key." in text_of(response)
    assert abilities_in(response)["Read phones"] == "Not allowed"
    aurora.refresh_from_db()
    assert aurora.is_rejected


def test_disconnecting_asks_first_and_keeps_the_copy(client_of: SignIn, admin: User, aurora: Project) -> None:
    client = client_of(admin)
    assert "Disconnect Aurora?" in text_of(client.get(f"{SETTINGS}disconnect/"))
    aurora.refresh_from_db()
    assert aurora.is_connected

    response = client.post(f"{SETTINGS}disconnect/", follow=True)

    assert "The key is forgotten." in text_of(response)
    aurora.refresh_from_db()
    assert not aurora.sealed_token
    assert Phone.objects.filter(project=aurora).count() == 40


def test_a_project_without_a_key_is_nowhere_an_error(client_of: SignIn, admin: User, aurora: Project) -> None:
    keys.disconnect(project=aurora, actor=None, now=timezone.now())
    client = client_of(admin)

    for path in (OVERVIEW, SETTINGS, f"{SETTINGS}disconnect/", f"{SETTINGS}people/", "/projects/aurora/agents/"):
        assert client.get(path).status_code == 200, path
    assert client.post(f"{SETTINGS}check/").status_code == 422
    assert client.post(f"{SETTINGS}disconnect/").status_code == 302
    assert client.post(SYNC).status_code == 302
    assert client.post(SYNC, headers=FRESHNESS).status_code == 422
    assert not SyncRun.objects.filter(state="RUNNING").exists()


def test_a_key_that_can_not_be_unsealed_counts_as_none(client_of: SignIn, admin: User, aurora: Project) -> None:
    Project.objects.filter(pk=aurora.pk).update(sealed_token="sealed with a key that is lost")

    response = client_of(admin).post(f"{SETTINGS}check/")

    assert response.status_code == 422
    assert "This project has no API key that can be used." in text_of(response)


def test_a_disconnected_project_takes_a_key_again(
    client_of: SignIn, admin: User, aurora: Project, sandbox: Sandbox
) -> None:
    keys.disconnect(project=aurora, actor=None, now=timezone.now())
    client = client_of(admin)
    assert "Enter a key" in text_of(client.get(SETTINGS))

    client.post(SETTINGS, {"key": sandbox.key()})

    aurora.refresh_from_db()
    assert aurora.token_state == TokenState.ACCEPTED


def test_the_time_between_syncs_is_changed(client_of: SignIn, admin: User, aurora: Project) -> None:
    response = client_of(admin).post(SETTINGS, {"minutes": "60"}, follow=True)

    assert 'value="60"' in response.content.decode()
    aurora.refresh_from_db()
    assert aurora.sync_interval == timedelta(hours=1)


@pytest.mark.parametrize("minutes", ["0", "1441", "soon", ""])
def test_a_time_that_makes_no_sense_is_refused(client_of: SignIn, admin: User, aurora: Project, minutes: str) -> None:
    response = client_of(admin).post(SETTINGS, {"minutes": minutes})

    assert response.status_code == 422
    assert 'aria-describedby="id_minutes_error"' in response.content.decode()
    aurora.refresh_from_db()
    assert aurora.sync_interval_minutes == 15


def test_no_page_shows_the_key(client_of: SignIn, admin: User, canary: Canary, aurora: Project) -> None:
    client = client_of(admin)
    run = SyncRun.objects.latest("pk")

    for path in (OVERVIEW, SETTINGS, f"{SETTINGS}disconnect/", f"{SETTINGS}people/", f"{SYNC}{run.pk}/"):
        assert canary.found_in(client.get(path).content) == [], path
    for data in ({"key": canary.token}, {"key": canary.token + "ñ"}, {"key": canary.token + "x"}):
        assert canary.found_in(client.post(SETTINGS, data).content) == []


def test_rules_for_plans_are_set_by_administrators(client_of: SignIn, admin: User, lead: User, aurora: Project) -> None:
    typed = {"typed_above": "25", "approved_above": "100"}

    assert client_of(lead).post(SETTINGS, typed).status_code == 403
    response = client_of(admin).post(SETTINGS, typed, follow=True)

    assert "The rules for plans are changed." in text_of(response)
    aurora.refresh_from_db()
    assert (aurora.typed_above, aurora.approved_above) == (25, 100)
    client_of(admin).post(SETTINGS, {"typed_above": "", "approved_above": ""})
    aurora.refresh_from_db()
    assert (aurora.typed_above, aurora.approved_above) == (None, None)


def test_rules_for_plans_that_are_no_counts_are_refused(client_of: SignIn, admin: User, aurora: Project) -> None:
    response = client_of(admin).post(SETTINGS, {"typed_above": "many", "approved_above": "-1"})

    assert response.status_code == 422
    assert 'value="many"' in response.content.decode()
    aurora.refresh_from_db()
    assert (aurora.typed_above, aurora.approved_above) == (10, None)


@pytest.mark.django_db(transaction=True)
def test_a_check_of_a_key_that_was_taken_away_meanwhile_says_so(
    client_of: SignIn, admin: User, aurora: Project, sandbox: Sandbox
) -> None:
    def disconnect() -> None:
        keys.disconnect(project=Project.objects.get(pk=aurora.pk), actor=None, now=timezone.now())

    with before_answering(sandbox, "GET", disconnect):
        answer = client_of(admin).post(f"{SETTINGS}check/")

    assert answer.status_code == 409
    assert "The key was replaced or taken away while Diga was asked about it." in answer.content.decode()
    aurora.refresh_from_db()
    assert not aurora.is_connected
