"""The worker as a process: it syncs what is due, and SIGTERM lets it finish what it does."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from phones.diga.sandbox import Sandbox
from phones.models import Project, SyncRun, SyncState

ROOT = Path(__file__).resolve().parent.parent


def database_url() -> str:
    """Return the address of this test's database."""
    parts = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{parts['NAME']}"
    return f"postgres://{parts['USER']}@{parts['HOST']}:{parts['PORT']}/{parts['NAME']}"


def worker_environment(folder: Path, diga_url: str) -> dict[str, str]:
    """Return the settings of a worker on this test's database, with a queue of its own."""
    redis = f"redis://127.0.0.1:6379/{1 + os.getpid() % 14}" if settings.REDIS_URL else ""
    return {
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(folder),
        "DATABASE_URL": database_url(),
        "REDIS_URL": redis,
        "DIGA_API_URL": diga_url,
        "TOKEN_KEYS": ",".join(settings.TOKEN_KEYS),
        "SECRET_KEY": settings.SECRET_KEY,
    }


@pytest.fixture
def worker(
    transactional_db: None, diga_url: str, aurora: Project, tmp_path: Path
) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Return a start of `manage.py run_huey`, on this test's database and a queue of its own."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "run_huey"],
            cwd=ROOT,
            env=worker_environment(tmp_path, diga_url),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start

    for process in started:
        process.kill()
        process.communicate()


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for something another process does."""
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, "It did not happen within 60 s"
        time.sleep(0.05)


def test_worker_syncs_what_is_due_and_ends_after_it(
    worker: Callable[[], subprocess.Popen[str]], aurora: Project, sandbox: Sandbox
) -> None:
    Project.objects.update(sync_tried_at=timezone.now() - timedelta(hours=1))
    sandbox.switches.latency_ms = 400
    runs = SyncRun.objects.filter(project=aurora).order_by("-pk")
    earlier = runs[0].pk

    process = worker()
    wait_until(lambda: runs[0].pk != earlier and runs[0].is_taken)
    process.send_signal(signal.SIGTERM)
    said, _err = process.communicate(timeout=60)

    assert process.returncode == 0, said
    assert runs[0].state == SyncState.COMPLETE, said
    assert "Traceback" not in said
