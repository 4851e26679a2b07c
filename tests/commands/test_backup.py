"""`backup` and `restore`: what is in the file, what refuses it, and a copy that sends nothing by itself."""

import io
import json
import stat
import tarfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from bench.rig.plans import make_plan, phones_of
from dashboard.monitoring import machines
from phones import tasks
from phones.diga.sandbox import Sandbox
from phones.models import Act, Change, Instance, Plan, PlanState, Project, Schedule, Session
from phones.services import heartbeat
from phones.services.audit.chain.breaks import find_break
from phones.services.installation import instances
from phones.services.installation.archive import unpack
from phones.services.plans import lifecycle
from phones.services.plans.forecasts.fingerprint import fingerprint_of
from phones.services.routing.edits import PhoneEdit
from tests.support.database.dumping import dump
from tests.support.database.emptying import empty_tables
from tests.support.database.tampering import tamper
from tests.support.desk.saving import forget_waiting, patches
from tests.support.desk.scheduled import HOUR, ended

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of data that this test alone uses."""
    forget_waiting(monkeypatch)
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
    return tmp_path


@pytest.fixture
def file(folder: Path, aurora: Project) -> Path:
    """A backup of a database with one project."""
    call_command("backup", folder / "desk.backup", stdout=io.StringIO())
    return folder / "desk.backup"


def restore(file: Path, *options: str) -> str:
    """Restore, and return what the command said."""
    out = io.StringIO()
    call_command("restore", file, *options, stdout=out, stderr=out)
    return out.getvalue()


def move_to_empty(settings: Any, folder: Path) -> None:
    """Go on in an empty folder, with an empty database."""
    empty_tables()
    settings.DATA_DIR = folder / "empty"
    settings.DATA_DIR.mkdir()


def rewritten(file: Path, **more: Any) -> Path:
    """Return the backup with something else in its manifest."""
    other = file.with_name("other.backup")
    with tarfile.open(file) as old, tarfile.open(other, "w:gz") as new:
        for info in old:
            content = old.extractfile(info).read()  # type: ignore[union-attr]
            if info.name == "manifest.json":
                content = json.dumps(json.loads(content) | more).encode()
                info.size = len(content)
            new.addfile(info, io.BytesIO(content))
    return other


def manifest_of(file: Path) -> dict[str, Any]:
    with tarfile.open(file) as tar:
        return json.loads(tar.extractfile("manifest.json").read())  # type: ignore[union-attr,no-any-return]


def test_backup_is_one_file_for_its_user_alone_without_a_key(
    settings: Any, folder: Path, aurora: Project, lunch: Schedule
) -> None:
    instances.note_own(timezone.now())
    out = io.StringIO()

    call_command("backup", folder / "desk.backup", stdout=out)

    file = folder / "desk.backup"
    assert sorted(path.name for path in folder.iterdir()) == ["data", "desk.backup"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "keys (SECRET_KEY, TOKEN_KEYS, DIARY_KEY) are not in it" in out.getvalue()
    found = manifest_of(file)
    assert (found["version"], found["vendor"]) == (settings.VERSION, connection.vendor)
    assert found["instance"] == str(instances.own_id())
    assert "phones.0027_instances" in found["migrations"]
    assert found["heads"][str(aurora.pk)][0] > 0
    with tarfile.open(file) as tar:
        whole = b"".join(tar.extractfile(info).read() for info in tar)  # type: ignore[union-attr]
    for key in (settings.SECRET_KEY, settings.DIARY_KEY, *settings.TOKEN_KEYS, aurora.open_token()):
        assert key.encode() not in whole
    with pytest.raises(CommandError, match="never overwritten"):
        call_command("backup", file)


def test_restored_rows_are_those_of_the_backup(settings: Any, folder: Path, file: Path) -> None:
    Session.objects.all().delete()
    before = {name: rows for name, rows in dump().items() if name not in {"phones_instance", "django_migrations"}}
    move_to_empty(settings, folder)

    said = restore(file)

    after = dump()
    grown = {"phones_act", "phones_changeseal", "phones_chainhead", "sqlite_sequence"}
    assert {name for name, rows in before.items() if after[name] != rows} <= grown
    assert Act.objects.filter(kind="RESTORED", actor=None).get().details["version"] == settings.VERSION
    assert "aurora: 0 changes" in said
    assert [path.name for path in settings.DATA_DIR.iterdir() if path.name.startswith(".")] == []


def test_backup_is_unpacked_without_what_python_of_debian_12_lacks(
    folder: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 3.11.2 knows no `filter=`.
    monkeypatch.delattr(tarfile.TarFile, "extract")

    assert unpack(file, folder).stat().st_size > 0


def test_restored_plan_and_schedule_wait_until_somebody_says_go_on(
    settings: Any, folder: Path, aurora: Project, lead: User, lunch: Schedule, sandbox: Sandbox
) -> None:
    instances.note_own(timezone.now())
    plan = make_plan(lead, phones_of(aurora, 3), PhoneEdit(nickname="Restored"))
    lifecycle.apply_plan(plan=plan, by=lead, reviewed=fingerprint_of(plan), typed="3", clock=timezone.now)
    Schedule.objects.update(due_at=timezone.now() - HOUR / 2)
    call_command("backup", folder / "desk.backup", verbosity=0, stdout=io.StringIO())
    move_to_empty(settings, folder)
    sandbox.journal.clear()

    restore(folder / "desk.backup")
    for _minute in range(2):
        instances.note_own(timezone.now())
        tasks.tick()
        tasks.go_on_with_plans()
    assert (patches(sandbox), Plan.objects.get().state, ended(lunch)) == ([], PlanState.RUNNING, ("WAITING", ""))

    call_command("go_on", stdout=io.StringIO())
    tasks.tick()
    tasks.go_on_with_plans()
    assert (len(patches(sandbox)), Plan.objects.get().state, ended(lunch)) == (4, PlanState.FINISHED, ("DONE", ""))


def test_copy_in_the_same_folder_waits_and_tells_what_is_missing(
    aurora: Project, file: Path, router: User, lunch: Schedule
) -> None:
    instances.note_own(timezone.now())
    heads = sorted((instances._path().parent / "diary-heads").iterdir())
    assert heads

    said = restore(file, "--replace")

    assert not Change.objects.exists()
    assert instances.is_foreign()
    assert find_break(aurora) is not None
    assert "aurora: an administrator has to acknowledge that what came later is missing." in said


def test_database_with_content_is_replaced_only_when_asked(file: Path, aurora: Project) -> None:
    Project.objects.update(name="Newer")
    with pytest.raises(CommandError, match=r"With --replace it is deleted. Nothing was changed."):
        restore(file)
    assert Project.objects.get(pk=aurora.pk).name == "Newer"

    restore(file, "--replace")

    assert Project.objects.get(pk=aurora.pk).name == aurora.name


def test_history_cut_short_in_the_backup_is_told(settings: Any, folder: Path, aurora: Project, lunch: Schedule) -> None:
    call_command("backup", folder / "desk.backup", stdout=io.StringIO())
    number, mac = manifest_of(folder / "desk.backup")["heads"][str(aurora.pk)]
    other = rewritten(folder / "desk.backup", heads={str(aurora.pk): [number + 1, mac]})
    move_to_empty(settings, folder)

    assert "The chain was cut off" in restore(other)


def test_altered_history_of_the_backup_is_told(settings: Any, folder: Path, aurora: Project, lunch: Schedule) -> None:
    tamper("UPDATE phones_change SET reason = 'forged'")
    call_command("backup", folder / "desk.backup", stdout=io.StringIO())
    move_to_empty(settings, folder)

    with pytest.raises(CommandError, match="The restored history is not what was written: 1 found"):
        restore(folder / "desk.backup")


def test_running_desk_is_not_replaced(file: Path) -> None:
    heartbeat.beat(timezone.now)
    with pytest.raises(CommandError, match=r"Phone Desk runs \(a worker\)"):
        restore(file, "--replace")

    heartbeat.beat(lambda: timezone.now() - timedelta(minutes=3))
    restore(file, "--replace")


def test_desk_that_serves_people_is_not_replaced(file: Path, client: Client, lead: User) -> None:
    client.force_login(lead)
    with pytest.raises(CommandError, match=r"Phone Desk runs \(somebody is signed in\)"):
        restore(file, "--replace")
    Session.objects.update(seen_at=timezone.now() - timedelta(minutes=3))
    machines.compare("web", host="desk-2")
    with pytest.raises(CommandError, match=r"Phone Desk runs \(desk-2 web\)"):
        restore(file, "--replace")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"migrations": ["phones.9999_later"], "version": "9.9"}, r"newer release \(9.9\)"),
        ({"vendor": "oracle"}, r"another kind of database \(oracle\)"),
        ({"proofs": {"DIARY_KEY": "another"}}, "DIARY_KEY: not the keys"),
        ({"format": 2}, "is no backup"),
        ({"unknown": 1}, "is no backup"),
        ({"heads": ["none"]}, "is no backup"),
    ],
)
def test_backup_that_does_not_fit_is_refused(file: Path, more: dict[str, Any], said: str) -> None:
    before = dump()

    with pytest.raises(CommandError, match=f"{said}.*Nothing was changed"):
        restore(rewritten(file, **more), "--replace")

    assert dump() == before


def test_damaged_backup_changes_nothing(file: Path) -> None:
    before = dump()
    whole = file.read_bytes()
    for content in (b"", b"no backup", whole[: len(whole) // 2]):
        file.write_bytes(content)
        with pytest.raises(CommandError, match="Nothing was changed"):
            restore(file, "--replace")

    assert dump() == before


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite needs no programs")
def test_programs_of_postgresql_are_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("phones.services.installation.engines.shutil.which", lambda _name: None)

    with pytest.raises(CommandError, match="needs pg_dump, which is not on this machine"):
        call_command("backup", file.with_name("second.backup"))
    with pytest.raises(CommandError, match=r"takes psql, which is not on this machine. Nothing was changed"):
        restore(file, "--replace")
    assert sorted(path.name for path in file.parent.iterdir()) == ["data", "desk.backup"]
    assert not Instance.objects.exists()
