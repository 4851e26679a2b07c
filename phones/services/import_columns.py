"""Which columns of an uploaded table are which: by the codes of our export, or by titles that people write."""

from collections.abc import Mapping

from django.utils.translation import gettext as _

from .numbers import folded
from .table_limits import NotATable
from .tables import Row, Table

# As `_key` has them: in lower case, without accents, a blank between words.
_TITLES: Mapping[str, tuple[str, ...]] = {
    "id": ("phone id", "number id", "id del numero", "id de numero", "id numero"),
    "number": ("phone", "phone number", "telephone", "numero", "telefono", "numero de telefono", "tel", "tlf"),
    "nickname": ("nick name", "alias", "apodo", "label"),
} | {
    column: titles
    for lane, spanish in (("inbound", "entrante"), ("outbound", "saliente"))
    for column, titles in (
        (f"{lane}_agent", (lane, f"{lane} agent name", f"agente {spanish}", spanish, f"nombre del agente {spanish}")),
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
KEYS = ("id", "number")


def _key(title: str) -> str:
    return " ".join("".join(letter if letter.isalnum() else " " for letter in folded(title)).split())


_CODES = {_key(title): code for code, titles in _TITLES.items() for title in (code, *titles)}


class ImportColumns:
    """Where the columns stand that the import reads; all others are left out."""

    def __init__(self, table: Table) -> None:
        """Find them.

        :raises NotATable: a column is there twice, none says which number a row is about, or none says what to change.
        """
        self.columns = table.columns
        self.places: dict[str, int] = {}
        for place, title in enumerate(table.columns):
            code = _CODES.get(_key(title))
            if code in self.places:
                raise NotATable(
                    _("The columns “%(one)s” and “%(other)s” mean the same. Remove one.")
                    % {"one": table.columns[self.places[code]], "other": title}
                )
            if code:
                self.places[code] = place
        if not self.places.keys() & set(KEYS):
            raise NotATable(_("There is no column “number” and no column “id”, so nothing says what a row is about."))
        if not self.places.keys() - set(KEYS):
            raise NotATable(
                _("There is no column to change: “nickname”, “inbound_agent” and “outbound_agent” are those there are.")
            )

    def cell(self, row: Row, code: str) -> str | None:
        """Return the text in a column; None where the table has no such column, or the row ends before it."""
        place = self.places.get(code)
        return row.cells[place] if place is not None and place < len(row.cells) else None

    def is_written(self, row: Row, written: Mapping[str, str]) -> bool:
        """Say whether the row is, letter for letter, as the export writes it. Most rows are, and need no more looks."""
        if len(row.cells) != len(self.columns):
            return False
        return all(row.cells[place] == written[code] for code, place in self.places.items())

    def cut(self, row: Row) -> list[str]:
        """Return the codes of the columns to change before which the row ends."""
        return [code for code, place in self.places.items() if code not in KEYS and place >= len(row.cells)]

    def title(self, code: str) -> str:
        """Return the name of a column as it was typed."""
        return self.columns[self.places[code]]

    def has_more(self, row: Row) -> bool:
        """Say whether there is something beyond the columns: most likely an unquoted text holds a separator."""
        return any(cell.strip() for cell in row.cells[len(self.columns) :])
