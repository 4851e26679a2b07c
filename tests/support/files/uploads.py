"""Uploads in tests: an export edited as a program edits it, and what comes of it."""

import csv
import io
import unicodedata
from collections.abc import Callable
from typing import Any

from phones import diga
from phones.models import Project
from phones.services.exchange.import_columns import is_head
from phones.services.exchange.phone_export import COLUMNS
from phones.services.exchange.phone_import import draft_from_table
from phones.services.plans.drafts import Draft
from phones.services.routing.catalogue import catalogue_of
from phones.services.routing.lanes import Target
from phones.services.tables.cell_guard import unguarded
from phones.services.tables.read import Table, read_table


def draft_of(project: Project, source: bytes | str | Table, *, can_label: bool = True, can_route: bool = True) -> Draft:
    table = source
    if not isinstance(table, Table):
        data = source.encode() if isinstance(source, str) else source
        assert isinstance(data, bytes)
        table = read_table(data, "list", is_head=is_head)
    return draft_from_table(
        project=project, table=table, catalogue=catalogue_of(project), can_label=can_label, can_route=can_route
    )


def wishes(draft: Draft) -> dict[int | None, dict[str, Any]]:
    """Return what is wanted by line, agents by name and version."""
    assert draft.problems == []
    return {row.line: {name: _shown(getattr(row.edit, name)) for name in row.edit.fields} for row in draft.rows}


def _shown(value: str | Target | diga.Unset | None) -> str | None:
    if isinstance(value, Target):
        return f"{value.agent.name} {value.version.label}"
    assert not isinstance(value, diga.Unset)
    return value


def faults(draft: Draft) -> list[tuple[int, str]]:
    return [(problem.line, problem.text) for problem in draft.problems]


def edited(text: str, **cells: str) -> str:
    """Return an exported file with these cells in its first row changed."""
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    for code, cell in cells.items():
        rows[1][COLUMNS.index(code)] = cell
    return rewritten(rows)


def rewritten(rows: list[list[str]], **dialect: Any) -> str:
    file = io.StringIO(newline="")
    csv.writer(file, **dialect).writerows(rows)
    return file.getvalue()


def rows_in(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def without_plus(text: str) -> str:
    rows = rows_in(text)
    for row in rows[1:]:
        row[1] = row[1].removeprefix("+")
    return rewritten(rows, delimiter=";")


def rounded(text: str) -> str:
    rows = rows_in(text)
    for row in rows[1:]:
        row[1] = f"{int(row[1][1:]):.5E}".replace(".", ",") if row[1].startswith("+") else row[1]
    return rewritten(rows, delimiter=";")


def unguarded_cells(text: str) -> str:
    return rewritten([[unguarded(cell) for cell in row] for row in rows_in(text)], delimiter="\t")


def columns_only(*codes: str) -> Callable[[str], str]:
    def kept(text: str) -> str:
        return rewritten([[row[COLUMNS.index(code)] for code in codes] for row in rows_in(text)])

    return kept


def titled(text: str) -> str:
    """Return a file as reports are saved: titles, blank rows, empty columns behind, the headings again, a total."""
    head, *rows = [[*row, "", ""] for row in rows_in(text)]
    blank = [""] * len(head)
    total = ["", f"Total: {len(rows)}"]
    report = [["Numbers of the clinics"], ["2026-11-30"], blank, head, *rows[:1], blank, head, *rows[1:], blank, total]
    return rewritten(report, delimiter=";")


MANGLED: dict[str, Callable[[str], bytes]] = {
    "as it is": lambda text: text.encode(),
    "no mark": lambda text: text.encode()[3:],
    "semicolons": lambda text: ("\ufeff" + rewritten(rows_in(text), delimiter=";")).encode(),
    "sep line": lambda text: ("sep=|\r\n" + rewritten(rows_in(text), delimiter="|")).encode(),
    "Unicode text": lambda text: rewritten(rows_in(text), delimiter="\t").encode("utf-16"),
    "Windows-1252": lambda text: text[1:].encode("cp1252", errors="replace"),
    "CSV (Macintosh)": lambda text: text[1:].replace("\r\n", "\r").encode("mac_roman", errors="replace"),
    "CSV (MS-DOS)": lambda text: rewritten(rows_in(text), delimiter=";").encode("cp850", errors="replace"),
    "ASCII": lambda text: text[1:].encode("ascii", errors="replace"),
    "UTF-8 as Windows-1252": lambda text: text.encode().decode("cp1252", errors="replace").encode(),
    "UTF-8 as Latin-1": lambda text: text[1:].encode().decode("latin-1").encode(),
    "MacRoman as Windows-1252": lambda text: (
        text[1:].encode("mac_roman", "replace").decode("cp1252", "replace").encode()
    ),
    "decomposed": lambda text: unicodedata.normalize("NFD", text).encode(),
    "stray byte": lambda text: text.encode().replace(b"netelip", b"netelip\xf3", 1),
    "trimmed": lambda text: rewritten([[cell.strip() for cell in row] for row in rows_in(text)]).encode(),
    "on one line": lambda text: rewritten(
        [[" ".join(cell.split("\n")) for cell in row] for row in rows_in(text)]
    ).encode(),
    "titles and totals": lambda text: titled(text).encode(),
    "all quoted": lambda text: rewritten(rows_in(text), quoting=csv.QUOTE_ALL, lineterminator="\n").encode(),
    "other line ends": lambda text: text.replace("\r\n", "\n").encode(),
    "no plus": lambda text: without_plus(text).encode(),
    "rounded": lambda text: rounded(text).encode(),
    "guards stripped": lambda text: unguarded_cells(text).encode(),
    "without id": lambda text: columns_only("number", "nickname", "inbound_agent", "outbound_agent")(text).encode(),
    "without names": lambda text: columns_only("id", "inbound_agent_id", "outbound_agent_id")(text).encode(),
    "versions": lambda text: columns_only("number", "inbound_version", "outbound_version")(text).encode(),
}
