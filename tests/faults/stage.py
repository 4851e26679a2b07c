"""Where a row of the table of faults is played: a synced project, its stand-in Diga, a clock that can be put on."""

import itertools
import os
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from phones.diga.sandbox import Fault, Sandbox, SandboxServer
from phones.models import Change, Phone, Project, SyncRun
from phones.services.editing.recheck import sweep
from phones.services.editing.recheck_times import APPLIED_WITHIN, SENT_WITHIN
from phones.services.projects import clients
from phones.services.routing.edits import PhoneEdit
from phones.services.sync.passes import sync_project
from tests.support.desk.saving import patches, save, stored

LIST = "/v1/phone/"


@dataclass
class Stage:
    """What a row works with. Every save is a rename to a name that was not there before, unless it says otherwise."""

    request: pytest.FixtureRequest
    monkeypatch: pytest.MonkeyPatch
    settings: Settings
    tmp_path: Path
    server: SandboxServer
    sandbox: Sandbox
    project: Project
    phone: Phone
    passed: timedelta = timedelta(0)
    changed_outside: set[UUID] = field(default_factory=set)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @cached_property
    def client(self) -> Client:
        """A browser of a person who may save; our own errors are pages in it, as outside of tests."""
        client: Client = self.request.getfixturevalue("client_of")(self.request.getfixturevalue("router"))
        client.raise_request_exception = False
        return client

    @property
    def list_path(self) -> str:
        """The address of the list of phones."""
        return f"/projects/{self.project.slug}/phones/"

    def clock(self) -> datetime:
        """Return the time, later by what has passed."""
        return timezone.now() + self.passed

    def let_pass(self, duration: timedelta) -> None:
        """Put the clock on."""
        self.passed += duration

    def plan(self, kind: Any, method: str = "PATCH", **options: Any) -> None:
        """Plan a fault, for one write unless it says otherwise."""
        self.sandbox.faults.add(Fault(kind, method=method, **options))

    def new_name(self) -> str:
        """Return a nickname that no phone has had."""
        return f"Renamed {next(self._numbers)}"

    def rename(self, phone: Phone | None = None, name: str | None = None, **options: Any) -> Change:
        """Save a new nickname, and return the change as it stands in the diary."""
        return self.save(PhoneEdit(nickname=name or self.new_name()), phone, **options)

    def save(self, wanted: PhoneEdit, phone: Phone | None = None, **options: Any) -> Change:
        """Save, as somebody who has just opened the phone, and return the change as it stands in the diary."""
        change = save(stored(phone or self.phone), wanted, **{"clock": self.clock} | options).change
        change.refresh_from_db()
        return change

    def sync(self, **options: Any) -> SyncRun:
        """Do one pass over Diga's list."""
        project = Project.objects.get(pk=self.project.pk)
        return sync_project(project=project, clock=self.clock, **options)

    def sweep(self) -> int:
        """Look at what is open as the worker does, when Diga can't apply any more what a dead sender sent."""
        self.let_pass(SENT_WITHIN + APPLIED_WITHIN + timedelta(seconds=1))
        return sweep(clock=self.clock)

    def settled(self, change: Change) -> str:
        """Return what a change is said to have come to, once the sweeper has been by."""
        self.sweep()
        change.refresh_from_db()
        return change.outcome

    def sent_by(self, act: Callable[[], object]) -> int:
        """Do something, and return how many writes Diga received of it."""
        count = len(patches(self.sandbox))
        act()
        return len(patches(self.sandbox)) - count


@dataclass(frozen=True)
class Row:
    """A row of the table: what goes wrong, what is promised then (the docstring), and the test of it."""

    number: int
    play: Callable[[Stage], None]

    def __str__(self) -> str:
        return f"{self.number:02d}-{self.play.__name__.replace('_', '-')}"


ROWS: list[Row] = []


def row(number: int) -> Callable[[Callable[[Stage], None]], Callable[[Stage], None]]:
    """Put a function into the table, as the test of the row with this number."""

    def enter(play: Callable[[Stage], None]) -> Callable[[Stage], None]:
        ROWS.append(Row(number, play))
        return play

    return enter


def together(*acts: Callable[[], object]) -> list[object]:
    """Do things at the same moment, each in a thread; return what each returned or raised, in order."""
    start = threading.Barrier(len(acts))
    found: list[object] = [None] * len(acts)

    def run(place: int, act: Callable[[], object]) -> None:
        start.wait()
        try:
            found[place] = act()
        except Exception as error:  # noqa: BLE001 - the test looks at it, whatever it is.
            found[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def in_child(act: Callable[[], object], pids: list[int] | None = None) -> bool:
    """Do something in a process of its own; False if it was killed, which it is after 30 s. `pids` gets its id."""
    # A child must never share a connection: closing it would end it for both.
    connections.close_all()
    with warnings.catch_warnings():
        # Newer Pythons warn of forks beside threads; ours only serve the stand-in.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        try:
            signal.alarm(30)
            clients.session.cache_clear()
            clients.pace_of.cache_clear()
            act()
            os._exit(0)
        finally:
            os._exit(1)
    if pids is not None:
        pids.append(pid)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code in {0, -signal.SIGKILL}, f"The child ended with {code}"
    return code == 0


def kill_self() -> None:
    """End this process as a machine without power does: nothing is closed, nothing is said."""
    os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def recorder() -> Iterator[SandboxServer]:
    """Run another server, which keeps what it receives: nothing, as a rule."""
    server = SandboxServer(Sandbox(phones=1))
    server.start()
    try:
        yield server
    finally:
        server.stop()
