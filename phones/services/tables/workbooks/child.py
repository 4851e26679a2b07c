"""Reads the sheets of a workbook in a process of its own, with little memory and time.

Run by `reader` with the file as standard input; nothing that it imports needs Django. It writes JSON lines: the sheets,
then `[sheet, rows]` by some thousand rows; a row is `[line, texts, {column: reason why its value is unknown}]`. A file
that is huge when unpacked, or made to crash a parser, ends this process only. Exit codes say why nothing was read.
"""

import json
import resource
import sys
import zipfile
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO
from xml.etree import ElementTree
from xml.parsers.expat import ExpatError

import python_calamine

from phones.services.tables.workbooks import xlsx, xlsx_values
from phones.services.tables.workbooks.rows import COLUMN_LIMIT, ROW_LIMIT, SHEET_LIMIT, Huge, Merged, Row, Sheet
from phones.services.tables.workbooks.web_page import page_sheets

# What the process may allocate beside its code; what it may write: some times more than a list of 100,000 numbers.
MEMORY_BYTES, WRITTEN_BYTES, CPU_SECONDS = 140 * 1024**2, 256 * 1024**2, 30
# The limit for all parts of a workbook, unpacked. 100,000 numbers take some 120 MB as a sheet.
UNPACKED_BYTES, PART_COUNT = 300 * 1024 * 1024, 2000
CHUNK = 500
BROKEN, HUGE, PROTECTED = 3, 4, 5
WORKSHEET = python_calamine.SheetTypeEnum.WorkSheet
# The exceptions of parsers on broken contents.
_BROKEN = (ValueError, LookupError, OSError, EOFError, RuntimeError, NotImplementedError, ArithmeticError)
_BROKEN_FILE = (python_calamine.CalamineError, zipfile.BadZipFile, ElementTree.ParseError, ExpatError, *_BROKEN)


def main() -> int:
    """Read standard input, write its sheets, and return the exit code."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (WRITTEN_BYTES, WRITTEN_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        _write(sheets_in(sys.stdin.buffer))
    except python_calamine.PasswordError:
        return PROTECTED
    except (Huge, MemoryError):
        return HUGE
    except _BROKEN_FILE:
        return BROKEN
    return 0


def sheets_in(file: BinaryIO) -> list[Sheet]:
    """Return the sheets of a file that can be sought in, with rows that are read when they are asked for."""
    head = file.read(64)
    file.seek(0)
    if head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        return page_sheets(file)
    found = xlsx.sheets_of(_checked(file)) if head.startswith(b"PK") else None
    if found is None:
        file.seek(0)
        return _other_sheets(file)
    return found[:SHEET_LIMIT]


def _write(sheets: list[Sheet]) -> None:
    out = sys.stdout
    out.write(json.dumps([about for about, _rows in sheets]) + "\n")
    for place, (_about, rows) in enumerate(sheets):
        chunk: list[Row] = []
        for row in islice(rows, ROW_LIMIT):
            chunk.append(row)
            if len(chunk) == CHUNK:
                out.write(json.dumps([place, chunk]) + "\n")
                chunk = []
        out.write(json.dumps([place, chunk]) + "\n")


def _checked(file: BinaryIO) -> zipfile.ZipFile:
    """Return the parts of a file, none of which is larger than it declares, and all together within the limit."""
    archive = zipfile.ZipFile(file)
    parts = archive.infolist()
    if len(parts) > PART_COUNT or sum(part.file_size for part in parts) > UNPACKED_BYTES:
        raise Huge
    for part in parts:
        with archive.open(part) as content:
            # Reading to the end verifies the checksum: a part larger than it declares is broken.
            while content.read(1 << 16):
                pass
    return archive


def _other_sheets(file: BinaryIO) -> list[Sheet]:
    """Return the sheets of .xls, .xlsb and .ods: calamine holds them whole, so far smaller ones can be read."""
    book = python_calamine.CalamineWorkbook.from_filelike(file)
    return [
        (
            {
                "name": about.name,
                "is_hidden": about.visible != python_calamine.SheetVisibleEnum.Visible,
                "is_open": False,
                # calamine shows an error, a formula without its result, and a covered cell as empty.
                "hides_faults": True,
            },
            _rows(book, about.name),
        )
        for about in book.sheets_metadata[:SHEET_LIMIT]
        if about.typ == WORKSHEET
    ]


def _rows(book: python_calamine.CalamineWorkbook, name: str) -> Iterator[Row]:
    sheet = book.get_sheet_by_name(name)
    if sheet.start is None or sheet.end is None:
        return
    if sheet.end[1] >= COLUMN_LIMIT:
        raise Huge
    merged = Merged(sheet.merged_cell_ranges or [])
    left = [""] * sheet.start[1]
    # Rows begin with the first of the sheet, columns with the first that has content.
    for place, values in enumerate(sheet.iter_rows()):
        cells = left + [xlsx_values.shown(value) for value in values]
        doubts: dict[int, str] = {}
        merged.fill(place, cells, doubts)
        if doubts or any(cells):
            yield place + 1, cells, doubts


if __name__ == "__main__":
    sys.exit(main())
