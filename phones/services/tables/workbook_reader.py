"""The sheets of a workbook: .xlsx, .xlsm, .xlsb, .xls, .ods, and an HTML page with such a name.

A workbook is a zip file of XML, so a small one may be huge unpacked, and its parser is native code. So another process
reads it (`workbook_child`), with limits of memory and time.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _

from phones.diga.types import clean_text
from phones.services.tables.limits import NotATable

CHILD = Path(__file__).with_name("workbook_child.py")
SECONDS = 90
_HUGE, _PROTECTED = 4, 5

Record = tuple[int, list[str], Mapping[int, str]]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet with its rows as JSON. `hides_faults`: an empty-looking cell may be an error or part of a merged cell."""

    name: str
    is_hidden: bool
    is_open: bool
    hides_faults: bool
    chunks: tuple[bytes, ...]

    @property
    def contents(self) -> bytes:
        """All its contents, for comparison with another sheet."""
        return b"".join(chunk.partition(b",")[2] for chunk in self.chunks)

    def records(self) -> Iterator[Record]:
        """Yield the rows that aren't blank: the line, the texts, and why the values of some columns are unknown."""
        for chunk in self.chunks:
            for line, cells, unknown in json.loads(chunk)[1]:
                yield line, [clean_text(cell) for cell in cells], {int(place): why for place, why in unknown.items()}


def read_sheets(data: bytes) -> list[Sheet]:
    """Return the sheets of a workbook that have cells.

    :raises NotATable: there is none, or the file is broken, protected, of another kind, or too large inside.
    """
    try:
        # Safe arguments: this interpreter and a file of this package, without a shell.
        child = subprocess.run(  # noqa: S603
            [sys.executable, "-I", str(CHILD)], input=data, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise NotATable(_too_large()) from None
    if child.returncode == _PROTECTED:
        raise NotATable(protected())
    if child.returncode < 0 or child.returncode == _HUGE:
        # Killed by the operating system's limits: no file of this size needs so much memory or time.
        raise NotATable(_too_large())
    if child.returncode:
        raise NotATable(_("The file is broken, or no Excel workbook. Save it as .xlsx or CSV and try again."))
    first, *lines = child.stdout.splitlines()
    chunks: list[list[bytes]] = [[] for _about in json.loads(first)]
    for line in lines:
        place = int(line[1 : line.index(b",")])
        if not line.endswith(b", []]"):
            chunks[place].append(line)
    found = [Sheet(chunks=tuple(rows), **about) for about, rows in zip(json.loads(first), chunks, strict=True) if rows]
    if not found:
        raise NotATable(_("The workbook has no sheet with cells."))
    return found


def protected() -> str:
    """Return the sentence for a password-protected file."""
    return _("The file is protected by a password. Save it without one and try again.")


def _too_large() -> str:
    return _("The workbook holds far more than a list of numbers. Save only the list, as .xlsx or CSV.")
