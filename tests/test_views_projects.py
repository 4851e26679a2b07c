"""Connecting a project, its key and settings, its syncs, its overview."""

import html
from collections.abc import Callable
from datetime import timedelta

import lxml.html
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from lxml.etree import tostring

from phones.diga.sandbox import Fault, Sandbox
from phones.models import Membership, Phone, Project, Role, SyncRun, TokenState
from phones.services import connecting, syncing
from tests.fixtures.desk import Canary

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
OVERVIEW = "/projects/aurora/"
SETTINGS = "/projects/aurora/settings/"
SYNC = "/projects/aurora/sync/"
FRESHNESS = {"HX-Request": "true", "HX-Target": "freshness"}
SYNC_RUN = {"HX-Request": "true", "HX-Target": "sync-run"}


def _text(content: bytes) -> str:
    """Return the words of a page with single blanks."""
    return " ".join(" ".join(lxml.html.fromstring(content).itertext()).split())


def _element(content: bytes, element_id: str) -> bytes:
    """Return an element of a page, without the token against forgery, which is another in each answer."""
    (found,) = lxml.html.fromstring(f"<div>{content.decode()}</div>").xpath(f"//*[@id='{element_id}']")
    for token in found.xpath(".//input[@name='csrfmiddlewaretoken']"):
        del token.attrib["value"]
    return bytes(tostring(found, with_tail=False))


def _abilities(content: bytes) -> dict[str, str]:
    """Return the words that stand at each right."""
    lines = lxml.html.fromstring(content).xpath("//ul[@class='caps']/li/strong")
    return {line.text.strip(): line[0].text_content() for line in lines}


# The first run.


@pytest.mark.parametrize("role", ["viewer", "admin", "stranger"])
def test_connecting_is_for_superusers(client_of: SignIn, request: pytest.FixtureRequest, role: str) -> None:
    client = client_of(request.getfixturevalue(role))

    assert client.get("/connect/").status_code == 403
    assert client.post("/connect/", {"name": "Mine", "key": "sandbox-talleres-full"}).status_code == 403


def test_first_run_names_the_rights_and_who_can_create_the_key(client_of: SignIn, superuser: User) -> None:
    page = _text(client_of(superuser).get("/connect/").content)

    for words in ("Phones Write", "Agents Read", "Calls Read, optional", "everything else: No access"):
        assert words in page
    assert "Only a Diga administrator can create it, in Diga under Settings > Project > API Keys." in page
    for step in ("Create a key in Diga", "Paste it here", "Check what it may do", "First sync"):
        assert step in page


def test_first_run_connects_syncs_and_shows_what_the_key_may_do(
    client_of: SignIn,
    superuser: User,
    diga_url: str,
    sandbox: Sandbox,
    django_capture_on_commit_callbacks: pytest.FixtureRequest,
) -> None:
    client = client_of(superuser)

    with django_capture_on_commit_callbacks(execute=True) as callbacks:  # type: ignore[operator]
        response = client.post("/connect/", {"name": "Clínicas Aurora", "key": f"Bearer {sandbox.key()}"})

    run = SyncRun.objects.get()
    assert len(callbacks) == 1
    assert response["Location"] == f"/projects/clinicas-aurora/sync/{run.pk}/"
    assert (run.is_complete, run.phone_count) == (True, 40)
    page = client.get(response["Location"])
    assert _abilities(page.content) == {
        "Read phones": "Allowed",
        "Read agents and versions": "Allowed",
        "Read calls": "Allowed",
        "Change phones": "Not known yet",
    }
    assert "Confirmed at your first save." in _text(page.content)
    assert 'href="/projects/clinicas-aurora/phones/">Open the phones</a>' in page.content.decode()
    assert Membership.objects.get().role == Role.ADMIN


@pytest.mark.parametrize(
    ("name", "key", "sentence"),
    [
        ("Aurora", "", "Paste the API key."),
        ("Aurora", "••••••••••••1a2b", "This is the masked form of a key."),
        ("", "sandbox-aurora-full", "This field is required."),
    ],
)
def test_first_run_explains_bad_input_and_keeps_the_name(
    client_of: SignIn, superuser: User, diga_url: str, sandbox: Sandbox, name: str, key: str, sentence: str
) -> None:
    response = client_of(superuser).post("/connect/", {"name": name, "key": key})

    page = response.content.decode()
    assert response.status_code == 422
    assert sentence in page
    assert not name or f'value="{name}"' in page
    assert not key or key not in page
    assert sandbox.journal == []


def test_first_run_shows_what_a_key_lacks(client_of: SignIn, superuser: User, diga_url: str, sandbox: Sandbox) -> None:
    key = sandbox.key(name="noagents")

    response = client_of(superuser).post("/connect/", {"name": "Aurora", "key": key})

    assert response.status_code == 422
    assert _abilities(response.content) == {
        "Read phones": "Allowed",
        "Read agents and versions": "Not allowed",
        "Read calls": "Allowed",
        "Change phones": "Not known yet",
    }
    assert "It lacks a right that is needed here" in _text(response.content)
    assert 'value="Aurora"' in response.content.decode()
    assert key not in response.content.decode()
    assert not Project.objects.exists()


def test_first_run_says_that_diga_does_not_know_the_key(
    client_of: SignIn, superuser: User, diga_url: str, sandbox: Sandbox
) -> None:
    response = client_of(superuser).post("/connect/", {"name": "Aurora", "key": "a-key-of-nobody-at-all"})

    assert response.status_code == 422
    assert "Diga does not accept this key." in _text(response.content)
    assert "a-key-of-nobody-at-all" not in response.content.decode()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault("html", status=503, times=None), "Diga has a problem of its own."),
        (Fault("not_json", body="<h1>Welcome</h1>", times=None), "answered with a page instead of data."),
        (Fault("close", times=None), "Diga closed the connection without an answer."),
        (Fault("status", status=429, times=None), "Diga asks us to slow down."),
    ],
    ids=["ill", "nonsense", "hung up", "too many"],
)
def test_first_run_says_that_diga_can_not_be_asked(
    client_of: SignIn,
    superuser: User,
    diga_url: str,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
    words: str,
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    sandbox.faults.add(fault)

    response = client_of(superuser).post("/connect/", {"name": "Aurora", "key": sandbox.key()})

    assert response.status_code == 502
    assert words in _text(response.content)
    assert "Nothing was changed." in _text(response.content)
    assert 'value="Aurora"' in response.content.decode()
    assert sandbox.key() not in response.content.decode()
    assert not Project.objects.exists()


def test_a_diga_project_is_not_connected_twice(
    client_of: SignIn, superuser: User, aurora: Project, sandbox: Sandbox
) -> None:
    response = client_of(superuser).post("/connect/", {"name": "Again", "key": sandbox.key(name="nocalls")})

    assert response.status_code == 422
    assert "connected here under another name" in _text(response.content)
    assert list(Project.objects.all()) == [aurora]


# The key and the settings.


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

    page = _text(response.content)
    assert "••••e4Uo" in page
    assert "Last accepted just now" in page
    assert canary.found_in(response.content) == []


def test_a_key_is_replaced_after_it_has_passed(
    client_of: SignIn, admin: User, aurora: Project, sandbox: Sandbox
) -> None:
    response = client_of(admin).post(SETTINGS, {"key": sandbox.key(name="nocalls")}, follow=True)

    assert response.redirect_chain == [(SETTINGS, 302)]
    assert "The new key is checked and kept" in _text(response.content)
    assert _abilities(response.content)["Read calls"] == "Not allowed"
    aurora.refresh_from_db()
    assert aurora.open_token() == sandbox.key(name="nocalls")
    assert aurora.token_by == admin


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("", "Paste the API key. Nothing was changed."),
        ("sandbox-aurora-noagents", "It lacks a right that is needed here"),
        ("sandbox-talleres-full", "The key opens a Diga project that is connected here under another name."),
        ("a-key-of-nobody-at-all", "Diga does not accept this key."),
    ],
)
def test_a_key_that_does_not_pass_leaves_the_old_one(
    client_of: SignIn, admin: User, aurora: Project, sandbox: Sandbox, key: str, words: str
) -> None:
    response = client_of(admin).post(SETTINGS, {"key": key})

    assert response.status_code == 422
    assert words in _text(response.content)
    assert not key or key not in response.content.decode()
    aurora.refresh_from_db()
    assert aurora.open_token() == sandbox.key()
    assert aurora.token_state == TokenState.ACCEPTED


def test_a_key_can_not_be_replaced_while_diga_is_away(
    client_of: SignIn, admin: User, aurora: Project, settings: object, sandbox: Sandbox
) -> None:
    settings.DIGA_API_URL = "http://127.0.0.1:9"  # type: ignore[attr-defined]

    response = client_of(admin).post(SETTINGS, {"key": sandbox.key(name="nocalls")})

    assert response.status_code == 502
    assert "Diga could not be reached: the connection was refused." in _text(response.content)


def test_the_key_is_checked_again(client_of: SignIn, admin: User, aurora: Project, sandbox: Sandbox) -> None:
    response = client_of(admin).post(f"{SETTINGS}check/", follow=True)

    assert response.redirect_chain == [(SETTINGS, 302)]
    assert "Checked: Diga accepts the key." in _text(response.content)


def test_a_check_says_that_the_key_was_deleted_in_diga(
    client_of: SignIn, admin: User, aurora: Project, sandbox: Sandbox
) -> None:
    sandbox.keys.clear()

    response = client_of(admin).post(f"{SETTINGS}check/")

    assert response.status_code == 422
    assert "Diga does not accept this key." in _text(response.content)
    assert _abilities(response.content)["Read phones"] == "Not allowed"
    aurora.refresh_from_db()
    assert aurora.is_rejected


def test_disconnecting_asks_first_and_keeps_the_copy(client_of: SignIn, admin: User, aurora: Project) -> None:
    client = client_of(admin)
    assert "Disconnect Aurora?" in _text(client.get(f"{SETTINGS}disconnect/").content)
    aurora.refresh_from_db()
    assert aurora.is_connected

    response = client.post(f"{SETTINGS}disconnect/", follow=True)

    assert "The key is forgotten." in _text(response.content)
    aurora.refresh_from_db()
    assert not aurora.sealed_token
    assert Phone.objects.filter(project=aurora).count() == 40


def test_a_project_without_a_key_is_nowhere_an_error(client_of: SignIn, admin: User, aurora: Project) -> None:
    connecting.disconnect(project=aurora)
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
    assert "This project has no API key that can be used." in _text(response.content)


def test_a_disconnected_project_takes_a_key_again(
    client_of: SignIn, admin: User, aurora: Project, sandbox: Sandbox
) -> None:
    connecting.disconnect(project=aurora)
    client = client_of(admin)
    assert "Enter a key" in _text(client.get(SETTINGS).content)

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


# Syncs.


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
    run = syncing.claim_sync(project=aurora, now=timezone.now())

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
    run = syncing.claim_sync(project=aurora, now=timezone.now())
    client = client_of(viewer)

    running = client.get(f"{SYNC}{run.pk}/", headers=headers)
    syncing.run_sync(run, clock=timezone.now)
    done = client.get(f"{SYNC}{run.pk}/", headers=headers)

    assert running.status_code == 200
    assert "every 1s" in running.content.decode()
    assert done.status_code == 286
    assert "every 1s" not in done.content.decode()


@pytest.mark.parametrize("state", ["running", "done", "failed"])
def test_the_fragment_of_a_sync_is_what_a_reload_shows(
    client_of: SignIn, labeller: User, aurora: Project, sandbox: Sandbox, state: str
) -> None:
    run = syncing.claim_sync(project=aurora, now=timezone.now())
    if state == "failed":
        sandbox.keys.clear()
    if state != "running":
        syncing.run_sync(run, clock=timezone.now)
    client = client_of(labeller)

    fragment = client.get(f"{SYNC}{run.pk}/", headers=SYNC_RUN).content
    page = client.get(f"{SYNC}{run.pk}/")

    assert page.status_code == 200
    assert _element(fragment, "sync-run") == _element(page.content, "sync-run")


def test_a_running_sync_shows_its_count(client_of: SignIn, viewer: User, aurora: Project) -> None:
    run = syncing.claim_sync(project=aurora, now=timezone.now())
    SyncRun.objects.filter(pk=run.pk).update(phone_count=1248, is_taken=True)

    page = _text(client_of(viewer).get(f"{SYNC}{run.pk}/").content)

    assert "numbers read 1,248" in page
    assert "No worker" not in page


@pytest.mark.parametrize(("seconds", "is_told"), [(5, False), (15, True)])
def test_a_sync_that_no_worker_takes_says_what_to_start(
    client_of: SignIn, viewer: User, aurora: Project, seconds: int, is_told: bool
) -> None:
    run = syncing.claim_sync(project=aurora, now=timezone.now() - timedelta(seconds=seconds))

    page = _text(client_of(viewer).get(f"{SYNC}{run.pk}/", headers=SYNC_RUN).content)

    assert ("No worker has taken this sync yet." in page) == is_told
    assert ("manage.py run_huey" in page) == is_told


def test_a_sync_whose_process_died_offers_another(client_of: SignIn, labeller: User, aurora: Project) -> None:
    run = syncing.claim_sync(project=aurora, now=timezone.now() - timedelta(minutes=5))
    SyncRun.objects.filter(pk=run.pk).update(is_taken=True)
    client = client_of(labeller)
    page = _text(client.get(f"{SYNC}{run.pk}/").content)
    assert "This sync has not moved for two minutes." in page

    response = client.post(SYNC)

    assert response["Location"] != f"{SYNC}{run.pk}/"


def test_a_failed_sync_says_why_and_quotes_diga_as_text(
    client_of: SignIn, viewer: User, aurora: Project, sandbox: Sandbox
) -> None:
    words = "<b onclick=alert(1)>{{ no }}</b>"
    sandbox.faults.add(Fault("status", status=403, body={"message": words}, times=None))
    run = syncing.sync_project(project=aurora, clock=timezone.now)

    page = client_of(viewer).get(f"{SYNC}{run.pk}/").content.decode()

    assert "The sync stopped before it was done" in page
    assert "The API key may not do this" in page
    assert f"<q>{html.escape(words)}</q>" in page


@pytest.mark.parametrize("run_id", [0, 10**30])
def test_a_sync_of_nobody_is_not_found(client_of: SignIn, viewer: User, run_id: int) -> None:
    assert client_of(viewer).get(f"{SYNC}{run_id}/").status_code == 404


def test_a_sync_of_another_project_is_not_found(client_of: SignIn, viewer: User, talleres: Project) -> None:
    run = SyncRun.objects.get(project=talleres)

    assert client_of(viewer).get(f"{SYNC}{run.pk}/").status_code == 404


# The overview.


def _cards(content: bytes) -> list[tuple[str, int, str]]:
    cards = lxml.html.fromstring(content).xpath("//div[contains(@class, 'queue')]/a")
    return [(card.find("strong").text, int(card.find("b").text.replace(",", "")), card.get("href")) for card in cards]


def test_each_count_of_the_queue_is_the_total_of_the_list_it_leads_to(
    client_of: SignIn, viewer: User, aurora: Project, sales_phone: Phone
) -> None:
    Phone.objects.filter(pk=sales_phone.pk).update(missing_since=timezone.now())
    client = client_of(viewer)

    cards = _cards(client.get(OVERVIEW).content)

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

    page = lxml.html.fromstring(response.content)
    assert len(page.xpath("//table/tbody/tr")) == 5
    assert "Last sync failed" in _text(response.content)
    assert _text(response.content).count("Diga no longer accepts the API key.") >= 2


@pytest.mark.parametrize(("hours", "word"), [(0.5, "Fresh"), (2, "Old")])
def test_overview_says_how_fresh_the_copy_is(
    client_of: SignIn, viewer: User, aurora: Project, hours: float, word: str
) -> None:
    Project.objects.filter(pk=aurora.pk).update(synced_at=timezone.now() - timedelta(hours=hours))

    page = lxml.html.fromstring(client_of(viewer).get(OVERVIEW).content)

    (state,) = page.xpath("//section[@aria-labelledby='fresh']/header/span")
    assert state.text_content() == word


def test_overview_of_a_project_that_was_never_synced(client_of: SignIn, superuser: User) -> None:
    Project.objects.create(name="Empty", slug="empty")

    response = client_of(superuser).get("/projects/empty/")

    assert response.status_code == 200
    assert "Nobody has changed a number here yet." in _text(response.content)


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


def test_no_page_shows_the_key(client_of: SignIn, admin: User, canary: Canary, aurora: Project) -> None:
    client = client_of(admin)
    run = SyncRun.objects.latest("pk")

    for path in (OVERVIEW, SETTINGS, f"{SETTINGS}disconnect/", f"{SETTINGS}people/", f"{SYNC}{run.pk}/"):
        assert canary.found_in(client.get(path).content) == [], path
    for data in ({"key": canary.token}, {"key": canary.token + "ñ"}, {"key": canary.token + "x"}):
        assert canary.found_in(client.post(SETTINGS, data).content) == []
