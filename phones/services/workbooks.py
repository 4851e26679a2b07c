"""The cells of an Excel workbook as the texts a person sees. Pure.

A workbook is a zip file of XML, so a small one may be huge inside: its parts are measured before any is read.
"""

import io
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import load_workbook
from openpyxl.utils.cell import coordinate_to_tuple
from openpyxl.utils.escape import unescape
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet._read_only import ReadOnlyWorksheet
from openpyxl.worksheet._reader import FORMULA_TAG, INLINE_STRING, VALUE_TAG, WorkSheetParser
from openpyxl.xml.constants import SHEET_MAIN_NS

from phones.diga.types import clean_text

from .table_limits import COLUMN_LIMIT, NotATable

# A sheet is read row by row, all else at once. 100,000 numbers take some 120 MB as a sheet.
SHEET_BYTES, OTHER_BYTES = 300 * 1024 * 1024, 64 * 1024 * 1024
PART_COUNT = 2000
LAST_COLUMN = 5 * COLUMN_LIMIT
SHEET_NAME = "phones"
# What a parser of XML and its caller make of broken contents.
_SPOILT = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    InvalidFileException,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)
_TEXT = f"{{{SHEET_MAIN_NS}}}t"


def read_workbook(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of the sheet `phones`, else of the one that was open when the workbook was saved.

    Every row has as many cells as the first that isn't blank, or more where there is something in them.

    :raises NotATable: it is broken, no workbook, too large inside, or the result of a formula isn't in it.
    """
    try:
        _check_parts(data)
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheet = book[SHEET_NAME] if SHEET_NAME in book.sheetnames else book.active
        if not isinstance(sheet, ReadOnlyWorksheet):
            raise NotATable(_("The workbook has no sheet with cells."))
        yield from _rows(book, sheet)
    except _SPOILT:
        raise NotATable(_("The file is broken, or no Excel workbook. Save it as .xlsx or CSV and try again.")) from None


def _check_parts(data: bytes) -> None:
    """Refuse a zip file that is no workbook, or that is huge inside. What a part claims, no read of it exceeds.

    :raises NotATable: it is so.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
    if any(part.filename == "content.xml" for part in parts):
        raise NotATable(_("This is an OpenDocument file (.ods). Save it as .xlsx or CSV and try again."))
    sizes = {True: 0, False: 0}
    for part in parts:
        sizes[part.filename.startswith("xl/worksheets/")] += part.file_size
    if sizes[True] > SHEET_BYTES or sizes[False] > OTHER_BYTES or len(parts) > PART_COUNT:
        raise NotATable(_("The workbook holds far more than a list of numbers. Save only the list, as .xlsx or CSV."))


class _Cells(WorkSheetParser):
    """The cells of a sheet as openpyxl reads them, with two differences.

    A formula without its result is refused: its cell would look empty, and empty means to remove. And a plain text
    that stands in its cell, as in our own export, is read at a quarter of the time.
    """

    def parse_cell(self, element: Any) -> dict[str, Any]:
        """Return a cell with its column and value.

        :raises NotATable: the result of a formula is not in the file.
        """
        if element.get("t") == "inlineStr":
            inline = element.find(INLINE_STRING)
            if inline is not None and len(inline) == 1 and inline[0].tag == _TEXT and element.get("r"):
                row, column = coordinate_to_tuple(element.get("r"))
                self.col_counter = column
                return {"row": row, "column": column, "value": inline[0].text}
        elif element.find(FORMULA_TAG) is not None and element.find(VALUE_TAG) is None:
            sentence = _("Cell %(cell)s holds a formula without its result. Open and save the file in a spreadsheet.")
            raise NotATable(sentence % {"cell": element.get("r", "")})
        cell: dict[str, Any] = super().parse_cell(element)
        return cell


def _rows(book: Any, sheet: Any) -> Iterator[tuple[int, list[str]]]:
    with sheet._get_source() as source:
        parser = _Cells(
            source,
            sheet._shared_strings,
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )
        width = 0
        for line, cells in parser.parse():
            texts = _texts(cells)
            width = width or len(texts)
            if texts:
                # An empty cell at the end of a row is not in the file.
                yield line, texts + [""] * (width - len(texts))


def _texts(cells: list[dict[str, Any]]) -> list[str]:
    """Return the texts up to the last cell with something in it.

    :raises NotATable: that stands beyond any column of a table.
    """
    filled = {cell["column"]: _text(cell["value"]) for cell in cells if cell["value"] is not None}
    last = max(filled, default=0)
    if last > LAST_COLUMN:
        raise NotATable(_("The workbook holds far more than a list of numbers. Save only the list, as .xlsx or CSV."))
    return [filled.get(column, "") for column in range(1, last + 1)]


def _text(value: Any) -> str:
    """Return what a person sees in a cell; of a number all its digits."""
    match value:
        case None:
            return ""
        case str():
            # Excel writes what XML has no place for as `_x000D_`.
            return clean_text(unescape(value))
        case bool():
            return "TRUE" if value else "FALSE"
        case float() if value.is_integer():
            return str(int(value))
        case datetime():
            is_day = value.time() == time()
            return value.date().isoformat() if is_day else value.isoformat(" ", timespec="seconds")
        case date() | time():
            return value.isoformat()
        case _:
            return str(value)
