"""The phones of a filter as CSV or XLSX. Rows are read by pages, so that the size of the list costs no memory."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from openpyxl import Workbook
from openpyxl.cell.cell import Cell, WriteOnlyCell
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from phones.models import Phone, Project

from .csv_stream import csv_stream
from .directory import Directory
from .finding import Criteria, matching
from .guarded_cells import guarded, number_cell, without_controls

BATCH_SIZE = 2000
# Codes, the same in every language: scripts and the import rely on them.
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
    "note",
    "read_at",
)
# The columns of a phone that `row_of` looks at.
READ = (
    "number",
    "nickname",
    "status",
    "inbound_agent_id",
    "outbound_agent_id",
    "telephony_provider",
    "assigned_at",
    "note",
    "fetched_at",
)
_CHUNK_BYTES = 64 * 1024


def csv_lines(*, project: Project, criteria: Criteria, directory: Directory, now: datetime) -> Iterator[str]:
    """Yield the file by batches of whole lines, by number. One query a batch, asked when the batch is wanted."""
    phones = _phones(matching(project, criteria, directory, now))
    yield from csv_stream(COLUMNS, (row_of(phone, directory) for phone in phones), batch_size=BATCH_SIZE)


def xlsx_chunks(*, project: Project, criteria: Criteria, directory: Directory, now: datetime) -> Iterator[bytes]:
    """Yield the file. It is written whole into a temporary file when the first piece is wanted."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("phones")
    sheet.freeze_panes = "A2"
    sheet.append(list(COLUMNS))
    for phone in _phones(matching(project, criteria, directory, now)):
        sheet.append([_sheet_cell(sheet, text) for text in row_of(phone, directory)])
    with tempfile.TemporaryFile() as file:
        book.save(file)
        file.seek(0)
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def _sheet_cell(sheet: WriteOnlyWorksheet, text: str) -> Cell | str:
    """Return a cell that holds a text: `#N/A` would be an error otherwise."""
    if not text.startswith("#"):
        return without_controls(text)
    cell = WriteOnlyCell(sheet, without_controls(text))
    cell.data_type = "s"
    return cell


def _phones(phones: QuerySet[Phone]) -> Iterator[Phone]:
    """Yield all rows by number, a batch a query; what is added behind the place that is read may be left out."""
    ordered = phones.only(*READ).order_by("number", "pk")
    batch = list(ordered[:BATCH_SIZE])
    while batch:
        yield from batch
        last = batch[-1]
        if len(batch) < BATCH_SIZE:
            return
        # The first bound is implied by the second, but lets the index skip to the batch.
        further = ordered.filter(Q(number__gte=last.number), Q(number__gt=last.number) | Q(pk__gt=last.pk))
        batch = list(further[:BATCH_SIZE])


@dataclass(frozen=True, slots=True)
class _LaneCells:
    """An agent in three cells: its name and published version where we know them, its id in any case."""

    name: str
    id: str
    version: str

    @classmethod
    def of(cls, agent_id: UUID | None, directory: Directory) -> "_LaneCells":
        """Return the cells of an agent, empty ones for none."""
        agent = directory.agent(agent_id)
        published = agent.published if agent else None
        return cls(agent.name if agent else "", str(agent_id or ""), published.label if published else "")


def row_of(phone: Phone, directory: Directory) -> list[str]:
    """Return what a file says of a phone, in the order of `COLUMNS`, guarded."""
    inbound = _LaneCells.of(phone.inbound_agent_id, directory)
    outbound = _LaneCells.of(phone.outbound_agent_id, directory)
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
        guarded(phone.note),
        _moment(phone.fetched_at),
    ]


def _moment(moment: datetime | None) -> str:
    """Return an ISO 8601 date-time in UTC, "" for none."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if moment else ""
