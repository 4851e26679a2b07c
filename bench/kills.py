"""`make kills`: plans whose workers are killed a hundred times, or asked to stop; then violations are counted.

Run as `python -m bench.kills --database sqlite|postgres`. It uses a temporary database and sandbox. Three parts:
workers that are asked to stop (`SIGTERM`), a Diga that applies writes 5 to 90 s late, those of dead workers too, and
workers killed at any moment, one or two at a time.
"""

import argparse
import json
import os
import random
import secrets
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django
import psycopg

if TYPE_CHECKING:
    from bench.rig.crashing import Crashes
    from phones.diga.sandbox import Sandbox, SandboxServer
    from phones.models import Plan
    from phones.services.routing.lanes import Target

POSTGRES = "postgres://postgres@127.0.0.1:5432/"
PHONES = 240
TOKEN = "sandbox-aurora-full"
KILLS_A_PLAN = 5
LATE_ROWS, LATE_KILLS, LATE_SECONDS = 40, 4, (5.0, 90.0)
# A write held for longer gets no answer, as its sender has given up.
HELD_SECONDS = 9.0
STOP_WITHIN_SECONDS = 20
# The time limit of a part, whatever goes wrong.
PATIENCE_SECONDS = 300.0


class Kills:
    """The three parts, on one project; `crashes` counts for all of them."""

    def __init__(self, server: "SandboxServer", folder: Path, chance: random.Random) -> None:
        from bench.rig.crashing import Crashes, Workshop, worker_environment

        self._project, self._lead = _connect()
        self._sandbox = server.sandbox
        self._env = worker_environment(folder / "worker", server.url)
        self._chance = chance
        self._plan_count = 0
        self._workshop = Workshop(self._env, folder / "workers.log")
        self.crashes: Crashes = Crashes(self._workshop, server.sandbox, chance, lives=(0.0, 0.6))
        self.stop_seconds: list[float] = []
        # Writes of dead workers that were lost before they reached the sandbox.
        self.lost_on_the_way = 0

    def plan(self, count: int | None = None) -> "Plan":
        """Make a plan that gives each number a new name, every second one also an agent, and start it."""
        from bench.rig.plans import make_plan, phones_of, start
        from phones.services.routing.catalogue import catalogue_of
        from phones.services.routing.edits import PhoneEdit

        self._plan_count += 1
        name = f"Plan {self._plan_count}"
        self._project.refresh_from_db()
        agents = [agent for agent in catalogue_of(self._project).offered if agent.published]
        agent = self._chance.choice(agents)
        assert agent.published
        target = Target(agent, agent.published)
        is_moving = self._plan_count % 2 == 0

        def wish(place: int) -> PhoneEdit:
            return PhoneEdit(f"{name}, {place}", target) if is_moving else PhoneEdit(f"{name}, {place}")

        return start(make_plan(self._lead, phones_of(self._project, count), wish), self._lead)

    def ask_to_stop(self, times: int) -> None:
        """Ask the production worker to stop in the middle of a plan, at random moments."""
        self._sandbox.switches.latency_ms = 100
        for _plan in range(times):
            if len(self.stop_seconds) < times:
                plan, started_at = self.plan(), len(self._sandbox.journal)
                while len(self.stop_seconds) < times and _fresh(plan).is_running:
                    self._stop_once(plan)
                self._let_end(plan)
                self.crashes.count(plan, started_at, 0)

    def _stop_once(self, plan: "Plan") -> None:
        from bench.rig.crashing import start_huey, wait_until
        from phones.models import Change, ItemState, Outcome

        seen = len(self._sandbox.journal)
        process = start_huey(self._env)
        wait_until(lambda: len(self._sandbox.journal) > seen, "A worker's first request")
        time.sleep(self._chance.uniform(0.0, 0.5))
        asked_at = time.monotonic()
        process.send_signal(signal.SIGTERM)
        said, _errors = process.communicate(timeout=60)
        self.stop_seconds.append(time.monotonic() - asked_at)
        faults = self.crashes.faults
        faults["stops that failed"] += process.returncode != 0 or "Traceback" in said
        faults["stops that took too long"] += self.stop_seconds[-1] > STOP_WITHIN_SECONDS
        open_rows = plan.items.filter(state__in=[ItemState.CLAIMED, ItemState.SENDING, ItemState.UNKNOWN])
        faults["rows in the air after a stop"] += open_rows.count()
        open_changes = Change.objects.filter(outcome__in=[Outcome.PENDING, Outcome.UNKNOWN])
        faults["changes in the air after a stop"] += open_changes.count()

    def _let_end(self, plan: "Plan") -> None:
        """Run a worker, without stopping it, until the plan has ended."""
        self._workshop.start(plan.pk).wait()
        plan.refresh_from_db()

    def kill_while_late(self) -> None:
        """Kill workers while Diga holds their writes, and applies them afterwards. In real time."""
        from django.utils import timezone

        from phones.models import ItemState
        from phones.services.editing.recheck import sweep

        self._sandbox.switches.latency_ms = 0
        plan, started_at, killed = self.plan(LATE_ROWS), len(self._sandbox.journal), 0
        until = time.monotonic() + PATIENCE_SECONDS
        with _handled_by(self._sandbox, self._hold):
            worker = self._workshop.start(plan.pk)
            kill_at = time.monotonic() + self._chance.uniform(1, 8)
            while plan.is_running and time.monotonic() < until:
                time.sleep(0.5)
                if killed < LATE_KILLS and time.monotonic() > kill_at:
                    killed += worker.kill()
                    kill_at = time.monotonic() + self._chance.uniform(3, 8)
                if worker.is_over:
                    worker = self._workshop.start(plan.pk)
                sweep(clock=timezone.now)
                plan.refresh_from_db()
        # Postponed writes are applied by now or soon; reads after a minute at the latest are final.
        open_rows = plan.items.filter(state__in=[ItemState.SENDING, ItemState.UNKNOWN])
        while open_rows.exists() and time.monotonic() < until:
            sweep(clock=timezone.now)
            time.sleep(1.0)
        self.crashes.kill_count += killed
        self.crashes.count(plan, started_at, killed)

    def kill(self, count: int) -> None:
        """Kill workers at random moments of their lives, one or two at a time, so often."""
        self._sandbox.switches.latency_ms = 20
        target = self.crashes.kill_count + count
        while self.crashes.kill_count < target:
            workers = 1 + self._plan_count % 2
            kills = min(KILLS_A_PLAN, target - self.crashes.kill_count)
            with _handled_by(self._sandbox, self._lose_some):
                self.crashes.run(self.plan(), kills=kills, workers=workers)

    def _lose_some(self) -> None:
        """Hold a write for a moment; of those whose sender dies meanwhile, every second one is lost."""
        deaths = self.crashes.death_count
        time.sleep(self._chance.uniform(0.0, 0.04))
        if self.crashes.death_count != deaths and self._chance.random() < 0.5:
            self.lost_on_the_way += 1
            raise ConnectionAbortedError

    def _hold(self) -> None:
        """Hold a write for seconds, whether or not its sender still waits; above the limit it gets no answer."""
        from phones.diga.sandbox import Fault

        seconds = self._chance.uniform(*LATE_SECONDS)
        time.sleep(min(seconds, HELD_SECONDS))
        if seconds > HELD_SECONDS:
            late = Fault("status", status=504, method="PATCH", when="late", late_seconds=seconds - HELD_SECONDS)
            self._sandbox.faults.add(late)

    def close(self) -> str:
        """Stop the workers, and return their errors."""
        self._workshop.close()
        return self._workshop.said


def _fresh(plan: "Plan") -> "Plan":
    plan.refresh_from_db()
    return plan


@contextmanager
def _handled_by(sandbox: "Sandbox", before_write: Callable[[], None]) -> Iterator[None]:
    """Call a function for each write on its way, outside the sandbox's lock."""
    handle = sandbox.handle

    def handle_so(request: Any) -> Any:
        if request.method == "PATCH":
            before_write()
        return handle(request)

    sandbox.handle = handle_so
    try:
        yield
    finally:
        sandbox.handle = handle


def _connect() -> tuple[Any, Any]:
    from django.contrib.auth.models import User
    from django.utils import timezone

    from phones.models import Membership, Role
    from phones.services.projects import keys
    from phones.services.sync import passes

    project, _check = keys.connect_project(name="Kills", token=TOKEN, actor=None, now=timezone.now())
    passes.sync_project(project=project, clock=timezone.now)
    lead = User.objects.create_user("lead")
    Membership.objects.create(project=project, user=lead, role=Role.LEAD)
    return project, lead


def main() -> int:
    """Kill workers, verify, print; return 1 if there was any violation."""
    arguments = _read_arguments()
    print(f"{arguments.kills} kills on {arguments.database} with seed {arguments.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="phone-desk-kills-") as name, _database(arguments.database, name) as url:
        folder = Path(name)
        server = _prepare(folder, url)
        kills = Kills(server, folder, random.Random(arguments.seed))
        parts: dict[str, Callable[[], None]] = {
            "stops": lambda: kills.ask_to_stop(arguments.stops),
            "late": kills.kill_while_late,
            "kills": lambda: kills.kill(arguments.kills),
        }
        seconds = {}
        for part in arguments.parts:
            began_at = time.monotonic()
            parts[part]()
            seconds[part] = round(time.monotonic() - began_at, 1)
            print(f"{seconds[part]:7.1f} s  {part}", flush=True)
        said = kills.close()
        broken = _check(kills.crashes, server.sandbox, said)
        server.stop()
        _leave()
    _print(kills, arguments, seconds, broken)
    return 1 if broken else 0


def _print(kills: Kills, arguments: argparse.Namespace, seconds: dict[str, float], broken: list[str]) -> None:
    crashes = kills.crashes
    figures = {
        "database": arguments.database,
        "seed": arguments.seed,
        "seconds": seconds,
        "kills": crashes.kill_count,
        "rows": crashes.row_count,
        "rows being sent at a kill, median": statistics.median(crashes.ambiguous or [0]),
        "rows being sent at a kill, most": max(crashes.ambiguous, default=0),
        "writes of the dead lost on their way": kills.lost_on_the_way,
        "sent and received again": crashes.resent_count,
        "longest stop, seconds": round(max(kills.stop_seconds, default=0.0), 1),
        **dict(crashes.faults),
        "broken": broken,
    }
    for name, value in figures.items():
        print(f"{value!s:>12}  {name}")
    print(json.dumps(figures))
    print("Nothing broke." if not broken else f"{len(broken)} broke.")


def _check(crashes: "Crashes", sandbox: "Sandbox", said: str) -> list[str]:
    """Return the violated invariants."""
    from bench.rig.invariants import assert_invariants

    broken = [f"{name}: {count}" for name, count in crashes.broken.items()]
    if said:
        broken.append(said[-3000:])
    try:
        assert_invariants(sandbox)
    except AssertionError as error:
        broken.append(str(error)[:3000])
    return broken


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="kills", description="Workers of plans killed, on this machine only.")
    parser.add_argument("--kills", type=int, default=100, help="How many (100).")
    parser.add_argument("--stops", type=int, default=10, help="How often a worker is asked to stop (10).")
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite", help="On which (sqlite).")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6), help="Default: any.")
    parser.add_argument("--parts", nargs="+", choices=["stops", "late", "kills"], default=["stops", "late", "kills"])
    return parser.parse_args()


@contextmanager
def _database(kind: str, folder: str) -> Iterator[str]:
    """Make a temporary database, and return its address."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/phone-desk.sqlite3"
        return
    name = f"phone_desk_kills_{secrets.token_hex(4)}"
    with psycopg.connect(POSTGRES + "postgres", connect_timeout=3, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield POSTGRES + name
    finally:
        with psycopg.connect(POSTGRES + "postgres", connect_timeout=3, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _leave() -> None:
    from django.db import connections

    connections.close_all()


def _prepare(folder: Path, database_url: str) -> "SandboxServer":
    """Set up an installation in the folder, and a sandbox in this process."""
    (folder / "worker").mkdir(mode=0o700)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        "DATA_DIR": str(folder),
        "DATABASE_URL": database_url,
        "REDIS_URL": "",
        "DEBUG": "false",
        "DIGA_PROXY_URL": "",
        "DIGA_REQUESTS_PER_SECOND": "100000",
        "LOG_LEVEL": "CRITICAL",
    }
    from phones.diga.sandbox import Sandbox, SandboxServer

    server = SandboxServer(Sandbox(phones=PHONES, max_journal=sys.maxsize))
    server.start()
    os.environ["DIGA_API_URL"] = server.url
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    return server


if __name__ == "__main__":
    sys.exit(main())
