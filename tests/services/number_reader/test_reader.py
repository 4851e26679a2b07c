"""Numbers in pasted texts: columns, tickets, and what spreadsheets make of them."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from phones.services.number_reader.candidates import LONGEST, apart
from phones.services.number_reader.reader import ITEM_LIMIT, TEXT_LIMIT, Fault, Pasted, TooMuch, read_paste
from phones.services.number_reader.text import plain_text
from tests.support.files.spellings import SPELLINGS, WHOLE


def spellings(pasted: Pasted) -> list[str]:
    """Return what would be told where nobody knew any phone: the likeliest of what stands in one place."""
    told = apart(pasted.candidates, length=TEXT_LIMIT)
    return [candidate.text for candidate in told if candidate.is_sure]


@pytest.mark.parametrize("spelling", WHOLE)
def test_every_spelling_is_the_number(spelling: str) -> None:
    pasted = read_paste(spelling)

    (candidate,) = apart(pasted.candidates, length=len(spelling))
    assert (candidate.keys[0], candidate.is_sure) == ("34951201802", True)
    assert pasted.faulty == []


def test_column_keeps_its_order_and_what_it_names_twice() -> None:
    pasted = read_paste("951201803\n+34 951 20 18 02\n\n0034951201803\n(951) 201 802\r\n951201804")

    keys = [candidate.keys[0] for candidate in apart(pasted.candidates, length=100)]
    assert keys == ["34951201803", "34951201802", "34951201803", "34951201802", "34951201804"]


def test_every_line_of_a_column_counts() -> None:
    text = "Número\n951201802\nn/a\n---\n3.49512E+10\n951201803\n3,49512e+10\n12\n1234567890123456\n…1802\nGracias"

    pasted = read_paste(text)

    assert spellings(pasted) == ["951201802", "951201803", "…1802"]
    assert [(item.text, item.fault) for item in pasted.faulty] == [
        ("n/a", Fault.WORDS),
        ("3.49512E+10", Fault.ROUNDED),
        ("3,49512e+10", Fault.ROUNDED),
        ("12", Fault.SHORT),
        ("1234567890123456", Fault.LONG),
    ]
    # Its heading, the rule, and what follows.
    assert pasted.ignored_count == 3


@pytest.mark.parametrize(
    "line", ["212345678", "212345678 ext. 12", "212 345 678 x12", "1) 212345678", "Tel. 212345678"]
)
def test_line_that_is_a_number_is_one_whatever_its_country(line: str) -> None:
    assert spellings(read_paste(f"951201802\n{line}")) == [
        "951201802",
        "212 345 678" if " 345 " in line else "212345678",
    ]


def test_words_around_a_column_are_no_lines_of_it() -> None:
    numbers = "951201802\n951201803\nPedido 4512\n951201804\n951201805"

    pasted = read_paste(f"Hola, os paso la lista del 09/10:\n{numbers}\nUn saludo,\nAna Pérez")

    assert (len(spellings(pasted)), pasted.faulty, pasted.ignored_count) == (4, [], 4)


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
    keys = [candidate.keys[0] for candidate in apart(read_paste(line).candidates, length=100)]

    assert keys == ["34951201802", "34951201803"]


TICKET = """Hola, soy María (maria@aurora.es). El 24/11/2026 a las 10:35 llamamos al 951 20 18 02 y al
(+34) 951-20-18-03, y nadie contestó. El pedido 4512 del 2026-11-20 costó 1.200,50 €. También 0034951201804.
El otro acaba en …1805, o 201806. Ref INC0045123 #4501234, de 20 a 24 h. SIP: sip:centralita@pbx.example.es.
El 951 20 18 0 no va; +34 951201807 ext 3 sí."""


def test_running_text_holds_numbers_only() -> None:
    pasted = read_paste(TICKET)

    assert spellings(pasted) == [
        "951 20 18 02",
        "(+34) 951-20-18-03",
        "0034951201804",
        "…1805",
        "sip:centralita@pbx.example.es",
        "+34 951201807",
    ]
    # Found where they are phones, and else passed over: most addresses are of mail.
    assert [candidate.text for candidate in pasted.candidates if not candidate.is_sure] == ["maria@aurora.es"]
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
        ("201802", (), "201802"),
        ("...18 02", (), "1802"),
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

    typed = "".join(letter for letter in plain_text(text) if letter.isdigit())
    for candidate in pasted.candidates:
        if candidate.sip:
            assert candidate.sip in plain_text(text).lower()
            continue
        assert all(key.isascii() and key.isdigit() for key in candidate.keys)
        spelled = candidate.keys[-1] if candidate.keys else candidate.end
        assert 4 <= len(spelled) <= LONGEST
        rest = iter(typed)
        assert all(digit in rest for digit in spelled.removeprefix("34"))
