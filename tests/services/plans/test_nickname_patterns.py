"""Nicknames from a pattern: what stands for what, and what stands for nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phones.models import Phone
from phones.services.nicknames import one_line
from phones.services.plans.nickname_patterns import BadPattern, Pattern

PHONE = Phone(number="+34951201802", shown="+34 951 20 18 02", nickname="Citas")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Line {n}", "Line 7"),
        ("Line {n:03}", "Line 007"),
        ("{n:02}/{n}", "07/7"),
        ("{alias} ({number})", "Citas (+34951201802)"),
        ("{nickname} ({number})", "Citas (+34951201802)"),
        ("  Ventas ", "Ventas"),
        ("a } b {", "a } b {"),
    ],
)
def test_pattern_names_a_phone(text: str, name: str) -> None:
    assert Pattern.read(text).name(7, PHONE) == name


def test_zeros_do_not_cut_a_longer_place() -> None:
    assert [Pattern.read("{n:03}").name(place, PHONE) for place in (9, 99, 999, 1000)] == ["009", "099", "999", "1000"]


def test_phone_without_a_nickname_has_an_empty_one() -> None:
    assert Pattern.read("{nickname}").name(1, Phone(number="1", nickname=None)) == ""


def test_nickname_that_looks_like_a_placeholder_is_a_text() -> None:
    assert Pattern.read("{nickname} {n}").name(1, Phone(number="1", nickname="{number}")) == "{number} 1"


@pytest.mark.parametrize("text", ["{x}", "{}", "{N}", "{n:3}", "{n:00}", "{n:012}", "{number:03}", "{ n }", "{n}{no}"])
def test_placeholder_that_stands_for_nothing_is_named(text: str) -> None:
    with pytest.raises(BadPattern) as bad:
        Pattern.read(text)

    assert bad.value.placeholder == text.removeprefix("{n}")


@pytest.mark.parametrize(("text", "is_fixed"), [("Ventas", True), ("}{", True), ("V{n}", False), ("{nickname}", False)])
def test_pattern_without_placeholders_is_one_name_for_all(text: str, is_fixed: bool) -> None:
    assert Pattern.read(text).is_fixed is is_fixed


@given(st.text(max_size=40), st.integers(1, 10**6))
def test_any_text_is_read_or_refused(text: str, place: int) -> None:
    try:
        pattern = Pattern.read(text)
    except BadPattern:
        return

    assert pattern.name(place, PHONE) == pattern.name(place, PHONE).strip()
    assert not pattern.is_fixed or pattern.name(place, PHONE) == one_line(text)
