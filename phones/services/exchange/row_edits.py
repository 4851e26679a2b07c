"""The edit that a row of an export asks for: each cell compared with the exported value, then and now.

A field that was edited here and changed elsewhere is a conflict. A cell that a spreadsheet may have converted is
doubtful. Both kinds of rows are left out of a plan unless a person checks and ticks them.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from phones import diga
from phones.models import Change, Phone
from phones.services.exchange.agent_names import AgentNames
from phones.services.exchange.edited_cells import (
    NotUnderstood,
    check_value,
    is_untouched,
    may_be_by_itself,
    typed_nickname,
)
from phones.services.exchange.import_columns import NOTED, ImportColumns
from phones.services.exchange.lane_cells import NO_CELLS, LaneCells, LaneEdit, wanted_lane
from phones.services.exchange.past_values import values_then, written_then
from phones.services.nicknames import one_line
from phones.services.plans.drafts import PlannedRow
from phones.services.routing.edits import PhoneEdit, PhoneSnapshot
from phones.services.routing.lanes import FIELDS, Lane, Target
from phones.services.routing.snapshots import reads_as
from phones.services.tables.cell_guard import unguarded
from phones.services.tables.read import Row

_UNSET = diga.UNSET


@dataclass(frozen=True, slots=True)
class _Said:
    """What the export wrote of a phone: its cells without guards, and the earlier values by the audit log."""

    cells: Mapping[str, str]
    values: Mapping[str, Any]

    @classmethod
    def of(cls, written: Mapping[str, str], values: Mapping[str, Any]) -> "_Said":
        """Return today's cells, with these values in place of today's."""
        cells = written_then(written, values)
        return cls({code: unguarded(cell) for code, cell in cells.items()}, values)

    def lane(self, lane: str) -> LaneCells:
        """Return the three cells of a lane."""
        return LaneCells(*(self.cells[code] for code in _codes(lane)))


@dataclass(slots=True)
class _Doubts:
    """Why a person has to check a row, and the earlier values of the fields that were changed elsewhere."""

    then: dict[str, Any]
    may_be_by_itself: bool = False
    is_old_version: bool = False

    @property
    def look(self) -> str:
        """The code of the gravest reason, "" without one."""
        if self.then:
            return "conflict"
        return "by_itself" if self.may_be_by_itself else "old_version" if self.is_old_version else ""


def _codes(lane: str) -> tuple[str, str, str]:
    return f"{lane}_agent", f"{lane}_agent_id", f"{lane}_version"


@dataclass(frozen=True, slots=True, kw_only=True)
class EditReader:
    """Reads the edits from the cells of a row. `hides_faults`: an empty cell may be an error value or merged."""

    columns: ImportColumns
    names: AgentNames
    agents_changed_at: datetime | None
    hides_faults: bool
    can_label: bool
    can_route: bool

    def read(
        self, row: Row, phone: Phone, written: Mapping[str, str], changes: Sequence[Change], moment: datetime | None
    ) -> tuple[PlannedRow | None, list[str]]:
        """Return the edits of the row, None without any, and a sentence for each one that is impossible.

        `written` are the cells that the export writes today, guarded; `moment` is when the file's values were read, and
        `changes` are the later changes of the phone.
        """
        now = _Said.of(written, {})
        then = [_Said.of(written, values) for values in values_then(changes, moment)] or [now]
        faults = list(self._misshapen(row, now))
        doubts = _Doubts({})
        wanted: dict[str, Any] = {}
        for name in () if faults else FIELDS:
            try:
                if name == "nickname":
                    wanted[name] = self._nickname(row, phone, then, doubts)
                else:
                    wanted[name] = self._lane(row, phone, name, [*then, now], doubts, moment)
            except NotUnderstood as fault:
                faults.append(str(fault))
        edit = PhoneEdit(**wanted)
        if faults or edit.is_empty:
            return None, faults
        details = {"file": {"then": doubts.then}} if doubts.then else {}
        return PlannedRow(phone.pk, edit, row.line, look=doubts.look, details=details), []

    def _misshapen(self, row: Row, now: _Said) -> Iterator[str]:
        """Yield a sentence for each cell whose value can't be trusted."""
        if self.columns.has_more(row):
            yield _("The line has more cells than the header: a text with a separator in it needs quotation marks.")
        for code in self.columns.cut(row):
            if now.cells[code]:
                yield _(
                    "The line ends before the column “%(column)s”. To remove what is there, leave its cell empty."
                ) % {"column": self.columns.title(code)}
                return
        for code, why in self.columns.unknown(row).items():
            if code in now.cells and code not in {"id", "number"}:
                yield _UNKNOWN[why]() % {"column": self.columns.title(code)}
        if self.hides_faults:
            yield from self._emptied(row, now)

    def _emptied(self, row: Row, now: _Said) -> Iterator[str]:
        for code in ("nickname", *NOTED, *(code for lane in Lane for code in _codes(lane))):
            if self.columns.cell(row, code) == "" and now.cells[code]:
                yield _(
                    "The cell of “%(column)s” is empty. In a file of this kind an error or a merged cell looks so too: "
                    "save it as .xlsx or CSV to remove what is there."
                ) % {"column": self.columns.title(code)}
                return

    def _nickname(self, row: Row, phone: Phone, then: Sequence[_Said], doubts: _Doubts) -> str | diga.Unset:
        cell = self.columns.cell(row, "nickname")
        nickname = phone.nickname or ""
        if cell is None or is_untouched(cell, nickname):
            return _UNSET
        if any(is_untouched(cell, said.cells["nickname"]) for said in then):
            return _UNSET
        if not self.can_label:
            raise NotUnderstood(_("You may not change aliases."))
        typed = typed_nickname(cell)
        if typed == one_line(nickname):
            return _UNSET
        doubts.may_be_by_itself |= any(may_be_by_itself(cell, said.cells["nickname"]) for said in (*then,))
        if all((said.values.get("nickname", nickname) or "") != nickname for said in then):
            doubts.then["nickname"] = then[0].values["nickname"]
        return typed

    def _lane(
        self, row: Row, phone: Phone, lane: str, said: Sequence[_Said], doubts: _Doubts, moment: datetime | None
    ) -> Target | diga.Unset | None:
        cells = LaneCells(*(self.columns.cell(row, code) for code in _codes(lane)))
        if cells == NO_CELLS:
            return _UNSET
        edits = [LaneEdit.of(cells, each.lane(lane)) for each in said]
        if any(edit.is_empty for edit in edits):
            return _UNSET
        if not self.can_route:
            raise NotUnderstood(_("You may not change agents."))
        for code in _codes(lane):
            check_value(self.columns.cell(row, code) or "", code)
        then, now_id = said[0], getattr(phone, f"{lane}_agent_id")
        agent_id = reads_as(lane, then.values[lane]) if lane in then.values else now_id
        target = wanted_lane(
            cells=cells,
            exported=then.lane(lane),
            agent_id=agent_id if isinstance(agent_id, uuid.UUID) else None,
            names=self.names,
        )
        self._doubt_lane(lane, phone, target, edits[0], said, doubts, moment)
        return target

    def _doubt_lane(
        self,
        lane: str,
        phone: Phone,
        target: Target | diga.Unset | None,
        edit: LaneEdit,
        said: Sequence[_Said],
        doubts: _Doubts,
        moment: datetime | None,
    ) -> None:
        """Add the reasons why a person has to check a lane's new value."""
        now_id = PhoneSnapshot.of(phone).value(lane)
        had = [reads_as(lane, each.values[lane]) for each in said[:-1] if lane in each.values]
        is_met = (target.agent.id if isinstance(target, Target) else None) == now_id
        if had and all(each != now_id for each in had) and not is_met:
            doubts.then[lane] = said[0].values[lane]
        is_version_alone = not edit.agent and not edit.id and edit.version is not None
        if is_version_alone and moment and self.agents_changed_at and moment < self.agents_changed_at:
            doubts.is_old_version = True
        agent = said[0].lane(lane).agent or ""
        doubts.may_be_by_itself |= bool(edit.agent) and may_be_by_itself(edit.agent or "", agent)


_UNKNOWN = {
    "formula": lambda: _(
        "The cell of “%(column)s” holds a formula without its result. Open and save the file in a spreadsheet."
    ),
    "merged": lambda: _("The cell of “%(column)s” is a part of a merged cell. Unmerge it, and say what belongs there."),
}
