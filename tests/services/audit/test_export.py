"""The history as CSV: stable columns, frozen names, and no cell that a spreadsheet runs."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime

from django.contrib.auth.models import User

from phones.models import Change, LaneSnapshot, Outcome, Phone, Source
from phones.services.audit.export import COLUMNS, csv_lines
from phones.services.tables.cell_guard import unguarded
from tests.support.database.history import add_changes
from tests.support.pages.hostile import HOSTILE


def rows() -> list[dict[str, str]]:
    """Return all changes as a program reads the file."""
    text = "".join(csv_lines(Change.objects.order_by("id")))
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_row_holds_the_change_as_it_was(sales_phone: Phone, router: User) -> None:
    lane = LaneSnapshot(sales_phone.pk, "Alicia", None, 5)
    (first,) = add_changes(sales_phone, 1)
    (change,) = add_changes(
        sales_phone,
        1,
        source=Source.REVERT,
        reverts=first,
        outcome=Outcome.MISMATCH,
        before={"nickname": None, "inbound": lane},
        after={"nickname": "Ventas", "inbound": None},
        stored={"nickname": "Otro", "inbound": replace(lane, version_number=None)},
        created_at=datetime(2026, 7, 1, 10, 0, tzinfo=UTC),
        duration_ms=0,
        ticket="SUP-7",
    )

    row = {name: value for name, value in rows()[1].items() if value}

    assert row == {
        "change_id": str(change.pk),
        "created_at": "2026-07-01T12:00:00+02:00",
        "settled_at": "2026-03-29T03:00:00+02:00",
        "phone_id": str(sales_phone.pk),
        "number": "+34951441246",
        "person": "Lola Ruiz",
        "source": "REVERT",
        "outcome": "MISMATCH",
        "takes_back": str(first.pk),
        "ticket": "SUP-7",
        "fields": "nickname inbound",
        "nickname_after": "Ventas",
        "nickname_stored": "Otro",
        "inbound_before": "Alicia v5",
        "inbound_before_agent_id": str(sales_phone.pk),
        "inbound_stored": "Alicia",
        "inbound_stored_agent_id": str(sales_phone.pk),
        "duration_ms": "0",
    }


def test_columns_are_these() -> None:
    assert len(COLUMNS) == len(set(COLUMNS)) == 37
    assert COLUMNS[:3] == ("change_id", "created_at", "seen_from")


def test_hostile_texts_stay_in_their_cells(sales_phone: Phone) -> None:
    for text in (*HOSTILE, "=1+1", "@SUM(A1)", "-2", "\tx", 'a",b\r\n"c'):
        add_changes(sales_phone, 1, reason=text, after={"nickname": text}, message=text)

    for row, change in zip(rows(), Change.objects.order_by("id"), strict=True):
        assert unguarded(row["reason"]) == change.reason
        assert row["message"][:1] not in {"=", "+", "-", "@", "\t", "\r"}
        assert set(row) == set(COLUMNS)
