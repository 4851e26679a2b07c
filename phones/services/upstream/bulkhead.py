"""How many threads of a web process may wait for Diga at a time: the others go on serving lists, search and /health/.

A bulkhead. Reads that a page can do without have a small one of their own. Whoever gets no place is told at once, and
Diga is not asked. While a project is marked silent, one call at a time, of all processes, finds out whether it answers.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.cache import cache

from phones import diga
from phones.models import Project

READS_AT_ONCE = 2
# Together with the reads that leaves free 3 of 8 threads, 7 of 16.
ACTS_AT_ONCE = max(1, settings.WEB_THREADS // 2 - 1)
# Who saves waits a moment for a place: while Diga is quick there is one.
ACT_PATIENCE_SECONDS = 1.0
# A probe whose process died is forgotten after this: longer than a save that waits at each of its steps.
PROBE_SECONDS = 90

_reads = threading.BoundedSemaphore(READS_AT_ONCE)
_acts = threading.BoundedSemaphore(ACTS_AT_ONCE)


class NotAsked(diga.DigaUnavailable):
    """Diga was not asked: as many threads as may wait for it already."""

    def __init__(self) -> None:
        super().__init__(reason=diga.Reason.CROWDED)


@contextmanager
def place_to_read(project: Project) -> Iterator[None]:
    """Take a place to read what a page can be shown without.

    :raises NotAsked: there is none, or another call finds out already whether Diga answers again.
    """
    with _place(_reads, 0.0), _probe(project):
        yield


@contextmanager
def place_to_act(project: Project | None) -> Iterator[None]:
    """Take a place for what a person has asked for: to save, to publish, to check a key. None: a new project.

    :raises NotAsked: there is none, or another call finds out already whether Diga answers again.
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
    """Be the only call to a Diga that is silent; where it answers, one of many."""
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
