"""The end of a chain in a file: the latest wins whoever comes last, and no trouble with the file fails a save."""

import errno
import logging
import os
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings

from phones.models import Change, Phone
from phones.services import diary
from phones.services.chain_heads import NO_HEAD, Head, HeadSpoiled, export_head, exported_head, head_path
from tests.fixtures.diary import entry

EXPORTS = """
import sys, uuid
from pathlib import Path
from django.conf import settings
settings.configure(DATA_DIR=Path(sys.argv[1]))
from phones.services.chain_heads import Head, export_head
for number in range(int(sys.argv[3]), 400, 2):
    export_head(uuid.UUID(sys.argv[2]), Head(number, f"{number:064x}"))
"""


def head(number: int) -> Head:
    return Head(number, f"{number:064x}")


def test_end_comes_back_as_it_was_written() -> None:
    project_id = uuid.uuid4()
    assert exported_head(project_id) == NO_HEAD

    for number in (1, 2, 10**12):
        export_head(project_id, head(number))
        assert exported_head(project_id) == head(number)


def test_older_end_never_replaces_a_newer_one() -> None:
    project_id = uuid.uuid4()
    export_head(project_id, head(7))

    export_head(project_id, head(6))
    export_head(project_id, Head(7, "f" * 64))

    assert exported_head(project_id) == head(7)


def test_file_is_for_its_owner_only() -> None:
    project_id = uuid.uuid4()
    export_head(project_id, head(1))

    path = head_path(project_id)
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_threads_and_processes_in_any_order_leave_the_latest() -> None:
    project_id = uuid.uuid4()
    arguments = [sys.executable, "-c", EXPORTS, str(settings.DATA_DIR), str(project_id)]
    processes = [subprocess.Popen([*arguments, str(first)], cwd=settings.BASE_DIR) for first in (1, 2)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: export_head(project_id, head(number)), range(300, 0, -1)))

    assert [process.wait(timeout=60) for process in processes] == [0, 0]
    assert exported_head(project_id) == head(399)


@pytest.mark.parametrize(
    "text", ["garbage", "00000000000000000007 half", "7", "-1 " + "0" * 64, "٣ " + "0" * 64, "\udcff"]
)
def test_spoiled_file_is_told_and_written_anew(text: str) -> None:
    project_id = uuid.uuid4()
    export_head(project_id, head(7))
    head_path(project_id).write_bytes(text.encode(errors="surrogateescape"))

    with pytest.raises(HeadSpoiled):
        exported_head(project_id)
    export_head(project_id, head(8))

    assert exported_head(project_id) == head(8)


def test_longer_file_leaves_nothing_behind() -> None:
    project_id = uuid.uuid4()
    export_head(project_id, head(1))
    head_path(project_id).write_text("x" * 500)

    export_head(project_id, head(2))

    assert head_path(project_id).read_text() == f"{2:020d} {2:064x}\n"


@pytest.mark.django_db(transaction=True)
def test_file_that_cannot_be_written_does_not_fail_an_entry_and_is_logged(
    quiet_phone: Phone, written: list[Change], caplog: pytest.LogCaptureFixture
) -> None:
    path = head_path(quiet_phone.project_id)
    path.unlink()
    path.mkdir()
    before = Change.objects.count()

    with caplog.at_level(logging.WARNING):
        diary.begin([entry(quiet_phone)])

    assert Change.objects.count() == before + 1
    assert [record.getMessage() for record in caplog.records if record.name == "phones.diary"] == [
        f"The end of the diary of project {quiet_phone.project_id} was not exported: {os.strerror(errno.EISDIR)}"
    ]
    path.rmdir()
