"""An uploaded file as a table of texts: CSV in whatever way a spreadsheet saves it, or a workbook. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .delimited import read_delimited
from .table_limits import COLUMN_LIMIT, FILE_LIMIT, ROW_LIMIT, NotATable
from .workbooks import read_workbook

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
WORKBOOK_NAMES = (".xlsx", ".xlsm")


@dataclass(frozen=True, slots=True)
class Row:
    """A row with the line it begins in. It may have fewer cells than there are columns, or more."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The names in the header, as they were typed, and the rows below it that aren't blank."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def read_table(data: bytes, name: str) -> Table:
    """Return the table in a file; what it is, its first bytes say, and its name where those don't.

    :raises NotATable: it is too large, empty, protected, broken, or of another kind.
    """
    if len(data) > FILE_LIMIT:
        raise NotATable(_("The file is larger than %(count)s MB. Split it.") % {"count": FILE_LIMIT // 1024 // 1024})
    if data.startswith(OLE):
        raise NotATable(_ole_sentence(data))
    if data.startswith(ZIP) or name.lower().endswith(WORKBOOK_NAMES):
        return _table(read_workbook(data))
    return _table(read_delimited(data))


def _table(records: Iterable[tuple[int, list[str]]]) -> Table:
    """Return the records as a table: the first that isn't blank is the header.

    :raises NotATable: there is none, or there are too many of them or of its columns.
    """
    columns: tuple[str, ...] | None = None
    rows: list[Row] = []
    for line, cells in records:
        if not any(cell.strip() for cell in cells):
            continue
        if columns is None:
            columns = _header(cells)
            continue
        if len(rows) == ROW_LIMIT:
            raise NotATable(_("The file has more than %(count)s rows. Split it.") % {"count": f"{ROW_LIMIT:,}"})
        rows.append(Row(line, tuple(cells)))
    if columns is None:
        raise NotATable(_("The file is empty."))
    return Table(columns, tuple(rows))


def _header(cells: list[str]) -> tuple[str, ...]:
    names = [cell.strip() for cell in cells]
    while not names[-1]:
        names.pop()
    if len(names) > COLUMN_LIMIT:
        sentence = ngettext(
            "The file has more than %(count)s column.", "The file has more than %(count)s columns.", COLUMN_LIMIT
        )
        raise NotATable(sentence % {"count": COLUMN_LIMIT})
    return tuple(names)


def _ole_sentence(data: bytes) -> str:
    """Return why an OLE file is not read: a workbook with a password is one, and so is one of Excel 97."""
    if "EncryptedPackage".encode("utf-16-le") in data:
        return _("The file is protected by a password. Save it without one and try again.")
    return _("This is a file of an old Excel (.xls). Save it as .xlsx or CSV and try again.")
