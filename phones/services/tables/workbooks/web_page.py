"""A web page that is named like a workbook: the rows of its tables, in the way spreadsheets read it."""

import codecs
from collections import deque
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import BinaryIO

from phones.services.tables.workbooks.rows import CELL_LENGTH, COLUMN_LIMIT, ROW_LIMIT, Huge, Row, Sheet

PIECE, TAG_LENGTH = 64 * 1024, 2 * 1024 * 1024


class _Tables(HTMLParser):
    """The rows of the tables of a web page named .xls, in the way spreadsheets read it."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[Row] = []
        self._line = 0
        # Each text with its colspan and rowspan.
        self._cells: list[tuple[str, int, int]] = []
        self._texts: list[str] | None = None
        self._length = 0
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
            self._length += len(data)
            if self._length > CELL_LENGTH:
                raise Huge

    def taken(self) -> list[Row]:
        """Return the rows that have ended since the last call."""
        rows, self._rows = self._rows, []
        return rows

    def _end_cell(self) -> None:
        if self._texts is not None:
            self._cells.append((" ".join("".join(self._texts).split()), *self._spans))
            self._texts, self._length = None, 0
            if len(self._cells) > COLUMN_LIMIT:
                raise Huge

    def _end_row(self) -> None:
        self._end_cell()
        if self._cells:
            self._line += 1
            self._rows.append((self._line, *self._laid_out()))
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
                raise Huge
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


def page_sheets(file: BinaryIO) -> list[Sheet]:
    """Return the tables of a page, in UTF-8 or else Windows-1252, as one sheet."""
    return [({"name": "", "is_hidden": False, "is_open": True, "hides_faults": True}, _rows(file, _codec(file)))]


def _codec(file: BinaryIO) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while piece := file.read(PIECE):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _rows(file: BinaryIO, codec: str) -> Iterator[Row]:
    file.seek(0)
    parser = _Tables()
    for text in codecs.iterdecode(iter(lambda: file.read(PIECE), b""), codec, errors="replace"):
        parser.feed(text)
        # A tag or text without an end is parsed again with each piece. A picture may be within a tag.
        if len(parser.rawdata) > TAG_LENGTH:
            raise Huge
        yield from parser.taken()
    parser.close()
    # A page may end without `</table>`.
    parser.handle_endtag("table")
    yield from parser.taken()
