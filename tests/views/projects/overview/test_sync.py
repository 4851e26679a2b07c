"""Starting a sync and watching it."""

import html
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from lxml.etree import tostring

from phones.diga.sandbox import Fault, Sandbox
from phones.models import Project, SyncRun
from phones.services.sync import passes
from tests.support.pages.pages import Answer, find, read
from tests.support.pages.settings_pages import text_of

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
SYNC = "/projects/aurora/sync/"
FRESHNESS = {"HX-Request": "true", "HX-Target": "freshness"}
SYNC_RUN = {"HX-Request": "true", "HX-Target": "sync-run"}


def _element(response: Answer) -> str:
    """Return the progress of an answer, without the token against forgery, which is another each time."""
    found = find(read(response), "sync-run")
    for token in found.xpath(".//input[@name='csrfmiddlewaretoken']"):
        del token.attrib["value"]
    return tostring(found, with_tail=False, encoding="unicode")


def test_a_viewer_may_not_start_a_sync(client_of: SignIn, viewer: User) -> None:
    assert client_of(viewer).post(SYNC).status_code == 403


def test_a_sync_is_started_and_leads_to_its_page(
    client_of: SignIn,
    labeller: User,
    aurora: Project,
    django_capture_on_commit_callbacks: pytest.FixtureRequest,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        response = client_of(labeller).post(SYNC)

    run = SyncRun.objects.latest("pk")
    assert response["Location"] == f"{SYNC}{run.pk}/"
    assert run.is_complete


def test_a_second_click_joins_the_sync_that_runs(client_of: SignIn, labeller: User, aurora: Project) -> None:
    run = passes.claim_sync(project=aurora, now=timezone.now())

    response = client_of(labeller).post(SYNC)

    assert response["Location"] == f"{SYNC}{run.pk}/"
    assert SyncRun.objects.filter(state="RUNNING").count() == 1


def test_htmx_gets_the_freshness_with_its_poll(client_of: SignIn, labeller: User, aurora: Project) -> None:
    response = client_of(labeller).post(SYNC, headers=FRESHNESS)

    run = SyncRun.objects.latest("pk")
    assert response.status_code == 200
    assert f'hx-get="{SYNC}{run.pk}/" hx-trigger="every 1s"' in response.content.decode()
    assert b"<html" not in response.content
    assert {"HX-Request", "HX-Target"} <= set(response["Vary"].split(", "))


@pytest.mark.parametrize("headers", [FRESHNESS, SYNC_RUN])
def test_polling_goes_on_while_the_sync_runs_and_ends_with_it(
    client_of: SignIn, viewer: User, aurora: Project, headers: dict[str, str]
) -> None:
    run = passes.claim_sync(project=aurora, now=timezone.now())
    client = client_of(viewer)

    running = client.get(f"{SYNC}{run.pk}/", headers=headers)
    passes.run_sync(run, clock=timezone.now)
    done = client.get(f"{SYNC}{run.pk}/", headers=headers)

    assert running.status_code == 200
    assert "every 1s" in running.content.decode()
    assert done.status_code == 286
    assert "every 1s" not in done.content.decode()


@pytest.mark.parametrize("state", ["running", "done", "failed"])
def test_the_fragment_of_a_sync_is_what_a_reload_shows(
    client_of: SignIn, labeller: User, aurora: Project, sandbox: Sandbox, state: str
) -> None:
    run = passes.claim_sync(project=aurora, now=timezone.now())
    if state == "failed":
        sandbox.keys.clear()
    if state != "running":
        passes.run_sync(run, clock=timezone.now)
    client = client_of(labeller)

    fragment = client.get(f"{SYNC}{run.pk}/", headers=SYNC_RUN)
    page = client.get(f"{SYNC}{run.pk}/")

    assert page.status_code == 200
    assert _element(fragment) == _element(page)


def test_a_running_sync_shows_its_count(client_of: SignIn, viewer: User, aurora: Project) -> None:
    run = passes.claim_sync(project=aurora, now=timezone.now())
    SyncRun.objects.filter(pk=run.pk).update(phone_count=1248, is_taken=True)

    page = text_of(client_of(viewer).get(f"{SYNC}{run.pk}/"))

    assert "numbers read 1,248" in page
    assert "No worker" not in page


@pytest.mark.parametrize(("seconds", "is_told"), [(5, False), (15, True)])
def test_a_sync_that_no_worker_takes_says_what_to_start(
    client_of: SignIn, viewer: User, aurora: Project, seconds: int, is_told: bool
) -> None:
    run = passes.claim_sync(project=aurora, now=timezone.now() - timedelta(seconds=seconds))

    page = text_of(client_of(viewer).get(f"{SYNC}{run.pk}/", headers=SYNC_RUN))

    assert ("No worker has taken this sync yet." in page) == is_told
    assert ("manage.py run_huey" in page) == is_told


def test_a_sync_whose_process_died_offers_another(client_of: SignIn, labeller: User, aurora: Project) -> None:
    run = passes.claim_sync(project=aurora, now=timezone.now() - passes.SILENCE_LIMIT - timedelta(seconds=1))
    SyncRun.objects.filter(pk=run.pk).update(is_taken=True)
    client = client_of(labeller)
    page = text_of(client.get(f"{SYNC}{run.pk}/"))
    overview = text_of(client.get("/projects/aurora/"))
    freshness = text_of(client.get(f"{SYNC}{run.pk}/", headers=FRESHNESS))
    assert "Nothing has been heard of this sync for half a minute." in page
    assert "No sign of life" in page
    assert "No sign of life" in overview
    assert "No sign of life from the sync" in freshness
    assert "Running" not in page + overview

    response = client.post(SYNC)

    assert response["Location"] != f"{SYNC}{run.pk}/"


def test_a_failed_sync_says_why_and_quotes_diga_as_text(
    client_of: SignIn, viewer: User, aurora: Project, sandbox: Sandbox
) -> None:
    words = "<b onclick=alert(1)>{{ no }}</b>"
    sandbox.faults.add(Fault("status", status=403, body={"message": words}, times=None))
    run = passes.sync_project(project=aurora, clock=timezone.now)

    page = client_of(viewer).get(f"{SYNC}{run.pk}/").content.decode()

    assert "The sync stopped before it was done" in page
    assert "The API key may not do this" in page
    assert f'<q class="foreign">{html.escape(words)}</q>' in page


@pytest.mark.parametrize("run_id", [0, 10**30])
def test_a_sync_of_nobody_is_not_found(client_of: SignIn, viewer: User, run_id: int) -> None:
    assert client_of(viewer).get(f"{SYNC}{run_id}/").status_code == 404


def test_a_sync_of_another_project_is_not_found(client_of: SignIn, viewer: User, talleres: Project) -> None:
    run = SyncRun.objects.get(project=talleres)

    assert client_of(viewer).get(f"{SYNC}{run.pk}/").status_code == 404
