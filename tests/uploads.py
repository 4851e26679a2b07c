"""Uploads in tests: an export edited as a program edits it, and what comes of it."""

import csv
import io
from typing import Any

from phones import diga
from phones.models import Project
from phones.services.directory import directory_of
from phones.services.exporting import COLUMNS
from phones.services.impact import Target
from phones.services.import_columns import is_head
from phones.services.importing import draft_from_table
from phones.services.planned import Draft
from phones.services.tables import Table, read_table


def draft_of(project: Project, source: bytes | str | Table, *, can_label: bool = True, can_route: bool = True) -> Draft:
    table = source
    if not isinstance(table, Table):
        data = source.encode() if isinstance(source, str) else source
        assert isinstance(data, bytes)
        table = read_table(data, "list", is_head=is_head)
    return draft_from_table(
        project=project, table=table, directory=directory_of(project), can_label=can_label, can_route=can_route
    )


def wishes(draft: Draft) -> dict[int | None, dict[str, Any]]:
    """Return what is wanted by line, agents by name and version."""
    assert draft.problems == []
    return {
        row.line: {name: _shown(getattr(row.intention, name)) for name in row.intention.fields} for row in draft.rows
    }


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
