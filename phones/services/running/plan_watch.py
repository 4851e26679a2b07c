"""Whether a worker may go on with its plan: the plan's state, people's rights, the key, the circuit breaker."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from threading import Event

from phones import diga
from phones.models import NoKey, Plan
from phones.services.clock import DatabaseClock, has_passed
from phones.services.editing.guard import AGENTS_FRESH_FOR
from phones.services.plans.lifecycle import pause_plan
from phones.services.plans.lock import PlanHasMoved
from phones.services.projects.identity import ForeignProject
from phones.services.running.held_rows import Access
from phones.services.sync.refresh import reread_agents

# How often a worker asks whether it is to go on.
POLL_SECONDS = 0.5
# How often free workers are called to help, where there are several.
CALL_SECONDS = 2.0


class PlanWatch:
    """The plan as it was last loaded, and the key in use. `halted` is set once nothing new may begin, for all threads.

    :raises NoKey: the project has no usable key.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        clock: DatabaseClock,
        may_run: Callable[[Plan], bool],
        should_stop: Callable[[], bool],
        call_others: Callable[[], object] | None,
    ) -> None:
        self.plan = plan
        self.access = Access.of(plan.project)
        self.halted = Event()
        self._clock = clock
        self._may_run = may_run
        self._should_stop = should_stop
        self._call_others = call_others
        self._called_at = 0.0
        self._polled_at: float | None = None

    @property
    def may_begin(self) -> bool:
        """True while rows may be taken and sent."""
        return not self.halted.is_set() and not self.access.breaker.cause

    def poll(self) -> None:
        """Load the plan now and then, and at once when the breaker has tripped; pause it where it can't go on."""
        has_tripped = not self.halted.is_set() and bool(self.access.breaker.cause)
        if self._polled_at is not None and not has_tripped and time.monotonic() - self._polled_at < POLL_SECONDS:
            return
        self._polled_at = time.monotonic()
        self._clock.adjust()
        self.plan = Plan.objects.select_related("project", "author", "approver").get(pk=self.plan.pk)
        if not self.plan.is_running or self._should_stop():
            self.halted.set()
        elif not self._may_run(self.plan):
            self.pause("no_right")
        elif not self._has_key():
            self.pause("no_key")
        elif has_tripped and self.access.breaker.cause:
            # Not one that was noted since the key was looked at: it may be of a key that was replaced by then.
            self.pause(self.access.breaker.cause, self.access.breaker.message)
        else:
            self._read_agents_if_old()
            self._call_for_help()

    def pause(self, cause: str, message: str = "") -> None:
        """Pause the plan; somebody may have paused or ended it already."""
        self.halted.set()
        with suppress(PlanHasMoved):
            pause_plan(plan=self.plan, clock=self._clock, cause=cause, message=message)

    def _has_key(self) -> bool:
        """Take the key as it is now: it may have been replaced since, or taken away.

        What went wrong with another one says nothing of it, so it begins with a breaker of its own.
        """
        project = self.plan.project
        if project.token_id == self.access.project.token_id:
            self.access = replace(self.access, project=project)
            return True
        try:
            self.access = Access.of(project)
        except NoKey:
            return False
        return True

    def _read_agents_if_old(self) -> None:
        if not has_passed(AGENTS_FRESH_FOR, self.access.project.agents_read_at, self._clock()):
            return
        try:
            reread_agents(project=self.access.project, client=self.access.client, clock=self._clock)
        except ForeignProject as error:
            self.pause(error.cause)
        except diga.DigaError as error:
            self.access.breaker.note_error(error)

    def _call_for_help(self) -> None:
        if self._call_others and time.monotonic() - self._called_at > CALL_SECONDS:
            self._called_at = time.monotonic()
            self._call_others()
