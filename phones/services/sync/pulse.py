"""The heartbeat of a pass: it tells others that its process lives, and the pass when it has to end."""

from collections.abc import Callable
from datetime import timedelta
from threading import get_ident

from phones.models import SyncRun, SyncState
from phones.services.clock import Clock, is_ahead
from phones.services.projects.answers import KeyChanged, has_same_key

# How often the row of a run is written: its counts are shown while it goes on.
BEAT = timedelta(seconds=0.5)
COUNTS = (
    "agent_count",
    "phone_count",
    "written_count",
    "new_count",
    "outside_count",
    "missing_count",
    "malformed_count",
    "expected_count",
)


class ClockSetBack(Exception):
    """The clock was set back during this run: what was read before seems newer than what is read now."""


class TakenOver(Exception):
    """The row of this run was ended by another process, which held it for dead."""


class Stopping(Exception):
    """The process was asked to stop."""


class Pulse:
    """The heartbeat of a run; call it before anything that takes long, and while waiting. Made in the run's thread."""

    def __init__(self, run: SyncRun, clock: Clock, should_stop: Callable[[], bool]) -> None:
        self._run = run
        self._clock = clock
        self._should_stop = should_stop
        self._thread = get_ident()

    def __call__(self) -> None:
        """Write how far the run is, if it is time to; the threads that read Diga's list only ask whether to stop.

        :raises Stopping: the process was asked to stop.
        """
        if self._should_stop():
            raise Stopping
        if get_ident() == self._thread:
            self.beat()

    def beat(self, *, is_due: bool = False) -> None:
        """Write how far the run is, every half second.

        :raises TakenOver: it was ended by another process.
        :raises KeyChanged: the key that it reads with was replaced or taken away.
        :raises ClockSetBack: the last beat is ahead of now.
        """
        run, now = self._run, self._clock()
        if is_ahead(run.heartbeat_at, now):
            raise ClockSetBack
        if not is_due and now - run.heartbeat_at < BEAT:
            return
        run.heartbeat_at = now
        counts = {name: getattr(run, name) for name in COUNTS}
        running = SyncRun.objects.filter(pk=run.pk, state=SyncState.RUNNING)
        if not running.update(heartbeat_at=now, **counts):
            raise TakenOver
        if not has_same_key(run.project):
            raise KeyChanged
