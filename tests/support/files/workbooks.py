"""Workbooks and files in tests: made as programs make them, spoilt, and read."""

import io
import zipfile
from contextlib import suppress
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from phones.services.tables.limits import NotATable
from phones.services.tables.read import read_table


def workbook(*rows: tuple[Any, ...], title: str = "phones") -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(row)
    return saved(book)


def saved(book: Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def repacked(data: bytes, **parts: bytes) -> bytes:
    """Return a workbook with the contents of some parts replaced, `sheet1=…`, or added, `sharedStrings=…`."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, parts.pop(name.rpartition("/")[2].partition(".")[0], old.read(name)))
        for name, content in parts.items():
            new.writestr(f"xl/{name}.xml", content)
    return file.getvalue()


def sheets_of(**sheets: list[tuple[Any, ...]]) -> Workbook:
    book = Workbook()
    for title, rows in sheets.items():
        sheet = book.create_sheet(title.replace("_", " "))
        for row in rows:
            sheet.append(row)
    book.remove(book["Sheet"])
    return book


def sentence(data: bytes, name: str = "list.csv") -> str:
    with pytest.raises(NotATable) as caught:
        read_table(data, name)
    return str(caught.value)


def read_anything(data: bytes, name: str) -> None:
    """Read a file, of which nothing but a table of clean texts or a sentence may come."""
    with suppress(NotATable):
        table = read_table(data, name)
        texts = [*table.columns, *(cell for row in table.rows for cell in row.cells)]
        assert all("\x00" not in text and text.encode() is not None for text in texts)


def resaved(data: bytes, *, row: int = 1, column: int = 1, text: str = "") -> bytes:
    """Return a workbook as another program saves it, with a text in one of its cells."""
    book = load_workbook(io.BytesIO(data))
    if text:
        cell = book.worksheets[0].cell(row, column)
        cell.value, cell.data_type = text, "s"
    return saved(book)
