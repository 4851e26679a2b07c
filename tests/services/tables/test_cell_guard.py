"""Guards of cells: no text stays a formula, and every text comes back as it was."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phones.services.tables.cell_guard import FORMULA_STARTS, guarded, unguarded

# What matters stands at the beginning, so most texts begin with it.
starts = st.text(st.sampled_from("'=+-@\t\r\n＝＋－＠ aÑ0;|\""), max_size=8)
texts = st.builds(str.__add__, starts, st.text(max_size=8))


@given(texts)
def test_guarded_text_comes_back(text: str) -> None:
    assert unguarded(guarded(text)) == text


@given(texts)
def test_guarded_text_is_no_formula(text: str) -> None:
    assert guarded(text)[:1] not in FORMULA_STARTS


@given(texts)
def test_no_separator_of_another_spreadsheet_makes_one(text: str) -> None:
    first, *others = re.split("[;|\t\r\n]", guarded(text))

    # A quote that opens a cell there is not shown.
    assert [cell for cell in (first, *(other.lstrip('"') for other in others)) if cell[:1] in FORMULA_STARTS] == []


@given(texts, texts)
def test_two_texts_never_look_the_same(one: str, other: str) -> None:
    assert (guarded(one) == guarded(other)) is (one == other)


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("", ""),
        ("Recepción", "Recepción"),
        ("=1+1", "'=1+1"),
        ("+34 951", "'+34 951"),
        ("-", "'-"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\r=1", "'\r'=1"),
        ("a\r\nb", "a\r\nb"),
        ("＝1+1", "'＝1+1"),
        ("'", "'"),
        ("'Tis", "'Tis"),
        ("'=1", "''=1"),
        ("''", "'''"),
        (" =1", " =1"),
        ("a;b|c\td", "a;b|c\td"),
        ("a; =1", "a; =1"),
        ("a;=1", "a;'=1"),
        ("a;'=1", "a;''=1"),
        ('a;"=1', "a;'\"=1"),
        ("=1|@x\t-2", "'=1|'@x\t'-2"),
    ],
)
def test_only_what_needs_a_guard_gets_one(text: str, cell: str) -> None:
    assert (guarded(text), unguarded(cell)) == (cell, text)
