"""The worker as a process: it syncs what is due, and SIGTERM ends a sync, however slow Diga is."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from bench.rig.crashing import own_redis_url, start_huey, wait_until, worker_environment
from dashboard.cache import JsonCache
from dashboard.doorbell import RedisQueue
from phones import tasks
from phones.diga.sandbox import Sandbox
from phones.models import Project, SyncRun, SyncState
from phones.services import heartbeat
from phones.services.sync import passes
from tests.support.desk.saving import picture
from tests.support.machine.cabling import NOBODY_URL, Cable, needs_redis

STOPPED_WITHIN_SECONDS = 10
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def worker(transactional_db: None, diga_url: str, aurora: Project, tmp_path: Path) -> Iterator[Start]:
    """Return a start of `manage.py run_huey`, on this test's database and a queue of its own, or one on that Redis."""
    started: list[subprocess.Popen[str]] = []

    def start(redis_url: str | None = None) -> subprocess.Popen[str]:
        process = start_huey(worker_environment(tmp_path, diga_url, redis_url))
        started.append(process)
        return process

    yield start

    for process in started:
        process.kill()
        process.communicate()


def make_due() -> None:
    """Let every project wait for a sync."""
    Project.objects.update(sync_tried_at=timezone.now() - timedelta(hours=1))


def is_seen() -> bool:
    """Say whether a worker has written down that it runs, where real settings keep it."""
    return JsonCache("cache", {"VERSION": 2}).get(heartbeat.KEY) is not None


def test_worker_that_is_asked_to_stop_leaves_its_sync_to_the_next(
    worker: Start, aurora: Project, sandbox: Sandbox
) -> None:
    make_due()
    before = picture(aurora)
    # Nearly as long as a read may take; the agents and two pages.
    sandbox.switches.latency_ms = 9_000
    runs = SyncRun.objects.filter(project=aurora).order_by("-pk")
    earlier = runs[0].pk

    process = worker()
    wait_until(lambda: runs[0].pk != earlier and runs[0].is_taken)
    wait_until(is_seen, "The worker's heartbeat")
    said = end(process)

    assert (runs[0].state, runs[0].cause) == (SyncState.FAILED, "stopped"), said
    assert "Traceback" not in said
    assert picture(aurora) == before

    sandbox.switches.latency_ms = 0
    assert passes.due_projects(timezone.now()) == [aurora]
    tasks.tick()
    assert runs[0].is_complete


def test_sync_of_a_killed_worker_is_ended_by_another_and_made_again(
    worker: Start, aurora: Project, sandbox: Sandbox
) -> None:
    make_due()
    sandbox.switches.latency_ms = 9_000
    runs = SyncRun.objects.filter(project=aurora).order_by("-pk")
    earlier = runs[0].pk
    process = worker()
    wait_until(lambda: runs[0].pk != earlier and runs[0].is_taken)
    process.kill()
    process.wait()
    killed = runs[0]
    sandbox.switches.latency_ms = 0
    SyncRun.objects.filter(pk=killed.pk).update(heartbeat_at=killed.heartbeat_at - passes.SILENCE_LIMIT)

    process = worker()
    wait_until(lambda: not SyncRun.objects.get(pk=killed.pk).is_running, "The end of the killed sync")
    process.kill()
    tasks.tick()

    killed.refresh_from_db()
    assert (killed.state, killed.cause) == (SyncState.FAILED, "interrupted")
    assert (runs[0].pk > killed.pk, runs[0].is_complete) == (True, True)


def end(process: subprocess.Popen[str]) -> str:
    """Ask a worker to stop, and return all it said."""
    process.send_signal(signal.SIGTERM)
    said, _err = process.communicate(timeout=STOPPED_WITHIN_SECONDS)
    assert process.returncode == 0, said
    return said


def test_worker_that_never_finds_redis_works_all_the_same(worker: Start, aurora: Project) -> None:
    make_due()
    runs = SyncRun.objects.filter(project=aurora).order_by("-pk")
    earlier = runs[0].pk

    process = worker(NOBODY_URL)
    wait_until(lambda: runs[0].pk != earlier and not runs[0].is_running)
    said = end(process)

    assert runs[0].state == SyncState.COMPLETE, said
    assert "Traceback" not in said
    assert said.count("Redis does not answer") == 1


@needs_redis
def test_worker_outlives_an_outage_of_redis_and_hears_the_next_bell(worker: Start, aurora: Project) -> None:
    cable = Cable(own_redis_url())
    process = worker(cable.url)
    wait_until(lambda: cable.is_used)
    cable.cut()
    time.sleep(2)
    cable.mend()
    wait_until(lambda: cable.is_used)

    run = passes.claim_sync(project=aurora, now=timezone.now())
    ring(run)
    started_at = time.monotonic()
    wait_until(lambda: SyncRun.objects.get(pk=run.pk).is_complete)
    took_seconds = time.monotonic() - started_at
    said = end(process)
    cable.cut()

    # Long before the next tick.
    assert took_seconds < 20
    assert "Traceback" not in said
    # More often than once where its threads notice the two at different moments.
    assert said.count("Redis does not answer") == said.count("Redis answers again") >= 1


def ring(run: SyncRun) -> None:
    """Ring for a worker as the web does, past the cable."""
    queue = RedisQueue("phone-desk", url=own_redis_url(), results=False)
    queue.storage.enqueue(tasks.run_claimed_sync.huey.serialize_task(tasks.run_claimed_sync.s(run.pk)))
