"""The phones of a filter as CSV or XLSX. Rows are read in batches, so memory does not grow with the list."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from uuid import UUID

from xlsxwriter import Workbook

from phones.models import Phone, Project
from phones.services.finding.phone_list import Criteria, matching
from phones.services.routing.catalogue import Catalogue
from phones.services.tables.cell_guard import guarded, number_cell, without_controls
from phones.services.tables.csv_writer import csv_stream

BATCH_SIZE = 2000
# Codes, the same in every language, because scripts and the import read them.
COLUMNS = (
    "id",
    "number",
    "nickname",
    "status",
    "inbound_agent",
    "inbound_agent_id",
    "inbound_version",
    "outbound_agent",
    "outbound_agent_id",
    "outbound_version",
    "provider",
    "assigned_at",
    "scheduled_release_at",
    "note",
    "tags",
    "read_at",
)
# The columns of a phone that `row_of` reads.
READ = (
    "number",
    "nickname",
    "status",
    "inbound_agent_id",
    "outbound_agent_id",
    "telephony_provider",
    "assigned_at",
    "scheduled_release_at",
    "note",
    "tags",
    "fetched_at",
    "unlisted_since",
)
# The columns of a file for each column of the list. The id, the number and `read_at` are always included.
_SHOWN = {
    "number": ("number",),
    "nickname": ("nickname",),
    "status": ("status",),
    "inbound": ("inbound_agent",),
    "outbound": ("outbound_agent",),
    "provider": ("provider",),
    "assigned": ("assigned_at",),
    "release": ("scheduled_release_at",),
    "age": (),
}
ALWAYS = ("read_at",)
# The longest text that a cell of a spreadsheet can hold.
CELL_LIMIT = 32_767
_CHUNK_BYTES = 64 * 1024


def columns_shown(codes: Iterable[str]) -> tuple[str, ...]:
    """Return the columns of a file that correspond to the columns shown in the list."""
    return tuple(column for code in codes for column in _SHOWN.get(code, ())) + ALWAYS


def csv_lines(
    *,
    project: Project,
    criteria: Criteria,
    catalogue: Catalogue,
    now: datetime,
    columns: Sequence[str] = COLUMNS,
) -> Iterator[str]:
    """Yield the file in batches of whole lines, in the order of the list. One query a batch, made lazily."""
    yield from csv_stream(columns, _rows(project, criteria, catalogue, now, columns), batch_size=BATCH_SIZE)


def xlsx_chunks(
    *,
    project: Project,
    criteria: Criteria,
    catalogue: Catalogue,
    now: datetime,
    columns: Sequence[str] = COLUMNS,
) -> Iterator[bytes]:
    """Yield the file in chunks. It is first written to a temporary file, row by row."""
    with tempfile.TemporaryFile() as file:
        book = Workbook(file, {"constant_memory": True})
        sheet = book.add_worksheet("phones")
        sheet.freeze_panes(1, 0)
        for place, row in enumerate(chain([columns], _rows(project, criteria, catalogue, now, columns))):
            for column, text in enumerate(row):
                # Always as text, so that nothing is converted; an empty value needs no cell.
                if text:
                    sheet.write_string(place, column, without_controls(text)[:CELL_LIMIT])
        book.close()
        file.seek(0)
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def _rows(
    project: Project, criteria: Criteria, catalogue: Catalogue, now: datetime, columns: Sequence[str]
) -> Iterator[Sequence[str]]:
    """Yield the cells of all rows in the order of the list, one query a batch. A row added meanwhile may be missing."""
    order = criteria.order
    phones = matching(project, criteria, catalogue, now).only(*{*READ, *order.columns})
    places = [COLUMNS.index(column) for column in columns]
    batch = list(order.sorted(phones)[:BATCH_SIZE])
    while batch:
        for phone in batch:
            phone.project = project
            cells = row_of(phone, catalogue)
            yield [cells[place] for place in places]
        if len(batch) < BATCH_SIZE:
            return
        key = order.key(order.cursor(batch[-1]))
        batch = list(order.sorted(order.beyond(phones, key or (), backwards=False))[:BATCH_SIZE])


@dataclass(frozen=True, slots=True)
class _LaneCells:
    """The three cells of a lane: name and published version if known, and the id."""

    name: str
    id: str
    version: str

    @classmethod
    def of(cls, agent_id: UUID | None, catalogue: Catalogue) -> "_LaneCells":
        """Return the cells of an agent, empty ones for none."""
        agent = catalogue.agent(agent_id)
        published = agent.published if agent else None
        return cls(agent.name if agent else "", str(agent_id or ""), published.label if published else "")


def row_of(phone: Phone, catalogue: Catalogue) -> list[str]:
    """Return the cells of a phone in the order of `COLUMNS`, guarded against formulas."""
    inbound = _LaneCells.of(phone.inbound_agent_id, catalogue)
    outbound = _LaneCells.of(phone.outbound_agent_id, catalogue)
    return [
        str(phone.pk),
        number_cell(phone.number),
        guarded(phone.nickname or ""),
        guarded(phone.status),
        guarded(inbound.name),
        inbound.id,
        inbound.version,
        guarded(outbound.name),
        outbound.id,
        outbound.version,
        guarded(phone.telephony_provider),
        _moment(phone.assigned_at),
        _moment(phone.scheduled_release_at),
        guarded(phone.note),
        guarded(", ".join(phone.tag_names)),
        _moment(phone.read_at),
    ]


def _moment(moment: datetime | None) -> str:
    """Return an ISO 8601 date-time in UTC, "" for none."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else ""
