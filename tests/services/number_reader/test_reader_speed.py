"""How long the finder reads: in step with the text, whatever is in it."""

import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phones.services.number_reader.reader import TEXT_LIMIT, TooMuch, read_paste

# A pattern whose time grows with the square of the text takes seconds for so many characters, and others 0.1.
LENGTH = 10_000
SECONDS = 0.5
# Written with a bar between them.
_PIECES = r"""
951 |1 |9|0|00 |+|+34 |(|()|(1|-|1-|_1|'1'|·1|.|..|...|. |1.|1.111|1.111,|1,|111,|,|;1|\t1|/|9/|12/|95/12/01/
|:|1:|10:15:32.|2026-|2026-10-09T|20261009|€|€1|1€|1 000 |000 |%|1%|%20|&nbsp;|&amp;|&|<|<a |<b x='|<td>|\\|\\n|\\u00a0
|=|=a|=\n|=C2=A0|Â |â€|…1|*|****|x|xxx |x1#1|ext |1 ext|#|# |@|a@|a.b@c.|sip:|sip:a@|http://|http://a?n=1&|www.|wa.me/
|id |id id: |pedido |pedido 951201802 |no n o |nº |tarjeta |acaba en |último |últimos dígitos |1e1|1.2E|1.23456E+|0.1
|1.1.1.1.|95.120.18.02.|a1 |abcdef12|-0a1b|o=a 1 |951201802/|951201802/03/|951201800-951201809 |951201802-|1)|1.\n
|951201802\n|951201802;1\n|a;b\n|a\n|\n|\n\n1|٣|½|①|ª|1\ufe0f\u20e3
"""
PIECES = tuple(
    piece.replace(r"\n", "\n").replace(r"\t", "\t").replace(r"\ufe0f\u20e3", "\ufe0f\u20e3")
    for piece in _PIECES.replace("\n", "").split("|")
)


def seconds_for(text: str) -> float:
    """Return the thread's time for a text, the shorter of two if long; one that holds too much is over early."""
    took = _seconds_for(text)
    # A machine that is busy with other things counts them to whoever runs.
    return min(took, _seconds_for(text)) if took > SECONDS / 2 else took


def _seconds_for(text: str) -> float:
    started = time.thread_time()
    with suppress(TooMuch):
        read_paste(text)
    return time.thread_time() - started


@pytest.mark.parametrize("piece", PIECES)
def test_no_repetition_takes_long(piece: str) -> None:
    assert seconds_for((piece * LENGTH)[:LENGTH]) < SECONDS
    # What would have to match at the very end, and does not.
    assert seconds_for((piece * LENGTH)[:LENGTH] + "!") < SECONDS


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join), st.sampled_from(PIECES))
def test_no_text_takes_long(piece: str, end: str) -> None:
    assert seconds_for((piece * LENGTH)[:LENGTH] + end) < SECONDS


@pytest.mark.parametrize("piece", ["951201802/", "951201800-951201809 ", "951 20 18 00 ", "00 951201802 "])
def test_row_as_long_as_a_text_may_be_takes_time_by_its_length(piece: str) -> None:
    one = seconds_for((piece * TEXT_LIMIT)[: TEXT_LIMIT // 32])

    # Eight times the text: 64 times the time if it grew with the square, of which not a tenth may be in it.
    assert seconds_for((piece * TEXT_LIMIT)[: TEXT_LIMIT // 4]) < 13 * max(one, 0.05)
