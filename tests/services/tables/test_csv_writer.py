"""CSV as it is written: lines end as RFC 4180 says, and cells are quoted that any spreadsheet would split."""

import csv
import io

import pytest

from phones.services.tables.csv_writer import BYTE_ORDER_MARK, csv_stream


@pytest.mark.parametrize("cell", ["a;b", "a|b", "a\tb", "a,b", 'a"b', "a\nb", "a\rb"])
def test_cell_with_a_separator_is_quoted(cell: str) -> None:
    text = "".join(csv_stream(["one", "two"], [[cell, "plain cell"]]))

    quoted = cell.replace('"', '""')
    assert text == f'{BYTE_ORDER_MARK}one,two\r\n"{quoted}",plain cell\r\n'
    assert list(csv.reader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK), newline=""))) == [
        ["one", "two"],
        [cell, "plain cell"],
    ]
