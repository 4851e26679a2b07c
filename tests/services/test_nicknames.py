"""What becomes of a nickname that somebody types or pastes: one line of what can be seen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phones.services.nicknames import one_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Sala\nnorte", "Sala norte"),
        ("Sala \r\n norte\t2", "Sala norte 2"),
        ("a\x85b\u2028c\x0bd", "a b c d"),
        ("  both  ends ", "both  ends"),
        ("Ven\u200btas\u202e", "Ventas"),
        ("\u2800\u3164\u200b\u00ad\ufeff", ""),
        ("a\x01b\x7f", "ab"),
        ("Recepcio\u0301n", "Recepción"),
        ("👨\u200d👩\u200d👧 Familia", "👨\u200d👩\u200d👧 Familia"),
        ("❤\ufe0f", "❤\ufe0f"),
        ("a\u200db", "ab"),
        ("😀\u200d", "😀"),
        ("🏴\U000e0067\U000e0062\U000e007f", "🏴\U000e0067\U000e0062\U000e007f"),
        ("✓ 日本 ñ — “x”", "✓ 日本 ñ — “x”"),
    ],
)
def test_nickname_is_one_line_of_what_is_seen(text: str, line: str) -> None:
    assert one_line(text) == line


@given(st.text())
def test_nickname_that_is_one_line_stays(text: str) -> None:
    line = one_line(text)

    assert one_line(line) == line
    assert not set("\r\n\t\u200b\u202e\u2800") & set(line)
