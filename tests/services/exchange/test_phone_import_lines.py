"""The import beyond single cells: rights, lines with a problem, very many rows, and any cells whatever."""

import time
from contextlib import suppress
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phones.models import Phone, Project
from phones.services.exchange.phone_export import COLUMNS
from phones.services.routing.catalogue import Catalogue
from phones.services.tables.limits import NotATable
from phones.services.tables.read import read_table
from tests.support.database.north import RECEPTION, add_many, add_phone, catalogue, north
from tests.support.files.exports import csv_text
from tests.support.files.uploads import draft_of, edited, faults, rewritten

__all__ = ["catalogue", "north"]


def test_rights_are_checked_line_by_line(north: Project, catalogue: Catalogue) -> None:
    for index in range(3):
        add_phone(north, f"+3495120180{index}", "Ventas", inbound_agent_id=RECEPTION)
    text = (
        "number,nickname,inbound_agent\n951201800,Nuevo,Alicia Recepción\n951201801,Nuevo,\n951201802,Ventas,Ñ Ventas"
    )
    labels = draft_of(north, text, can_route=False)
    routes = draft_of(north, text, can_label=False)

    assert faults(labels) == [(3, "You may not change agents."), (4, "You may not change agents.")]
    assert [row.line for row in labels.rows] == [2]
    assert faults(routes) == [(2, "You may not change aliases."), (3, "You may not change aliases.")]
    assert [row.line for row in routes.rows] == [4]


def test_line_with_a_problem_makes_no_row(north: Project, catalogue: Catalogue) -> None:
    add_phone(north, "+34951201802", "Ventas", inbound_agent_id=RECEPTION)
    text = csv_text(north, catalogue)

    draft = draft_of(north, edited(text, nickname="Nuevo", inbound_agent="Nobody", outbound_agent="Someone"))

    assert draft.rows == []
    assert [line for line, _text in faults(draft)] == [2, 2]


# Three batches.
COUNT = 5_001


@pytest.mark.parametrize("has_id", [True, False])
def test_thousands_of_rows_are_few_queries(north: Project, catalogue: Catalogue, has_id: bool) -> None:
    add_many(north, 3)
    Phone.objects.all().delete()
    Phone.objects.bulk_create(
        Phone(
            id=UUID(int=index + 1), project=north, number=f"+349512{index:05d}", shown="", digits=f"349512{index:05d}",
            telephony_provider="netelip", status="assigned", fetched_at="2026-11-24T12:00:00Z",
        )
        for index in range(COUNT)
    )  # fmt: skip
    lines = [f"{UUID(int=index + 1) if has_id else ''},9512{index:05d},Línea {index}" for index in range(COUNT)]
    table = read_table("\n".join(["id,number,nickname", *lines]).encode(), "list.csv")

    started = time.thread_time()
    with CaptureQueriesContext(connection) as queries:
        draft = draft_of(north, table)
    took = time.thread_time() - started

    assert (len(draft.rows), draft.problems) == (COUNT, [])
    assert len(queries) <= 15
    assert took < 10


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
@given(
    st.lists(
        st.lists(
            st.one_of(
                st.text(max_size=10),
                st.sampled_from([*COLUMNS, "+34951201802", "Alicia Recepción v1", "v1", str(RECEPTION), "1E9", "=1"]),
            ),
            max_size=6,
        ),
        max_size=5,
    ),
    st.booleans(),
)
def test_any_cells_are_a_draft_or_a_sentence(north: Project, rows: list[list[str]], can_route: bool) -> None:
    Phone.objects.all().delete()
    add_phone(north, "+34951201802", "Ventas", inbound_agent_id=RECEPTION)
    text = rewritten([["number", "nickname", "inbound_agent", "inbound_agent_id", "inbound_version"], *rows])

    with suppress(NotATable):
        draft = draft_of(north, text.encode("utf-8", "replace"), can_route=can_route)
        assert all(problem.text for problem in draft.problems)
