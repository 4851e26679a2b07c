"""Numbers in pasted texts: columns, tickets, and what spreadsheets make of them."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from phones.services.numbers import plain
from phones.services.pasting import ITEM_LIMIT, LONGEST, TEXT_LIMIT, Fault, TooMuch, read_paste
from tests.test_services_numbers import SPELLINGS

WHOLE = [
    *SPELLINGS,
    "Tel. +34 951-201-802",
    "tel:+34951201802",
    "Móvil: 951 201 802",
    "951201802 ext. 12",
    "951 20 18 02 x12",
    "+34 951201802;ext=12",
    "951 20 18 02 (extensión 4)",
    '"951201802",',
    "951,201,802",
    "951201802;",
    "34951201802.0",
    "'+34951201802",
    '="+34951201802"',
    "• 951 201 802",
    "<951201802>",
    "+34 (0)951 20 18 02".replace("(0)", ""),
]


@pytest.mark.parametrize("spelling", WHOLE)
def test_every_spelling_is_the_number(spelling: str) -> None:
    pasted = read_paste(spelling)

    assert [(candidate.keys[0], candidate.is_sure) for candidate in pasted.candidates] == [("34951201802", True)]
    assert pasted.faulty == []


def test_column_keeps_its_order_and_counts_each_number_once() -> None:
    pasted = read_paste("951201803\n+34 951 20 18 02\n\n0034951201803\n(951) 201 802\r\n951201804")

    assert [candidate.text for candidate in pasted.candidates] == ["951201803", "+34 951 20 18 02", "951201804"]


def test_every_line_of_a_column_counts() -> None:
    pasted = read_paste("Número\n951201802\nn/a\n---\n3.49512E+10\n951201803\n3,49512e+10\n12\n1234567890123456\n…1802")

    assert [candidate.text for candidate in pasted.candidates] == ["951201802", "951201803", "…1802"]
    assert [(item.text, item.fault) for item in pasted.faulty] == [
        ("Número", Fault.WORDS),
        ("n/a", Fault.WORDS),
        ("3.49512E+10", Fault.ROUNDED),
        ("3,49512e+10", Fault.ROUNDED),
        ("12", Fault.SHORT),
        ("1234567890123456", Fault.LONG),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "951201802\t951201803",
        "951201802;951201803",
        "951201802,951201803",
        "951201802|951201803",
        "951201802 951201803",
        "951 20 18 02 951 20 18 03",
        "951 20 18 02 / 951 20 18 03",
        "+34 951 20 18 02, +34 951 20 18 03",
        "951 20 18 02 y 951 20 18 03",
    ],
)
def test_several_numbers_may_stand_in_a_line(line: str) -> None:
    keys = [candidate.keys[0] for candidate in read_paste(line).candidates]

    assert keys == ["34951201802", "34951201803"]


TICKET = """Hola, soy María (maria@aurora.es). El 24/11/2026 a las 10:35 llamamos al 951 20 18 02 y al
(+34) 951-20-18-03, y nadie contestó. El pedido 4512 del 2026-11-20 costó 1.200,50 €. También 0034951201804.
El otro acaba en …1805, o 201806. Ref INC0045123 #4501234, de 20 a 24 h. SIP: sip:centralita@pbx.example.es.
El 951 20 18 0 no va; +34 951201807 ext 3 sí."""


def test_running_text_holds_numbers_only() -> None:
    pasted = read_paste(TICKET)

    assert [candidate.text for candidate in pasted.candidates if candidate.is_sure] == [
        "951 20 18 02",
        "(+34) 951-20-18-03",
        "0034951201804",
        "…1805",
        "sip:centralita@pbx.example.es",
        "951 20 18 0",
        "+34 951201807",
    ]
    assert [candidate.text for candidate in pasted.candidates if not candidate.is_sure] == ["maria@aurora.es", "201806"]
    assert pasted.faulty == []


def test_address_in_a_column_is_a_sip_identifier() -> None:
    (candidate,) = read_paste("Ventas@pbx.example.es").candidates

    assert (candidate.sip, candidate.is_sure) == ("ventas@pbx.example.es", True)


@pytest.mark.parametrize(
    ("spelling", "keys", "end"),
    [
        ("+34951201802", ("34951201802",), ""),
        ("34951201802", ("34951201802",), "34951201802"),
        ("951201802", ("34951201802", "951201802"), "951201802"),
        ("201802", ("201802",), "201802"),
        ("...18 02", ("1802",), "1802"),
        ("+44 (0)20 7946 0958", ("442079460958", "4402079460958"), ""),
    ],
)
def test_candidate_says_what_it_can_stand_for(spelling: str, keys: tuple[str, ...], end: str) -> None:
    (candidate,) = read_paste(spelling).candidates

    assert (candidate.keys, candidate.end) == (keys, end)


def test_too_much_is_refused() -> None:
    fits = "\n".join(f"+3495{index:07d}" for index in range(ITEM_LIMIT))

    assert len(read_paste(fits).candidates) == ITEM_LIMIT
    with pytest.raises(TooMuch):
        read_paste(fits + "\n+34960000000")
    with pytest.raises(TooMuch):
        read_paste("a" * (TEXT_LIMIT + 1))


EVIL = ["951 ", "1 ", "(", "+", "9", "a1 ", "a@", "1,", "1.1/", "…1", "x1#1", "12-", "@", "=a", "1e1 ", "(1", "\t", "٣"]


@pytest.mark.parametrize("piece", EVIL)
def test_no_text_takes_long(piece: str) -> None:
    text = (piece * TEXT_LIMIT)[: TEXT_LIMIT // 2]
    started = time.process_time()

    pasted = read_paste(text)

    assert time.process_time() - started < 10
    assert len(pasted.candidates) <= 2


pieces = st.sampled_from(
    [
        *SPELLINGS,
        "…1802",
        "3.49512E+10",
        "a@b.es",
        "sip:x@y",
        " ext 4",
        "24/11/2026",
        "\n",
        "\t",
        ",",
        ";",
        " ",
        "x",
        "½",
    ]
)


@given(st.text() | st.lists(pieces | st.text("0123456789 +().-/,;\n", max_size=12), max_size=12).map("".join))
@example("+" * 300)
@example("\u2028+34\u0661")
def test_digits_of_every_candidate_occur_in_the_text(text: str) -> None:
    pasted = read_paste(text)

    typed = "".join(letter for letter in plain(text) if letter.isdigit())
    for candidate in pasted.candidates:
        if candidate.sip:
            assert candidate.sip in plain(text).lower()
            continue
        assert all(key.isascii() and key.isdigit() for key in candidate.keys)
        assert 4 <= len(candidate.keys[-1]) <= LONGEST
        rest = iter(typed)
        assert all(digit in rest for digit in candidate.keys[-1])
    assert len({(candidate.keys[:1], candidate.sip) for candidate in pasted.candidates}) == len(pasted.candidates)
