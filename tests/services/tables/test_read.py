"""Uploaded files as tables: whatever a spreadsheet or a program made of them, and nothing that brings the site down."""

import tracemalloc

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from phones.services.exchange.import_columns import is_head
from phones.services.tables import limits, read
from phones.services.tables.limits import FILE_LIMIT
from phones.services.tables.read import Row, Table, read_table
from tests.support.files.workbooks import read_anything, sentence, workbook

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:openpyxl")
ROWS = [("number", "nickname"), ("+34951201802", "Recepción"), ("+34951201803", "a, b; c\td|e")]
TABLE = Table(ROWS[0], (Row(2, ROWS[1]), Row(3, ROWS[2])))


def delimited(separator: str, end: str = "\r\n") -> str:
    return end.join(separator.join(f'"{cell}"' if set(cell) & set(",;\t|") else cell for cell in row) for row in ROWS)


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


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("heading", ['the "alias"', '5" line', "O'Hara"])
def test_quotation_mark_in_a_heading_keeps_the_separator(separator: str, heading: str) -> None:
    text = f"number{separator}nickname{separator}{heading}\r\n1{separator}a{separator}b\r\n"

    table = read_table(text.encode(), "list.csv", is_head=is_head)

    assert (table.columns, table.rows) == (("number", "nickname", heading), (Row(2, ("1", "a", "b")),))


def test_backslash_before_a_quotation_mark_is_an_escape_where_the_file_shows_it() -> None:
    escaped = b'number,nickname\n1,"a \\"b\\", c"\n2,"d"\n'
    doubled = b'number,nickname\n1,"C:\\"\n2,"a ""b"", c"\n'
    mixed = b'number,nickname\n1,"a \\"b\\", c"\n2,"C:\\"\n3,""\n4,"x \\" y", "z"" \n'

    assert [row.cells for row in read_table(escaped, "x.csv").rows] == [("1", 'a "b", c'), ("2", "d")]
    assert [row.cells for row in read_table(doubled, "x.csv").rows] == [("1", "C:\\"), ("2", 'a "b", c')]
    assert sentence(mixed).startswith("Quotation marks in this file have a backslash before them in some places")


@pytest.mark.parametrize("data", [b"", b"\r\n \r\n,,,\r\n", "\ufeff".encode(), "\ufeff".encode("utf-16-le")])
def test_empty_file_is_told(data: bytes) -> None:
    assert sentence(data) == "The file is empty."


def test_limits_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "ROW_LIMIT", 3)

    assert len(read_table(b"id\n1\n2\n3\n", "list.csv").rows) == 3
    assert sentence(b"id\n1\n2\n3\n4\n") == "The file has more than 3 rows. Split it."
    assert sentence(workbook(("id",), *((place,) for place in range(4)))) == "The file has more than 3 rows. Split it."
    assert sentence(b"," * 200 + b"x") == "The file has more than 200 columns."
    assert sentence(b"a" * (FILE_LIMIT + 1)) == "The file is larger than 40 MB. Split it."
    assert sentence(b"id,note\n1," + b"a" * 200_000) == "Line 2 is no row of a table: it is too long."
    assert sentence(b"id,note\n1" + b"," * 200_000) == "Line 2 is no row of a table: it is too long."


def test_limit_of_texts_is_what_they_take_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "TEXT_LIMIT", 1_000_000)
    alike = b"number;a;b;c\n" + b"12345;12345;12345;12345\n" * 10_000
    unlike = b"number;a;b;c\n" + b"".join(b"%d;%d;%d;%d\n" % (n, n + 1, n + 2, n + 3) for n in range(0, 40_000, 4))

    tracemalloc.start()
    try:
        assert sentence(unlike).startswith("The cells of the file hold too much text.")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # The rows themselves, and the texts that are known, come on top.
    assert len(unlike) < 300_000
    assert peak < 2_500_000
    assert len(read_table(alike, "list.csv").rows) == 10_000


def test_text_that_is_named_like_a_workbook_is_read() -> None:
    assert read_table(b"number;nickname\n1;a\n", "LIST.XLSX").rows == (Row(2, ("1", "a")),)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["a.csv", ""]))
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


def test_limits_of_the_house() -> None:
    assert (limits.FILE_LIMIT, limits.ROW_LIMIT, limits.COLUMN_LIMIT) == (41_943_040, 100_000, 200)
