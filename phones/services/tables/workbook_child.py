"""Reads the sheets of a workbook in a process of its own, with limited memory and time.

Run as `python -I workbook_child.py < FILE`; it imports nothing else of this project. It writes JSON lines: the sheets,
then `[sheet, rows]` by some thousand rows; a row is `[line, texts, {column: reason why its value is unknown}]`. A file
that is huge when unpacked, or made to crash a parser, ends this process only. Exit codes say why nothing was read.
"""

import datetime
import io
import json
import re
import resource
import sys
import zipfile
from collections import deque
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import python_calamine

MEMORY_BYTES, CPU_SECONDS = 2 * 1024**3, 60
# The limit for all parts of a workbook, unpacked. 100,000 numbers take some 120 MB as a sheet.
UNPACKED_BYTES, PART_COUNT = 300 * 1024 * 1024, 2000
# More rows than a table may have, so that the parent process sees the excess.
ROW_LIMIT, COLUMN_LIMIT, SHEET_LIMIT = 100_200, 1000, 50
CHUNK = 2000
# How many characters of a web page are parsed between two checks of its row count.
PAGE_PIECE = 1024 * 1024
BROKEN, HUGE, PROTECTED = 3, 4, 5
WORKSHEET = python_calamine.SheetTypeEnum.WorkSheet
# The XML elements that give the active sheet, and the cells that are formulas, errors or merged.
_OPEN_TAB = re.compile(rb"<(?:\w+:)?workbookView\b[^>]*?\bactiveTab=[\"'](\d{1,4})[\"']")
_CELL_LENGTH = 40_000
_FORMULA = re.compile(rb"<(?:\w+:)?c\s([^>]*)>\s*<(?:\w+:)?f[\s/>](.{0,%d}?)</(?:\w+:)?c>" % _CELL_LENGTH, re.DOTALL)
_ERROR = re.compile(rb"<(?:\w+:)?c\s([^>]*?\bt=[\"']e[\"'][^>]*)>(.{0,%d}?)</(?:\w+:)?c>" % _CELL_LENGTH, re.DOTALL)
_REFERENCE = re.compile(rb"\br=[\"']([A-Z]{1,3})(\d{1,7})[\"']")
_VALUE = re.compile(rb"<(?:\w+:)?(?:v|t)(?:\s[^>]*)?>([^<]+)<")

Row = tuple[int, list[str], dict[int, str]]
Sheet = tuple[dict[str, Any], Iterable[Row]]


def main() -> int:
    """Read standard input, write its sheets, and return the exit code."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    data = sys.stdin.buffer.read()
    try:
        sheets = _html(data) if data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<") else _workbook(data)
        _write(sheets)
    except python_calamine.PasswordError:
        return PROTECTED
    except (_Huge, MemoryError):
        return HUGE
    except (python_calamine.CalamineError, zipfile.BadZipFile, ElementTree.ParseError, *_BROKEN):
        return BROKEN
    return 0


class _Huge(ValueError):
    """The file has far more data than a list of numbers."""


# The exceptions of parsers on broken contents.
_BROKEN = (ValueError, LookupError, OSError, EOFError, RuntimeError, NotImplementedError, ArithmeticError)


def _write(sheets: list[Sheet]) -> None:
    out = sys.stdout
    out.write(json.dumps([about for about, _rows in sheets]) + "\n")
    for place, (_about, rows) in enumerate(sheets):
        chunk: list[Row] = []
        for row in rows:
            chunk.append(row)
            if len(chunk) == CHUNK:
                out.write(json.dumps([place, chunk]) + "\n")
                chunk = []
        out.write(json.dumps([place, chunk]) + "\n")


def _workbook(data: bytes) -> list[Sheet]:
    archive = _checked(data) if data.startswith(b"PK") else None
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    parts = _parts(archive) if archive and "xl/workbook.xml" in archive.namelist() else {}
    opened = _open_tab(archive) if archive and parts else -1
    return [
        (
            {
                "name": about.name,
                "is_hidden": about.visible != python_calamine.SheetVisibleEnum.Visible,
                "is_open": place == opened,
                # An error, a formula without its result and a merged cell look empty if their marks can't be read.
                "hides_faults": not parts,
            },
            _rows(book, about.name, archive.read(parts[about.name]) if archive and about.name in parts else b""),
        )
        for place, about in enumerate(book.sheets_metadata[:SHEET_LIMIT])
        if about.typ == WORKSHEET
    ]


def _checked(data: bytes) -> zipfile.ZipFile:
    """Return the parts of a file, none of which is larger than it declares, and all together within the limit."""
    archive = zipfile.ZipFile(io.BytesIO(data))
    parts = archive.infolist()
    if len(parts) > PART_COUNT or sum(part.file_size for part in parts) > UNPACKED_BYTES:
        raise _Huge
    for part in parts:
        with archive.open(part) as file:
            # Reading to the end verifies the checksum: a part larger than it declares is broken.
            while file.read(1 << 20):
                pass
    return archive


def _parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the part of each sheet of an Excel workbook by its name. Strict Open XML has other namespaces."""
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314 (limited process)
    targets = {relation.get("Id"): relation.get("Target", "") for relation in relations}
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 (limited process)
    found = {}
    for sheet in book.findall(".//{*}sheet"):
        target = targets.get(next((value for name, value in sheet.attrib.items() if name.endswith("}id")), None)) or ""
        part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        if part in archive.NameToInfo:
            found[sheet.get("name", "")] = part
    return found


def _open_tab(archive: zipfile.ZipFile) -> int:
    found = _OPEN_TAB.search(archive.read("xl/workbook.xml"))
    return int(found[1]) if found else 0


def _rows(book: python_calamine.CalamineWorkbook, name: str, xml: bytes) -> Iterator[Row]:
    sheet = book.get_sheet_by_name(name)
    if sheet.start is None or sheet.end is None:
        return
    if sheet.end[1] >= COLUMN_LIMIT:
        raise _Huge
    errors, unknown = _errors(xml), _formulas(xml)
    merged = _Merged(sheet.merged_cell_ranges or [])
    left = [""] * sheet.start[1]
    # Rows begin with the first of the sheet, columns with the first that has content.
    count = 0
    for place, values in enumerate(sheet.iter_rows()):
        cells = left + [_text(value) for value in values]
        doubts = dict(unknown.get(place, {}))
        for column, error in errors.get(place, {}).items():
            cells += [""] * (column + 1 - len(cells))
            cells[column] = error
        merged.fill(place, cells, doubts)
        if doubts or any(cells):
            yield place + 1, cells, doubts
            count += 1
            if count == ROW_LIMIT:
                return


Odd = dict[int, dict[int, str]]


def _errors(xml: bytes) -> Odd:
    """Return the error values of a sheet by row and column from 0: calamine leaves them out."""
    found: Odd = {}
    for row, column, inside in _cells(_ERROR, xml):
        value = _VALUE.search(inside)
        found.setdefault(row, {})[column] = value[1].decode("utf-8", "replace") if value else "#N/A"
    return found


def _formulas(xml: bytes) -> Odd:
    """Return the formulas without a stored result: programs write an empty one, but the cell is not empty."""
    found: Odd = {}
    for row, column, inside in _cells(_FORMULA, xml):
        value = _VALUE.search(inside)
        if not value or not value[1].strip():
            found.setdefault(row, {})[column] = "formula"
    return found


def _cells(pattern: re.Pattern[bytes], xml: bytes) -> Iterator[tuple[int, int, bytes]]:
    for found in pattern.finditer(xml):
        place = _REFERENCE.search(found[1])
        if not place:
            raise ValueError("A cell doesn't say where it stands")
        yield int(place[2]) - 1, _column(place[1]), found[2]


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


class _Merged:
    """Merged cells: every row gets the value of the first row; the value of other covered cells is unknown."""

    def __init__(self, ranges: Iterable[tuple[tuple[int, int], tuple[int, int]]]) -> None:
        self._waiting = sorted(ranges, reverse=True)
        self._open: list[tuple[int, int, int, str]] = []

    def fill(self, row: int, cells: list[str], doubts: dict[int, str]) -> None:
        """Put values into the cells of a row. Rows must be passed in order."""
        self._open = [area for area in self._open if area[0] >= row]
        while self._waiting and self._waiting[-1][0][0] <= row:
            (_top, first), (bottom, last) = self._waiting.pop()
            value = cells[first] if first < len(cells) else ""
            self._open.append((bottom, first, last, value))
        for _bottom, first, last, value in self._open:
            if first < len(cells):
                cells[first] = value
            doubts.update(dict.fromkeys(range(first + 1, min(last + 1, len(cells))), "merged"))


def _text(value: Any) -> str:
    """Return what a person sees in a cell; a number with all its digits."""
    match value:
        case str():
            return value
        case bool():
            return "TRUE" if value else "FALSE"
        case float() if value.is_integer() and abs(value) < 1e21:
            return str(int(value))
        case datetime.datetime():
            is_day = value.time() == datetime.time()
            return value.date().isoformat() if is_day else value.isoformat(" ", timespec="seconds")
        case datetime.date() | datetime.time():
            return value.isoformat()
        case _:
            return str(value)


class _Tables(HTMLParser):
    """The rows of the tables of a web page named .xls, in the way spreadsheets read it."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Row] = []
        # Each text with its colspan and rowspan.
        self._cells: list[tuple[str, int, int]] = []
        self._texts: list[str] | None = None
        self._spans = (1, 1)
        # Cells of rows above that extend into the next row, by column: the text, if it is covered, and for how many
        # rows.
        self._reaching: dict[int, tuple[str, bool, int]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a row or a cell."""
        if tag in {"tr", "table"}:
            self._end_row()
            self._reaching = self._reaching if tag == "tr" else {}
        elif tag in {"td", "th"}:
            self._end_cell()
            self._texts = []
            known = dict(attrs)
            self._spans = _span(known.get("colspan"), COLUMN_LIMIT), _span(known.get("rowspan"), ROW_LIMIT)
        elif tag == "br" and self._texts is not None:
            self._texts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """End a row or a cell."""
        if tag in {"tr", "table"}:
            self._end_row()
        elif tag in {"td", "th"}:
            self._end_cell()

    def handle_data(self, data: str) -> None:
        """Keep the text of a cell."""
        if self._texts is not None:
            self._texts.append(data)

    def _end_cell(self) -> None:
        if self._texts is not None:
            self._cells.append((" ".join("".join(self._texts).split()), *self._spans))
            self._texts = None

    def _end_row(self) -> None:
        self._end_cell()
        if self._cells and len(self.rows) < ROW_LIMIT:
            self.rows.append((len(self.rows) + 1, *self._laid_out()))
        self._cells = []

    def _laid_out(self) -> tuple[list[str], dict[int, str]]:
        """Return the texts of a row by column, with the values of spanning cells as `Merged` has them."""
        texts: list[str] = []
        doubts: dict[int, str] = {}
        further: dict[int, tuple[str, bool, int]] = {}
        cells = deque(self._cells)
        while cells or self._reaching:
            place = len(texts)
            if place >= COLUMN_LIMIT:
                raise _Huge
            if place not in self._reaching and cells:
                text, width, height = cells.popleft()
                for column in range(place, place + width):
                    self._reaching.setdefault(column, (text if column == place else "", column > place, height))
            text, is_covered, height = self._reaching.pop(place, ("", False, 1))
            texts.append(text)
            if is_covered:
                doubts[place] = "merged"
            if height > 1:
                further[place] = (text, is_covered, height - 1)
        self._reaching = further
        return texts, doubts


def _span(count: str | None, limit: int) -> int:
    """Return the number in a colspan or rowspan."""
    return min(int(count), limit) or 1 if count and count.isascii() and count.isdigit() and len(count) < 7 else 1


def _html(data: bytes) -> list[Sheet]:
    parser = _Tables()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    for start in range(0, len(text), PAGE_PIECE):
        parser.feed(text[start : start + PAGE_PIECE])
        if len(parser.rows) >= ROW_LIMIT:
            break
    parser.close()
    # A page may end without `</table>`.
    parser.handle_endtag("table")
    about = {"name": "", "is_hidden": False, "is_open": True, "hides_faults": True}
    return [(about, parser.rows)]


if __name__ == "__main__":
    sys.exit(main())
