"""Excel's .xlsx and .xlsm, parsed as a stream: memory grows with the texts that cells share, not with the sheets.

The cells are read as ECMA-376 part 1, section 18.3, has them. Formulas without a stored result, and errors, are told.
"""

import datetime
import re
import zipfile
from array import array
from collections.abc import Iterator
from functools import lru_cache
from typing import IO
from xml.etree import ElementTree
from xml.parsers import expat

from phones.services.tables.limits import CELL_LIMIT
from phones.services.tables.workbooks.rows import CELL_LENGTH, COLUMN_LIMIT, Area, Huge, Merged, Row, Sheet

PIECE = 64 * 1024
LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]{0,200}?\bref=[\"']([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})[\"']")
_REFERENCE = re.compile(r"([A-Z]{1,3})\d{0,10}")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
# Number formats that need no definition: 18.8.30.
_DATES = {*range(14, 23), *range(27, 37), *range(50, 59)}
_DURATIONS = {45, 46, 47}
_NO_PLACEHOLDER = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)
_ELAPSED = re.compile(r"\[[hms]+\]", re.IGNORECASE)


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
    values = _Values(archive, is_1904=is_1904)
    return [(about_sheet, _rows(archive, part, values)) for about_sheet, part in found]


def _part(target: str) -> str:
    return target.lstrip("/") if target.startswith("/") else f"xl/{target.removeprefix('./')}"


def _rows(archive: zipfile.ZipFile, part: str, values: "_Values") -> Iterator[Row]:
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


class _Parser:
    """A push parser of XML without a document type, which could multiply entities."""

    def __init__(self) -> None:
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._texts: list[str] = []
        self._length = 0
        self._is_reading = False
        # How deep in the reading aid of a Japanese text, which is no part of it.
        self._aside = 0

    def _feed(self, file: IO[bytes]) -> Iterator[None]:
        """Parse a file piece by piece, and yield after each."""
        while piece := file.read(PIECE):
            self._parser.Parse(piece)
            yield
        self._parser.Parse(b"", True)
        yield

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2] if ":" in tag else tag
        if tag == "rPh":
            self._aside += 1
        elif tag in {"t", "v"}:
            self._is_reading = not self._aside
        self.start(tag, attributes)

    def _end(self, tag: str) -> None:
        tag = tag.rpartition(":")[2] if ":" in tag else tag
        if tag == "rPh":
            self._aside -= 1
        elif tag in {"t", "v"}:
            self._is_reading = False
        self.end(tag)

    def _text(self, text: str) -> None:
        if self._is_reading:
            self._texts.append(text)
            self._length += len(text)
            if self._length > CELL_LENGTH:
                raise Huge

    def _refuse(self, *_about: object) -> None:
        raise ValueError("The part has a document type")

    def _taken(self) -> str:
        text = "".join(self._texts)
        self._texts, self._length = [], 0
        return text

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Begin an element; the tag has no prefix."""

    def end(self, tag: str) -> None:
        """End an element."""


class _SharedTexts(_Parser):
    """The texts that cells refer to by their place, as one text in UTF-8: a list of them takes three times as much."""

    def __init__(self, file: IO[bytes] | None) -> None:
        super().__init__()
        self._bytes, self._ends = bytearray(), array("Q", [0])
        for _piece in self._feed(file) if file else ():
            pass

    def end(self, tag: str) -> None:
        """Keep a text."""
        if tag == "si":
            self._bytes += _unescaped(self._taken()).encode("utf-8", "replace")
            self._ends.append(len(self._bytes))
            if len(self._ends) > CELL_LIMIT:
                raise Huge

    def __getitem__(self, place: int) -> str:
        if not 0 <= place < len(self._ends) - 1:
            raise ValueError("There is no such shared text")
        return self._bytes[self._ends[place] : self._ends[place + 1]].decode()


class _Values:
    """What a cell shows: shared texts, and numbers that are dates by their format."""

    def __init__(self, archive: zipfile.ZipFile, *, is_1904: bool) -> None:
        self._dates, self._durations = _formats(archive)
        self._epoch = datetime.datetime(1904, 1, 1) if is_1904 else datetime.datetime(1899, 12, 30)  # noqa: DTZ001
        self._is_1904 = is_1904
        if "xl/sharedStrings.xml" in archive.NameToInfo:
            with archive.open("xl/sharedStrings.xml") as file:
                self._shared = _SharedTexts(file)
        else:
            self._shared = _SharedTexts(None)

    def text(self, kind: str, style: str, raw: str) -> str:
        """Return what a person sees in a cell; a number with all its digits."""
        if kind == "s":
            return self._shared[int(raw)]
        if kind in {"str", "inlineStr"}:
            return _unescaped(raw)
        if kind == "b":
            return "TRUE" if raw.strip() in {"1", "true"} else "FALSE"
        if kind == "e":
            return raw.strip() or "#N/A"
        if kind == "d":
            return _iso(raw.strip())
        try:
            number = float(raw)
        except ValueError:
            return raw.strip()
        if style in self._durations:
            return str(datetime.timedelta(seconds=round(number * 86_400)))
        return self._date(number) if style in self._dates else shown(number)

    def _date(self, number: float) -> str:
        if not 0 <= number < 2_958_466:
            return shown(number)
        # The 29th of February 1900 is in Excel's calendar, and in no other.
        days = number + (0 if self._is_1904 or number >= 60 or number < 1 else 1)
        moment = self._epoch + datetime.timedelta(milliseconds=round(days * 86_400_000))
        moment = (moment + datetime.timedelta(milliseconds=500)).replace(microsecond=0)
        return moment.time().isoformat() if number < 1 else shown(moment)


def _iso(text: str) -> str:
    """Return a day or moment as it is shown; a time alone as it is."""
    try:
        return shown(datetime.datetime.fromisoformat(text))
    except ValueError:
        return text


def _formats(archive: zipfile.ZipFile) -> tuple[set[str], set[str]]:
    """Return the styles of dates and those of durations."""
    if "xl/styles.xml" not in archive.NameToInfo:
        return set(), set()
    root = ElementTree.fromstring(archive.read("xl/styles.xml"))  # noqa: S314 (limited process)
    codes = {each.get("numFmtId", ""): each.get("formatCode", "") for each in root.iterfind("{*}numFmts/{*}numFmt")}
    dates, durations = set(), set()
    for place, style in enumerate(root.iterfind("{*}cellXfs/{*}xf")):
        number = style.get("numFmtId", "0")
        plain = _NO_PLACEHOLDER.sub("", codes.get(number, "").partition(";")[0])
        if _ELAPSED.search(plain) or (number not in codes and number.isdecimal() and int(number) in _DURATIONS):
            durations.add(str(place))
        elif re.search("[dmyhs]", plain, re.IGNORECASE) or (
            number not in codes and number.isdecimal() and int(number) in _DATES
        ):
            dates.add(str(place))
    return dates, durations


class _SheetReader(_Parser):
    """The rows of a sheet, as they are parsed."""

    def __init__(self, values: _Values) -> None:
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
        for _piece in self._feed(file):
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
        raw = self._taken()
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


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(_letter, text) if "_x" in text else text


def _letter(found: re.Match[str]) -> str:
    code = int(found[1], 16)
    # Half of a surrogate pair is no letter.
    return found[0] if 0xD800 <= code <= 0xDFFF else chr(code)


def shown(value: object) -> str:
    """Return what a person sees of a value; a number with all its digits."""
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
