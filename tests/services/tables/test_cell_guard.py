"""Guards of cells: no text stays a formula, and every text comes back as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phones.services.tables.cell_guard import FORMULA_STARTS, guarded, unguarded

# What matters stands at the beginning, so most texts begin with it.
starts = st.text(st.sampled_from("'=+-@\t\r\n＝＋－＠ aÑ0"), max_size=5)
texts = st.builds(str.__add__, starts, st.text(max_size=8))


@given(texts)
def test_guarded_text_comes_back(text: str) -> None:
    assert unguarded(guarded(text)) == text


@given(texts)
def test_guarded_text_is_no_formula(text: str) -> None:
    assert guarded(text)[:1] not in FORMULA_STARTS


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
        ("\r=1", "'\r=1"),
        ("＝1+1", "'＝1+1"),
        ("'", "'"),
        ("'Tis", "'Tis"),
        ("'=1", "''=1"),
        ("''", "'''"),
        (" =1", " =1"),
    ],
)
def test_only_what_needs_a_guard_gets_one(text: str, cell: str) -> None:
    assert (guarded(text), unguarded(cell)) == (cell, text)
