"""What a cell says that a program wrote anew: the same text with letters lost is no edit, and nothing takes long."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phones.services.exchange.edited_cells import is_error, is_untouched, may_be_by_itself

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


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("Recepcio\u0301n", "Recepción"),
        ("Recepción", "Recepcio\u0301n"),
        (" Ventas", "Ventas "),
        ("Sala norte", "Sala\nnorte"),
        ("Ventas", "Ventas\u200b"),
        ("'24/7", "24/7"),
        ("24/7", "24/7"),
        ("_x000D_a", "\ra"),
        ("Sala\xa0norte", "Sala norte"),
        ("Sala norte", "Sala\u2009norte"),
        # LibreOffice writes a tab that readers of its files leave out.
        ("'Salanorte", "\tSalanorte"),
        ("A &amp; B", "A & B"),
        ("&#211;ptica O&#x27;Brien", "Óptica O'Brien"),
        *((nothing, "") for nothing in ("nan", "NaN", "NULL", "null", "None", "<NA>", "\\N", "(null)")),
    ],
)
def test_same_text_in_another_form_is_no_edit(cell: str, text: str) -> None:
    assert is_untouched(cell, text)


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        (
            "24/7",
            ["24-jul", "24-Jul", "24. Jul", "24 juil.", "24/07/2026", "2026-07-24", "2026-07-24 00:00:00", "46227"],
        ),
        ("9-14", ["14-Sep", "14-sept", "14/09/2026", "14. Sep."]),
        ("1/2", ["01-feb", "2-Jan", "1. Feb", "1 févr."]),
        ("MAR 5", ["5-Mar", "05-mar", "5. Mrz"]),
        ("May 2024", ["may-24", "01/05/2024", "2024-05-01"]),
        ("8:30", ["08:30", "08:30:00", "8:30:00 AM", "0,354166666666667"]),
        ("1.000", ["1000", "1", "1,000", "1000.0"]),
        ("00951", ["951"]),
        ("1E5", ["100000"]),
        ("2.50", ["2,5", "2.5"]),
        ("TRUE", ["VERDADERO", "WAHR", "VRAI", "VERDADEIRO"]),
        ("10 %", ["10%", "10,00%", "0.1"]),
        ("5 €", ["5,00 €", "5"]),
        ("12345678901234567", ["12345678901234500", "12345678901234600"]),
        ("Recepción", ["Recepcion"]),
        ("1:5", ["01:05:00", "1:05", "01:05:00 AM"]),
        ("1/2/3", ["02/01/03", "01/02/03", "01/02/2003", "2003-02-01"]),
        # By what the encodings of MS-DOS and Windows put in the place of letters they lack.
        ("Óptica – Córdoba", ["Óptica - Córdoba"]),
        ("Sala “Sur” … día", ['Sala "Sur" ... día']),
        ("Łódź – día", ["Lodz - día", "Łódź - día"]),
    ],
)
def test_what_a_spreadsheet_makes_of_a_text_is_a_question(text: str, cells: list[str]) -> None:
    assert [cell for cell in cells if not may_be_by_itself(cell, text)] == []


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("25-jul", "24/7"),
        ("8:31", "8:30"),
        ("1001", "1.000"),
        ("FALSO", "TRUE"),
        ("Citas 3", "Citas 2"),
        ("Recepción", "Recepcion"),
        ("", "1.0"),
        ("Nuevo", "24/7"),
        ("A & B", "A &amp; B"),
        ("Citas – tarde", "Citas - tarde"),
        ("nan", "Ana"),
        ("1:6", "1:5"),
    ],
)
def test_another_value_is_an_edit_and_no_question(cell: str, text: str) -> None:
    assert not may_be_by_itself(cell, text)
    assert not is_untouched(cell, text)


@pytest.mark.parametrize(
    "cell",
    [
        *("#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#ERROR!", "Err:502"),
        *("#N/D", "#¡REF!", "#¡VALOR!", "#¿NOMBRE?", "#¡DIV/0!", "#¡NUM!", "#¡NULO!", "#?REF!", "#\ufffdREF!"),
        *("#NV", "#BEZUG!", "#WERT!", "#ZAHL!", "#ÜBERLAUF!", "#VALEUR!", "#NOM?", "#NOMBRE!", "#NUL!"),
        *("#NOME?", "#NÚM!", "#NULO!"),
        *("nan", "NaN", "<NA>", "NaT", "NULL", "\\N", "Loading...", "Cargando..."),
    ],
)
def test_error_values_of_any_language_are_no_text(cell: str) -> None:
    assert is_error(cell)
    assert is_error(f" {cell} ")


@pytest.mark.parametrize("cell", ["", "#", "#1", "#VIP", "#ref!", "REF!", "#N", "Error", "#Name?", "#VIP!", "N/A"])
def test_texts_of_people_are_no_error_values(cell: str) -> None:
    assert not is_error(cell)
