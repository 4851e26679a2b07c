"""Uploaded workbooks: every kind is read as a person sees it, or told what it is; none brings the site down."""

import io
import struct
import zipfile
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phones.services.exchange.import_columns import is_head
from phones.services.tables.limits import COLUMN_LIMIT, NotATable
from phones.services.tables.read import Row, SheetsToChoose, read_table
from phones.services.tables.workbooks import reader
from tests.support.files.workbooks import read_anything, repacked, saved, sentence, sheets_of, workbook

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:openpyxl")


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
        "a_xD800_b": "a_xD800_b",
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


LIST = [("number", "nickname"), ("951201802", "Ventas")]
OTHER = [("number", "nickname"), ("951201802", "Citas")]
NOTES = [("Day", "What")]


def test_sheet_with_the_headings_is_read_whichever_is_open() -> None:
    book = sheets_of(Notas=NOTES, Hoja_2=LIST, Resumen=NOTES)
    book.active = 2

    table = read_table(saved(book), "list.xlsx", is_head=is_head)

    assert (table.columns, table.sheet, len(table.rows)) == (("number", "nickname"), "Hoja 2", 1)


def test_sheets_that_differ_are_a_choice_hidden_ones_too() -> None:
    book = sheets_of(phones=LIST, Notas=NOTES, Hoja_2=OTHER)
    book["phones"].sheet_state = "hidden"

    with pytest.raises(SheetsToChoose) as several:
        read_table(saved(book), "list.xlsx", is_head=is_head)

    assert several.value.names == ["phones", "Hoja 2"]
    chosen = read_table(saved(book), "list.xlsx", is_head=is_head, sheet="Hoja 2")
    assert (chosen.rows[0].cells, chosen.sheet) == (("951201802", "Citas"), "Hoja 2")


def test_sheets_that_are_the_same_are_no_choice() -> None:
    assert read_table(saved(sheets_of(phones=LIST, Copy=LIST)), "list.xlsx", is_head=is_head).rows[0].line == 2


def test_sheet_that_is_not_there_is_told() -> None:
    with pytest.raises(NotATable) as caught:
        read_table(saved(sheets_of(phones=LIST)), "list.xlsx", is_head=is_head, sheet="gone")

    assert str(caught.value) == "The workbook has no sheet “gone”."


def test_chart_that_was_open_is_no_matter() -> None:
    book = sheets_of(phones=LIST)
    book.create_chartsheet("Chart")
    book.active = 1

    assert read_table(saved(book), "list.xlsx", is_head=is_head).columns == ("number", "nickname")


def test_strict_open_xml_is_read_with_its_errors() -> None:
    book = sheets_of(phones=[("number", "nickname"), ("951201802", "#N/A")])
    data = saved(book)
    spaces = {
        b"http://schemas.openxmlformats.org/spreadsheetml/2006/main": b"http://purl.oclc.org/ooxml/spreadsheetml/main",
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships": (
            b"http://purl.oclc.org/ooxml/officeDocument/relationships"
        ),
    }
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            for loose, strict in spaces.items():
                part = part.replace(loose, strict)
            new.writestr(name, part)

    assert read_table(file.getvalue(), "list.xlsx", is_head=is_head).rows == (Row(2, ("951201802", "#N/A")),)


def test_titles_above_the_headings_are_left_out() -> None:
    data = workbook(("Informe de líneas",), (datetime(2026, 11, 27),), (None,), *LIST)

    table = read_table(data, "list.xlsx", is_head=is_head)

    assert (table.columns, table.head_line) == (("number", "nickname"), 4)
    assert table.rows == (Row(5, ("951201802", "Ventas")),)


def test_merged_cells_count_for_all_their_rows_and_hide_what_they_cover() -> None:
    book = sheets_of(phones=[("number", "nickname", "note"), ("1", "a", "x"), ("2",), ("3", "b", "y")])
    book["phones"].merge_cells("B2:C3")

    table = read_table(saved(book), "list.xlsx", is_head=is_head)

    assert [row.cells for row in table.rows] == [("1", "a", ""), ("2", "a", ""), ("3", "b", "y")]
    assert [row.unknown for row in table.rows] == [{2: "merged"}, {2: "merged"}, None]


def test_formula_counts_by_its_result_and_is_unknown_without_one() -> None:
    data = workbook(("id", "note"), ("1", '=A2&"x"'))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    assert b'<f>A2&amp;"x"</f>' in sheet

    for result in (b"<v>7</v>", b"<v></v>", b"<v />", b""):
        made = sheet.replace(b"<v />", result).replace(b"<v></v>", result)
        (row,) = read_table(repacked(data, sheet1=made), "list.xlsx").rows
        assert (row.cells, row.unknown) == ((("1", "7"), None) if b"7" in result else (("1", ""), {1: "formula"}))


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
    assert sentence(workbook((*[None] * 5 * COLUMN_LIMIT, "x"))) == huge


def test_one_workbook_is_read_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "PATIENCE_SECONDS", 0.01)
    with reader._place:
        assert sentence(workbook(("number",))).startswith("Other workbooks are being read just now.")

    # A place that was taken for a broken file is free again.
    assert sentence(b"PK\x03\x04 and nothing").startswith("The file is broken")
    assert read_table(workbook(("number",), ("+34910000001",)), "x.xlsx").columns == ("number",)


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


@pytest.mark.parametrize(("row", "column"), [(1_048_576, "XFD"), (2_000_000_000, "A")])
def test_cells_far_apart_do_not_end_the_site(row: int, column: str) -> None:
    data = workbook(("id",), ("1",))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()

    far = sheet.replace('<row r="2">', f'<row r="{row}">').replace('r="A2"', f'r="{column}{row}"').encode()

    assert sentence(repacked(data, sheet1=far), "list.xlsx").startswith(
        ("The workbook holds far", "The file is broken")
    )


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


NO_TABLE = "This is JSON, XML or a web archive, and no table."


@pytest.mark.parametrize(
    ("data", "name", "begin"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "list.xls", "The file is broken, or no Excel workbook."),
        (b"%PDF-1.7 ...", "list.csv", "This is a PDF."),
        (b"PK\x03\x04", "list.numbers", "This is a file of Numbers."),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "list.xlsx",
            "The file is protected by a password.",
        ),
        (b"PK\x03\x04", "list.xlsx", "The file is broken, or no Excel workbook."),
        (workbook(("id",))[:-30], "list.xlsx", "The file is broken, or no Excel workbook."),
        (
            b'<?xml version="1.0"?>\n<Workbook><Worksheet><Table><Row/></Table></Worksheet></Workbook>',
            "list.xls",
            NO_TABLE,
        ),
        (b'<?xml version="1.0"?><office:document><table:table/></office:document>', "list.fods", NO_TABLE),
        (b'[\n  {"number": "+34951201802", "nickname": "a"}]', "list.json", NO_TABLE),
        (b'{"phones": []}', "list.csv", NO_TABLE),
        (b"MIME-Version: 1.0\nContent-Type: multipart/related\n\n<table></table>", "list.xls", NO_TABLE),
    ],
)
def test_other_files_are_told_apart(data: bytes, name: str, begin: str) -> None:
    assert sentence(data, name).startswith(begin)


@pytest.mark.parametrize("part", ["content.xml", "word/document.xml"])
def test_other_zip_files_are_no_workbook(part: str) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(part, "<x/>")

    assert sentence(file.getvalue()).startswith("The file is broken, or no Excel workbook.")


ODS = """<?xml version="1.0" encoding="UTF-8"?><office:document-content office:version="1.2"
 xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body><office:spreadsheet>
 <table:table table:name="phones">{rows}</table:table></office:spreadsheet></office:body></office:document-content>"""


def test_open_document_is_read_and_known_to_hide_errors() -> None:
    rows = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>' for cell in row
        )
        + "</table:table-row>"
        for row in LIST
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr("content.xml", ODS.format(rows=rows))

    table = read_table(file.getvalue(), "list.ods", is_head=is_head)

    assert (table.rows, table.sheet, table.hides_faults) == ((Row(2, ("951201802", "Ventas")),), "phones", True)


@pytest.mark.parametrize("start", ["", "<html><head><meta charset='utf-8'></head><body>", "\ufeff<!DOCTYPE html>"])
def test_web_page_that_is_named_like_a_workbook_is_read(start: str) -> None:
    rows = "".join(f"<tr><td>{number}</td><td> {nickname}<br>2 &amp; 3</td></tr>" for number, nickname in LIST[1:])
    page = f"{start}<table><tr><th>number</th><th>nickname</th></tr>{rows}</table>"

    table = read_table(page.encode(), "list.xls", is_head=is_head)

    assert (table.columns, table.rows) == (("number", "nickname"), (Row(2, ("951201802", "Ventas 2 & 3")),))


def test_cells_of_a_web_page_that_take_several_places_leave_the_others_in_theirs() -> None:
    page = (
        "<?xml version='1.0'?><table><tr><th colspan=3>List</th></tr>"
        "<tr><th>number</th><th>note</th><th>nickname</th></tr>"
        "<tr><td colspan=2>951201802</td><td>One</td></tr>"
        "<tr><td>951201803</td><td rowspan='2'>both</td><td>Two</td></tr><tr><td>951201804</td><td>Three</td></tr>"
        "<tr><td>951201805</td><td rowspan=x colspan=0>x</td><td>Four</td></tr></table>"
        "<table><tr><td>951201806</td><td></td><td>Five</td></tr></table>"
    )

    assert read_table(page.encode(), "list.xls", is_head=is_head).rows == (
        Row(3, ("951201802", "", "One"), {1: "merged"}),
        Row(4, ("951201803", "both", "Two")),
        Row(5, ("951201804", "both", "Three")),
        Row(6, ("951201805", "x", "Four")),
        Row(7, ("951201806", "", "Five")),
    )


def test_last_row_of_a_web_page_needs_no_end() -> None:
    table = read_table(b"<table><tr><th>number<th>nickname<tr><td>951201802<td>One", "list.xls", is_head=is_head)

    assert table.rows == (Row(2, ("951201802", "One")),)


WHOLE = workbook(("id", "number", "nickname"), ("1", 34951201802, "a"), ("2", datetime(2026, 1, 1), "=1"))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_spoilt_workbook_is_a_table_or_a_sentence(spoilt: list[tuple[int, int]]) -> None:
    data = bytearray(WHOLE)
    for place, value in spoilt:
        data[place] = value

    read_anything(bytes(data), "list.xlsx")


@settings(max_examples=40, deadline=None)
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


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(cells, max_size=5), max_size=6))
def test_workbook_of_any_cells_is_a_table_or_a_sentence(rows: list[list[Any]]) -> None:
    read_anything(workbook(*map(tuple, rows)), "list.xlsx")
