"""Spellings of phone numbers: how one is shown, and what finds it."""

import sys
import unicodedata

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat

from phones.services.phone_numbers import dialled_digits, digits_of, folded, national_number, shown_number
from tests.support.files.spellings import SPELLINGS


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_a_number_finds_it(spelling: str) -> None:
    digits = dialled_digits(spelling)

    assert digits in {"951201802", "34951201802"}
    assert digits in digits_of("+34951201802")


@pytest.mark.parametrize("part", ["1802", "18 02", "951 20", "+34 951", "0034 95", "201-8"])
def test_part_of_a_number_is_looked_for_as_digits(part: str) -> None:
    assert dialled_digits(part) in digits_of("+34951201802")
    assert dialled_digits(part) != ""


@pytest.mark.parametrize(
    "query", ["", " ", "+", "()", "Recepción", "24 h", "centralita@pbx.example.es", "v5", "951 20 18 O2", "00"]
)
def test_what_is_no_number_is_looked_for_as_text(query: str) -> None:
    assert dialled_digits(query) == ""


@given(st.lists(st.sampled_from("0123456789 ()+./-"), max_size=30).map("".join))
def test_digits_of_any_spelling_are_those_dialled(spelling: str) -> None:
    digits = "".join(letter for letter in spelling if letter.isdigit())

    assert dialled_digits(spelling) == digits.removeprefix("00")
    assert digits_of(spelling) == digits


@given(st.text() | st.text(st.characters(categories=["Nd", "Zs", "Cf", "Pd"])))
def test_digits_are_plain_digits_whatever_is_typed(text: str) -> None:
    for digits in (dialled_digits(text), digits_of(text)):
        assert digits == "" or (digits.isascii() and digits.isdigit())


@pytest.mark.parametrize(
    ("number", "shown", "parts"),
    [
        ("+34951201802", "+34 951 20 18 02", ("+34", "951 20 18 02")),
        ("+34900686427", "+34 900 686 427", ("+34", "900 686 427")),
        ("+14155552671", "+1 415-555-2671", ("+1", "415-555-2671")),
        ("+3491", "+3491", ("", "+3491")),
        ("+", "+", ("", "+")),
        ("+34999", "+34999", ("", "+34999")),
        ("112", "112", ("", "112")),
        ("laboratorio@pbx.example.es", "laboratorio@pbx.example.es", ("", "laboratorio@pbx.example.es")),
        ("", "", ("", "")),
    ],
)
def test_number_is_shown_as_people_read_it(number: str, shown: str, parts: tuple[str, str]) -> None:
    assert shown_number(number) == shown
    assert national_number(shown) == parts


@given(st.text(max_size=40))
def test_showing_never_fails_and_keeps_what_is_no_number(text: str) -> None:
    shown = shown_number(text)

    assert shown == text or shown.startswith("+")
    assert "".join(national_number(shown)).replace(" ", "") == shown.replace(" ", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Óptica BILBAO", "optica bilbao"),
        ("Ñandú Güell Çelik", "nandu guell celik"),
        ("STRASSE straße", "strasse strasse"),
        ("\uff21\uff22 \u2460 \u2121", "ab 1 tel"),
        ("o\u0301ptica", "optica"),
        ("", ""),
    ],
)
def test_folded_text_has_no_accents_and_no_capitals(text: str, expected: str) -> None:
    assert folded(text) == expected


def test_folding_twice_changes_nothing_in_any_character() -> None:
    letters = (chr(code) for code in range(sys.maxunicode + 1))

    odd = [hex(ord(letter)) for letter in letters if folded(folded(letter)) != folded(letter)]

    assert odd == []


@given(st.text())
def test_composed_and_decomposed_texts_fold_to_the_same(text: str) -> None:
    forms = {folded(unicodedata.normalize(form, text)) for form in ("NFC", "NFD", "NFKC", "NFKD")}

    assert forms == {folded(text)}


@given(st.sampled_from("6789"), st.integers(0, 99_999_999))
@example("8", 0)
@example("9", 123_456)
@example("6", 0)
@example("9", 51_201_802)
def test_spanish_numbers_are_shown_as_the_library_shows_them(first: str, rest: int) -> None:
    number = f"+34{first}{rest:08}"
    parsed = phonenumbers.parse(number)

    assert shown_number(number) == phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL)
