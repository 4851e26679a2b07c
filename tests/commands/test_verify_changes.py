"""`manage.py verify_changes`: what is wrong in words, and an exit code that a nightly job sees."""

import io
import threading
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections

from phones.models import Act, Change, Phone
from phones.models.audit import append_only
from phones.services.audit import log
from phones.services.audit.chain import verification
from phones.services.audit.chain.hashing import mac_of
from tests.fixtures.diary import entry, settle
from tests.support.database.tampering import tamper

pytestmark = pytest.mark.django_db(transaction=True)


def run(*arguments: str) -> tuple[str, list[str]]:
    """Run the command, and return what it said of all, and of what is wrong."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("verify_changes", *arguments, stdout=out, stderr=err)
    except CommandError as error:
        err.write(str(error))
    return out.getvalue(), err.getvalue().splitlines()


def test_untouched_diary_passes(quiet_phone: Phone, written: list[Change]) -> None:
    assert run() == ("north: 3 changes, 0 acts, 6 seals\nsite: 0 changes, 0 acts, 0 seals\n", [])
    # The first run is an act.
    assert run("north") == ("north: 3 changes, 1 acts, 7 seals\n", [])


def test_each_forged_entry_is_named(quiet_phone: Phone, written: list[Change]) -> None:
    tamper("UPDATE phones_change SET reason = 'forged'")

    said, wrong = run("north")

    assert said == "north: 3 changes, 0 acts, 6 seals\n"
    assert [line.split(" was")[0] for line in wrong[:3]] == [f"north: Change {change.pk}" for change in written]
    assert wrong[3] == "The history is not what was written: 3 found."


def test_missing_trigger_is_found(quiet_phone: Phone, written: list[Change]) -> None:
    append_only.remove_triggers()

    _said, wrong = run()

    assert [line.split(" is")[0] for line in wrong[:-1]] == [
        f"The trigger {name}" for name, *_rest in append_only.triggers_of(connection.vendor)
    ]
    assert wrong[-1] == f"The history is not what was written: {len(append_only.triggers_of(connection.vendor))} found."


def test_unknown_project_is_named() -> None:
    assert run("south") == ("", ["There is no project south."])


def test_others_write_meanwhile(quiet_phone: Phone, written: list[Change], monkeypatch: pytest.MonkeyPatch) -> None:
    def write() -> None:
        try:
            change = entry(quiet_phone)
            log.begin([change])
            settle(change)
        finally:
            connections.close_all()

    writer = threading.Thread(target=write)

    def write_and_seal(**link: Any) -> str:
        # By the first seal the moment is fixed; what is written from then on is not seen half.
        if link["number"] == 1:
            writer.start()
            writer.join(timeout=10)
        return mac_of(**link)

    monkeypatch.setattr(verification, "mac_of", write_and_seal)

    assert run() == ("north: 3 changes, 0 acts, 6 seals\nsite: 0 changes, 0 acts, 0 seals\n", [])
    assert not writer.is_alive()
    assert Change.objects.count() == 4


def test_each_run_is_written_down_with_what_it_has_found(quiet_phone: Phone, written: list[Change]) -> None:
    run()
    tamper("UPDATE phones_change SET reason = 'forged' WHERE id = %s", written[1].pk)
    run("north")

    acts = Act.objects.order_by("pk").values_list("project__slug", "kind", "details")
    assert list(acts) == [
        ("north", "VERIFIED", {"changes": 3, "acts": 0, "seals": 6, "faults": 0}),
        (None, "VERIFIED", {"changes": 0, "acts": 0, "seals": 0, "faults": 0}),
        ("north", "VERIFIED", {"changes": 3, "acts": 1, "seals": 7, "faults": 1}),
    ]
