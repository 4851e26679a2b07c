"""Workers as processes that are killed: starting, killing, and counting violations. For tests and `bench.stress.kills`.

Run as `python -m bench.rig.crashing`, this is a process that has everything loaded and forks a worker for each line
that it reads: the id of a plan, the offset of the worker’s clock in seconds, and Diga's timeout.
"""

import importlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import django
from django.conf import settings
from django.db import connection, connections
from django.utils import timezone

from phones.diga.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[2]
# After this, the lease and every write of a dead worker are over.
LEASES_OVER_SECONDS = 90.0
# After so long without a request, none will reach the sandbox any more.
QUIET_SECONDS = 0.12
PATIENCE_SECONDS = 60.0
MOST_ROUNDS = 200


def database_url() -> str:
    """Return the address of this process's database."""
    parts = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{parts['NAME']}"
    return f"postgres://{parts['USER']}@{parts['HOST']}:{parts['PORT']}/{parts['NAME']}"


def own_redis_url() -> str:
    """Return the address of a Redis database for this process."""
    return f"redis://127.0.0.1:6379/{1 + os.getpid() % 14}"


def worker_environment(folder: Path, diga_url: str, redis_url: str | None = None) -> dict[str, str]:
    """Return the settings of a worker on this process's database, with a queue of its own."""
    if redis_url is None:
        redis_url = own_redis_url() if settings.REDIS_URL else ""
    # They are on one machine, which keeps the heads of the hash chains.
    heads = settings.DATA_DIR / "diary-heads"
    heads.mkdir(exist_ok=True)
    if not (folder / heads.name).exists():
        (folder / heads.name).symlink_to(heads)
    return {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        "DATA_DIR": str(folder),
        "DATABASE_URL": database_url(),
        "REDIS_URL": redis_url,
        "DIGA_API_URL": diga_url,
        "DIGA_REQUESTS_PER_SECOND": "100000",
        "TOKEN_KEYS": ",".join(settings.TOKEN_KEYS),
        "DIARY_KEY": settings.DIARY_KEY,
        "SECRET_KEY": settings.SECRET_KEY,
    }


def wait_until(is_so: Callable[[], bool], what: str = "It") -> None:
    """Wait for an effect of another process."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, f"{what} did not happen within {PATIENCE_SECONDS:g} s"
        time.sleep(0.01)


def start_huey(env: Mapping[str, str]) -> "subprocess.Popen[str]":
    """Start `manage.py run_huey`, the production worker, after creating the cache table."""
    return subprocess.Popen(
        [sys.executable, "manage.py", "run_huey"],
        cwd=ROOT,
        env=dict(env),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


class Worker:
    """A worker process for one plan."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    @property
    def is_over(self) -> bool:
        """True when the process has ended."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        return False

    def kill(self) -> bool:
        """Send SIGKILL; return whether it was still running."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
            wait_until(lambda: self.is_over, "The end of a killed worker")
            return True
        return False

    def wait(self) -> None:
        """Wait until it has ended by itself."""
        wait_until(lambda: self.is_over, "The end of a worker")


class Workshop:
    """Forks workers, each a process of its own, within milliseconds."""

    def __init__(self, env: Mapping[str, str], log: Path) -> None:
        self._log = log
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bench.rig.crashing"],
                cwd=ROOT,
                env={**env, "LOG_LEVEL": "CRITICAL"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def start(self, plan_id: int, *, ahead_seconds: float = 0.0, read_timeout: float = 10.0) -> Worker:
        """Start a worker for a plan."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([plan_id, ahead_seconds, read_timeout]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, self.said
        return Worker(int(line))

    @property
    def said(self) -> str:
        """The error output of the workers."""
        return self._log.read_text(errors="replace")

    def close(self) -> None:
        """Stop the forking process."""
        self._process.communicate(timeout=PATIENCE_SECONDS)


@dataclass
class Crashes:
    """Runs plans with workers that are killed, until each has ended; then counts violations."""

    workshop: Workshop
    sandbox: Sandbox
    chance: random.Random
    # Moments in the life of a worker, in seconds, each as likely as the other.
    lives: tuple[float, float] = (0.02, 0.5)
    ahead_seconds: float = 0.0
    kill_count: int = 0
    # Set just before a worker is killed.
    death_count: int = 0
    row_count: int = 0
    # The number of rows being sent, at each kill.
    ambiguous: list[int] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    resent_count: int = 0

    def clock(self) -> datetime:
        """Return the time at which the last lease ends."""
        return timezone.now() + timedelta(seconds=self.ahead_seconds)

    def run(self, plan: Any, *, kills: int, workers: int = 1) -> None:
        """Run workers on a plan, kill them at random moments, sweep, and repeat until it has ended."""
        started_at, killed = len(self.sandbox.journal), 0
        for _round in range(MOST_ROUNDS):
            seen = len(self.sandbox.journal)
            team = [self.workshop.start(plan.pk, ahead_seconds=self.ahead_seconds) for _ in range(workers)]
            for worker in team:
                if killed < kills:
                    # A worker's life begins with its first request.
                    self._wait_for_life(seen, worker)
                    time.sleep(self.chance.uniform(*self.lives) / workers)
                    self.death_count += 1
                    killed += worker.kill()
            for worker in team:
                worker.wait()
            self.sweep(plan)
            if not plan.is_running:
                break
        self.kill_count += killed
        self.count(plan, started_at, killed)

    def _wait_for_life(self, seen: int, worker: Worker) -> None:
        wait_until(lambda: len(self.sandbox.journal) > seen or worker.is_over, "A worker's first request")

    def sweep(self, plan: Any) -> None:
        """Count the rows being sent, and run the sweeper after their leases."""
        from phones.models import ItemState
        from phones.services.editing.recheck import sweep
        from phones.services.plans.lifecycle import finish_if_done

        self.wait_for_quiet()
        sending = plan.items.filter(state=ItemState.SENDING).count()
        if sending or plan.items.filter(state=ItemState.CLAIMED).exists():
            self.ambiguous.append(sending)
        self.ahead_seconds += LEASES_OVER_SECONDS
        sweep(clock=self.clock)
        finish_if_done(plan, clock=self.clock)
        plan.refresh_from_db()

    def wait_for_quiet(self) -> None:
        """Wait until the sandbox has processed every request of dead workers."""
        count = -1
        while count != len(self.sandbox.journal):
            count = len(self.sandbox.journal)
            time.sleep(QUIET_SECONDS + self.sandbox.switches.latency_ms / 1000)

    def count(self, plan: Any, started_at: int, killed: int) -> None:
        """Compare the plan's rows with the sandbox's phones, and with its journal from that position on."""
        from phones.models import ItemState
        from phones.services.editing.recheck_times import APPLIED_WITHIN

        received: Counter[UUID] = Counter()
        applied: Counter[UUID] = Counter()
        # Settled as not applied before Diga has applied them.
        late: set[UUID] = set()
        for request in self.sandbox.journal[started_at:]:
            if request.method == "PATCH":
                phone_id = UUID(request.path.rpartition("/")[2])
                received[phone_id] += 1
                applied[phone_id] += request.applied
                late |= {phone_id} if request.is_later_than(APPLIED_WITHIN) else set()
        items = list(plan.items.all())
        self.row_count += len(items)
        for item in items:
            has_it = self.sandbox.phones[item.phone_id].nickname == item.after["nickname"]
            is_done = item.state == ItemState.DONE
            self.resent_count += max(0, received[item.phone_id] - 1)
            self.faults["lost"] += item.is_open
            self.faults["written twice"] += applied[item.phone_id] > 1
            self.faults["sent more often than once a kill"] += received[item.phone_id] > 1 + killed
            self.faults["falsely done"] += is_done and not has_it
            self.faults["done and not said so"] += has_it and not is_done and item.phone_id not in late
        self.faults["plans that did not end"] += not plan.is_over

    @property
    def broken(self) -> dict[str, int]:
        """Return the violations."""
        return {name: count for name, count in self.faults.items() if count}


def _work(plan_id: int, ahead_seconds: float, read_timeout: float) -> None:
    """Run a plan as a worker's task does."""
    from phones.access import may_run_plan
    from phones.diga import DigaClient
    from phones.models import Plan
    from phones.services.running.runner import run_plan

    (DigaClient.__init__.__kwdefaults__ or {})["read_timeout"] = read_timeout
    ahead = timedelta(seconds=ahead_seconds)
    plan = Plan.objects.select_related("project").get(pk=plan_id)
    run_plan(plan=plan, clock=lambda: timezone.now() + ahead, may_run=may_run_plan)


def main() -> None:
    """Fork a worker for each line, and print its process id."""
    django.setup()
    # The slowest part of a worker's start.
    importlib.import_module("phones.tasks")
    connections.close_all()
    # Nobody has to wait for the dead processes (no zombies).
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _work(*json.loads(line))
            os._exit(0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
