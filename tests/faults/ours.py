"""Rows 30 to 34, 36 and 37: our own database, queue, disk or process fails."""

import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NoReturn

import psycopg
import pytest
from django.db import DatabaseError, OperationalError, close_old_connections, connection
from django.db.backends.utils import CursorWrapper

from dashboard.doorbell import RedisQueue
from phones import tasks
from phones.diga.sandbox import Fault
from phones.models import Change, Outcome, Phone, Project, SyncRun, SyncState
from phones.services.editing.recheck import sweep
from phones.services.editing.result import SaveKind
from phones.services.routing.edits import PhoneEdit
from phones.services.sync.passes import HEARD_WITHIN, SyncIsRunning, claim_sync, run_sync
from tests.faults.stage import Stage, in_child, kill_self, row, together
from tests.support.database.outages import IS_POSTGRES, database_away
from tests.support.desk.saving import (
    NotSaved,
    before_answering,
    is_true_copy,
    not_saved,
    patches,
    reading_back_fails,
    save,
    stored,
)
from tests.support.machine.cabling import NOBODY_URL

SECONDS_OF_CROWD = 3.0
SYNCHRONOUS = "SHOW synchronous_commit" if IS_POSTGRES else "PRAGMA synchronous"
NORMAL, FULL = 1, 2


@row(30)
def database_locked(stage: Stage) -> None:
    """Four editors and syncs without a pause: who comes second waits, and nobody reads “database is locked”."""
    phones = list(Phone.objects.filter(project=stage.project, status="assigned")[:4])
    until = time.monotonic() + SECONDS_OF_CROWD

    def edit(phone: Phone) -> list[str]:
        outcomes = []
        while time.monotonic() < until:
            outcomes.append(stage.rename(phone).outcome)
        return outcomes

    def sync() -> list[str]:
        states = []
        while time.monotonic() < until:
            states.append(stage.sync().state)
        return states

    edited = together(sync, *(partial(edit, phone) for phone in phones))

    for found, good in zip(edited, (SyncState.COMPLETE, *[Outcome.CONFIRMED] * 4), strict=True):
        assert isinstance(found, list), repr(found)
        assert set(found) == {good}


@contextmanager
def cutting_at(stage: Stage, step: int) -> Iterator[tuple[Callable[[], datetime], list[int]]]:
    """Yield a clock that takes the database away when it is asked for the time for the n-th time, and how often."""
    asked: list[int] = []

    def end_connection() -> None:
        parts = connection.settings_dict
        with psycopg.connect(
            host=parts["HOST"], port=parts["PORT"], user=parts["USER"], dbname=parts["NAME"], autocommit=True
        ) as other:
            pid = connection.connection.info.backend_pid
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    def clock() -> datetime:
        asked.append(1)
        if len(asked) == step:
            if IS_POSTGRES and connection.connection:
                end_connection()
            else:
                away.__enter__()
                is_away.append(True)
        return stage.clock()

    away, is_away = database_away(), list[bool]()
    try:
        yield clock, asked
    finally:
        if is_away:
            away.__exit__(None, None, None)
        connection.close()


@row(31)
def database_restarted(stage: Stage) -> None:
    """Away at any step of a save: nothing is sent without its entry; what was sent is found out about later."""
    told: list[str] = []
    for step in itertools.count(1):
        with cutting_at(stage, step) as (clock, asked):
            try:
                told.append(save(stored(stage.phone), PhoneEdit(nickname=f"Step {step}"), clock=clock).change.outcome)
            except (NotSaved, DatabaseError) as error:
                told.append(str(error))
        stage.sweep()
        assert not Change.objects.filter(outcome=Outcome.PENDING).exists(), step
        assert is_true_copy(stage.sandbox, stage.phone), step
        if len(asked) < step:
            break
    assert told[-1] == Outcome.CONFIRMED
    assert "outcome_not_recorded" in told
    assert len(told) >= 5

    client = stage.client
    with database_away():
        page = client.get(stage.list_path)
    close_old_connections()

    assert (page.status_code, page["Retry-After"]) == (503, "10")
    assert stage.client.get(stage.list_path).status_code == 200


@row(32)
def redis_down(stage: Stage) -> None:
    """Saves and syncs go on, paced by each process alone. A sync whose bell was lost is done by the next tick."""
    stage.settings.REDIS_URL = NOBODY_URL
    stage.settings.DIGA_REQUESTS_PER_SECOND = 1000.0

    change = stage.rename()
    run = stage.sync()

    assert (change.outcome, run.state) == (Outcome.CONFIRMED, SyncState.COMPLETE)
    assert is_true_copy(stage.sandbox, stage.phone)

    queue = tasks.tick.huey
    stage.monkeypatch.setattr(queue, "_immediate", False)
    stage.monkeypatch.setattr(queue, "storage", RedisQueue("tests", url=NOBODY_URL, results=False).storage)
    lost = claim_sync(project=stage.project, now=stage.clock() - HEARD_WITHIN)
    tasks.run_claimed_sync(lost.pk)
    # From here on as in a worker.
    queue.storage.has_workers = True
    tasks.tick.call_local()
    queue.execute(queue.dequeue())

    lost.refresh_from_db()
    assert lost.is_complete


@contextmanager
def disk_full() -> Iterator[None]:
    """Let no entry of the diary find room: SQLite's own limit; on PostgreSQL the error that it would give."""
    with connection.cursor() as cursor:
        if IS_POSTGRES:
            cursor.execute(
                "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$"
            )
            cursor.execute("CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON phones_change EXECUTE FUNCTION no_room()")
        else:
            _fill_free_pages()
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            if IS_POSTGRES:
                cursor.execute("DROP TRIGGER no_room ON phones_change")
                cursor.execute("DROP FUNCTION no_room()")
            else:
                cursor.execute("PRAGMA max_page_count = 4294967294")
                cursor.execute("DROP TABLE filling")


def _fill_free_pages() -> None:
    """Use up what room the file has inside, until SQLite says that it is full."""
    with connection.cursor() as filling:
        filling.execute("CREATE TABLE filling (text TEXT)")
        filling.execute("PRAGMA max_page_count = 1")
        with pytest.raises(OperationalError, match="full"):
            _insert_without_end(filling)


def _insert_without_end(cursor: CursorWrapper) -> NoReturn:
    while True:
        cursor.execute("INSERT INTO filling VALUES (zeroblob(3000))")


@row(33)
def disk_is_full(stage: Stage) -> None:
    """No room for the entry: nothing is sent; reading goes on; with room again all is well."""
    with disk_full():
        with not_saved(SaveKind.NOT_RECORDED):
            save(stored(stage.phone), PhoneEdit(nickname="No room " * 4000))
        seen = Phone.objects.filter(project=stage.project).count()

    assert (seen, patches(stage.sandbox)) == (40, [])
    if not IS_POSTGRES:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA integrity_check")
            assert cursor.fetchall() == [("ok",)]
    assert stage.rename().outcome == Outcome.CONFIRMED


@row(34)
def web_process_killed(stage: Stage) -> None:
    """Killed at any step of a save: the entry is found, and reading settles it. None is lost, none falsely done."""
    told: list[str] = []
    for step in itertools.count(1):
        name = f"Step {step}"
        is_whole = in_child(partial(_save_until, stage, name, step))
        stage.sweep()
        _check_told(stage, name, told)
        if is_whole:
            break
    assert len(told) >= 5

    # While Diga has it in its hands.
    pids: list[int] = []
    with before_answering(stage.sandbox, "PATCH", lambda: os.kill(pids[0], signal.SIGKILL)):
        assert in_child(lambda: stage.rename(name="In the middle"), pids) is False
    stage.sweep()
    _check_told(stage, "In the middle", told)
    assert {"nothing", Outcome.FAILED, Outcome.CONFIRMED} == set(told)


def _save_until(stage: Stage, name: str, step: int) -> None:
    count = itertools.count(1)

    def clock() -> datetime:
        if next(count) == step:
            kill_self()
        return stage.clock()

    save(stored(stage.phone), PhoneEdit(nickname=name), clock=clock)


def _check_told(stage: Stage, name: str, told: list[str]) -> None:
    change = Change.objects.filter(after={"nickname": name}).first()
    told.append(change.outcome if change else "nothing")
    was_applied = any(request.applied for request in patches(stage.sandbox) if request.body == {"nickname": name})
    assert (told[-1] == Outcome.CONFIRMED) == was_applied, name
    assert is_true_copy(stage.sandbox, stage.phone)


@row(36)
def two_workers_on_one_job(stage: Stage) -> None:
    """One of them does it: a pass is claimed once and walked once, a change is looked at once. See `claiming`."""
    project = Project.objects.get(pk=stage.project.pk)
    found = together(*[lambda: claim_sync(project=project, now=stage.clock())] * 4)
    (run,) = [each for each in found if isinstance(each, SyncRun)]
    assert [type(each) for each in found if each is not run] == [SyncIsRunning] * 3
    count = len(stage.sandbox.journal)
    together(*[lambda: run_sync(SyncRun.objects.get(pk=run.pk), clock=stage.clock)] * 4)
    passes = [received for received in stage.sandbox.journal[count:] if received.path.endswith("/dashboard")]
    assert len(passes) == 1

    stage.plan("status", status=502, when="after")
    with reading_back_fails(stage.sandbox):
        change = stage.rename()
    stage.sandbox.faults.clear()
    stage.sandbox.faults.add(Fault("status", method="GET", status=503, times=None))
    stage.sweep()
    later = change.look_count
    change.refresh_from_db()
    assert (later, change.look_count) == (0, 1)
    stage.sandbox.faults.clear()
    stage.let_pass(timedelta(minutes=3))
    counts = together(*[lambda: sweep(clock=stage.clock)] * 4)
    change.refresh_from_db()
    assert sorted(counts, key=str) == [0, 0, 0, 1]
    assert (change.outcome, change.look_count) == (Outcome.CONFIRMED, 2)


@row(37)
def power_cut(stage: Stage) -> None:
    """The entry is on the disk before anything is sent; what came after it may be lost, and is found out again."""
    levels: dict[str, object] = {}

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(('INSERT INTO "phones_change" ', 'UPDATE "phones_change" ')):
            asked = connection.connection.execute(SYNCHRONOUS)
            levels[sql.split()[0]] = asked.fetchone()[0]
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        stage.rename()

    assert levels == ({"INSERT": "on", "UPDATE": "on"} if IS_POSTGRES else {"INSERT": FULL, "UPDATE": NORMAL})
