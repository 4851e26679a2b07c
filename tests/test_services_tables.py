"""Uploaded files as tables: whatever a spreadsheet or a program made of them, and nothing that brings the site down."""

import io
import struct
import zipfile
from contextlib import suppress
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from phones.services import table_limits, tables
from phones.services.table_limits import COLUMN_LIMIT, FILE_LIMIT, NotATable
from phones.services.tables import Row, Table, read_table

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:openpyxl")
ROWS = [("number", "nickname"), ("+34951201802", "Recepción"), ("+34951201803", "a, b; c\td|e")]
TABLE = Table(ROWS[0], (Row(2, ROWS[1]), Row(3, ROWS[2])))


def delimited(separator: str, end: str = "\r\n") -> str:
    return end.join(separator.join(f'"{cell}"' if set(cell) & set(",;\t|") else cell for cell in row) for row in ROWS)


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
    """Return a workbook with the contents of some parts replaced: `sheet1=…`."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, parts.get(name.rpartition("/")[2].partition(".")[0], old.read(name)))
    return file.getvalue()


def sentence(data: bytes, name: str = "list.csv") -> str:
    with pytest.raises(NotATable) as caught:
        read_table(data, name)
    return str(caught.value)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_csv_is_read_however_it_was_saved(separator: str, end: str, codec: str) -> None:
    text = delimited(separator, end)

    assert read_table(text.encode(codec), "list.csv") == TABLE
    assert read_table((text + end).encode(codec), "list.csv") == TABLE


@pytest.mark.parametrize("first", ["sep=;", "SEP=;", '"sep=;"', "sep=;;;;"])
def test_separator_named_in_the_first_line_is_taken(first: str) -> None:
    table = read_table(f"{first}\r\nnumber;a,b,c,d\r\n1;2,2,2\r\n".encode("utf-8-sig"), "list.csv")

    assert table == Table(("number", "a,b,c,d"), (Row(3, ("1", "2,2,2")),))


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ('"Número, el suyo";Alias', ("Número, el suyo", "Alias")),
        ('"a;b;c","d;e"', ("a;b;c", "d;e")),
        ('Número;"a,b,c,d"', ("Número", "a,b,c,d")),
        ("number", ("number",)),
        ("number;nickname;;", ("number", "nickname")),
        (" number , nickname ", ("number", "nickname")),
    ],
)
def test_separator_is_that_of_the_header(header: str, columns: tuple[str, ...]) -> None:
    assert read_table(header.encode(), "list.csv").columns == columns


def test_lines_are_those_of_the_file() -> None:
    text = '\r\n\r\nid,note\r\n1,"a\r\nb\r\nc"\r\n ,\r\n2,"x ""y"" z"\r\n\r\n3\r\n4,a,b\r\n5,5"\r\n'

    table = read_table(text.encode(), "list.csv")

    assert table.columns == ("id", "note")
    assert [(row.line, row.cells) for row in table.rows] == [
        (4, ("1", "a\r\nb\r\nc")),
        (8, ("2", 'x "y" z')),
        (10, ("3",)),
        (11, ("4", "a", "b")),
        (12, ("5", '5"')),
    ]


def test_unclosed_quotation_mark_is_told_with_its_line() -> None:
    text = 'id,note\n1,a\n2,"b\n3,c\n4,d\n'

    assert sentence(text.encode()) == (
        "The quotation mark in line 3 is never closed, so the rows after it can’t be told apart."
    )


def test_nul_is_left_out() -> None:
    assert read_table(b"id,note\n1,a\x00b\n", "list.csv").rows == (Row(2, ("1", "ab")),)


@pytest.mark.parametrize("data", [b"", b"\r\n \r\n,,,\r\n", "\ufeff".encode(), "\ufeff".encode("utf-16-le")])
def test_empty_file_is_told(data: bytes) -> None:
    assert sentence(data) == "The file is empty."


def test_limits_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "ROW_LIMIT", 3)

    assert len(read_table(b"id\n1\n2\n3\n", "list.csv").rows) == 3
    assert sentence(b"id\n1\n2\n3\n4\n") == "The file has more than 3 rows. Split it."
    assert sentence(workbook(("id",), *((place,) for place in range(4)))) == "The file has more than 3 rows. Split it."
    assert sentence(b"," * 200 + b"x") == "The file has more than 200 columns."
    assert sentence(b"a" * (FILE_LIMIT + 1)) == "The file is larger than 20 MB. Split it."
    assert sentence(b"id,note\n1," + b"a" * 200_000) == "Line 2 is no row of a table: it is too long."
    assert sentence(b"id,note\n1" + b"," * 200_000) == "Line 2 is no row of a table: it is too long."


def test_workbook_is_read_as_a_person_sees_it() -> None:
    seen = {
        34951201802.0: "34951201802",
        34951201803: "34951201803",
        2.5: "2.5",
        "00951": "00951",
        True: "TRUE",
        False: "FALSE",
        datetime(2026, 11, 27): "2026-11-27",
        datetime(2026, 11, 27, 8, 30): "2026-11-27 08:30:00",
        date(2026, 11, 27): "2026-11-27",
        "#N/A": "#N/A",
        "a_x000D_\nb": "a\r\nb",
        "a_xD800_b": "a\ufffdb",
        None: "",
        "last": "last",
    }

    table = read_table(workbook(tuple(f"c{place}" for place in range(len(seen))), tuple(seen)), "list.xlsx")

    assert table.rows[0].cells == tuple(seen.values())


def test_rows_of_a_workbook_end_where_its_header_does() -> None:
    data = workbook((None,), ("id", "note", None), ("1",), (None, " "), ("2", "b", "c"), (None, None, None, "d"))

    table = read_table(data, "list.xlsx")

    assert table.columns == ("id", "note")
    assert table.rows == (Row(3, ("1", "")), Row(5, ("2", "b", "c")), Row(6, ("", "", "", "d")))


@pytest.mark.parametrize(("first", "found"), [("phones", "ours"), ("Hoja1", "theirs")])
def test_our_sheet_is_read_or_else_the_open_one(first: str, found: str) -> None:
    book = Workbook()
    book.create_sheet(first).append(["ours"])
    book.create_sheet("Hoja2").append(["theirs"])
    book.active = 2

    assert read_table(saved(book), "list.xlsx").columns == (found,)


def test_formula_counts_by_its_result_only() -> None:
    data = workbook(("id", "note"), ("1", '=A2&"x"'))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    assert b'<f>A2&amp;"x"</f>' in sheet
    given = repacked(data, sheet1=sheet.replace(b"<v />", b"<v>7</v>").replace(b"<v></v>", b"<v>7</v>"))
    without = repacked(data, sheet1=sheet.replace(b"<v />", b"").replace(b"<v></v>", b""))

    assert read_table(given, "list.xlsx").rows[0].cells == ("1", "7")
    assert sentence(without) == "Cell B2 holds a formula without its result. Open and save the file in a spreadsheet."


def test_sheet_of_a_wrong_size_is_read_whole() -> None:
    data = workbook(("id", "note"), ("1", "a"), ("2", "b"))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    assert b'<dimension ref="A1:B3"' in sheet

    table = read_table(repacked(data, sheet1=sheet.replace(b"A1:B3", b"A1:A1")), "list.xlsx")

    assert [row.cells for row in table.rows] == [("1", "a"), ("2", "b")]


def test_workbook_that_is_huge_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = workbook(("id",), ("1",))
    huge = "The workbook holds far more than a list of numbers. Save only the list, as .xlsx or CSV."

    assert sentence(repacked(data, sheet1=b" " * (301 * 1024 * 1024))) == huge
    assert sentence(repacked(data, styles=b" " * (65 * 1024 * 1024))) == huge
    assert sentence(workbook((*[None] * 5 * COLUMN_LIMIT, "x"))) == huge


def test_workbook_that_lies_about_its_size_is_broken() -> None:
    data = bytearray(repacked(workbook(("id",), ("1",)), sheet1=b" " * 50_000_000))
    place = data.index(b"PK\x01\x02")
    while data[place + 46 : place + 74] != b"xl/worksheets/sheet1.xml":
        name, extra, comment = struct.unpack("<HHH", data[place + 28 : place + 34])
        if data[place + 46 : place + 46 + name] == b"xl/worksheets/sheet1.xml":
            break
        place += 46 + name + extra + comment
    data[place + 24 : place + 28] = struct.pack("<I", 1000)

    assert sentence(bytes(data)).startswith("The file is broken, or no Excel workbook.")


def test_rows_far_apart_take_no_time() -> None:
    data = workbook(("id",), ("1",))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")

    far = sheet.replace(b'<row r="2">', b'<row r="2000000000">').replace(b'r="A2"', b'r="A2000000000"')

    assert read_table(repacked(data, sheet1=far), "list.xlsx").rows == (Row(2_000_000_000, ("1",)),)


def test_entities_that_multiply_are_refused() -> None:
    data = workbook(("id",), ("1",))
    bomb = '<!DOCTYPE b [<!ENTITY a0 "aaaaaaaaaa">' + "".join(
        f'<!ENTITY a{place + 1} "{f"&a{place};" * 10}">' for place in range(9)
    )
    sheet = (
        f'{bomb}]><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">'
        '<c r="A1" t="inlineStr"><is><t>&a9;</t></is></c></row></sheetData></worksheet>'
    )

    assert sentence(repacked(data, sheet1=sheet.encode())).startswith("The file is broken")


@pytest.mark.parametrize(
    ("data", "name", "begin"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "list.xls", "This is a file of an old Excel (.xls)."),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "list.xlsx",
            "The file is protected by a password.",
        ),
        (b"PK\x03\x04", "list.xlsx", "The file is broken, or no Excel workbook."),
        (b"id,note\n", "LIST.XLSX", "The file is broken, or no Excel workbook."),
        (workbook(("id",))[:-30], "list.xlsx", "The file is broken, or no Excel workbook."),
    ],
)
def test_other_files_are_told_apart(data: bytes, name: str, begin: str) -> None:
    assert sentence(data, name).startswith(begin)


@pytest.mark.parametrize(
    ("part", "begin"),
    [("content.xml", "This is an OpenDocument file (.ods)."), ("word/document.xml", "The file is broken, or no Excel")],
)
def test_other_zip_files_are_told_apart(part: str, begin: str) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(part, "<x/>")

    assert sentence(file.getvalue()).startswith(begin)


def read_anything(data: bytes, name: str) -> None:
    """Read a file, of which nothing but a table of clean texts or a sentence may come."""
    with suppress(NotATable):
        table = read_table(data, name)
        texts = [*table.columns, *(cell for row in table.rows for cell in row.cells)]
        assert all("\x00" not in text and text.encode() is not None for text in texts)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["a.csv", "a.xlsx", ""]))
@example(b'sep="', "a.csv")
@example(b"sep=\x00", "a.csv")
@example(b'"', "a.csv")
@example(b"\xff\xfe\x00", "a.csv")
def test_any_bytes_are_a_table_or_a_sentence(data: bytes, name: str) -> None:
    read_anything(data, name)


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("\"',;|\t\r\n\x00=é€a1 "), max_size=60), st.sampled_from(["utf-8", "utf-16", "cp1252"]))
def test_any_text_is_a_table_or_a_sentence(text: str, codec: str) -> None:
    read_anything(text.encode(codec), "list.csv")


WHOLE = workbook(("id", "number", "nickname"), ("1", 34951201802, "a"), ("2", datetime(2026, 1, 1), "=1"))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_spoilt_workbook_is_a_table_or_a_sentence(spoilt: list[tuple[int, int]]) -> None:
    data = bytearray(WHOLE)
    for place, value in spoilt:
        data[place] = value

    read_anything(bytes(data), "list.xlsx")


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["sheet1", "workbook", "styles", "sharedStrings", "[Content_Types]"]),
    st.lists(
        st.tuples(st.floats(0, 1), st.sampled_from(["", "<", "9" * 12, "-1", "nan", "r", "</c>", "\x01"])), max_size=4
    ),
    st.floats(0, 1),
)
def test_spoilt_xml_is_a_table_or_a_sentence(part: str, spoilt: list[tuple[float, str]], kept: float) -> None:
    with zipfile.ZipFile(io.BytesIO(WHOLE)) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(f"{part}.xml")][:1] or ["xl/workbook.xml"]
        text = archive.read(name).decode()
    for share, piece in spoilt:
        place = int(share * len(text))
        text = text[:place] + piece + text[place + len(piece) :]

    read_anything(repacked(WHOLE, **{part: text.encode()[: int(kept * 2 * len(text))]}), "list.xlsx")


cells = st.one_of(
    st.none(),
    st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=6).filter(lambda text: text[:1] != "="),
    st.integers(-(10**18), 10**18),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.datetimes(datetime(1901, 1, 1), datetime(2200, 1, 1)),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(cells, max_size=5), max_size=6))
def test_workbook_of_any_cells_is_a_table_or_a_sentence(rows: list[list[Any]]) -> None:
    read_anything(workbook(*map(tuple, rows)), "list.xlsx")


def test_limits_of_the_house() -> None:
    assert (table_limits.FILE_LIMIT, table_limits.ROW_LIMIT, table_limits.COLUMN_LIMIT) == (20971520, 100_000, 200)
