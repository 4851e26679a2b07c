"""An uploaded file as a table of texts: CSV in any common dialect, or a workbook. Pure.

Only the importer knows which row holds the headings, and which sheet is meant: it passes a predicate for headings.
"""

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from phones.services.tables.csv_reader import IsHead, read_delimited
from phones.services.tables.encodings import AS_IT_IS, Encoding
from phones.services.tables.limits import CELL_LIMIT, COLUMN_LIMIT, FILE_LIMIT, ROW_LIMIT, TEXT_LIMIT, NotATable
from phones.services.tables.workbooks.reader import Record, Sheet, opened_sheets, protected

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# How many rows at the start may be titles above the headings.
TITLE_ROWS = 30
# A place in a row takes so many bytes. Of so many texts the latest are known again.
_PLACE_BYTES, _KNOWN_TEXTS = 8, 20_000
_PAGE = re.compile(rb"<(?:html|table)[\s>]")
_OTHER_TEXT = re.compile(rb"[\[{]\s*[\[{\"]|mime-version:")


@dataclass(frozen=True, slots=True)
class Row:
    """A row with the number of its first line. It may have fewer cells than there are columns, or more.

    `unknown` maps the columns whose value is not in the file to the reason: `formula` or `merged`.
    """

    line: int
    cells: tuple[str, ...]
    unknown: Mapping[int, str] | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """The headings as they were typed, and the rows below them that aren't blank.

    `encodings` are the possible encodings of the cells, the likeliest first: until one is chosen, a cell holds its
    bytes as Latin-1. `sheet` is the name of the sheet, "" without one, and `hides_faults` its flag.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    head_line: int = field(default=1, compare=False)
    sheet: str = field(default="", compare=False)
    encodings: tuple[Encoding, ...] = field(default=(AS_IT_IS,), compare=False)
    hides_faults: bool = field(default=False, compare=False)


class SheetsToChoose(Exception):
    """Several sheets of a workbook can be meant; `names` are theirs, in the order of the workbook."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(names)
        self.names = names


def read_table(data: bytes, name: str, *, is_head: IsHead | None = None, sheet: str = "") -> Table:
    """Return the table in a file. Its type is told by its first bytes, not by its name.

    `is_head` returns whether a row can be the headings; the first row is taken if none can. `sheet` names a sheet.

    :raises NotATable: it is too large, empty, protected, broken, or of another kind.
    :raises SheetsToChoose: several sheets have headings, and none was named.
    """
    if len(data) > FILE_LIMIT:
        raise NotATable(_("The file is larger than %(count)s MB. Split it.") % {"count": FILE_LIMIT // 1024 // 1024})
    _check_kind(data, name)
    if data.startswith((ZIP, OLE)) or _is_markup(data):
        with opened_sheets(data) as sheets:
            return _sheet_table(_chosen(sheets, is_head, sheet), is_head)
    records, encodings = read_delimited(data, is_head or _never)
    return _table(((line, cells, {}) for line, cells in records), is_head, encodings=encodings)


def _check_kind(data: bytes, name: str) -> None:
    """Refuse files of known types that are no table.

    :raises NotATable: it is one of them.
    """
    if data.startswith(OLE) and "EncryptedPackage".encode("utf-16-le") in data:
        raise NotATable(protected())
    if data.startswith(b"%PDF"):
        raise NotATable(_("This is a PDF. Save the list as .xlsx or CSV and upload that."))
    if data.startswith(ZIP) and (b"Index/Document.iwa" in data or name.lower().endswith(".numbers")):
        raise NotATable(_("This is a file of Numbers. Export it as Excel or CSV and upload that."))
    if _is_other_text(data):
        raise NotATable(
            _("This is JSON, XML or a web archive, and no table. Open it in a spreadsheet and save it as .xlsx or CSV.")
        )


def _is_markup(data: bytes) -> bool:
    head = data[:4000].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    return head.startswith((b"<html", b"<!doctype html", b"<table", b"<meta", b"<head", b"<?xml", b"<div", b"<style"))


def _is_other_text(data: bytes) -> bool:
    """Return whether a file is a list in another text format, such as the XML of Excel 2003."""
    head = data[:4000].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if head.startswith(b"<?xml"):
        return not _PAGE.search(head.partition(b"<workbook")[0])
    return _OTHER_TEXT.match(head) is not None


def _chosen(sheets: Sequence[Sheet], is_head: IsHead | None, name: str) -> Sheet:
    """Return the sheet that is meant: the one with headings, else the active one.

    :raises NotATable: there is no sheet of this name.
    :raises SheetsToChoose: several have headings, and different contents.
    """
    if name:
        named = next((sheet for sheet in sheets if sheet.name == name), None)
        if named is None:
            raise NotATable(_("The workbook has no sheet “%(name)s”.") % {"name": name})
        return named
    able = [sheet for sheet in sheets if is_head and any(is_head(cells) for _line, cells, _odd in _first(sheet))]
    differing = list({sheet.contents: sheet for sheet in able}.values())
    if len(differing) > 1:
        raise SheetsToChoose([sheet.name for sheet in able])
    return next(iter(differing), None) or next((sheet for sheet in sheets if sheet.is_open), sheets[0])


def _first(sheet: Sheet) -> list[Record]:
    return [record for record, _count in zip(sheet.records(), range(TITLE_ROWS), strict=False)]


def _sheet_table(sheet: Sheet, is_head: IsHead | None) -> Table:
    return _table(sheet.records(), is_head, sheet=sheet.name, hides_faults=sheet.hides_faults)


def _table(
    records: Iterable[Record],
    is_head: IsHead | None,
    *,
    sheet: str = "",
    hides_faults: bool = False,
    encodings: tuple[Encoding, ...] = (AS_IT_IS,),
) -> Table:
    """Return the records as a table. Rows above the headings are dropped as titles.

    :raises NotATable: there are no records, too many of them, of their cells, or of columns.
    """

    def could_be_head(cells: Sequence[str]) -> bool:
        return is_head is not None and any(is_head([each.decode(cell) for cell in cells]) for each in encodings)

    rows: list[Row] = []
    # Most cells of a column have one of a few texts: each is kept once.
    known: dict[str, str] = {}
    head, cell_count, text_bytes = -1, 0, 0
    for line, cells, unknown in records:
        if not any(cell.strip() for cell in cells) and not unknown:
            continue
        if head < 0 and len(rows) < TITLE_ROWS and could_be_head(cells):
            head = len(rows)
        if len(rows) > ROW_LIMIT + max(head, 0):
            raise NotATable(_("The file has more than %(count)s rows. Split it.") % {"count": f"{ROW_LIMIT:,}"})
        cell_count += len(cells)
        if cell_count > CELL_LIMIT:
            sentence = _("The file has more than %(count)s cells. Take out columns that aren’t needed, or split it.")
            raise NotATable(sentence % {"count": f"{CELL_LIMIT:,}"})
        if len(known) > _KNOWN_TEXTS:
            known.clear()
        fresh = [cell for cell in cells if cell not in known]
        known.update(zip(fresh, fresh, strict=True))
        text_bytes += sum(map(sys.getsizeof, fresh)) + _PLACE_BYTES * len(cells)
        if text_bytes > TEXT_LIMIT:
            raise NotATable(
                _("The cells of the file hold too much text. Take out columns that aren’t needed, or split it.")
            )
        rows.append(Row(line, tuple(map(known.__getitem__, cells)), unknown or None))
    if not rows:
        raise NotATable(_("The file is empty."))
    first = rows[max(head, 0)]
    columns = _header(first.cells)
    below = tuple(_fitted(row, len(columns)) if sheet else row for row in rows[max(head, 0) + 1 :])
    return Table(columns, below, first.line, sheet, encodings, hides_faults)


def _fitted(row: Row, width: int) -> Row:
    """Return a row of a sheet as wide as the headings, or as its last cell with content."""
    last = max((place for place, cell in enumerate(row.cells, 1) if cell), default=0)
    cells = row.cells[: max(last, width)]
    return Row(row.line, cells + ("",) * (width - len(cells)), row.unknown)


def _never(_cells: Sequence[str]) -> bool:
    return False


def _header(cells: Sequence[str]) -> tuple[str, ...]:
    names = [cell.strip() for cell in cells]
    while len(names) > 1 and not names[-1]:
        names.pop()
    if len(names) > COLUMN_LIMIT:
        sentence = ngettext(
            "The file has more than %(count)s column.", "The file has more than %(count)s columns.", COLUMN_LIMIT
        )
        raise NotATable(sentence % {"count": COLUMN_LIMIT})
    return tuple(names)
