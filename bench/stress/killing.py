"""Workers of plans that are asked to stop, killed while Diga applies late, and killed at any moment."""

import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.stress.desk import TOKEN

if TYPE_CHECKING:
    from phones.diga.sandbox import Sandbox, SandboxServer
    from phones.models import Plan

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
        from phones.services.routing.lanes import Target

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

    sandbox.handle = handle_so  # type: ignore[method-assign]
    try:
        yield
    finally:
        sandbox.handle = handle  # type: ignore[method-assign]


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
