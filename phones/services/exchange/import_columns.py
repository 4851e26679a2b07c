"""The columns of an uploaded table: recognised by the codes of our export, or by common titles."""

import re
from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from phones.services.phone_numbers import folded
from phones.services.tables.encodings import Encoding
from phones.services.tables.limits import NotATable
from phones.services.tables.read import Row, Table

# Titles in the form of `_key`: lower case, no accents, single blanks. In the languages of Western Europe.
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
    "note": (
        *("notes", "nota", "notas", "observaciones", "comment", "comments", "comentario", "comentarios"),
        *("notiz", "notizen", "bemerkung", "remarque", "remarques", "observacoes"),
    ),
    "tags": ("etiquetas", "etichette", "schlagworte"),
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
# Weaker titles of the same columns. They are used only if the table has no column with one of the titles above.
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
# What this desk keeps by itself: such cells are no rows of a plan.
NOTED = ("note", "tags")
# A total below the list is no number, and has fewer digits.
SHORTEST_KEY = 7


def _key(title: str) -> str:
    return " ".join("".join(letter if letter.isalnum() else " " for letter in folded(title)).split())


_CODES = {_key(title): code for code, titles in _TITLES.items() for title in (code, *titles)}
_LOOSE_CODES = {_key(title): code for code, titles in _LOOSE_TITLES.items() for title in titles}


def is_head(cells: Sequence[str]) -> bool:
    """Return whether a row can be the headings: it has a column that identifies a phone, and one to change."""
    keys = [_key(cell) for cell in cells if len(cell) < 60]
    codes = {code for key in keys for code in (_CODES.get(key) or _LOOSE_CODES.get(key),) if code}
    return bool(codes & set(KEYS)) and bool(codes - set(ONLY_READ))


class ImportColumns:
    """The positions of the columns that the import reads. All others are ignored."""

    def __init__(self, table: Table, encoding: Encoding | None = None) -> None:
        """Find the columns.

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
            sentence = _("No column is one to change: “nickname”, “inbound_agent”, “outbound_agent”, “note” or “tags”.")
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
        """Return a sentence that names the row taken for the headings."""
        shown = ", ".join(f"“{title[:40]}”" for title in self.columns[:6] if title)
        return _("Line %(line)s was read as the headings: %(titles)s.") % {"line": table.head_line, "titles": shown}

    def is_aside(self, row: Row) -> bool:
        """Return whether a row is no phone: repeated headings, or a total below the list."""
        if tuple(cell.strip() for cell in row.cells[: len(self.columns)]) == self.columns:
            return True
        keys = [cell.strip() for code in KEYS if (cell := self.cell(row, code))]
        first = next(iter(keys) if any(keys) else (cell.strip() for cell in row.cells if cell.strip()), "")
        return _TOTAL.match(first) is not None and sum(letter.isdigit() for letter in first) < SHORTEST_KEY

    def drop(self, code: str) -> str:
        """Ignore a column from now on, and return its title."""
        return self.columns[self.places.pop(code)]

    def cell(self, row: Row, code: str) -> str | None:
        """Return the text in a column; None if the table has no such column, or the row ends before it."""
        place = self.places.get(code)
        return row.cells[place] if place is not None and place < len(row.cells) else None

    def is_written(self, row: Row, written: Mapping[str, str]) -> bool:
        """Return whether the row equals what the export writes, letter for letter: the fast path of most rows."""
        if len(row.cells) != len(self.columns) or row.unknown:
            return False
        return all(row.cells[place] == written[code] for code, place in self.places.items() if code != "read_at")

    def cut(self, row: Row) -> list[str]:
        """Return the codes of the columns to change that the row is too short for."""
        return [code for code, place in self.places.items() if code not in ONLY_READ and place >= len(row.cells)]

    def unknown(self, row: Row) -> dict[str, str]:
        """Return why the values of some cells are unknown, by the code of the column."""
        doubts = row.unknown or {}
        return {code: doubts[place] for code, place in self.places.items() if place in doubts}

    def title(self, code: str) -> str:
        """Return the title of a column as it was typed."""
        return self.columns[self.places[code]]

    def has_more(self, row: Row) -> bool:
        """Return whether the row has cells beyond the columns: most likely an unquoted text holds a separator."""
        return any(cell.strip() for cell in row.cells[len(self.columns) :])
