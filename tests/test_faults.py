"""The table of faults: each of its 48 rows is played, and what has to hold always is checked after it."""

import logging
from pathlib import Path
from types import ModuleType

import pytest
from django.db import connections
from pytest_django import Settings

from bench.rig.invariants import assert_invariants
from phones.diga.sandbox import Sandbox, SandboxServer
from phones.models import Phone, Project
from tests.faults import after_sending, before_sending, listing, ours, people, reading, refusals, releasing
from tests.faults.stage import ROWS, Row, Stage
from tests.support.desk.saving import forget_waiting

PARTS: tuple[ModuleType, ...] = (before_sending, after_sending, refusals, reading, ours, listing, people, releasing)
TABLE: list[Row] = sorted(ROWS, key=lambda row: row.number)


@pytest.fixture
def stage(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    tmp_path: Path,
    transactional_db: None,
    sandbox_server: SandboxServer,
    sandbox: Sandbox,
    aurora: Project,
    sales_phone: Phone,
) -> Stage:
    """A synced project, at its beginning."""
    forget_waiting(monkeypatch)
    # Whatever an earlier test did to the connections: other processes will share the file.
    connections.close_all()
    return Stage(request, monkeypatch, settings, tmp_path, sandbox_server, sandbox, aurora, sales_phone)


@pytest.mark.parametrize("fault", TABLE, ids=str)
def test_fault(stage: Stage, fault: Row, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    fault.play(stage)

    assert_invariants(stage.sandbox, said=caplog.text, changed_outside=stage.changed_outside)


def test_every_row_of_the_table_is_here() -> None:
    assert sorted(row.number for row in ROWS) == list(range(1, 49))
    assert all(row.play.__doc__ for row in ROWS)
    assert {row.play.__module__ for row in ROWS} == {part.__name__ for part in PARTS}
