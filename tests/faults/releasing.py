"""Rows 46 to 48: a new release, its tables, and a copy of them that is put back."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
from django.db import connection, connections
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from bench.rig.crashing import wait_until, worker_environment
from phones.models import Change, Outcome, Phone, Project, SyncRun, SyncState
from phones.services.audit.chain.verification import verify_log
from phones.services.editing.recheck import sweep
from tests.faults.stage import Stage, row
from tests.support.database.outages import IS_POSTGRES
from tests.support.desk.saving import held, patches, stored


@row(46)
def deploy_during_work(stage: Stage) -> None:
    """SIGTERM: the worker gives up the pass that it is at and ends, within 10 s. See `running_crashes`."""
    Project.objects.update(sync_tried_at=timezone.now() - timedelta(hours=1))
    stage.sandbox.switches.latency_ms = 9_000
    runs = SyncRun.objects.order_by("-pk")
    earlier = runs[0].pk
    process = subprocess.Popen(
        [sys.executable, "manage.py", "run_huey"],
        env=worker_environment(stage.tmp_path, stage.server.url),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: runs[0].pk != earlier and runs[0].is_taken)
        process.send_signal(signal.SIGTERM)
        code = process.wait(10)
    finally:
        process.kill()
        process.wait()

    stage.sandbox.switches.latency_ms = 0
    assert (code, runs[0].state, runs[0].cause) == (0, SyncState.FAILED, "stopped")
    assert stage.sync().state == SyncState.COMPLETE


@row(47)
def old_code_on_new_tables(stage: Stage) -> None:
    """The release before goes on while its successor's migrations are in: it reads, adds and changes rows."""
    old = MigrationLoader(connection).project_state(("phones", "0001_initial")).apps
    old_phone: Any = old.get_model("phones", "Phone")
    old_change: Any = old.get_model("phones", "Change")
    old_run: Any = old.get_model("phones", "SyncRun")
    row_before = old_phone.objects.get(pk=stage.phone.pk)
    values = {field.attname: getattr(row_before, field.attname) for field in old_phone._meta.concrete_fields}

    added = old_phone.objects.create(**values | {"id": stage.project.pk, "nickname": "Added by the old code"})
    old_phone.objects.filter(pk=stage.phone.pk).update(note="Noted by the old code")
    run = old_run.objects.create(project_id=stage.project.pk, started_at=timezone.now(), heartbeat_at=timezone.now())
    old_run.objects.filter(pk=run.pk).update(state="FAILED", finished_at=timezone.now())
    assert {field.attname for field in old_change._meta.concrete_fields} <= {
        field.attname for field in Change._meta.concrete_fields
    }
    old_phone.objects.filter(pk=added.pk).delete()

    assert stored(stage.phone).note == "Noted by the old code"
    assert stage.sync().state == SyncState.COMPLETE
    assert stage.rename().outcome == Outcome.CONFIRMED


@contextmanager
def put_back(stage: Stage) -> Iterator[None]:
    """Copy the database while it is written to, and work with the copy for a while."""
    parts = connection.settings_dict
    kept = parts["NAME"]
    if IS_POSTGRES:
        copy = f"{kept}_put_back"
        address = ["-h", parts["HOST"], "-p", str(parts["PORT"]), "-U", parts["USER"]]
        dump = stage.tmp_path / "desk.dump"
        subprocess.run(["pg_dump", *address, "-Fc", "-f", str(dump), kept], check=True)
        admin = psycopg.connect(host=parts["HOST"], port=parts["PORT"], user=parts["USER"], autocommit=True)
        admin.execute(f'CREATE DATABASE "{copy}"')
        subprocess.run(["pg_restore", *address, "-d", copy, str(dump)], check=True)
    else:
        copy = str(stage.tmp_path / "copy.sqlite3")
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [copy])
    connection.close()
    parts["NAME"] = copy
    try:
        yield
    finally:
        connection.close()
        parts["NAME"] = kept
        if IS_POSTGRES:
            admin.execute(f'DROP DATABASE "{copy}" WITH (FORCE)')
            admin.close()


@row(48)
def backup_during_writes(stage: Stage) -> None:
    """A copy made while somebody saves is whole: the chain holds up to its end, and nothing in it begins to send."""
    is_over = threading.Event()

    def edit() -> None:
        while not is_over.is_set():
            stage.rename()
        connections.close_all()

    editor = threading.Thread(target=edit)
    editor.start()
    time.sleep(0.3)
    try:
        with put_back(stage):
            is_over.set()
            editor.join()
            if not IS_POSTGRES:
                with connection.cursor() as cursor:
                    cursor.execute("PRAGMA integrity_check")
                    assert cursor.fetchall() == [("ok",)]
            count = len(patches(stage.sandbox))
            stage.sweep()
            verdict = verify_log(project=Project.objects.get(pk=stage.project.pk))
            assert verdict.change_count == Change.objects.count() > 0
            # The file beside the database knows of entries that were made after the copy: nothing else is wrong.
            assert [fault for fault in verdict.faults if "was cut off" not in fault] == []
            assert len(patches(stage.sandbox)) == count
            assert Phone.objects.filter(project=stage.project).count() == 40
    finally:
        is_over.set()
        editor.join()
    assert held(stage.sandbox, stage.phone).nickname == stored(stage.phone).nickname
    assert sweep(clock=stage.clock) == 0
