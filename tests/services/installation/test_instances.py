"""Folders of data that a database knows, and copies that it doesn't: those do nothing by themselves."""

import shutil
import uuid
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from bench.rig.plans import make_plan, phones_of
from phones import tasks
from phones.diga.sandbox import Sandbox
from phones.models import Act, Instance, Phone, Plan, PlanState, Project, Schedule
from phones.services.audit.chain.heads import head_path
from phones.services.audit.chain.verification import verify_log
from phones.services.installation import instances
from phones.services.plans import lifecycle
from phones.services.plans.forecasts.fingerprint import fingerprint_of
from phones.services.routing.edits import PhoneEdit
from tests.support.desk.saving import forget_waiting, patches, save
from tests.support.desk.scheduled import HOUR, ended

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def folder(settings: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of data that this test alone uses."""
    forget_waiting(monkeypatch)
    return use(settings, tmp_path / "data")


def use(settings: object, folder: Path) -> Path:
    """Let this process run from a folder, as another machine or a restored copy does."""
    folder.mkdir(exist_ok=True)
    settings.DATA_DIR = folder  # type: ignore[attr-defined]
    return folder


def note() -> None:
    instances.note_own(timezone.now())


def running_plan(project: Project, author: User) -> Plan:
    """Start a plan of three rows, whose bell nobody has heard."""
    plan = make_plan(author, phones_of(project, 3), PhoneEdit(nickname="Restored"))
    lifecycle.apply_plan(plan=plan, by=author, reviewed=fingerprint_of(plan), typed="3", clock=timezone.now)
    return plan


def test_first_folder_is_admitted_by_itself() -> None:
    assert not instances.is_foreign()
    note()
    note()

    assert (instances.is_foreign(), instances.waiting_hosts(), Instance.objects.count()) == (False, [], 1)


def test_further_machine_begins_to_note_the_log_where_it_is_admitted(
    settings: object, folder: Path, tmp_path: Path, aurora: Project, sales_phone: Phone
) -> None:
    note()
    save(sales_phone, PhoneEdit(nickname="Ventas"))
    further = use(settings, tmp_path / "further")
    note()
    assert verify_log(project=aurora).faults != []
    use(settings, folder)
    note()

    use(settings, further)
    note()

    assert verify_log(project=aurora).faults == []
    head_path(aurora.pk).unlink()
    instances.note_own(timezone.now() + HOUR)
    assert [fault for fault in verify_log(project=aurora).faults if "nobody can say" in fault] != []


def test_restored_copy_sends_nothing_until_somebody_says_go_on(
    settings: object, tmp_path: Path, aurora: Project, lead: User, lunch: Schedule, sandbox: Sandbox
) -> None:
    note()
    plan = running_plan(aurora, lead)
    Schedule.objects.update(due_at=timezone.now() - HOUR / 2)
    use(settings, tmp_path / "copy")
    sandbox.journal.clear()

    for _minute in range(2):
        note()
        tasks.tick()
        tasks.go_on_with_plans()
    plan.refresh_from_db()
    assert (patches(sandbox), plan.state, ended(lunch)) == ([], PlanState.RUNNING, ("WAITING", ""))

    call_command("go_on", verbosity=0)
    tasks.tick()
    tasks.go_on_with_plans()
    plan.refresh_from_db()
    assert (len(patches(sandbox)), plan.state, ended(lunch)) == (4, PlanState.FINISHED, ("DONE", ""))
    assert Act.objects.filter(kind="COPY_RELEASED").count() == 1
    with pytest.raises(CommandError, match="Nothing is held"):
        call_command("go_on")


def test_running_worker_admits_a_further_machine(settings: object, folder: Path, tmp_path: Path) -> None:
    note()
    use(settings, tmp_path / "second")
    note()
    assert (instances.is_foreign(), len(instances.waiting_hosts())) == (True, 1)

    use(settings, folder)
    note()
    use(settings, tmp_path / "second")

    assert (instances.is_foreign(), instances.waiting_hosts()) == (False, [])


def test_folder_that_waits_admits_nobody(settings: object, tmp_path: Path) -> None:
    note()
    for name in ("copy", "other"):
        use(settings, tmp_path / name)
        note()
        note()

    assert len(instances.waiting_hosts()) == 2


def test_copy_of_the_whole_folder_is_another(settings: object, folder: Path, tmp_path: Path) -> None:
    note()
    shutil.copytree(folder, tmp_path / "copy")
    use(settings, tmp_path / "copy")

    assert instances.is_foreign()
    note()
    assert len(instances.waiting_hosts()) == 1


@pytest.mark.parametrize("text", ["", "no id", str(uuid.UUID(int=7))])
def test_damaged_file_is_a_folder_of_its_own(folder: Path, text: str) -> None:
    note()
    (folder / instances.FILE).write_text(text)

    assert instances.is_foreign()


def test_file_is_for_its_user_alone(folder: Path) -> None:
    note()

    assert [path.name for path in folder.iterdir()] == ["instance"]
    assert (folder / "instance").stat().st_mode & 0o777 == 0o600
