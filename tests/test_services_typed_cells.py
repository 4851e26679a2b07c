"""What a cell says that a program wrote anew: the same text with letters lost is no edit, and nothing takes long."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phones.services.typed_cells import is_untouched

JAPANESE = "新宿本店代表受付電話番号案内係夜間緊急連絡先東京都新宿区西新宿二丁目八番一号第一本庁舎二階受付"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("?" * len(JAPANESE), JAPANESE),
        ("Ventas ??", "Ventas 😀"),
        ("Ventas ?", "Ventas 😀"),
        ("Ventas ????", "Ventas 😀"),
        ("Recepci?n", "Recepción"),
        ("Recepci??n", "Recepción"),
        ("Recepci\ufffdn", "Recepción"),
        ("'=?", "=日"),
        ("¿Sí? ?", "¿Sí? 日"),
    ],
)
def test_letters_that_an_encoding_lacks_are_no_edit(cell: str, text: str) -> None:
    assert is_untouched(cell, text)


@pytest.mark.parametrize(
    ("cell", "text"),
    [("??", "日"), ("Recepci?n", "Recepcion"), ("R?cepción", "Recepción"), ("?", ""), ("", "日"), ("日?", "日")],
)
def test_marks_that_stand_for_no_lost_letter_are_an_edit(cell: str, text: str) -> None:
    assert not is_untouched(cell, text)


def test_marks_for_a_long_text_take_no_time() -> None:
    text = JAPANESE * 5

    started = time.perf_counter()
    assert not is_untouched("?" * len(text) * 2, text + "x")
    assert time.perf_counter() - started < 0.1


@settings(max_examples=200, deadline=None)
@given(
    st.text(st.sampled_from("?'日😀ñ\ufffd a1+E.="), max_size=400),
    st.text(st.sampled_from("?日😀ñ a1E."), max_size=400),
)
def test_any_cell_is_compared_in_no_time(cell: str, text: str) -> None:
    started = time.perf_counter()
    is_untouched(cell, text)

    assert time.perf_counter() - started < 0.1
