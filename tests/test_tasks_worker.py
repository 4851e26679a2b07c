"""The worker as a process: it syncs what is due, and SIGTERM lets it finish what it does."""

import signal
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from phones.diga.sandbox import Sandbox
from phones.models import Project, SyncRun, SyncState
from tests.crashing import start_huey, wait_until, worker_environment


@pytest.fixture
def worker(
    transactional_db: None, diga_url: str, aurora: Project, tmp_path: Path
) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Return a start of `manage.py run_huey`, on this test's database and a queue of its own."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        process = start_huey(worker_environment(tmp_path, diga_url))
        started.append(process)
        return process

    yield start

    for process in started:
        process.kill()
        process.communicate()


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
