"""The threads of a soak: editors, a lead with plans, workers, syncs, and the faults that disturb them."""

import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from phones.diga.sandbox import Sandbox
    from phones.diga.sandbox.faults.planned import Kind
    from phones.models import Phone, Plan, Project

EDITORS = 4
SHARED = 10
LATE_SECONDS = (1.0, 90.0)
HANG_SECONDS = 0.8
# Kind, method, options: each as likely as the other. Faults of the wire, refusals, and invalid answers.
FAULTS: tuple[tuple["Kind", str | None, dict[str, Any]], ...] = (
    ("hang", "PATCH", {"seconds": HANG_SECONDS}),
    ("close", "PATCH", {}),
    ("reset", "PATCH", {}),
    ("truncated", "PATCH", {}),
    ("drip", "PATCH", {"seconds": 0.05}),
    ("big_header", "PATCH", {}),
    ("redirect", "PATCH", {}),
    ("html", "PATCH", {}),
    ("not_json", "PATCH", {}),
    ("empty", "PATCH", {}),
    ("status", "PATCH", {"status": 500}),
    ("status", "PATCH", {"status": 502}),
    ("status", "PATCH", {"status": 409}),
    ("status", "PATCH", {"status": 403}),
    ("status", "PATCH", {"status": 429, "retry_after": "0"}),
    ("stored_other", "PATCH", {}),
    ("close", "GET", {}),
    ("reset", "GET", {"times": 3}),
    ("status", "GET", {"status": 503, "times": 4}),
    ("status", "GET", {"status": 429, "retry_after": "0"}),
    ("not_json", "GET", {}),
    # Diga is down for a while: the last writes can't be read back.
    ("status", None, {"status": 502, "times": 30}),
    ("close", None, {"times": 30}),
)


class Soak:
    """The threads of a soak, until its time is over; `counts` has the totals."""

    def __init__(self, project: "Project", sandbox: "Sandbox", seed: int, seconds: float) -> None:
        self._project = project
        self._sandbox = sandbox
        self._seed = seed
        self._until = time.monotonic() + seconds
        self._lock = threading.Lock()
        self.counts: Counter[str] = Counter()
        self.failures: list[str] = []

    def run(self) -> None:
        """Start all threads, and return when all have ended."""
        works = [
            *(partial(self._edit, number) for number in range(EDITORS)),
            self._lead,
            self._work_at_plans,
            self._work_at_plans,
            self._sync,
            self._sweep,
            self._disturb,
        ]
        threads = [threading.Thread(target=self._guarded, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _guarded(self, work: Callable[[], None]) -> None:
        """Run a thread's function; an exception counts as a failure of the soak."""
        from django.db import connections

        try:
            work()
        finally:
            if error := sys.exception():
                self.failures.append(f"{type(error).__name__}: {error}")
            connections.close_all()

    def _is_over(self) -> bool:
        return time.monotonic() >= self._until or bool(self.failures)

    def _count(self, name: str) -> None:
        with self._lock:
            self.counts[name] += 1

    def _edit(self, number: int) -> None:
        """Rename phones and change their agents, sometimes the same ones as other editors."""
        from django.utils import timezone

        from phones import diga
        from phones.models import Phone
        from phones.services.editing import save
        from phones.services.editing.guard import impacts_of
        from phones.services.routing.edits import PhoneSnapshot
        from phones.services.routing.impact import fingerprint

        chance = random.Random(self._seed * 100 + number)
        ids = list(
            Phone.objects.filter(project=self._project, status="assigned").order_by("id").values_list("id", flat=True)
        )
        for turn in range(sys.maxsize):
            if self._is_over():
                return
            # A third of the edits is of ten phones that every editor renames; the others are this editor's own.
            is_shared = turn % 3 == 0
            phone_id = chance.choice(ids[:SHARED] if is_shared else ids[SHARED + number :: EDITORS])
            phone = Phone.objects.select_related("project").get(pk=phone_id)
            wanted = self._wish(chance, f"Soak {number} {turn}", None if is_shared else phone)
            agreed = fingerprint(impacts_of(phone, wanted))
            try:
                saved = save.change_phone(
                    project=phone.project,
                    phone=phone,
                    edit=wanted,
                    base=PhoneSnapshot.of(phone),
                    author=save.Author(None, "Soak"),
                    agreed=agreed,
                    clock=timezone.now,
                )
            except diga.DigaError:
                self._count("not sent: the read before it failed")
            else:
                self._count(f"sent: {saved.change.outcome}" if saved.change else f"not sent: {saved.kind}")

    def _wish(self, chance: random.Random, name: str, phone: "Phone | None") -> Any:
        """Return a rename or, if the phone is known, one time in four another agent in its published version."""
        from phones.services.routing.catalogue import catalogue_of
        from phones.services.routing.edits import PhoneEdit
        from phones.services.routing.lanes import Target

        if phone is None or chance.random() < 0.75:
            return PhoneEdit(nickname=name)
        # The present value is no edit: its success would prove nothing. An agent without a published version is
        # assigned in a version that this publishes, if Diga does as requested.
        targets = [
            Target(agent, agent.published or agent.offered[0])
            for agent in catalogue_of(phone.project).offered
            if agent.id != phone.inbound_agent_id
        ]
        return PhoneEdit(inbound=chance.choice(targets))

    def _lead(self) -> None:
        """Make plans and act on them: pause, resume, stop, retry, revert."""
        from phones.services.plans.create import NothingPlanned
        from phones.services.plans.lifecycle import NothingToApply, PreviewHasMoved

        chance = random.Random(self._seed * 100 + 99)
        previous = None
        for turn in range(sys.maxsize):
            if self._is_over():
                return
            try:
                plan = self._plan(chance, turn, previous)
            except (NothingPlanned, NothingToApply, PreviewHasMoved) as refusal:
                self._count(f"plans not made: {type(refusal).__name__}")
                previous = None
                continue
            self._meddle(chance, plan)
            previous = plan
            for state, count in Counter(plan.items.values_list("state", flat=True)).items():
                self.counts[f"rows of plans: {state}"] += count
            self._count(f"plans: {plan.kind} {plan.state}")

    def _plan(self, chance: random.Random, turn: int, previous: "Plan | None") -> "Plan":
        """Start a plan of 20 to 50 numbers, or sometimes a follow-up of the last one."""
        from django.contrib.auth.models import User
        from django.utils import timezone

        from bench.rig.plans import make_plan, start
        from phones.models import Phone, PlanKind
        from phones.services.plans.follow_ups import plan_again
        from phones.services.routing.edits import PhoneEdit

        lead, _made = User.objects.get_or_create(username="lead", is_superuser=True)
        if previous is not None and chance.random() < 0.5:
            kind = chance.choice([PlanKind.RETRY, PlanKind.REST, PlanKind.REVERT])
            again = plan_again(
                plan=previous, kind=kind, author=lead, reason="Soak", ticket="", form_token=None, clock=timezone.now
            )
            return start(again, lead)
        phones = list(Phone.objects.filter(project=self._project, status="assigned").order_by("id"))
        chosen = chance.sample(phones, chance.randint(20, 50))
        return start(make_plan(lead, chosen, lambda place: PhoneEdit(nickname=f"Soak plan {turn}, {place}")), lead)

    def _meddle(self, chance: random.Random, plan: "Plan") -> None:
        """Pause, resume or stop a plan, until it is over."""
        from django.utils import timezone

        from phones.services.plans import lifecycle
        from phones.services.plans.lock import PlanHasMoved

        while True:
            time.sleep(chance.uniform(0.1, 0.6))
            plan.refresh_from_db()
            dice = chance.random()
            try:
                if plan.is_over:
                    return
                if self._is_over() or dice < 0.1:
                    lifecycle.stop_plan(plan=plan, clock=timezone.now)
                elif plan.is_paused and plan.author:
                    self._count(f"pauses: {plan.cause or 'by the lead'}")
                    lifecycle.resume_plan(plan=plan, by=plan.author, clock=timezone.now)
                elif dice < 0.4:
                    lifecycle.pause_plan(plan=plan, clock=timezone.now)
            except PlanHasMoved:
                continue

    def _work_at_plans(self) -> None:
        """Work as a worker does: process rows of the running plan."""
        from django.utils import timezone

        from phones.access import may_run_plan
        from phones.models import Plan, PlanState
        from phones.services.running.runner import run_plan

        while not self._is_over():
            plan = Plan.objects.select_related("project").filter(state=PlanState.RUNNING).first()
            if plan is not None:
                run_plan(plan=plan, clock=timezone.now, may_run=may_run_plan, should_stop=self._is_over)
            time.sleep(0.1)

    def _sync(self) -> None:
        from django.utils import timezone

        from phones.services.sync.passes import sync_project

        while not self._is_over():
            self._project.refresh_from_db()
            self._count(f"passes: {sync_project(project=self._project, clock=timezone.now).state}")

    def _sweep(self) -> None:
        """Recheck unknown outcomes as soon as they are due."""
        from django.utils import timezone

        from phones.services.editing.recheck import sweep

        while not self._is_over():
            self.counts["looked at again and settled"] += sweep(clock=timezone.now)
            time.sleep(1.0)

    def _disturb(self) -> None:
        """Plan a fault about every fifth of a second; sometimes clear the remaining ones."""
        from phones.diga.sandbox import Fault

        chance = random.Random(self._seed)
        while not self._is_over():
            kind, method, options = chance.choice(FAULTS)
            # A refusal is never applied. Postponed writes are applied up to 90 s late, except those lost by a kept
            # connection: they are sent again once a read shows the old value.
            is_refusal = 400 <= options.get("status", 0) < 500
            whens = ["before", "after"] if kind in {"close", "reset"} else ["before", "after", "late"]
            when: Any = "before" if is_refusal else chance.choice(whens)
            if when == "late":
                options = {**options, "late_seconds": chance.uniform(*LATE_SECONDS)}
            path = "/v1/phone/" if method == "PATCH" or chance.random() < 0.8 else ""
            with self._sandbox.lock:
                if chance.random() < 0.1:
                    self._sandbox.faults.clear()
                self._sandbox.faults.add(Fault(kind, method=method, path=path, when=when, **options))
            self._count("faults planned")
            time.sleep(chance.uniform(0.05, 0.35))
        self._sandbox.faults.clear()
