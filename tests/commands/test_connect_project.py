"""`connect_project`: adds, replaces, says what a key may do, and never shows it."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from phones.diga.sandbox import Sandbox
from phones.models import Act, ActKind, Membership, Project, Role
from tests.fixtures.desk import CANARY, Canary

Run = Callable[..., str]


@pytest.fixture
def run(db: None, diga_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a call of the command with a key on standard input; what it printed comes back."""

    def call(name: str, key: str, *arguments: str) -> str:
        out = io.StringIO()
        monkeypatch.setattr("sys.stdin", io.StringIO(key))
        call_command("connect_project", name, "--token-file", "-", *arguments, stdout=out)
        return out.getvalue()

    return call


def test_adds_a_project(run: Run, sandbox: Sandbox, stranger: User) -> None:
    said = run("Clínicas Aurora", f"  Bearer {sandbox.key()}\n", "--admin", stranger.username)

    project = Project.objects.get()
    assert said.splitlines() == [
        "✓ read phones (40)",
        "✓ read agents (7)",
        "✓ read calls (optional)",
        "? change phones: the first save will tell",
        "Clínicas Aurora is connected, address /projects/clinicas-aurora/. Next: sync_phones clinicas-aurora",
    ]
    assert project.open_token() == sandbox.key()
    assert list(Membership.objects.values_list("user", "role")) == [(stranger.pk, Role.ADMIN)]


@pytest.mark.parametrize("name", ["Aurora", "aurora"])
def test_replaces_the_key_of_a_known_project(run: Run, aurora: Project, sandbox: Sandbox, name: str) -> None:
    said = run(name, sandbox.key("aurora", "nocalls"))

    aurora.refresh_from_db()
    assert "✗ read calls (optional)" in said
    assert "Aurora has the new key" in said
    assert aurora.open_token() == sandbox.key("aurora", "nocalls")
    assert Project.objects.count() == 1


def test_administrator_of_a_known_project_is_an_act(
    run: Run, aurora: Project, sandbox: Sandbox, viewer: User, stranger: User
) -> None:
    for person in (viewer, stranger, stranger):
        run("aurora", sandbox.key(), "--admin", person.username)

    acts = Act.objects.exclude(kind=ActKind.KEY_REPLACED).order_by("pk")
    assert [(act.kind, act.actor, act.subject, act.details) for act in acts] == [
        (ActKind.ROLE_CHANGED, None, viewer, {"before": Role.VIEWER, "after": Role.ADMIN}),
        (ActKind.MEMBER_JOINED, None, stranger, {"role": Role.ADMIN}),
    ]
    administrators = Membership.objects.filter(project=aurora, role=Role.ADMIN, user__in=[viewer, stranger])
    assert administrators.count() == 2


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("", "Paste the API key."),
        ("••••••••••••1a2b", "masked form"),
        ("a-key-that-nobody-gave-out", "Diga does not know this key."),
        ("sandbox-aurora-noagents", "Agents: Read"),
    ],
)
def test_refuses_an_unusable_key(run: Run, sandbox: Sandbox, key: str, words: str) -> None:
    with pytest.raises(CommandError, match=words):
        run("Clínicas Aurora", key)

    assert Project.objects.count() == 0


def test_refuses_a_second_name_for_one_diga_project(run: Run, aurora: Project, sandbox: Sandbox) -> None:
    with pytest.raises(CommandError, match="connected here under another name"):
        run("Aurora again", sandbox.key())

    assert list(Project.objects.values_list("name", flat=True)) == ["Aurora"]


def test_refuses_an_unknown_administrator(run: Run, sandbox: Sandbox) -> None:
    with pytest.raises(CommandError, match="no user 'nobody'"):
        run("Clínicas Aurora", sandbox.key(), "--admin", "nobody")

    assert sandbox.journal == []


def test_names_an_unreadable_file(db: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="FileNotFoundError"):
        call_command("connect_project", "Aurora", "--token-file", str(tmp_path / "absent"))


def test_wants_to_know_where_the_key_is(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("not a terminal"))

    with pytest.raises(CommandError, match="--token-file"):
        call_command("connect_project", "Aurora")


def test_never_shows_the_key(
    run: Run,
    canary: Canary,
    sandbox: Sandbox,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")

    said = run("Aurora", CANARY, "--verbosity", "3")
    del sandbox.keys[CANARY]
    with pytest.raises(CommandError) as refused:
        run("Aurora", CANARY, "--verbosity", "3")

    shown = said + str(refused.value) + caplog.text + "".join(capfd.readouterr())
    assert "GET /v1/phone/" in shown
    assert canary.found_in(shown) == []
