"""Files of what is filtered: streamed, inert in a spreadsheet, and lossless."""

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.utils.escape import unescape

from phones.diga.types import clean_text
from phones.models import Agent, Phone, Project
from phones.services.exchange import phone_export
from phones.services.exchange.phone_export import COLUMNS, csv_lines
from phones.services.finding.phone_list import Criteria
from phones.services.routing.catalogue import Catalogue, catalogue_of
from phones.services.tables.cell_guard import FORMULA_STARTS, unguarded
from tests.support.database.north import NOON, RECEPTION, STRANGE, add_many, add_phone, catalogue, north
from tests.support.files.exports import FORMULAS, book_of, csv_text
from tests.support.pages.hostile import HOSTILE

__all__ = ["catalogue", "north"]


def rows_of(text: str) -> list[dict[str, str]]:
    """Return the rows as a program reads them, with the guards taken off."""
    assert text.startswith("\ufeff")
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    return [{name: unguarded(cell) for name, cell in row.items()} for row in reader]


def sheet_of(project: Project, catalogue: Catalogue, **criteria: str) -> list[tuple[object, ...]]:
    return list(load_workbook(book_of(project, catalogue, **criteria))["phones"].iter_rows(values_only=True))


def test_row_says_all_that_we_know(north: Project, catalogue: Catalogue) -> None:
    phone = add_phone(
        north,
        "+34951201802",
        "Ñandú, “Bilbao”",
        note="dos\nlíneas",
        inbound_agent_id=RECEPTION,
        outbound_agent_id=STRANGE,
        assigned_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    )
    phone.tag_names = ("norte", "urgente")
    phone.save()

    (row,) = rows_of(csv_text(north, catalogue))

    assert row == {
        "id": str(phone.pk),
        "number": "+34951201802",
        "nickname": "Ñandú, “Bilbao”",
        "status": "assigned",
        "inbound_agent": "Alicia Recepción",
        "inbound_agent_id": str(RECEPTION),
        "inbound_version": "v1",
        "outbound_agent": "",
        "outbound_agent_id": str(STRANGE),
        "outbound_version": "",
        "provider": "netelip",
        "assigned_at": "2026-01-02T03:04:05Z",
        "scheduled_release_at": "",
        "note": "dos\nlíneas",
        "tags": "norte, urgente",
        "read_at": "2026-11-24T12:00:00Z",
    }


def test_both_files_hold_the_same(north: Project, catalogue: Catalogue) -> None:
    for index, text in enumerate((*FORMULAS, *HOSTILE)):
        add_phone(north, f"+3495120{index:04d}", text, note=text)

    rows = list(csv.reader(io.StringIO(csv_text(north, catalogue).removeprefix("\ufeff"), newline="")))
    sheet = sheet_of(north, catalogue)

    # Readers of workbooks know how line ends are written there; this one doesn't.
    assert [[_in_xml(unescape(str(cell or ""))) for cell in row] for row in sheet] == [
        [_in_xml(cell) for cell in row] for row in rows
    ]


def _in_xml(cell: object) -> str:
    """Return a cell as XML can say it: one kind of line end, no control characters."""
    text = "" if cell is None else str(cell)
    return ILLEGAL_CHARACTERS_RE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def test_numbers_stay_as_they_are(north: Project, catalogue: Catalogue) -> None:
    numbers = ["+12025550123", "+34951201802", "ventas@pbx.example.es"]
    for number in numbers:
        add_phone(north, number)

    text = csv_text(north, catalogue)
    cells = [row[1] for row in load_workbook(book_of(north, catalogue))["phones"].iter_rows(min_row=2)]

    assert [row["number"] for row in rows_of(text)] == numbers
    assert ",+34951201802," in text
    assert [(cell.value, cell.data_type) for cell in cells] == [(number, "s") for number in numbers]


def test_texts_of_people_are_inert(north: Project, catalogue: Catalogue) -> None:
    Agent.objects.filter(pk=RECEPTION).update(name="=1+1")
    named = catalogue_of(Project(pk=north.pk, agents_changed_at=datetime(2026, 11, 25, tzinfo=UTC)))
    for index, text in enumerate(FORMULAS):
        add_phone(
            north, f"=1+{index:02d}", text, note=text, status=text, telephony_provider=text, inbound_agent_id=RECEPTION
        )

    book = book_of(north, named)
    cells = [cell for row in load_workbook(book)["phones"].iter_rows() for cell in row if cell.value is not None]
    sheet = zipfile.ZipFile(book).read("xl/worksheets/sheet1.xml")
    read = csv.reader(io.StringIO(csv_text(north, named).removeprefix("\ufeff"), newline=""))

    assert {cell.data_type for cell in cells} == {"s"}
    assert b"<f>" not in sheet
    assert [cell for row in read for cell in row if cell[:1] in FORMULA_STARTS] == []
    assert [row["nickname"] for row in rows_of(csv_text(north, named))] == FORMULAS


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(st.text().map(clean_text), st.lists(st.sampled_from([*FORMULAS, *HOSTILE, '"', "\r", "\n"])).map("".join))
def test_texts_come_back_byte_for_byte(north: Project, catalogue: Catalogue, note: str, nickname: str) -> None:
    Phone.objects.all().delete()
    add_phone(north, "+34951201802", nickname, note=note)

    (row,) = rows_of(csv_text(north, catalogue).encode().decode())

    assert (row["nickname"], row["note"]) == (nickname, note)


def test_control_characters_do_not_spoil_the_sheet(north: Project, catalogue: Catalogue) -> None:
    add_phone(north, "+34951201802", "a\x01b")

    assert [row[2] for row in sheet_of(north, catalogue)] == ["nickname", "a\ufffdb"]


def test_only_what_is_filtered_is_exported(north: Project, catalogue: Catalogue) -> None:
    add_phone(north, "+34951201802", "a")
    add_phone(north, "+34951201803", "b", status="released")
    add_phone(Project.objects.create(name="South", slug="south"), "+34951201804", "foreign")

    assert [row["nickname"] for row in rows_of(csv_text(north, catalogue))] == ["a", "b"]
    assert [row["nickname"] for row in rows_of(csv_text(north, catalogue, status="released"))] == ["b"]
    assert [row[2] for row in sheet_of(north, catalogue, status="released")] == ["nickname", "b"]


def test_empty_list_is_a_file_with_a_head(north: Project, catalogue: Catalogue) -> None:
    assert csv_text(north, catalogue) == "\ufeff" + ",".join(COLUMNS) + "\r\n"
    assert sheet_of(north, catalogue) == [COLUMNS]


@pytest.mark.parametrize("count", [0, 1, 4, 5, 10, 11])
def test_every_row_comes_once_whatever_the_batch(
    north: Project, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(phone_export, "BATCH_SIZE", 5)
    add_many(north, count)

    ids = [row["id"] for row in rows_of(csv_text(north, catalogue))]

    assert ids == [str(pk) for pk in Phone.objects.order_by("number", "id").values_list("pk", flat=True)]


def test_rows_are_read_when_they_are_sent(
    north: Project, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phone_export, "BATCH_SIZE", 5)
    add_many(north, 12)
    lines: Iterator[str] = csv_lines(project=north, criteria=Criteria(), catalogue=catalogue, now=NOON)

    counts = []
    with CaptureQueriesContext(
        connection,
    ) as queries:
        for _chunk in lines:
            counts.append(len(queries))

    # The head comes before anything is read; then one query a batch.
    assert counts == [0, 1, 2, 3]
