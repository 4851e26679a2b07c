"""The pace while Redis is down: shared by processes and machines, and apart from the transactions of its callers."""

import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.db import connection, transaction

from bench.rig.crashing import worker_environment
from phones.diga import pace
from phones.diga.pace import SECOND_STORE_SECONDS
from phones.models import PaceState
from phones.services.projects import clients
from tests.support.database.outages import IS_POSTGRES, database_away
from tests.support.machine.cabling import NOBODY_URL, Cable, needs_redis

pytestmark = pytest.mark.django_db(transaction=True)
needs_postgres = pytest.mark.skipif(not IS_POSTGRES, reason="SQLite is on one machine, and has a file for the pace")
ROOT = Path(__file__).resolve().parents[3]
RATE = 40
PROGRAM = """
import sys, time
import django
django.setup()
from django.conf import settings
from phones.services.projects.clients import pace_of
turns = pace_of(sys.argv[1], {rate}, settings.DATA_DIR, settings.REDIS_URL)
turns.acquire(0)
print("ready", flush=True)
sys.stdin.readline()
over, count = time.time() + 1.5, 1
while time.time() < over: count += turns.acquire(0.1)
print(count)
"""


@pytest.fixture(autouse=True)
def _has_redis_client() -> None:
    pytest.importorskip("redis")


def folder_of(tmp_path: Path, number: int) -> Path:
    """Return the DATA_DIR of a machine: each has its own, but with SQLite there is one machine."""
    folder = tmp_path / str(number if IS_POSTGRES else 0)
    folder.mkdir(exist_ok=True)
    return folder


def test_machines_share_one_rate_while_redis_is_down(tmp_path: Path) -> None:
    name = str(uuid4())
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM.format(rate=RATE), name],
            cwd=ROOT,
            env=worker_environment(folder_of(tmp_path, number), "http://127.0.0.1:9", NOBODY_URL),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    started_at = time.monotonic()

    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = [process.communicate()[0] for process in processes]

    # Two that each kept the rate alone would take 200.
    count = sum(map(int, outputs))
    assert RATE + RATE * 1.0 <= count <= RATE + RATE * (time.monotonic() - started_at) + 3
    assert PaceState.objects.filter(name=name).exists() == IS_POSTGRES


@needs_postgres
def test_turn_stays_taken_when_its_caller_rolls_back(tmp_path: Path) -> None:
    turns = clients.pace_of(str(uuid4()), 1, tmp_path, NOBODY_URL)

    with transaction.atomic():
        is_taken = turns.acquire(0)
        transaction.set_rollback(True)

    assert is_taken
    assert not turns.acquire(0)


@needs_postgres
def test_row_is_free_while_its_caller_is_in_a_transaction(tmp_path: Path) -> None:
    turns = clients.pace_of(str(uuid4()), 10, tmp_path, NOBODY_URL)

    with transaction.atomic():
        turns.acquire(0)
        with connection.cursor() as cursor:
            cursor.execute("SELECT name FROM phones_pacestate FOR UPDATE NOWAIT")
            found = cursor.fetchall()

    assert len(found) == 1


@needs_postgres
def test_database_that_is_away_too_slows_but_stops_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    turns = clients.pace_of(str(uuid4()), 50, tmp_path, NOBODY_URL)

    with database_away():
        is_taken = turns.acquire(0)
    is_taken_later = turns.acquire(0)

    assert (is_taken, is_taken_later) == (True, True)
    assert "The pace in the database is unusable: OperationalError" in caplog.messages


@needs_redis
def test_redis_that_is_back_is_taken_up_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cable = Cable()
    cable.cut()
    turns = clients.pace_of(str(uuid4()), 2, tmp_path, cable.url)
    taken = [turns.acquire(0) for _ in range(3)]

    cable.mend()
    later = time.time() + SECOND_STORE_SECONDS
    monkeypatch.setattr(pace, "time", SimpleNamespace(time=lambda: later, monotonic=time.monotonic))
    turns.acquire(0)
    is_used = cable.is_used
    cable.cut()

    assert taken == [True, True, False]
    assert is_used
