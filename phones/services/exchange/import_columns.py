"""Which columns of an uploaded table are which: by the codes of our export, or by titles that people write."""

import re
from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from phones.services.phone_numbers import folded
from phones.services.tables.encodings import Encoding
from phones.services.tables.limits import NotATable
from phones.services.tables.read import Row, Table

# As `_key` has them: in lower case, without accents, a blank between words. In the languages of Western Europe.
_TITLES: Mapping[str, tuple[str, ...]] = {
    "id": ("phone id", "number id", "id del numero", "id de numero", "id numero", "diga id"),
    "number": (
        *(
            "phone",
            "phone number",
            "phonenumber",
            "phone numbers",
            "telephone",
            "telephone number",
            "tel",
            "tlf",
            "tfno",
        ),
        *("numero", "telefono", "numero de telefono", "n telefono", "no telefono", "n de telefono", "telf"),
        *("movil", "celular", "mobile", "mobile number", "did", "did number", "ddi", "msisdn", "e164", "e 164"),
        *("telefon", "telefonnummer", "rufnummer", "nummer", "mobil", "handy", "durchwahl"),
        *("numero de telephone", "no de telephone", "n de telephone", "telefone", "numero de telefone"),
    ),
    "nickname": ("nick name", "alias", "apodo", "label"),
    "read_at": (),
} | {
    column: titles
    for lane, spanish, others in (
        ("inbound", "entrante", ("agente de entrada", "agent entrant", "eingehender agent", "agente inbound")),
        ("outbound", "saliente", ("agente de salida", "agent sortant", "ausgehender agent", "agente outbound")),
    )
    for column, titles in (
        (
            f"{lane}_agent",
            (lane, f"{lane} agent name", f"agente {spanish}", spanish, f"nombre del agente {spanish}", *others),
        ),
        (f"{lane}_agent_id", (f"id del agente {spanish}", f"id agente {spanish}", f"agente {spanish} id")),
        (
            f"{lane}_version",
            (
                f"{lane} agent version",
                f"version {spanish}",
                f"version del agente {spanish}",
                f"version agente {spanish}",
            ),
        ),
    )
}
# What other programs call such a column. It is left out where the table has one of a surer title.
_LOOSE_TITLES: Mapping[str, tuple[str, ...]] = {
    "number": (
        *(
            "n",
            "n o",
            "no",
            "nr",
            "num",
            "line",
            "linea",
            "ligne",
            "linha",
            "caller id",
            "cli",
            "ani",
            "anschluss",
            "leitung",
        ),
    ),
    "nickname": (
        *("name", "friendly name", "friendlyname", "display name", "description", "tag", "title"),
        *("nombre", "etiqueta", "descripcion", "rotulo", "titulo", "denominacion"),
        *("bezeichnung", "beschreibung", "spitzname", "nom", "libelle", "etiquette", "surnom", "nome", "apelido"),
    ),
}
_TOTAL = re.compile(
    r"(?:(?:sub|grand )?total\w*|suma?|summe|summary|gesamt\w*|somme|soma|recuento|count|anzahl)\b", re.IGNORECASE
)
KEYS = ("id", "number")
ONLY_READ = (*KEYS, "read_at")
# A total is no number, and has fewer digits.
SHORTEST_KEY = 7


def _key(title: str) -> str:
    return " ".join("".join(letter if letter.isalnum() else " " for letter in folded(title)).split())


_CODES = {_key(title): code for code, titles in _TITLES.items() for title in (code, *titles)}
_LOOSE_CODES = {_key(title): code for code, titles in _LOOSE_TITLES.items() for title in titles}


def is_head(cells: Sequence[str]) -> bool:
    """Say whether a row could be the headings: it says which number a row is about, and what to change."""
    keys = [_key(cell) for cell in cells if len(cell) < 60]
    codes = {code for key in keys for code in (_CODES.get(key) or _LOOSE_CODES.get(key),) if code}
    return bool(codes & set(KEYS)) and bool(codes - set(ONLY_READ))


class ImportColumns:
    """Where the columns stand that the import reads; all others are left out."""

    def __init__(self, table: Table, encoding: Encoding | None = None) -> None:
        """Find them.

        :raises NotATable: a column is there twice, none says which number a row is about, or none says what to change.
        """
        decode = (encoding or table.encodings[0]).decode
        self.columns = tuple(decode(title) for title in table.columns)
        self.places: dict[str, int] = {}
        for codes in (_CODES, _LOOSE_CODES):
            sure = set(self.places)
            for place, title in enumerate(self.columns):
                code = codes.get(_key(title))
                if code and code not in sure:
                    self._note(code, place)
        if not self.places.keys() & set(KEYS):
            raise NotATable(f"{self._no_key()} {self._as_read(table)}")
        if not self.places.keys() - set(ONLY_READ):
            sentence = _(
                "There is no column to change: “nickname”, “inbound_agent” and “outbound_agent” are those there are."
            )
            raise NotATable(f"{sentence} {self._as_read(table)}")

    def _note(self, code: str, place: int) -> None:
        if code in self.places:
            raise NotATable(
                _("The columns “%(one)s” and “%(other)s” mean the same. Remove one.")
                % {"one": self.columns[self.places[code]], "other": self.columns[place]}
            )
        self.places[code] = place

    def _no_key(self) -> str:
        return _("There is no column “number” and no column “id”, so nothing says what a row is about.")

    def _as_read(self, table: Table) -> str:
        """Say which row was taken for the headings."""
        shown = ", ".join(f"“{title[:40]}”" for title in self.columns[:6] if title)
        return _("Line %(line)s was read as the headings: %(titles)s.") % {"line": table.head_line, "titles": shown}

    def is_aside(self, row: Row) -> bool:
        """Say whether a row is no line of the list: the headings once more, or a total below it."""
        if tuple(cell.strip() for cell in row.cells[: len(self.columns)]) == self.columns:
            return True
        keys = [cell.strip() for code in KEYS if (cell := self.cell(row, code))]
        first = next(iter(keys) if any(keys) else (cell.strip() for cell in row.cells if cell.strip()), "")
        return _TOTAL.match(first) is not None and sum(letter.isdigit() for letter in first) < SHORTEST_KEY

    def drop(self, code: str) -> str:
        """Leave a column out, and return its title."""
        return self.columns[self.places.pop(code)]

    def cell(self, row: Row, code: str) -> str | None:
        """Return the text in a column; None where the table has no such column, or the row ends before it."""
        place = self.places.get(code)
        return row.cells[place] if place is not None and place < len(row.cells) else None

    def is_written(self, row: Row, written: Mapping[str, str]) -> bool:
        """Say whether the row is, letter for letter, as the export writes it. Most rows are, and need no more looks."""
        if len(row.cells) != len(self.columns) or row.unknown:
            return False
        return all(row.cells[place] == written[code] for code, place in self.places.items() if code != "read_at")

    def cut(self, row: Row) -> list[str]:
        """Return the codes of the columns to change before which the row ends."""
        return [code for code, place in self.places.items() if code not in ONLY_READ and place >= len(row.cells)]

    def unknown(self, row: Row) -> dict[str, str]:
        """Return why the cells of some columns aren't known, by the code of the column."""
        doubts = row.unknown or {}
        return {code: doubts[place] for code, place in self.places.items() if place in doubts}

    def title(self, code: str) -> str:
        """Return the name of a column as it was typed."""
        return self.columns[self.places[code]]

    def has_more(self, row: Row) -> bool:
        """Say whether there is something beyond the columns: most likely an unquoted text holds a separator."""
        return any(cell.strip() for cell in row.cells[len(self.columns) :])
