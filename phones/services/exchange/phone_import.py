"""The import: from an uploaded table to the draft of a plan.

A row means the phone with its id, else with its number. Only the nickname and the agents become rows of the plan;
notes and tags, which Diga doesn't have, are listed beside them, and the status and all other columns are ignored.
A missing column keeps its field. A cell keeps it too if it equals what the export wrote at the moment in `read_at`, or
would write today, so an unedited file changes nothing, however old it is. An emptied cell removes the nickname or
unassigns the agent; `row_edits` reads all other cells.
"""

import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from django.utils.translation import gettext as _

from phones.models import Phone, Project
from phones.services.exchange.agent_names import AgentNames
from phones.services.exchange.edited_cells import NotUnderstood, is_untouched
from phones.services.exchange.import_columns import NOTED
from phones.services.exchange.import_encoding import TEXTS, choose_encoding
from phones.services.exchange.noted_cells import MOVED, NotedThen, noted_edit, noted_since
from phones.services.exchange.past_values import Changes, changes_since, read_moment
from phones.services.exchange.phone_export import COLUMNS, row_of
from phones.services.exchange.row_edits import EditReader
from phones.services.exchange.row_matching import drop_foreign_ids, phones_of_rows
from phones.services.plans.drafts import Draft, LineProblem, NotedEdit
from phones.services.routing.catalogue import Catalogue
from phones.services.tables.cell_guard import unguarded
from phones.services.tables.encodings import is_misread
from phones.services.tables.read import Row, Table

BATCH_SIZE = 2500


def draft_from_table(
    *, project: Project, table: Table, catalogue: Catalogue, can_label: bool, can_route: bool
) -> Draft:
    """Return a draft with the rows that were edited, and the lines that can't be read. A few queries a batch.

    A line with a problem makes no row, even if its other cells could be read.

    :raises NotATable: no column identifies the phones, none can be changed, or the encoding can't be determined.
    """
    return _Import(project, table, catalogue, can_label=can_label, can_route=can_route).draft()


class _Import:
    """One table and what is known while its draft is made."""

    def __init__(
        self, project: Project, table: Table, catalogue: Catalogue, *, can_label: bool, can_route: bool
    ) -> None:
        self.project, self.table, self.catalogue = project, table, catalogue
        self.columns, self.encoding = choose_encoding(project, table, catalogue)
        self.foreign_ids = drop_foreign_ids(table, self.columns)
        self.edits = EditReader(
            columns=self.columns,
            names=AgentNames(catalogue),
            agents_changed_at=project.agents_changed_at,
            hides_faults=table.hides_faults,
            can_label=can_label,
            can_route=can_route,
        )
        self.lines: dict[uuid.UUID, int] = {}
        self.undated_count = self.aside_count = self.moved_count = 0

    def draft(self) -> Draft:
        """Return the draft."""
        draft = Draft()
        for start in range(0, len(self.table.rows), BATCH_SIZE):
            self._read_batch(self.table.rows[start : start + BATCH_SIZE], draft)
        draft.notes = list(self._notes())
        return draft

    def _read_batch(self, raw_rows: Sequence[Row], draft: Draft) -> None:
        raw = {row.line: row for row in raw_rows}
        rows = [row for row in map(self._decoded, raw_rows) if not self._is_aside(row)]
        found = phones_of_rows(project=self.project, rows=rows, columns=self.columns)
        moments = {
            phone.pk: read_moment(self.columns.cell(row, "read_at")) for row, phone in found if isinstance(phone, Phone)
        }
        self.undated_count += sum(moment is None for moment in moments.values())
        changes = changes_since(moments)
        noted = noted_since(self.project, moments) if set(NOTED) & self.columns.places.keys() else {}
        for row, phone in found:
            if isinstance(phone, NotUnderstood):
                draft.problems.append(LineProblem(row.line, str(phone)))
                continue
            first = self.lines.setdefault(phone.pk, row.line)
            if first != row.line:
                text = _("%(number)s is in line %(line)s already.") % {"number": phone.shown, "line": first}
                draft.problems.append(LineProblem(row.line, text))
                continue
            self._read_row(row, raw[row.line], phone, changes, noted, draft)

    def _read_row(self, row: Row, raw: Row, phone: Phone, changes: Changes, noted: NotedThen, draft: Draft) -> None:
        written = dict(zip(COLUMNS, row_of(phone, self.catalogue), strict=True))
        if self.columns.is_written(row, written):
            return
        moment = read_moment(self.columns.cell(row, "read_at"))
        plain = self._with_exported_texts(row, raw, written)
        planned, faults = self.edits.read(plain, phone, written, changes.get(phone.pk, ()), moment)
        try:
            said = noted_edit(plain, self.columns, phone, noted.get(phone.pk, {}))
        except NotUnderstood as fault:
            faults.append(str(fault))
        draft.problems += [LineProblem(row.line, fault) for fault in faults]
        if faults:
            return
        if planned:
            draft.rows.append(planned)
        self.moved_count += said is MOVED
        if isinstance(said, NotedEdit):
            draft.noted.append(said)

    def _is_aside(self, row: Row) -> bool:
        is_aside = self.columns.is_aside(row)
        self.aside_count += is_aside
        return is_aside

    def _decoded(self, row: Row) -> Row:
        if self.encoding.is_sure or "".join(row.cells).isascii():
            return row
        return replace(row, cells=tuple(map(self.encoding.decode, row.cells)))

    def _with_exported_texts(self, row: Row, raw: Row, written: dict[str, str]) -> Row:
        """Return the row with the exported text in each cell that equals it in another encoding: files may mix them."""
        cells = list(row.cells)
        for code in TEXTS:
            place = self.columns.places.get(code)
            if place is None or place >= len(cells) or raw.cells[place].isascii():
                continue
            text = unguarded(written[code])
            if not is_untouched(cells[place], text) and self._reads_as(raw.cells[place], {text, written[code]}):
                cells[place] = written[code]
        return replace(row, cells=tuple(cells))

    def _reads_as(self, cell: str, texts: Collection[str]) -> bool:
        readings = {encoding.decode(cell) for encoding in self.table.encodings}
        return not readings.isdisjoint(texts) or any(is_misread(cell, text) for text in texts)

    def _notes(self) -> Iterator[dict[str, str | int]]:
        """Yield notes on how the file was read, in the form of `Plan.notes`."""
        if self.table.sheet:
            yield {"code": "sheet", "name": self.table.sheet}
        if self.table.head_line > 1:
            yield {"code": "head", "line": self.table.head_line}
        if not self.encoding.is_sure:
            yield {"code": "encoding", "name": self.encoding.name}
        if self.foreign_ids:
            yield {"code": "foreign_ids", "column": self.foreign_ids}
        if self.aside_count:
            yield {"code": "aside", "count": self.aside_count}
        if self.moved_count:
            yield {"code": "noted_moved", "count": self.moved_count}
        if self.undated_count:
            yield {"code": "undated", "count": self.undated_count}
