"""A history that was restored from an older backup: that stays seen until somebody says that they have seen it."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from phones.models import SITE_CHAIN, Act, ActKind, ChainBreak, ChainHead, Change, Membership, Phone
from phones.services.audit import log
from phones.services.audit.acts import record_act
from phones.services.audit.chain.breaks import BreakHasMoved, acknowledge_break, find_break, has_break
from phones.services.audit.chain.heads import Head, exported_note, head_path
from phones.services.audit.chain.verification import verify_log
from tests.fixtures.desk import make_user
from tests.fixtures.diary import entry, settle
from tests.support.database.restoring import Backup, is_complete

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def admin(quiet_phone: Phone) -> User:
    """Who acknowledges."""
    return make_user("admin")


def write(phone: Phone, count: int) -> list[Change]:
    """Add settled entries: two seals each."""
    changes = [entry(phone, reason=f"More {number}") for number in range(count)]
    for change in changes:
        log.begin([change])
        settle(change)
    return changes


def restored(phone: Phone, later: int) -> list[Change]:
    """Write two entries after a backup, restore it, and write as many as asked for after that."""
    backup = Backup()
    write(phone, 2)
    backup.restore()
    return write(phone, later)


def end_of(phone: Phone) -> Head:
    """Return the end of the chain in the database."""
    return Head(*ChainHead.objects.values_list("number", "mac").get(chain=phone.project_id))


def test_backup_has_all_that_hangs_on_the_history() -> None:
    assert is_complete()


@pytest.mark.parametrize("later", [0, 1, 2, 5])
def test_restored_database_is_noticed_however_many_entries_follow(
    quiet_phone: Phone, written: list[Change], admin: User, later: int
) -> None:
    # Seals 1 to 6 are in the backup, 7 to 10 are lost.
    restored(quiet_phone, later)

    path = head_path(quiet_phone.project_id)
    found = find_break(quiet_phone.project)
    assert found
    assert (found.noted_number, found.found_number, found.path) == (10, 6 + 2 * later, path)
    assert has_break(quiet_phone.project)
    (fault,) = verify_log(project=quiet_phone.project).faults
    assert fault == (
        f"The chain was cut off: it ends with seal {6 + 2 * later}, and {path} notes seal 10."
        if later < 2
        else f"The chain was made anew: seal 10 is not the one that {path} notes."
    )
    with pytest.raises(CommandError):
        call_command("verify_changes")


def test_each_entry_after_a_restore_is_an_error_in_the_log(
    quiet_phone: Phone, written: list[Change], caplog: pytest.LogCaptureFixture
) -> None:
    restored(quiet_phone, 1)

    told = [record for record in caplog.records if record.name == "phones.audit"]
    assert {record.levelno for record in told} == {logging.ERROR}
    assert len(told) == 2


@pytest.mark.parametrize("later", [0, 1, 5])
def test_acknowledged_break_is_kept_with_its_name_and_the_file_goes_on(
    quiet_phone: Phone, written: list[Change], admin: User, later: int, capsys: pytest.CaptureFixture[str]
) -> None:
    restored(quiet_phone, later)
    found = find_break(quiet_phone.project)
    assert found

    acknowledge_break(project=quiet_phone.project, noted=found.noted, by=admin, clock=timezone.now)

    assert find_break(quiet_phone.project) is None
    assert has_break(quiet_phone.project)
    assert exported_note(quiet_phone.project_id).head == end_of(quiet_phone)
    kept = ChainBreak.objects.get()
    assert (kept.actor, kept.actor_name, kept.noted_number) == (admin, "Admin Ruiz", 10)
    write(quiet_phone, 1)
    assert exported_note(quiet_phone.project_id).head == end_of(quiet_phone)
    call_command("verify_changes")
    said = f"Admin Ruiz has acknowledged that seal 10 was noted, and the chain ended with {6 + 2 * later}."
    assert said in capsys.readouterr().out


def test_acknowledged_break_says_nothing_of_the_next_one(
    quiet_phone: Phone, written: list[Change], admin: User
) -> None:
    for _number in range(2):
        restored(quiet_phone, 4)
        found = find_break(quiet_phone.project)
        assert found
        acknowledge_break(project=quiet_phone.project, noted=found.noted, by=admin, clock=timezone.now)

    assert ChainBreak.objects.count() == 2


def test_only_what_was_shown_is_acknowledged(quiet_phone: Phone, written: list[Change], admin: User) -> None:
    with pytest.raises(BreakHasMoved):
        acknowledge_break(project=quiet_phone.project, noted="", by=admin, clock=timezone.now)
    restored(quiet_phone, 1)
    found = find_break(quiet_phone.project)
    assert found
    for noted in ("", "0" * 64):
        with pytest.raises(BreakHasMoved):
            acknowledge_break(project=quiet_phone.project, noted=noted, by=admin, clock=timezone.now)
    acknowledge_break(project=quiet_phone.project, noted=found.noted, by=admin, clock=timezone.now)
    with pytest.raises(BreakHasMoved):
        acknowledge_break(project=quiet_phone.project, noted=found.noted, by=admin, clock=timezone.now)

    assert ChainBreak.objects.count() == 1


def test_spoiled_file_is_a_break_too(quiet_phone: Phone, written: list[Change], admin: User) -> None:
    path = head_path(quiet_phone.project_id)
    path.write_text("spoiled")
    write(quiet_phone, 1)

    found = find_break(quiet_phone.project)
    assert found
    assert (found.noted_number, path.read_text()) == (0, "spoiled")
    acknowledge_break(project=quiet_phone.project, noted=found.noted, by=admin, clock=timezone.now)
    assert verify_log(project=quiet_phone.project).faults == []


def test_another_machine_with_an_older_file_is_no_break(quiet_phone: Phone, written: list[Change]) -> None:
    path: Path = head_path(quiet_phone.project_id)
    older = path.read_text()
    write(quiet_phone, 2)
    path.write_text(older)

    assert find_break(quiet_phone.project) is None
    write(quiet_phone, 1)
    assert exported_note(quiet_phone.project_id).head == end_of(quiet_phone)


def test_what_was_acknowledged_is_never_altered_and_never_deleted(
    quiet_phone: Phone, written: list[Change], admin: User
) -> None:
    restored(quiet_phone, 1)
    found = find_break(quiet_phone.project)
    assert found
    kept = acknowledge_break(project=quiet_phone.project, noted=found.noted, by=admin, clock=timezone.now)

    for act in (kept.delete, lambda: ChainBreak.objects.update(actor_name="Somebody else")):
        with pytest.raises(DatabaseError):
            act()
    admin.delete()

    assert (ChainBreak.objects.get().actor, ChainBreak.objects.get().actor_name) == (None, "Admin Ruiz")


def test_break_of_the_chain_of_the_site_is_acknowledged_as_well(
    quiet_phone: Phone, superuser: User, admin: User, client_of: Callable[[User], Client]
) -> None:
    record_act(kind=ActKind.SIGNED_IN, actor=admin, at=timezone.now())
    head_path(SITE_CHAIN).write_text(f"{9:020d} {'0' * 64}\n")
    found = find_break(None)
    assert found
    url, sent = "/projects/north/changes/", {"noted": found.noted}
    Membership.objects.create(project=quiet_phone.project, user=admin, role="ADMIN")

    assert "The history is not whole" not in client_of(admin).get(url).content.decode()
    client_of(admin).post(f"{url}acknowledge/", sent)
    assert find_break(None) == found
    assert "The history is not whole" in client_of(superuser).get(url).content.decode()
    client_of(superuser).post(f"{url}acknowledge/", sent)

    assert find_break(None) is None
    assert verify_log(project=None).faults == []
    done = Act.objects.get(kind="BREAK_ACKNOWLEDGED")
    assert (done.project, done.actor, done.details) == (None, superuser, {"noted": 9, "found": 1})
