"""What the cells of an .xlsx show: shared texts, and numbers that are dates by their format."""

import datetime
import re
import zipfile
from array import array
from typing import IO
from xml.etree import ElementTree

from phones.services.tables.limits import CELL_LIMIT
from phones.services.tables.workbooks.rows import Huge
from phones.services.tables.workbooks.xml_parser import Parser

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
# Number formats that need no definition: 18.8.30.
_DATES = {*range(14, 23), *range(27, 37), *range(50, 59)}
_DURATIONS = {45, 46, 47}
_NO_PLACEHOLDER = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)
_ELAPSED = re.compile(r"\[[hms]+\]", re.IGNORECASE)


class SharedTexts(Parser):
    """The texts that cells refer to by their place, as one text in UTF-8: a list of them takes three times as much."""

    def __init__(self, file: IO[bytes] | None) -> None:
        super().__init__()
        self._bytes, self._ends = bytearray(), array("Q", [0])
        for _piece in self.feed(file) if file else ():
            pass

    def end(self, tag: str) -> None:
        """Keep a text."""
        if tag == "si":
            self._bytes += _unescaped(self.taken()).encode("utf-8", "replace")
            self._ends.append(len(self._bytes))
            if len(self._ends) > CELL_LIMIT:
                raise Huge

    def __getitem__(self, place: int) -> str:
        if not 0 <= place < len(self._ends) - 1:
            raise ValueError("There is no such shared text")
        return self._bytes[self._ends[place] : self._ends[place + 1]].decode()


class Values:
    """What a cell shows: shared texts, and numbers that are dates by their format."""

    def __init__(self, archive: zipfile.ZipFile, *, is_1904: bool) -> None:
        self._dates, self._durations = _formats(archive)
        self._epoch = datetime.datetime(1904, 1, 1) if is_1904 else datetime.datetime(1899, 12, 30)  # noqa: DTZ001
        self._is_1904 = is_1904
        if "xl/sharedStrings.xml" in archive.NameToInfo:
            with archive.open("xl/sharedStrings.xml") as file:
                self._shared = SharedTexts(file)
        else:
            self._shared = SharedTexts(None)

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
