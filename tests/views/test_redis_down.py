"""Redis is down: pages work, sign-in is throttled, and a sync that is started is found by a worker without a bell."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone
from huey.contrib.djhuey import HUEY
from pytest_django import Settings

from dashboard.doorbell import RedisQueue
from phones.models import Phone, Project, SyncRun
from phones.services import heartbeat
from phones.services.sync import passes
from tests.fixtures.desk import PASSWORD
from tests.support.desk.saving import stored
from tests.support.machine.cabling import NOBODY_URL
from tests.support.machine.settings import load
from tests.support.pages.pages import FOR_DRAWER, find, open_phone, read, url_of, words

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
LOGIN = "/account/login/"
SYNC = "/projects/aurora/sync/"
FRESHNESS = {"HX-Request": "true", "HX-Target": "freshness"}
SYNC_RUN = {"HX-Request": "true", "HX-Target": "sync-run"}


@pytest.fixture(scope="module")
def cache_settings(tmp_path_factory: pytest.TempPathFactory) -> object:
    """The settings of the cache where Redis is set, and down."""
    return load(tmp_path_factory.mktemp("data"), "CACHES", REDIS_URL=NOBODY_URL)["CACHES"]


@pytest.fixture(autouse=True)
def _redis_down(db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch, cache_settings: object) -> None:
    """Let the cache, the queue and the pace be those of an installation whose Redis is down."""
    settings.CACHES = cache_settings
    settings.REDIS_URL = NOBODY_URL
    settings.DIGA_REQUESTS_PER_SECOND = 1000.0
    heartbeat.beat(timezone.now)
    monkeypatch.setattr(HUEY, "_immediate", False)
    monkeypatch.setattr(HUEY, "storage", RedisQueue("tests", url=NOBODY_URL, results=False).storage)


@pytest.mark.parametrize(
    "path", ["/projects/aurora/", "/projects/aurora/phones/", "/projects/aurora/changes/", "/account/", "/health/"]
)
def test_page_opens(client_of: SignIn, admin: User, path: str) -> None:
    assert client_of(admin).get(path).status_code == 200


@pytest.mark.parametrize("headers", [{}, FOR_DRAWER], ids=["page", "htmx"])
def test_phone_opens_and_is_saved(client_of: SignIn, router: User, sales_phone: Phone, headers: dict[str, str]) -> None:
    client = client_of(router)

    form = open_phone(client, sales_phone)
    opened = client.get(url_of("phone_edit", sales_phone), headers=headers)
    saved = form.send(nickname="Ventas", headers=headers)

    assert (opened.status_code, saved.status_code) == (200, 200 if headers else 302)
    assert stored(sales_phone).nickname == "Ventas"


def test_second_person_still_hears_of_the_first(
    client_of: SignIn, router: User, lead: User, sales_phone: Phone
) -> None:
    url, headers = url_of("phone_reread", sales_phone), {"HX-Request": "true", "HX-Target": "read-state"}
    client_of(lead).post(url, headers=headers)

    response = client_of(router).post(url, headers=headers)

    assert "Lead Ruiz opened this just now" in words(read(response))


def test_person_signs_in(client: Client, viewer: User) -> None:
    response = client.post(LOGIN, {"login": "viewer", "password": PASSWORD})

    assert (response.status_code, response["Location"]) == (302, "/")


def test_sign_in_is_throttled_by_figures_that_every_process_sees(client: Client, viewer: User) -> None:
    for _ in range(5):
        client.post(LOGIN, {"login": "viewer", "password": "not the password"})

    response = client.post(LOGIN, {"login": "viewer", "password": PASSWORD})

    assert response.status_code == 200
    assert "Too many wrong attempts. Wait 5 minutes, then try again." in words(read(response))
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM cache WHERE cache_key LIKE '%:password:%'")
        assert cursor.fetchone() == (2,)


def test_refresh_is_noted_and_says_that_the_queue_is_silent(
    client_of: SignIn,
    labeller: User,
    aurora: Project,
    django_capture_on_commit_callbacks: pytest.FixtureRequest,
) -> None:
    client = client_of(labeller)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        response = client.post(SYNC)

    run = SyncRun.objects.latest("pk")
    assert (response.status_code, response["Location"], run.is_running) == (302, f"{SYNC}{run.pk}/", True)
    for headers in ({}, SYNC_RUN):
        shown = find(read(client.get(f"{SYNC}{run.pk}/", headers=headers)), "sync-run")
        assert "The queue does not answer just now." in words(shown)
        assert "No worker has taken this sync yet." not in words(shown)


def test_refresh_in_the_top_bar_says_when_it_starts(
    client_of: SignIn,
    labeller: User,
    aurora: Project,
    django_capture_on_commit_callbacks: pytest.FixtureRequest,
) -> None:
    client = client_of(labeller)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        started = client.post(SYNC, headers=FRESHNESS)
    run = SyncRun.objects.latest("pk")
    watched = client.get(f"{SYNC}{run.pk}/", headers=FRESHNESS)

    for response in (started, watched):
        assert words(read(response)) == "The queue does not answer; starts within a minute"


def test_run_that_a_worker_has_taken_says_nothing_of_the_queue(
    client_of: SignIn, labeller: User, aurora: Project
) -> None:
    run = SyncRun.objects.filter(project=aurora).latest("pk")
    SyncRun.objects.filter(pk=run.pk).update(state="RUNNING", is_taken=True)

    response = client_of(labeller).get(f"{SYNC}{run.pk}/", headers=FRESHNESS)

    assert words(read(response)) == "40 numbers read"
    assert passes.unheard_runs(run.started_at) == []
