"""The encoding of an uploaded file: the one in which the cells of known phones equal our copy."""

from collections.abc import Iterable, Mapping, Sequence

from django.utils.translation import gettext as _

from phones.models import Phone, Project
from phones.services.exchange.import_columns import ImportColumns
from phones.services.exchange.phone_export import COLUMNS, row_of
from phones.services.exchange.row_matching import phones_of_rows
from phones.services.routing.catalogue import Catalogue
from phones.services.tables.cell_guard import unguarded
from phones.services.tables.encodings import NAMES, WESTERN, Encoding
from phones.services.tables.limits import NotATable
from phones.services.tables.read import Row, Table

SAMPLE_ROWS = 2500
TEXTS = ("nickname", "inbound_agent", "outbound_agent", "note", "tags")
# Letters and signs of Western languages. A wrong encoding produces others, or these in unlikely positions.
_LETTERS = frozenset("áéíóúüñçàèìòùâêîôûäëïöõãåøæœßÿýšžðþÁÉÍÓÚÜÑÇÀÈÌÒÙÂÊÎÔÛÄËÏÖÕÃÅØÆŒÝŠŽºª·")
_SIGNS = frozenset("¡¿€“”‘’«»–—…°©®™£²³½¼&\xa0•")


def choose_encoding(project: Project, table: Table, catalogue: Catalogue) -> tuple[ImportColumns, Encoding]:
    """Return the columns of a table and the encoding of its cells. A few queries if the file doesn't declare it.

    :raises NotATable: the encoding can't be determined, or no column can be used.
    """
    columns = _columns(table)
    if len(columns) == 1 and next(iter(columns)).is_sure:
        encoding = next(iter(columns))
        return columns[encoding], encoding
    rows = [row for row in table.rows if not "".join(row.cells).isascii()][:SAMPLE_ROWS]
    counts = _evidence(project, rows, columns, catalogue)
    best = max(columns, key=lambda encoding: counts[encoding])
    if counts[best]:
        return columns[best], best
    chosen = next((each for each in columns if each.is_sure), None) or _plausible(rows, list(columns))
    return columns[chosen], chosen


def _columns(table: Table) -> dict[Encoding, ImportColumns]:
    """Return the columns for each encoding in which the headings can be used."""
    found, faults = {}, []
    for encoding in table.encodings:
        try:
            found[encoding] = ImportColumns(table, encoding)
        except NotATable as fault:
            faults.append(fault)
    if not found:
        raise faults[0]
    return found


def _evidence(
    project: Project, rows: Sequence[Row], columns: Mapping[Encoding, ImportColumns], catalogue: Catalogue
) -> dict[Encoding, int]:
    """Return for each encoding how many cells with letters beyond ASCII equal our copy."""
    counts = dict.fromkeys(columns, 0)
    first = next(iter(columns.values()))
    for row, phone in phones_of_rows(project=project, rows=rows, columns=first) if rows else ():
        if not isinstance(phone, Phone):
            continue
        written = dict(zip(COLUMNS, row_of(phone, catalogue), strict=True))
        for encoding, places in columns.items():
            for code in TEXTS:
                cell = places.cell(row, code)
                if cell and not cell.isascii():
                    counts[encoding] += encoding.decode(cell) in (written[code], unguarded(written[code]))
    return counts


def _plausible(rows: Iterable[Row], encodings: Sequence[Encoding]) -> Encoding:
    """Return the only encoding in which all cells look like a Western language.

    :raises NotATable: several do and give different texts, or none does.
    """
    cells = [cell for row in rows for cell in row.cells if not cell.isascii()]
    western = {NAMES.get(name, name.upper()) for name in WESTERN}
    outcomes: dict[tuple[str, ...], Encoding] = {}
    for encoding in encodings:
        texts = tuple(encoding.decode(cell) for cell in cells)
        if all(_looks_western(text) for text in texts):
            outcomes.setdefault(texts, encoding)
    # The order already takes the line ends into account: carriage returns alone put the Mac's encoding first.
    if encodings[0].name == NAMES["mac_roman"] and encodings[0] in outcomes.values():
        return encodings[0]
    others = [encoding for encoding in encodings if encoding.name not in western and encoding.name != "UTF-8"]
    if len(outcomes) == 1 or (not outcomes and others):
        return next(iter(outcomes.values()), None) or others[0]
    raise NotATable(
        _(
            "The file doesn’t say in which encoding it was saved, and no cell shows it: “%(one)s” may be “%(other)s”. "
            "Save it as “CSV UTF-8” or .xlsx and try again."
        )
        % {"one": encodings[0].decode(cells[0])[:40], "other": encodings[1].decode(cells[0])[:40]}
    )


def _looks_western(text: str) -> bool:
    for place, letter in enumerate(text):
        if letter.isascii():
            continue
        before, after = text[place - 1 : place] if place else "", text[place + 1 : place + 2]
        is_within = before.isalpha() and before.islower() and after.isalpha() and after.islower()
        if letter not in _LETTERS | _SIGNS or (is_within and (letter in _SIGNS - {"·", "’"} or letter.isupper())):
            return False
    return True
