"""How tests save a phone: what a person wants, the save itself, and what the stand-in got and holds."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone

from phones.diga import DigaClient, DigaError
from phones.diga.sandbox import Fault, PhoneRow, Received, Sandbox
from phones.diga.sandbox.serving.messages import Answer, Request
from phones.models import Agent, AgentVersion, Change, Phone, Project
from phones.services.editing.guard import impacts_of
from phones.services.editing.recheck import sweep
from phones.services.editing.recheck_times import APPLIED_WITHIN, SENT_WITHIN
from phones.services.editing.save import Author, SaveKind, SaveResult, change_phone
from phones.services.routing.catalogue import catalogue_of
from phones.services.routing.editability import Why
from phones.services.routing.edits import PhoneEdit, PhoneSnapshot
from phones.services.routing.impact import Impact, fingerprint
from phones.services.routing.lanes import Target

WHAT_WAS_SHOWN = "what was shown"


class Killed(BaseException):
    """The process ends here: nothing may catch it."""


class NotSaved(Exception):
    """A save came to another kind than `SENT`."""

    def __init__(self, result: SaveResult) -> None:
        super().__init__(result.kind.value)
        self.result = result

    @property
    def now(self) -> PhoneSnapshot:
        """What a conflict shows as Diga's."""
        assert self.result.now is not None
        return self.result.now

    @property
    def why(self) -> Why | None:
        """Why a field is closed."""
        return self.result.policy.why if self.result.policy else None


def not_saved(kind: SaveKind) -> pytest.RaisesExc[NotSaved]:
    """Expect a save to come to this kind."""
    return pytest.raises(NotSaved, match=f"^{kind}$")


@dataclass(frozen=True)
class Saved:
    """What a save that was sent has come to."""

    change: Change
    merged: tuple[str, ...]
    impacts: tuple[Impact, ...]
    error: DigaError | None


def target(project: Project, agent_name: str, number: int) -> Target:
    """Return the version with this number of the agent whose name starts so, as our copy has it."""
    agents = catalogue_of(Project.objects.get(pk=project.pk)).agents
    agent = next(agent for agent in agents if agent.name.startswith(agent_name))
    return Target(agent, next(version for version in agent.versions if version.number == number))


def unassigned(lane: str) -> PhoneEdit:
    """Return the wish that no agent answers, or dials from, a phone."""
    return PhoneEdit(inbound=None) if lane == "inbound" else PhoneEdit(outbound=None)


def save(
    phone: Phone,
    edit: PhoneEdit,
    *,
    base: PhoneSnapshot | None = None,
    agreed: str | None = WHAT_WAS_SHOWN,
    form_token: uuid.UUID | None = None,
    user: User | None = None,
    clock: Callable[[], datetime] = timezone.now,
    sleep: Callable[[float], None] = time.sleep,
) -> Saved:
    """Save as a person who saw the phone as it is in our copy, and ticked what the guard showed.

    :raises NotSaved: it came to another kind than `SENT`.
    """
    if agreed == WHAT_WAS_SHOWN:
        agreed = fingerprint(impacts_of(phone, edit))
    result = change_phone(
        project=phone.project,
        phone=phone,
        edit=edit,
        base=base or PhoneSnapshot.of(phone),
        author=Author(user, reason="A reason", ticket="T-1", form_token=form_token),
        agreed=agreed,
        clock=clock,
        sleep=sleep,
    )
    if result.kind is not SaveKind.SENT or result.change is None:
        raise NotSaved(result)
    return Saved(result.change, result.merged, result.impacts, result.error)


def sweep_a_minute_after(change: Change) -> str:
    """Let the sweeper come when an applied write would show, and return what the change is said to have come to."""
    moment = (change.answer_lost_at or change.created_at + SENT_WITHIN) + APPLIED_WITHIN
    sweep(clock=lambda: moment)
    change.refresh_from_db()
    return change.outcome


def patches(sandbox: Sandbox) -> list[Received]:
    """List the writes the stand-in received."""
    return [request for request in sandbox.journal if request.method == "PATCH"]


def sent(sandbox: Sandbox) -> list[object]:
    """List the bodies of the writes the stand-in received."""
    return [request.body for request in patches(sandbox)]


def held(sandbox: Sandbox, phone: Phone) -> PhoneRow:
    """Return the phone as the stand-in holds it."""
    return next(project.phones[phone.pk] for project in sandbox.projects.values() if phone.pk in project.phones)


def stored(phone: Phone) -> Phone:
    """Return the phone as our table has it."""
    return Phone.objects.get(pk=phone.pk)


def is_true_copy(sandbox: Sandbox, phone: Phone) -> bool:
    """Say whether our row has the values that the stand-in holds."""
    ours, theirs = stored(phone), held(sandbox, phone)
    names = ("nickname", "inbound_agent_id", "outbound_agent_id", "status", "number", "telephony_provider")
    return all(getattr(ours, name) == getattr(theirs, name) for name in names)


def picture(project: Project) -> list[dict[str, Any]]:
    """Return everything copied from Diga about a project, without the times of reading."""
    tables = (
        Phone.objects.filter(project=project),
        Agent.objects.filter(project=project),
        AgentVersion.objects.filter(agent__project=project),
    )
    rows = [row for table in tables for row in table.order_by("pk").values()]
    return [{name: value for name, value in row.items() if name != "fetched_at"} for row in rows]


def forget_waiting(monkeypatch: pytest.MonkeyPatch, **seconds: float) -> None:
    """Let clients try reads again at once; `seconds` are their timeouts by name."""
    defaults = DigaClient.__init__.__kwdefaults__ or {}
    for name, value in ({"sleep": lambda _seconds: None} | seconds).items():
        monkeypatch.setitem(defaults, name, value)


@contextmanager
def before_answering(
    sandbox: Sandbox, method: str, act: Callable[[], object], path: str = "/v1/phone/"
) -> Iterator[list[Request]]:
    """Do something once, the moment the stand-in gets its first such request; yield the requests.

    It runs in the server's thread, so on a database connection of its own: it sees what is committed.
    """
    seen: list[Request] = []
    handle = sandbox.handle

    def act_and_handle(request: Request) -> Answer:
        if request.method == method and request.path.startswith(path):
            seen.append(request)
            if len(seen) == 1:
                try:
                    act()
                finally:
                    connections.close_all()
        return handle(request)

    sandbox.handle = act_and_handle  # type: ignore[method-assign]
    try:
        yield seen
    finally:
        sandbox.handle = handle  # type: ignore[method-assign]


@contextmanager
def reading_back_fails(sandbox: Sandbox) -> Iterator[None]:
    """Let every read fail from the first write on."""
    fault = Fault("status", status=503, method="GET", times=None)
    with before_answering(sandbox, "PATCH", lambda: sandbox.faults.add(fault)):
        yield
