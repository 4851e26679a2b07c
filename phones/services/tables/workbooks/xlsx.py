"""Excel's .xlsx and .xlsm, parsed as a stream: memory grows with the texts that cells share, not with the sheets.

The cells are read as ECMA-376 part 1, section 18.3, has them. Formulas without a stored result, and errors, are told.
"""

import re
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from typing import IO
from xml.etree import ElementTree

from phones.services.tables.limits import CELL_LIMIT
from phones.services.tables.workbooks.rows import COLUMN_LIMIT, Area, Huge, Merged, Row, Sheet
from phones.services.tables.workbooks.xlsx_values import Values
from phones.services.tables.workbooks.xml_parser import PIECE, Parser

LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]{0,200}?\bref=[\"']([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})[\"']")
_REFERENCE = re.compile(r"([A-Z]{1,3})\d{0,10}")


def sheets_of(archive: zipfile.ZipFile) -> list[Sheet] | None:
    """Return the worksheets in their order, each with rows to be read once; None if a part isn't where it should be."""
    names = archive.NameToInfo
    if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= names.keys():
        return None
    # Parsed in a process with little memory.
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
    known = {relation.get("Id"): relation for relation in relations}
    view, about = book.find(".//{*}workbookView"), book.find("{*}workbookPr")
    opened = int(view.get("activeTab", "0")) if view is not None else 0
    is_1904 = about is not None and about.get("date1904") in {"1", "true"}
    found: list[tuple[dict[str, object], str]] = []
    for place, sheet in enumerate(book.iterfind("{*}sheets/{*}sheet")):
        relation = known.get(next((value for name, value in sheet.attrib.items() if name.endswith("}id")), None))
        if relation is None:
            return None
        if not relation.get("Type", "").endswith("/worksheet"):
            continue
        part = _part(relation.get("Target", ""))
        if part not in names:
            return None
        is_hidden = sheet.get("state", "visible") != "visible"
        name = sheet.get("name", "")
        found.append(({"name": name, "is_hidden": is_hidden, "is_open": place == opened, "hides_faults": False}, part))
    values = Values(archive, is_1904=is_1904)
    return [(about_sheet, _rows(archive, part, values)) for about_sheet, part in found]


def _part(target: str) -> str:
    return target.lstrip("/") if target.startswith("/") else f"xl/{target.removeprefix('./')}"


def _rows(archive: zipfile.ZipFile, part: str, values: Values) -> Iterator[Row]:
    with archive.open(part) as file:
        merged = Merged(_areas(file))
    reader = _SheetReader(values)
    with archive.open(part) as file:
        for line, cells, doubts in reader.rows(file):
            merged.fill(line - 1, cells, doubts)
            # Cells that are merged and blank are no row.
            if any(cells) or "formula" in doubts.values():
                yield line, cells, doubts


def _areas(file: IO[bytes]) -> Iterator[Area]:
    """Yield the merged cells of a sheet: they are told after its rows."""
    rest = b""
    while piece := file.read(PIECE):
        text = rest + piece
        end = 0
        for found in _MERGED.finditer(text):
            left, top, right, bottom = found.groups()
            yield (int(top) - 1, _column(left.decode())), (int(bottom) - 1, _column(right.decode()))
            end = found.end()
        rest = text[max(end, len(text) - 300) :]


@lru_cache(maxsize=LAST_COLUMN)
def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


class _SheetReader(Parser):
    """The rows of a sheet, as they are parsed."""

    def __init__(self, values: Values) -> None:
        super().__init__()
        self._values = values
        self._done: list[Row] = []
        self._count = 0
        self._line, self._column = 0, -1
        self._cells: list[str] = []
        self._doubts: dict[int, str] = {}
        self._kind = self._style = ""
        self._is_formula = False

    def rows(self, file: IO[bytes]) -> Iterator[Row]:
        """Yield the rows of a file, blank ones included."""
        for _piece in self.feed(file):
            yield from self._done
            self._done.clear()

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Begin a row, a cell, or its formula."""
        if tag == "c":
            self._count += 1
            if self._count > CELL_LIMIT:
                raise Huge
            self._column = self._place(attributes.get("r"))
            self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "0")
            self._is_formula = False
        elif tag == "f":
            self._is_formula = True
        elif tag == "row":
            line = int(attributes.get("r") or self._line + 1)
            if not self._line < line <= LAST_ROW:
                raise ValueError("The rows are in no order")
            self._line, self._column = line, -1
            self._cells, self._doubts = [], {}

    def end(self, tag: str) -> None:
        """End a cell or a row."""
        if tag == "c":
            self._end_cell()
        elif tag == "row":
            self._done.append((self._line, self._cells, self._doubts))

    def _place(self, reference: str | None) -> int:
        found = _REFERENCE.fullmatch(reference) if reference else None
        if reference and not found:
            raise ValueError("A cell doesn't say where it stands")
        column = _column(found[1]) if found else self._column + 1
        if column >= LAST_COLUMN or column < 0:
            raise ValueError("There is no such column")
        return column

    def _end_cell(self) -> None:
        raw = self.taken()
        if not raw.strip() and self._kind in {"n", "s", "b", "d", "str"}:
            text = raw if self._kind == "str" else ""
        else:
            text = self._values.text(self._kind, self._style, raw)
        is_unknown = self._is_formula and not raw.strip() and self._kind != "e"
        if not text and not is_unknown:
            return
        if self._column >= COLUMN_LIMIT:
            raise Huge
        if len(self._cells) <= self._column:
            self._cells += [""] * (self._column + 1 - len(self._cells))
        self._cells[self._column] = text
        if is_unknown:
            self._doubts[self._column] = "formula"
