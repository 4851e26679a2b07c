"""The API key of a project: checked with reads, sealed, replaced, forgotten."""

import logging
from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from phones.diga.sandbox import Fault, Sandbox
from phones.models import Act, Membership, NoKey, Phone, Project, Role, TokenState
from phones.services.projects import clients, key_checks, keys
from phones.services.projects.identity import ForeignProject
from phones.services.projects.keys import KeyRejected
from tests.fixtures.desk import make_user

pytestmark = pytest.mark.django_db


def _connect(token: str, *, name: str = "Aurora", actor: User | None = None) -> Project:
    project, _check = keys.connect_project(name=name, token=token, actor=actor, now=timezone.now())
    return project


@pytest.mark.parametrize(
    ("key", "may"),
    [("full", (True, True, True)), ("nocalls", (True, True, False)), ("noagents", (True, False, True))],
)
def test_check_key_says_what_a_key_may_do(
    diga_url: str, sandbox: Sandbox, key: str, may: tuple[bool, bool, bool]
) -> None:
    check = key_checks.check_key(clients.client_with(sandbox.key(name=key), "check"), now=timezone.now())

    assert (check.phones.is_allowed, check.agents.is_allowed, check.calls.is_allowed) == may
    assert check.is_usable == (may[0] and may[1])


def test_check_key_only_reads(diga_url: str, sandbox: Sandbox) -> None:
    key_checks.check_key(clients.client_with(sandbox.key(), "check"), now=timezone.now())

    assert {received.method for received in sandbox.journal} == {"GET"}
    assert len(sandbox.journal) == 3


def test_check_key_asks_an_unknown_key_only_once(diga_url: str, sandbox: Sandbox) -> None:
    check = key_checks.check_key(clients.client_with("an-unknown-key-of-nobody", "check"), now=timezone.now())

    assert check.phones.is_allowed is False
    assert check.agents.is_allowed is None
    assert len(sandbox.journal) == 1


def test_connect_project_keeps_the_key_sealed_and_makes_the_actor_administrator(
    diga_url: str, sandbox: Sandbox, superuser: User
) -> None:
    project = _connect(sandbox.key(), actor=superuser)

    row = Project.objects.filter(pk=project.pk).values().get()
    assert sandbox.key() not in str(row)
    assert row["token_last_four"] == "full"
    assert row["token_state"] == TokenState.ACCEPTED
    assert (row["can_read_phones"], row["can_read_agents"], row["can_read_calls"]) == (True, True, True)
    assert row["can_write_phones"] is None
    assert Project.objects.get(pk=project.pk).open_token() == sandbox.key()
    assert Membership.objects.get(project=project).role == Role.ADMIN


def test_connect_project_takes_a_key_that_may_not_write_as_that_cant_be_known(diga_url: str, sandbox: Sandbox) -> None:
    project = _connect(sandbox.key(name="readonly"))

    assert project.can_write_phones is None


@pytest.mark.parametrize("key", ["sandbox-aurora-noagents", "an-unknown-key-of-nobody"])
def test_connect_project_stores_nothing_for_a_key_that_is_no_use(diga_url: str, sandbox: Sandbox, key: str) -> None:
    with pytest.raises(KeyRejected) as rejected:
        _connect(key)

    assert not rejected.value.check.is_usable
    assert Project.objects.count() == 0


def test_connect_project_refuses_a_second_key_of_a_connected_diga_project(aurora: Project, sandbox: Sandbox) -> None:
    with pytest.raises(ForeignProject):
        _connect(sandbox.key(name="nocalls"), name="Aurora again")

    assert list(Project.objects.all()) == [aurora]


def test_connect_project_refuses_the_same_key_before_any_phone_was_read(diga_url: str, sandbox: Sandbox) -> None:
    project = _connect(sandbox.key())

    with pytest.raises(ForeignProject):
        _connect(sandbox.key(), name="Aurora again")

    assert list(Project.objects.all()) == [project]


def test_connect_project_is_not_stopped_by_a_key_that_can_not_be_unsealed(diga_url: str, sandbox: Sandbox) -> None:
    Project.objects.create(name="Lost", slug="lost", token_last_four="full", sealed_token="of a key that is lost")

    assert _connect(sandbox.key()).is_connected


@pytest.mark.parametrize(
    ("name", "slug"), [("Clínicas Aurora", "clinicas-aurora"), ("Connect", "connect-2"), ("★", "project")]
)
def test_connect_project_makes_an_address_of_the_name(diga_url: str, sandbox: Sandbox, name: str, slug: str) -> None:
    assert _connect(sandbox.key(), name=name).slug == slug


def test_connect_project_gives_a_second_project_of_the_name_its_own_address(aurora: Project, sandbox: Sandbox) -> None:
    assert _connect(sandbox.key("talleres"), name="Aurora").slug == "aurora-2"


def test_replace_key_changes_the_key_and_forgets_what_was_known_of_writing(aurora: Project, sandbox: Sandbox) -> None:
    aurora.can_write_phones = True
    aurora.save()

    keys.replace_key(project=aurora, token=sandbox.key(name="nocalls"), actor=None, now=timezone.now())

    aurora.refresh_from_db()
    assert aurora.open_token() == sandbox.key(name="nocalls")
    assert aurora.masked_token == "••••alls"
    assert aurora.can_read_calls is False
    assert aurora.can_write_phones is None


@pytest.mark.parametrize("key", ["sandbox-aurora-noagents", "an-unknown-key-of-nobody"])
def test_replace_key_keeps_the_old_key_until_the_new_one_passes(aurora: Project, sandbox: Sandbox, key: str) -> None:
    with pytest.raises(KeyRejected):
        keys.replace_key(project=aurora, token=key, actor=None, now=timezone.now())

    aurora.refresh_from_db()
    assert aurora.open_token() == sandbox.key()
    assert aurora.token_state == TokenState.ACCEPTED


def test_replace_key_refuses_the_key_of_another_diga_project(aurora: Project, sandbox: Sandbox) -> None:
    with pytest.raises(ForeignProject):
        keys.replace_key(project=aurora, token=sandbox.key("talleres"), actor=None, now=timezone.now())

    aurora.refresh_from_db()
    assert aurora.open_token() == sandbox.key()


def test_disconnect_forgets_the_key_and_keeps_the_phones(aurora: Project) -> None:
    keys.disconnect(project=aurora, actor=None, now=timezone.now())

    aurora.refresh_from_db()
    assert aurora.sealed_token == aurora.token_last_four == ""
    assert not aurora.is_connected
    assert Phone.objects.filter(project=aurora).count() == 40
    with pytest.raises(NoKey):
        clients.client_for(aurora)


def test_recheck_rejects_a_key_that_was_deleted_in_diga_and_accepts_it_again(aurora: Project, sandbox: Sandbox) -> None:
    key = sandbox.keys.pop(sandbox.key())

    keys.recheck(project=aurora, actor=None, now=timezone.now())

    aurora.refresh_from_db()
    assert aurora.is_rejected

    sandbox.keys[key.token] = key
    keys.recheck(project=aurora, actor=None, now=timezone.now())

    aurora.refresh_from_db()
    assert aurora.token_state == TokenState.ACCEPTED


def test_recheck_remembers_a_right_that_was_taken_away(aurora: Project, sandbox: Sandbox) -> None:
    key = sandbox.keys[sandbox.key()]
    sandbox.keys[key.token] = replace(key, permissions=key.permissions - {"agents.view"})

    keys.recheck(project=aurora, actor=None, now=timezone.now())

    aurora.refresh_from_db()
    assert (aurora.can_read_phones, aurora.can_read_agents) == (True, False)
    assert aurora.token_state == TokenState.ACCEPTED


@pytest.mark.parametrize("act", ["replace", "recheck"])
def test_a_check_leaves_what_a_sync_has_written_meanwhile(aurora: Project, sandbox: Sandbox, act: str) -> None:
    in_the_view = Project.objects.get(pk=aurora.pk)
    Project.objects.filter(pk=aurora.pk).update(phone_count=41, synced_at=None)

    if act == "replace":
        keys.replace_key(project=in_the_view, token=sandbox.key(), actor=None, now=timezone.now())
    else:
        keys.recheck(project=in_the_view, actor=None, now=timezone.now())

    aurora.refresh_from_db()
    assert (aurora.phone_count, aurora.synced_at) == (41, None)


def test_recheck_does_not_reject_a_key_because_diga_is_ill(aurora: Project, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault("html", status=503, times=None))

    check = keys.recheck(project=aurora, actor=None, now=timezone.now())

    aurora.refresh_from_db()
    assert check.phones.is_allowed is None
    assert aurora.token_state == TokenState.ACCEPTED
    assert aurora.can_read_phones is True


def test_recheck_needs_a_key(aurora: Project) -> None:
    keys.disconnect(project=aurora, actor=None, now=timezone.now())

    with pytest.raises(NoKey):
        keys.recheck(project=aurora, actor=None, now=timezone.now())


def test_a_sealed_key_opens_only_in_its_own_project(aurora: Project, talleres: Project) -> None:
    talleres.sealed_token = aurora.sealed_token

    with pytest.raises(NoKey):
        talleres.open_token()


def test_connecting_logs_no_key(diga_url: str, sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    project = _connect(sandbox.key())
    with pytest.raises(KeyRejected):
        keys.replace_key(project=project, token="an-unknown-key-of-nobody", actor=None, now=timezone.now())

    assert "/v1/phone/" in caplog.text
    assert sandbox.key() not in caplog.text
    assert "an-unknown-key-of-nobody" not in caplog.text


def test_every_act_with_a_key_is_written_down_without_it(diga_url: str, sandbox: Sandbox) -> None:
    admin = make_user("admin")
    first, second = sandbox.key(), sandbox.key(name="nocalls")
    project = _connect(first, actor=admin)
    keys.recheck(project=project, actor=admin, now=timezone.now())
    keys.replace_key(project=project, token=second, actor=admin, now=timezone.now())
    keys.disconnect(project=project, actor=admin, now=timezone.now())

    acts = Act.objects.filter(project=project).order_by("pk")
    assert [(act.kind, act.actor_username, act.details) for act in acts] == [
        ("KEY_CONNECTED", "admin", {"key": f"••••{first[-4:]}"}),
        ("KEY_CHECKED", "admin", {"key": f"••••{first[-4:]}", "result": "ACCEPTED"}),
        ("KEY_REPLACED", "admin", {"key": f"••••{second[-4:]}"}),
        ("KEY_DISCONNECTED", "admin", {"key": f"••••{second[-4:]}"}),
    ]
    assert not any(key[:-4] in str(row) for row in Act.objects.values() for key in (first, second))
