"""What is a number in a text and what is none, kind by kind: each with the number it stands beside, or in."""

from pathlib import Path

import pytest

from tests.support.files.phonebook import PhoneBook

CASES = Path(__file__).resolve().parents[3] / "tests" / "data" / "cases"
AURORA = ("+34951201802", "+34951358306", "+34951441246")
BOOK = PhoneBook(
    [*AURORA, "+34900686427", "+442079460958", "+351210123456", "+14155552671", "laboratorio@pbx.example.es"]
)


def found(text: str) -> list[str]:
    """Return the numbers that are found, and nothing else may be said of the text."""
    pasted, resolved = BOOK.find(text)
    assert (resolved.absent, resolved.choices, pasted.faulty) == ([], [], []), text
    return [phone.number for phone in resolved.found]


@pytest.mark.parametrize(
    ("case", "numbers"),
    [
        ("f01-number-then-date", AURORA[:1]),
        ("f03-enumerated-paren", AURORA),
        ("f05-shown-then-time", AURORA[:1]),
        ("f07-invoice-lines", AURORA),
        ("f09-sip-uri", AURORA[:1]),
        ("f11-jid", AURORA[:1]),
        ("f12-trunk-zero", AURORA[:1]),
        ("f16-exact-exponent", AURORA[:1]),
        ("f17-postcode-found", ()),
        ("f19-table-ids-found", ()),
        ("f20-signature-noise", AURORA[:1]),
        ("f21-uuid-rounded", ()),
        ("f23-mojibake-nbsp", AURORA[:1]),
    ],
)
def test_case_of_a_real_text_is_read_right(case: str, numbers: tuple[str, ...]) -> None:
    assert found((CASES / f"{case}.txt").read_text()) == list(numbers)


BESIDE = [
    "09/10/2026",
    "9/10",
    "2026-10-09",
    "2026-10-09T10:15:32.123+02:00",
    "09.10.26",
    "10:15",
    "10:15:32,678",
    "10.15 h",
    "00:01:35",
    "12,50 €",
    "12.50",
    "1.204 min",
    "12.345.678 €",
    "EUR 1,200.50",
    "21 %",
    "29005",
    "2026",
    "2019-2026",
    "2016/679",
    "192.168.100.200",
    "203.0.113.10:5060",
    "3º B",
    "v10.0.19045.3803",
    "36.7213, -4.4214",
    "b11cb8a3-7374-51f1-8e56-048d280a231f",
    "00:1a:2b:3c:4d:5e",
    "1728461700.12345",
    "ES91 2100 0418 4502 0005 1332",
    "4111 1111 1111 1111",
    "B93123456",
    "25.678.901-K",
    "28/12345678/90",
    "978-84-376-0494-7",
    "IMEI 356938035643809",
    "#45123",
    "INC0045123",
    "ext. 204",
    "x204",
    "(ext 12)",
    "90x120x45 mm",
    "AnyDesk 912 345 678",
    "Pedido 612345678",
    "salas 801 802 803",
    "24/7",
    "L-V 9:00-14:00 y 16:30-20:00",
]


@pytest.mark.parametrize("beside", BESIDE)
@pytest.mark.parametrize("spelling", ["951201802", "951 20 18 02", "+34 951 20 18 02", "95 120 18 02"])
def test_number_is_found_beside_digits_of_other_kinds(spelling: str, beside: str) -> None:
    for text in (f"Llamada de {spelling} {beside}", f"{spelling}, {beside}.", f"{spelling}\t{beside}"):
        assert found(text) == ["+34951201802"], text
    # An extension stands behind its number.
    if not beside.strip("(").startswith(("ext", "x", "AnyDesk")):
        assert found(f"{beside} {spelling} ya") == ["+34951201802"]


@pytest.mark.parametrize("beside", BESIDE)
def test_digits_of_other_kinds_are_no_number(beside: str) -> None:
    assert found(f"Es de {beside}, gracias.") == []


INSIDE = [
    "sip:951201802@pbx.example.net:5060",
    "<sip:951201802@203.0.113.10;user=phone>",
    "INVITE sip:+34951201802@10.0.0.7 SIP/2.0",
    "sip:+34951201802%40203.0.113.10",
    "tel:+34-951-20-18-02;ext=12",
    "tel:951201802;phone-context=+34",
    "PJSIP/951201802-0000001a",
    "SIP/951201802-b7a3c2d8",
    "Local/951201802@from-internal-00000001;2",
    "951201802@from-trunk",
    "CALLERID(num)=951201802",
    "external-951201802-20261009-101500-1728461700.12345.wav",
    "34951201802@s.whatsapp.net",
    "34951201802-1602345678@g.us",
    "https://wa.me/34951201802",
    "https://crm.example/?tab=2&phone=%2B34951201802",
    "https://desk.example/projects/aurora/go/?n=951201802",
    '<a href="tel:+34951201802">Llámanos</a>',
    "<span>951</span> <span>20</span> <b>18</b> <span>02</span>",
    "+34&nbsp;951&nbsp;20&nbsp;18&nbsp;02",
    "951&amp;nbsp;20&amp;nbsp;18&amp;nbsp;02",
    "&#43;34951201802",
    "+34%20951%2020%2018%2002",
    r"\u002b34951201802\n",
    "951=C2=A020=C2=A018=C2=A002",
    "+34â€‘951â€‘20â€‘18â€‘02",
    "951·20·18·02",
    "951_20_18_02",
    "951'201'802",
    "951–201–802",
    "9️⃣5️⃣1️⃣2️⃣0️⃣1️⃣8️⃣0️⃣2️⃣",
    "９５１　２０　１８　０２",
    "٩٥١ ٢٠ ١٨ ٠٢",
    "951\u202f20\u200918\u200702",
    "951\u200b201\u200b802",
    "951201802¹",
    "① 951201802",
    "T951201802",
    "Tel951201802Fax",
    "9 5 1 2 0 1 8 0 2",
    "95 12 01 80 2",
    "9512 01802",
    "951/20.18.02",
    "951 20-18-02",
    "+34.951.20.18.02",
    "(+34) (951) 20 18 02",
    "+34 0 951 20 18 02",
    "0034-951-201-802",
    "3.4951201802E10",
    "951,201,802",
    "{'id': 451203, 'from': '+34951201802'}",
    "Caller ID: 951201802",
    "caller_id=951201802",
    "Caller ID Name: Ana, Caller ID Number: 951201802",
    "ID llamante: 951201802",
    "Id. de llamada: 951201802",
    "número951201802",
    "+951 20 18 02",
    "00951201802",
    "Teléfono fijo.....: 951 20 18 02",
    "Tel...... 95 120 18 02",
    "Fax ... 951-201-802",
    "xxx 951 20 18 02",
]


@pytest.mark.parametrize("text", INSIDE)
def test_number_is_found_inside_what_programs_and_copying_make_of_it(text: str) -> None:
    assert found(f"Es {text} , gracias") == ["+34951201802"]
    assert found(text) == ["+34951201802"]


@pytest.mark.parametrize(
    "text",
    [
        "951201802-951358306",
        "951201802/951358306",
        "951 20 18 02 951 35 83 06",
        "95 120 18 02 95 135 83 06",
        "95 120 18 02 / 95 135 83 06",
        "951 20 18 02 - 951 35 83 06",
        "+34951201802+34951358306",
        "1.951201802\n2.951358306",
        "1 - 951 20 18 02\n2 - 951 35 83 06",
        "a) 951201802 b) 951358306",
        "61. 951 20 18 02\n62. 951 35 83 06",
        "951201802,951358306,00:12:01",
        "origen;pedido;destino\n951201802;612345678;951358306",
        "<tr><th>Pedido</th><th>Tel</th></tr><tr><td>612345678</td><td>951201802</td></tr>"
        "<tr><td>612345679</td><td>951358306</td></tr>",
    ],
)
def test_several_numbers_are_told_apart(text: str) -> None:
    assert found(text) == ["+34951201802", "+34951358306"]


@pytest.mark.parametrize(
    "between", [" / ", " ", " - ", ", ", "\t", " (", "/", " +34 ", " 34 ", " 0034 ", " y ", " 12:00 ", "\n", " 0,00 € "]
)
@pytest.mark.parametrize(("first", "second"), [("951 20 18 00", "951 20 18 01"), ("95 120 18 00", "95 120 18 01")])
def test_zeros_at_the_end_of_a_number_are_no_prefix_of_the_next(between: str, first: str, second: str) -> None:
    _pasted, resolved = PhoneBook(["+34951201800", "+34951201801"]).find(f"{first}{between}{second}")

    assert ([phone.number[-4:] for phone in resolved.found], resolved.absent) == (["1800", "1801"], [])


def test_parts_of_a_dialogue_of_sip_are_no_numbers() -> None:
    text = "From: <sip:100@203.0.113.7>;tag=951201802\nCSeq: 951358306 INVITE"

    assert BOOK.find(text)[1].found == []


def test_last_digits_behind_a_slash_are_the_next_number() -> None:
    book = PhoneBook(["+34951201802", "+34951201803", "+34951201804"])

    for text in ("951 20 18 02/03/04", "951201802/803/804", "+34951201802 / 3 / 4"):
        assert len(book.find(text)[1].found) == 3, text
    assert book.find("951201802/05")[1].absent == ["951201805"]


@pytest.mark.parametrize(
    "text", ["…1802", "...1802", "***1802", "xxx1802", "acaba en 1802", "que termina en 1802.", "ends in 1802", "1802"]
)
def test_marked_end_could_be_a_number_and_is_never_found(text: str) -> None:
    _pasted, resolved = BOOK.find(text)

    assert [[phone.number for phone in choice.phones] for choice in resolved.choices] == [["+34951201802"]]
    assert (resolved.found, resolved.absent) == ([], [])


@pytest.mark.parametrize(
    "text",
    ["Extensión 1802", "CP 01802 Vitoria", "son 201802 en total", "1802;1204;11374", "Tarjeta **** **** **** 1802"],
)
def test_end_that_nobody_marked_is_nothing(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "+44 20 7946 0958",
        "+44 (0)20 7946 0958",
        "0044 20 7946 0958",
        "442079460958",
        "llamad a +44 20 7946 0958 10:15",
        "+44 20 7946 0958 ext. 5",
        "sip:+442079460958@pbx.example.net",
    ],
)
def test_number_of_another_country_is_found(text: str) -> None:
    assert found(text) == ["+442079460958"]


@pytest.mark.parametrize("text", ["+351 951 20 18 02", "00351 951201802", "+1 951 201 8020", "+351951201802 ext. 2"])
def test_digits_behind_another_country_are_no_spanish_number(text: str) -> None:
    assert BOOK.find(text)[1].found == []


@pytest.mark.parametrize(
    "text",
    [
        "laboratorio@pbx.example.es",
        "sip:laboratorio@PBX.example.es:5061;transport=tls",
        '"Lab" <sip:laboratorio@pbx.example.es>;tag=1',
        "mailto:laboratorio@pbx.example.es.",
        "uri='laboratorio@pbx.example.es'",
    ],
)
def test_sip_identifier_is_found(text: str) -> None:
    assert found(f"Es {text}") == ["laboratorio@pbx.example.es"]
    assert found(text) == ["laboratorio@pbx.example.es"]


@pytest.mark.parametrize("text", ["3.49512E+10", "3,49512E+10", "9,51E+08", "9.51202e+08"])
def test_digits_that_a_spreadsheet_lost_are_told(text: str) -> None:
    pasted, resolved = BOOK.find(f"Llamar a {text} hoy")

    assert ([item.text for item in pasted.faulty], resolved.found) == ([text], [])
