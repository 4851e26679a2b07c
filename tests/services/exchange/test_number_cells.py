"""Numbers in cells, with what programs and people put around them."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phones.services.number_reader.reader import Candidate, NoNumber, read_number

KEY = "34951201802"


@pytest.mark.parametrize(
    "cell",
    [
        *("3.4951201802E+10", "3,4951201802E10", "9.51201802E8", "9,51201802e+08", "34951201802.0", "951201802,00"),
        *("1. 951201802", "1) 951 20 18 02", "1 - 951201802", "a) 951201802", "• 951201802", "12.- 951201802"),
        *("+34 (0)951 20 18 02", "0034 (0) 951201802", "34 - 951 20 18 02", "(+34) 951-201-802"),
        *("sip:951201802@pbx.example.com:5060", "<sip:951201802@10.0.0.1;user=phone>", "951201802@from-trunk"),
        *("PJSIP/951201802-0000001a", "SIP/951201802", "34951201802@s.whatsapp.net", "tel:+34-951-20-18-02"),
        *("Tel. 951 20 18 02", "Móvil: 951201802", "Nº 951201802", "951 20 18 02 (Recepción)", "951201802 ext. 12"),
        *("+34Â\xa0951Â\xa020Â\xa018Â\xa002", "951&nbsp;20&nbsp;18&nbsp;02", "%2B34951201802", "951·20·18·02"),
        *("951_20_18_02", "951'20'18'02", "'+34951201802", '="34951201802"', "９５１２０１８０２"),
    ],
)
def test_number_is_found_in_its_cell(cell: str) -> None:
    found = read_number(cell)

    assert isinstance(found, Candidate), found
    assert KEY in found.keys


@pytest.mark.parametrize("cell", ["3.49512E+10", "9.512E8", "words", "", "1.", "2026-11-30", "10:15", "E10", "1E400"])
def test_other_cells_hold_no_number(cell: str) -> None:
    assert isinstance(read_number(cell), NoNumber)


@pytest.mark.parametrize(
    ("cell", "key"),
    [("9.51201802E8", KEY), ("9.512018020E8", KEY), ("3.4951201802E10", KEY), ("4.42079460958E+11", "442079460958")],
)
def test_power_of_ten_is_exact_with_all_its_digits(cell: str, key: str) -> None:
    found = read_number(cell)

    assert isinstance(found, Candidate)
    assert found.keys[0] == key


@pytest.mark.parametrize(
    "cell",
    [
        *("951201800-951201809", "951201800 - 951201809", "951 20 18 00 / 951 20 18 01", "951201800,951201801"),
        *(
            "951 20 18 00 951 20 18 01",
            "951201802/03",
            "951201802 / 04",
            "951201802 y 951201803",
            "951201800;951201801",
        ),
    ],
)
def test_several_numbers_in_a_cell_are_not_one(cell: str) -> None:
    assert isinstance(read_number(cell), NoNumber)


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("()0123456789.-+ @:;<>%Âa\xa0&sip/"), max_size=700))
def test_any_cell_is_read_in_no_time(cell: str) -> None:
    started = time.perf_counter()
    read_number(cell)

    assert time.perf_counter() - started < 0.2
