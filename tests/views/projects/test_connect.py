"""The first run: a key is checked, kept, and the first sync is on its way."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from phones.diga.sandbox import Fault, Sandbox
from phones.models import Membership, Project, Role, SyncRun
from phones.services.audit.chain.heads import export_head
from tests.support.pages.settings_pages import abilities_in, text_of

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


@pytest.mark.parametrize("role", ["viewer", "admin", "stranger"])
def test_connecting_is_for_superusers(client_of: SignIn, request: pytest.FixtureRequest, role: str) -> None:
    client = client_of(request.getfixturevalue(role))

    assert client.get("/connect/").status_code == 403
    assert client.post("/connect/", {"name": "Mine", "key": "sandbox-talleres-full"}).status_code == 403


def test_first_run_names_the_rights_and_who_can_create_the_key(client_of: SignIn, superuser: User) -> None:
    page = text_of(client_of(superuser).get("/connect/"))

    for words in (
        "Phones Write",
        "Agents Read",
        "Calls Read, optional",
        "Billing Read, optional",
        "everything else: No access",
    ):
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
    assert len([act for act in callbacks if act.func is not export_head]) == 1
    assert response["Location"] == f"/projects/clinicas-aurora/sync/{run.pk}/"
    assert (run.is_complete, run.phone_count) == (True, 40)
    page = client.get(response["Location"])
    assert abilities_in(page) == {
        "Read phones": "Allowed",
        "Read agents and versions": "Allowed",
        "Read calls": "Allowed",
        "Change phones": "Not known yet",
    }
    assert "Confirmed at your first save." in text_of(page)
    assert 'href="/projects/clinicas-aurora/phones/">Open the phones</a>' in page.content.decode()
    assert Membership.objects.get().role == Role.ADMIN


@pytest.mark.parametrize(
    ("name", "key", "sentence"),
    [
        ("Aurora", "", "Paste the API key."),
        ("Aurora", "••••••••••••1a2b", "This is the masked form of a key."),
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
    assert abilities_in(response) == {
        "Read phones": "Allowed",
        "Read agents and versions": "Not allowed",
        "Read calls": "Allowed",
        "Change phones": "Not known yet",
    }
    assert "It lacks a right that is needed here" in text_of(response)
    assert 'value="Aurora"' in response.content.decode()
    assert key not in response.content.decode()
    assert not Project.objects.exists()


def test_first_run_says_that_diga_does_not_know_the_key(
    client_of: SignIn, superuser: User, diga_url: str, sandbox: Sandbox
) -> None:
    response = client_of(superuser).post("/connect/", {"name": "Aurora", "key": "a-key-of-nobody-at-all"})

    assert response.status_code == 422
    assert "Diga does not accept this key." in text_of(response)
    assert "a-key-of-nobody-at-all" not in response.content.decode()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault("html", status=503, times=None), "Diga has a problem of its own."),
        (Fault("not_json", body="<h1>Welcome</h1>", times=None), "answered with a page instead of data."),
        (Fault("close", times=None), "Diga closed the connection without an answer."),
        (Fault("status", status=429, retry_after="600", times=None), "Diga asks us to slow down."),
    ],
    ids=["ill", "nonsense", "hung up", "too many"],
)
def test_first_run_says_that_diga_can_not_be_asked(
    client_of: SignIn,
    superuser: User,
    diga_url: str,
    sandbox: Sandbox,
    fault: Fault,
    words: str,
) -> None:
    sandbox.faults.add(fault)

    response = client_of(superuser).post("/connect/", {"name": "Aurora", "key": sandbox.key()})

    assert response.status_code == 502
    assert words in text_of(response)
    assert "Nothing was changed." in text_of(response)
    assert 'value="Aurora"' in response.content.decode()
    assert sandbox.key() not in response.content.decode()
    assert not Project.objects.exists()


def test_a_diga_project_is_not_connected_twice(
    client_of: SignIn, superuser: User, aurora: Project, sandbox: Sandbox
) -> None:
    response = client_of(superuser).post("/connect/", {"name": "Again", "key": sandbox.key(name="nocalls")})

    assert response.status_code == 422
    assert "connected here under another name" in text_of(response)
    assert list(Project.objects.all()) == [aurora]
