"""The end of a chain in a file: the latest wins whoever comes last, and no trouble with the file fails a save."""

import errno
import logging
import os
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from django.conf import settings

from phones.models import Change, Phone
from phones.services.audit import log
from phones.services.audit.chain.heads import (
    NO_HEAD,
    Head,
    HeadSpoiled,
    Note,
    Standing,
    export_head,
    exported_note,
    exported_notes,
    head_path,
)
from tests.fixtures.diary import entry

EXPORTS = """
import sys, uuid
from pathlib import Path
from django.conf import settings
settings.configure(DATA_DIR=Path(sys.argv[1]))
from phones.services.audit.chain.heads import Head, Standing, export_head
for number in range(int(sys.argv[3]), 400, 2):
    export_head(uuid.UUID(sys.argv[2]), Head(number, f"{number:064x}"), lambda note: Standing.HELD)
"""


def head(number: int) -> Head:
    return Head(number, f"{number:064x}")


def export(project_id: uuid.UUID, new: Head, standing: Standing = Standing.HELD) -> None:
    """Write the end of a chain of which the database says so of the one noted before."""
    export_head(project_id, new, lambda note: standing)


def noted(project_id: uuid.UUID) -> Head | None:
    """Return what the file notes."""
    return exported_note(project_id).head


def test_end_comes_back_as_it_was_written() -> None:
    project_id = uuid.uuid4()
    assert noted(project_id) == NO_HEAD

    for number in (1, 2, 10**12):
        export(project_id, head(number))
        assert noted(project_id) == head(number)


def test_older_end_never_replaces_a_newer_one() -> None:
    project_id = uuid.uuid4()
    export(project_id, head(7))

    export(project_id, head(6))
    export(project_id, Head(7, "f" * 64))

    assert noted(project_id) == head(7)


def test_file_is_only_appended_to() -> None:
    project_id = uuid.uuid4()
    texts = []
    for number in (1, 2, 5):
        export(project_id, head(number))
        texts.append(head_path(project_id).read_text())

    assert texts[0] == f"{1:020d} {1:064x}\n"
    assert all(longer.startswith(shorter) for shorter, longer in pairwise(texts))
    assert [note.head for note in exported_notes(project_id)] == [head(1), head(2), head(5)]


def test_file_of_an_older_release_goes_on() -> None:
    project_id = uuid.uuid4()
    head_path(project_id).parent.mkdir(exist_ok=True)
    head_path(project_id).write_text(f"{7:020d} {7:064x}\n")

    export(project_id, head(8))

    assert [note.head for note in exported_notes(project_id)] == [head(7), head(8)]


def test_file_is_for_its_owner_only() -> None:
    project_id = uuid.uuid4()
    export(project_id, head(1))

    path = head_path(project_id)
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_threads_and_processes_in_any_order_leave_the_latest() -> None:
    project_id = uuid.uuid4()
    arguments = [sys.executable, "-c", EXPORTS, str(settings.DATA_DIR), str(project_id)]
    processes = [subprocess.Popen([*arguments, str(first)], cwd=settings.BASE_DIR) for first in (1, 2)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: export(project_id, head(number)), range(300, 0, -1)))

    assert [process.wait(timeout=60) for process in processes] == [0, 0]
    assert noted(project_id) == head(399)


SPOILED = ["garbage", "00000000000000000007 half", "7", "-1 " + "0" * 64, "٣ " + "0" * 64, "\udcff", "x" * 500]


@pytest.mark.parametrize("text", SPOILED)
def test_spoiled_file_is_told_and_kept_until_it_is_acknowledged(text: str, caplog: pytest.LogCaptureFixture) -> None:
    project_id = uuid.uuid4()
    export(project_id, head(7))
    head_path(project_id).write_bytes(text.encode(errors="surrogateescape"))
    kept = head_path(project_id).read_bytes()

    export(project_id, head(8), Standing.LOST)
    told = [record.getMessage() for record in caplog.records if record.name == "phones.audit"]
    still = (noted(project_id), head_path(project_id).read_bytes())
    export(project_id, head(9), Standing.ACKNOWLEDGED)

    assert told == [f"The log of project {project_id} does not hold the entry that {head_path(project_id)} notes"]
    assert still == (None, kept)
    assert head_path(project_id).read_bytes() == kept + f"\n{9:020d} {9:064x}\n".encode()


@pytest.mark.parametrize("number", [6, 8])
def test_end_that_the_chain_does_not_hold_is_replaced_only_when_acknowledged(number: int) -> None:
    project_id = uuid.uuid4()
    export(project_id, head(7))

    export(project_id, head(number), Standing.LOST)
    kept = noted(project_id)
    export(project_id, head(number), Standing.ACKNOWLEDGED)

    assert (kept, noted(project_id)) == (head(7), head(number))


def test_file_that_is_not_there_asks_nobody() -> None:
    project_id = uuid.uuid4()

    export(project_id, head(7), Standing.LOST)

    assert noted(project_id) == head(7)


def test_file_that_cannot_be_read_is_told() -> None:
    project_id = uuid.uuid4()
    export(project_id, head(1))
    head_path(project_id).unlink()
    head_path(project_id).mkdir()

    with pytest.raises(HeadSpoiled):
        exported_note(project_id)
    head_path(project_id).rmdir()


def test_note_is_named_by_all_that_stands_in_it() -> None:
    assert Note("one", None).digest != Note("two", None).digest


@pytest.mark.django_db(transaction=True)
def test_file_that_cannot_be_written_does_not_fail_an_entry_and_is_logged(
    quiet_phone: Phone, written: list[Change], caplog: pytest.LogCaptureFixture
) -> None:
    path = head_path(quiet_phone.project_id)
    path.unlink()
    path.mkdir()
    before = Change.objects.count()

    with caplog.at_level(logging.WARNING):
        log.begin([entry(quiet_phone)])

    assert Change.objects.count() == before + 1
    assert [record.getMessage() for record in caplog.records if record.name == "phones.audit"] == [
        f"The end of the log of project {quiet_phone.project_id} was not exported: {os.strerror(errno.EISDIR)}"
    ]
    path.rmdir()
