"""Headings as other programs and people write them, in the languages of Western Europe."""

import pytest

from phones.services.exchange.import_columns import ImportColumns, is_head
from phones.services.tables.limits import NotATable
from phones.services.tables.read import Row, Table


def places(*titles: str) -> dict[str, int]:
    return ImportColumns(Table(titles, ())).places


@pytest.mark.parametrize(
    "title",
    [
        *(
            "number",
            "Number",
            "Phone",
            "Phone Number",
            "PhoneNumber",
            "phone_number",
            "Telephone",
            "Mobile",
            "DID",
            "MSISDN",
        ),
        *("E164", "E.164", "Número", "Nº", "N.º", "Teléfono", "Tfno.", "Tlf", "Móvil", "Celular", "Línea"),
        *("Telefonnummer", "Rufnummer", "Nr.", "Numéro de téléphone", "Téléphone", "Telefone", "Número de telefone"),
    ],
)
def test_title_of_the_number_is_known(title: str) -> None:
    assert places(title, "nickname") == {"number": 0, "nickname": 1}
    assert is_head([title, "Alias"])


@pytest.mark.parametrize(
    "title",
    [
        *(
            "nickname",
            "Nick name",
            "Alias",
            "Label",
            "Name",
            "Friendly Name",
            "FriendlyName",
            "Display name",
            "Description",
        ),
        *("Apodo", "Nombre", "Etiqueta", "Descripción", "Rótulo", "Bezeichnung", "Beschreibung", "Nom", "Libellé"),
        *("Étiquette", "Nome", "Apelido"),
    ],
)
def test_title_of_the_nickname_is_known(title: str) -> None:
    assert places("number", title) == {"number": 0, "nickname": 1}


def test_looser_title_is_left_out_beside_a_surer_one() -> None:
    assert places("Nº", "Teléfono", "Nombre", "Alias") == {"number": 1, "nickname": 3}
    with pytest.raises(NotATable, match=r"The columns “Nombre” and “Etiqueta” mean the same\."):
        places("Teléfono", "Nombre", "Etiqueta")


@pytest.mark.parametrize(
    "cells",
    [("Informe de líneas",), ("number",), ("nickname", "status"), ("951201802", "Ventas"), ("Name", "Read_at"), ()],
)
def test_other_rows_are_no_headings(cells: tuple[str, ...]) -> None:
    assert not is_head(cells)


@pytest.mark.parametrize(
    ("cells", "is_aside"),
    [
        (("number", "nickname"), True),
        (("Total", "12"), True),
        (("", "Total: 12"), True),
        (("TOTALES", ""), True),
        (("Suma", ""), True),
        (("Gesamt", "3"), True),
        (("951201802", "Total"), False),
        (("Total 951201802", ""), False),
        (("Recepción", "x"), False),
        (("Country", "x"), False),
        (("", ""), False),
    ],
)
def test_totals_and_repeated_headings_are_no_lines(cells: tuple[str, ...], is_aside: bool) -> None:
    columns = ImportColumns(Table(("number", "nickname"), ()))

    assert columns.is_aside(Row(9, cells)) is is_aside
