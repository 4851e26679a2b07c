"""The parser of .xlsx: the cells of every program, as calamine reads them, and what calamine does not tell."""

import io
import zipfile
from datetime import datetime, time, timedelta
from typing import Any

import pytest
import python_calamine
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.styles import numbers

from phones.services.tables import read
from phones.services.tables.limits import CELL_LIMIT
from phones.services.tables.workbooks import xlsx_values
from phones.services.tables.workbooks.child import sheets_in
from phones.services.tables.workbooks.rows import Row
from tests.support.files.workbooks import repacked, saved, sentence, sheets_of, workbook

SPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def rows_in(data: bytes) -> list[Row]:
    ((_about, rows),) = sheets_in(io.BytesIO(data))
    return list(rows)


def sheet(content: str, *, space: str = SPACE, prefix: str = "") -> bytes:
    return f"<{prefix}worksheet {space}><{prefix}sheetData>{content}</{prefix}sheetData></{prefix}worksheet>".encode()


def shared(*texts: str) -> bytes:
    return f"<sst {SPACE}>{''.join(f'<si>{text}</si>' for text in texts)}</sst>".encode()


cells = st.one_of(
    st.none(),
    st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=6).filter(
        lambda text: text[0] != "="
    ),
    st.integers(-(10**15), 10**15),
    st.floats(-1e15, 1e15, allow_nan=False),
    st.booleans(),
    st.datetimes(datetime(1901, 1, 1), datetime(2200, 1, 1)).map(lambda moment: moment.replace(microsecond=0)),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(cells, max_size=5), max_size=6))
def test_cells_are_what_calamine_reads(rows: list[list[Any]]) -> None:
    data = workbook(*map(tuple, rows))

    theirs = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0)

    shown = {
        place: [xlsx_values.shown(value) for value in values] for place, values in enumerate(theirs.to_python(False), 1)
    }
    width = max(map(len, shown.values()), default=0)
    ours = {line: [*texts, *[""] * (width - len(texts))] for line, texts, _doubts in rows_in(data)}
    assert ours == {line: texts for line, texts in shown.items() if any(texts)}


@pytest.mark.parametrize(
    ("number", "style", "text"),
    [
        (46353, "d/m/yyyy", "2026-11-27"),
        (46353.354166666664, "yyyy\\-mm\\-dd hh:mm", "2026-11-27 08:30:00"),
        (59, "d/m/yyyy", "1900-02-28"),
        (0.3541666666666667, "h:mm", "08:30:00"),
        (1.0625, "[h]:mm", "1 day, 1:30:00"),
        (46353, numbers.FORMAT_GENERAL, "46353"),
        (46353, '0 "days"', "46353"),
        (46353, "[Red]0", "46353"),
        (46353.5, "[$-C0A]d mmm", "2026-11-27 12:00:00"),
        (-1, "d/m/yyyy", "-1"),
        (1e12, "d/m/yyyy", "1000000000000"),
    ],
)
def test_number_is_a_date_by_its_format(number: float, style: str, text: str) -> None:
    book = sheets_of(phones=[(number,)])
    book["phones"]["A1"].number_format = style

    assert rows_in(saved(book)) == [(1, [text], {})]


def test_workbook_of_a_mac_counts_days_from_1904() -> None:
    book = sheets_of(phones=[(datetime(2026, 11, 27),), (timedelta(hours=30),), (time(8, 30),)])
    book.epoch = datetime(1904, 1, 1)

    assert [texts for _line, texts, _doubts in rows_in(saved(book))] == [
        ["2026-11-27"],
        ["1 day, 6:00:00"],
        ["08:30:00"],
    ]


def test_shared_text_is_whole_without_its_reading_aid() -> None:
    data = workbook(("x", "y"))
    texts = shared(
        "<r><t>Ventas </t></r><r><rPr/><t>Sur</t></r>", "<t>東京</t><rPh sb='0' eb='2'><t>トウキョウ</t></rPh>", "<t/>"
    )
    content = '<row r="3"><c r="B3" t="s"><v>0</v></c><c t="s"><v>1</v></c><c t="s"><v>2</v></c></row>'

    assert rows_in(repacked(data, sharedStrings=texts, sheet1=sheet(content))) == [(3, ["", "Ventas Sur", "東京"], {})]


def test_shared_text_that_is_not_there_breaks_the_file() -> None:
    for place in ("1", "-1", "x"):
        content = f'<row><c t="s"><v>{place}</v></c></row>'
        data = repacked(workbook(("x",)), sharedStrings=shared("<t>a</t>"), sheet1=sheet(content))

        assert sentence(data, "list.xlsx").startswith("The file is broken")


def test_prefixes_and_missing_references_make_no_difference() -> None:
    content = '<x:row><x:c t="inlineStr"><x:is><x:t>a</x:t></x:is></x:c><x:c><x:v>1</x:v></x:c></x:row>'

    data = repacked(workbook(("x",)), sheet1=sheet(content, space=SPACE.replace("xmlns", "xmlns:x"), prefix="x:"))

    assert rows_in(data) == [(1, ["a", "1"], {})]


def test_merged_cells_need_no_cells_of_their_own() -> None:
    content = '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><v>2</v></c></row><row r="2"><c r="A2"><v>3</v></c></row>'
    made = sheet(content).replace(b"</worksheet>", b'<mergeCells><mergeCell ref="B1:C2"/></mergeCells></worksheet>')

    assert rows_in(repacked(workbook(("x",)), sheet1=made)) == [
        (1, ["1", "2", ""], {2: "merged"}),
        (2, ["3", "2", ""], {2: "merged"}),
    ]


def test_blank_merged_cells_below_a_list_are_no_rows() -> None:
    book = sheets_of(phones=[("number", "nickname"), ("951201802", "Ventas")])
    book["phones"].merge_cells("A5:B6")

    assert [line for line, _texts, _doubts in rows_in(saved(book))] == [1, 2]


def test_time_and_nonsense_are_shown_as_they_are() -> None:
    content = '<row><c t="d"><v>12:30:00</v></c><c t="d"><v>2026-11-27</v></c><c><v>abc</v></c></row>'

    assert rows_in(repacked(workbook(("x",)), sheet1=sheet(content))) == [(1, ["12:30:00", "2026-11-27", "abc"], {})]


def test_rows_in_no_order_break_the_file() -> None:
    made = sheet('<row r="2"><c><v>1</v></c></row><row r="2"><c><v>1</v></c></row>')

    assert sentence(repacked(workbook(("x",)), sheet1=made), "list.xlsx").startswith("The file is broken")


def test_sheet_elsewhere_is_read_by_calamine_and_known_to_hide_faults() -> None:
    data, file = workbook(("number",), ("951201802",)), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            new.writestr(name.replace("xl/workbook.xml", "xl/Workbook.xml"), old.read(name))

    ((about, rows),) = sheets_in(file)

    assert (about["hides_faults"], [texts for _line, texts, _doubts in rows]) == (True, [["number"], ["951201802"]])


def test_table_has_a_limit_of_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "CELL_LIMIT", 4)
    assert CELL_LIMIT == 5_000_000

    assert read.read_table(b"a,b\n1,2\n", "list.csv").columns == ("a", "b")
    assert sentence(b"a,b\n1,2\n3,4\n") == (
        "The file has more than 4 cells. Take out columns that aren’t needed, or split it."
    )
