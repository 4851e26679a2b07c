"""The bulkhead: how many threads of a web process may wait for Diga. The others serve lists, search and /health/.

Reads that a page can do without have a smaller limit of their own. Above a limit, the call is refused at once, and Diga
is not asked. While a project is marked silent, only one call of all processes at a time probes whether Diga answers.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.cache import cache

from phones import diga
from phones.models import Project

READS_AT_ONCE = 2
# Of these, so many may be about calls: the others are left to numbers.
CALLS_AT_ONCE = 1
# Together with the reads this leaves 3 of 8 threads free, and 7 of 16.
ACTS_AT_ONCE = max(1, settings.WEB_THREADS // 2 - 1)
# How long a save waits for a place: while Diga is quick, one becomes free.
ACT_PATIENCE_SECONDS = 1.0
# When the lock of a probe expires, in case its process died: longer than a save that waits at each step.
PROBE_SECONDS = 90

_reads = threading.BoundedSemaphore(READS_AT_ONCE)
_calls = threading.BoundedSemaphore(CALLS_AT_ONCE)
_acts = threading.BoundedSemaphore(ACTS_AT_ONCE)


class NotAsked(diga.DigaUnavailable):
    """Diga was not asked: the limit of waiting threads is reached, or another call probes it."""

    def __init__(self) -> None:
        super().__init__(reason=diga.Reason.CROWDED)


@contextmanager
def place_to_read(project: Project) -> Iterator[None]:
    """Take a place for a read that a page can do without.

    :raises NotAsked: there is none, or another call already probes whether Diga answers again.
    """
    with _place(_reads, 0.0), _probe(project):
        yield


@contextmanager
def place_for_calls(project: Project) -> Iterator[None]:
    """Take a place for a read of calls, which is one of those for reads.

    :raises NotAsked: there is none, or another call already probes whether Diga answers again.
    """
    with _place(_calls, 0.0), place_to_read(project):
        yield


@contextmanager
def place_to_act(project: Project | None) -> Iterator[None]:
    """Take a place for an action of a person: a save, a publication, a check of a key. None: a new project.

    :raises NotAsked: there is none, or another call already probes whether Diga answers again.
    """
    with _place(_acts, ACT_PATIENCE_SECONDS), _probe(project):
        yield


@contextmanager
def _place(places: threading.Semaphore, patience_seconds: float) -> Iterator[None]:
    if not places.acquire(timeout=patience_seconds):
        raise NotAsked
    try:
        yield
    finally:
        places.release()


@contextmanager
def _probe(project: Project | None) -> Iterator[None]:
    """Hold the probe's lock, a cache key, if Diga is marked silent; otherwise do nothing."""
    if project is None or project.is_reachable:
        yield
        return
    key = f"probe:{project.pk}"
    if not cache.add(key, True, timeout=PROBE_SECONDS):
        raise NotAsked
    try:
        yield
    finally:
        cache.delete(key)
