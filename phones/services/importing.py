"""From an uploaded table to what a plan is made from.

A row is about the phone with its id, else with its number. Only the nickname and the agents are ever changed: the
status, the note and all other columns of an export are there to be read. A column that is missing keeps its field. A
cell that reads as the export would write it today keeps it too, so that a file that was not edited changes nothing.
An emptied cell removes the nickname or unassigns the agent; `lane_cells` says what an agent's three cells mean.
"""

import uuid
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from phones import diga
from phones.models import Phone, Project

from .agent_names import AgentNames
from .directory import Directory
from .exporting import COLUMNS, row_of
from .guarded_cells import unguarded
from .impact import Direction, Target
from .import_columns import ImportColumns
from .import_phones import phones_of_rows
from .intention import Intention
from .lane_cells import NO_CELLS, LaneCells, LaneEdit, wanted_lane
from .planned import Draft, LineProblem, PlannedRow
from .tables import Row, Table
from .typed_cells import NotUnderstood, is_untouched, typed_nickname

BATCH_SIZE = 2500


def draft_from_table(
    *, project: Project, table: Table, directory: Directory, can_label: bool, can_route: bool
) -> Draft:
    """Return the rows in which something was edited, and the lines that can't be understood. Few queries a batch.

    A line with a problem makes no row, even if other cells of it could be read.

    :raises NotATable: the columns don't say which numbers the rows are about, or what to change.
    """
    reader = _Reader(ImportColumns(table), directory, can_label, can_route)
    draft = Draft()
    lines: dict[uuid.UUID, int] = {}
    for start in range(0, len(table.rows), BATCH_SIZE):
        batch = table.rows[start : start + BATCH_SIZE]
        for row, phone in phones_of_rows(project=project, rows=batch, columns=reader.columns):
            if isinstance(phone, NotUnderstood):
                draft.problems.append(LineProblem(row.line, str(phone)))
                continue
            first = lines.setdefault(phone.pk, row.line)
            if first != row.line:
                text = _("%(number)s is in line %(line)s already.") % {"number": phone.shown, "line": first}
                draft.problems.append(LineProblem(row.line, text))
                continue
            intention, faults = reader.read(row, phone)
            draft.problems += [LineProblem(row.line, fault) for fault in faults]
            if not faults and not intention.is_empty:
                draft.rows.append(PlannedRow(phone.pk, intention, row.line))
    return draft


class _Reader:
    """Reads what is wanted from the cells of a row."""

    def __init__(self, columns: ImportColumns, directory: Directory, can_label: bool, can_route: bool) -> None:
        self.columns = columns
        self.directory = directory
        self.names = AgentNames(directory)
        self.can_label = can_label
        self.can_route = can_route

    def read(self, row: Row, phone: Phone) -> tuple[Intention, list[str]]:
        """Return what the row wants, and a sentence for each thing in it that can't be understood or is not allowed."""
        written = dict(zip(COLUMNS, row_of(phone, self.directory), strict=True))
        if self.columns.is_written(row, written):
            return Intention(), []
        exported = {code: unguarded(cell) for code, cell in written.items()}
        faults = list(self._misshapen(row, exported))
        wanted: dict[str, Any] = {}
        for name in () if faults else ("nickname", *Direction):
            try:
                if name == "nickname":
                    wanted[name] = self._nickname(row, phone)
                else:
                    wanted[name] = self._lane(row, phone, name, exported)
            except NotUnderstood as fault:
                faults.append(str(fault))
        return Intention(**wanted), faults

    def _misshapen(self, row: Row, exported: dict[str, str]) -> Iterator[str]:
        """Yield why a row has more or fewer cells than the table has columns, where that matters."""
        if self.columns.has_more(row):
            yield _("The line has more cells than the header: a text with a separator in it needs quotation marks.")
        for code in self.columns.cut(row):
            if exported[code]:
                yield _(
                    "The line ends before the column “%(column)s”. To remove what is there, leave its cell empty."
                ) % {"column": self.columns.title(code)}
                return

    def _nickname(self, row: Row, phone: Phone) -> str | diga.Unset:
        cell = self.columns.cell(row, "nickname")
        if cell is None or is_untouched(cell, phone.nickname or ""):
            return diga.UNSET
        if not self.can_label:
            raise NotUnderstood(_("You may not change nicknames."))
        return typed_nickname(cell, phone.nickname or "")

    def _lane(self, row: Row, phone: Phone, lane: str, exported: dict[str, str]) -> Target | diga.Unset | None:
        codes = (f"{lane}_agent", f"{lane}_agent_id", f"{lane}_version")
        cells = LaneCells(*(self.columns.cell(row, code) for code in codes))
        if cells == NO_CELLS:
            return diga.UNSET
        says = LaneCells(*(exported[code] for code in codes))
        if not self.can_route and not LaneEdit.of(cells, says).is_empty:
            raise NotUnderstood(_("You may not change agents."))
        agent_id: uuid.UUID | None = getattr(phone, f"{lane}_agent_id")
        return wanted_lane(cells=cells, exported=says, agent_id=agent_id, names=self.names)
