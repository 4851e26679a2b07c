"""The sheets of a workbook: .xlsx, .xlsm, .xlsb, .xls, .ods, and an HTML page with such a name.

A workbook is a zip file of XML, so a small one may be huge unpacked, and a parser of it may be native code. So another
process reads it (`child`), with limits of memory and time. The file goes there, and the rows come back, through files.
Of each web process one such process runs at a time: so many times a child's memory is the most that uploads take.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.utils.translation import gettext as _

from phones.diga.types import clean_text
from phones.services.tables.limits import NotATable

# The project's folder is no package path of an isolated interpreter.
CHILD = """
import sys
sys.path.insert(0, sys.argv[1])
from phones.services.tables.workbooks.child import main
sys.exit(main())
"""
ROOT = Path(__file__).resolve().parents[4]
SECONDS = 60
# How long an upload waits for the one before it. Most workbooks are read within a second.
PATIENCE_SECONDS = 10.0
_place = threading.BoundedSemaphore(1)
_HUGE, _PROTECTED = 4, 5

Record = tuple[int, list[str], Mapping[int, str]]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet with its rows as JSON in a file, in the `places` where a line begins.

    `hides_faults`: an empty-looking cell may be an error or part of a merged cell.
    """

    name: str
    is_hidden: bool
    is_open: bool
    hides_faults: bool
    file: IO[bytes]
    places: tuple[int, ...]

    @property
    def contents(self) -> bytes:
        """A digest of its rows, for comparison with another sheet."""
        digest = hashlib.sha256()
        for line in self._lines():
            digest.update(line.partition(b",")[2])
        return digest.digest()

    def records(self) -> Iterator[Record]:
        """Yield the rows that aren't blank: the line, the texts, and why the values of some columns are unknown."""
        for text in self._lines():
            for line, cells, unknown in json.loads(text)[1]:
                yield line, list(map(clean_text, cells)), {int(place): why for place, why in unknown.items()}

    def _lines(self) -> Iterator[bytes]:
        for place in self.places:
            self.file.seek(place)
            yield self.file.readline()


@contextmanager
def opened_sheets(data: bytes) -> Iterator[list[Sheet]]:
    """Return the sheets of a workbook that have cells; their rows can be read within the block.

    :raises NotATable: there is none, or the file is broken, protected, of another kind, or too large inside; or
        others are being read.
    """
    with tempfile.TemporaryFile() as sent, tempfile.TemporaryFile() as written:
        sent.write(data)
        sent.seek(0)
        if not _place.acquire(timeout=PATIENCE_SECONDS):
            raise NotATable(_("Other workbooks are being read just now. Nothing is wrong with yours: send it again."))
        try:
            _run_child(sent, written)
        finally:
            _place.release()
        written.seek(0)
        about = json.loads(written.readline())
        places: list[list[int]] = [[] for _sheet in about]
        place = written.tell()
        while line := written.readline():
            if not line.endswith(b", []]\n"):
                places[int(line[1 : line.index(b",")])].append(place)
            place = written.tell()
        found = [
            Sheet(file=written, places=tuple(rows), **each) for each, rows in zip(about, places, strict=True) if rows
        ]
        if not found:
            raise NotATable(_("The workbook has no sheet with cells."))
        yield found


def _run_child(sent: IO[bytes], written: IO[bytes]) -> None:
    try:
        # Safe arguments: this interpreter and a line of this file, without a shell.
        child = subprocess.run(  # noqa: S603
            [sys.executable, "-I", "-c", CHILD, str(ROOT)],
            stdin=sent,
            stdout=written,
            stderr=subprocess.DEVNULL,
            # Nothing of ours: the keys are in the environment.
            env={},
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotATable(_too_large()) from None
    if child.returncode == _PROTECTED:
        raise NotATable(protected())
    if child.returncode < 0 or child.returncode == _HUGE:
        # Ended by the limits: no list of numbers of this size needs so much memory or time.
        raise NotATable(_too_large())
    if child.returncode:
        raise NotATable(_("The file is broken, or no Excel workbook. Save it as .xlsx or CSV and try again."))


def protected() -> str:
    """Return the sentence for a password-protected file."""
    return _("The file is protected by a password. Save it without one and try again.")


def _too_large() -> str:
    return _("The workbook holds far more than a list of numbers. Save only the list, as .xlsx or CSV.")
