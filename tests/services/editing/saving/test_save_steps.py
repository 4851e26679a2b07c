"""Fail the n-th step of one edit, for every n until it passes; then the sweeper comes by, and the invariants hold.

The steps are the requests that reach Diga, and the statements, commits and looks at the clock around them.
"""

import itertools
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection

from bench.rig.invariants import assert_invariants
from phones.diga import DigaError
from phones.diga.sandbox import Fault, Sandbox
from phones.models import Change, Outcome, Phone, Source
from phones.services.editing.recheck import sweep
from phones.services.editing.result import SaveKind
from phones.services.projects.clients import client_for
from phones.services.routing.edits import PhoneEdit
from phones.services.sync.refresh import refresh_phone, reread_agents
from tests.support.desk.failing_steps import Clock, Steps, failing_request
from tests.support.desk.saving import Killed, NotSaved, forget_waiting, held, patches, save, stored, target

pytestmark = pytest.mark.django_db(transaction=True)
# More than an edit has of any kind.
MOST_STEPS = 150


@dataclass
class Edit:
    """One edit that is tried again and again on a phone that is as it was at first."""

    sandbox: Sandbox
    phone: Phone
    wishes: tuple[str, ...]
    clock: Clock

    def again(self, number: int, clock: Callable[[], datetime] | None = None) -> BaseException | None:
        """Save, and return what that raised of what a view knows."""
        try:
            phone = stored(self.phone)
            wanted: dict[str, Any] = {
                "nickname": f"Ventas, otra vez ({number})",
                "inbound": target(phone.project, "Alicia", 5),
            }
            edit = PhoneEdit(**{name: wanted[name] for name in self.wishes})
            save(phone, edit, form_token=uuid.uuid4(), clock=clock or self.clock)
        except (DigaError, NotSaved, OperationalError) as error:
            return error
        except Killed as error:
            # The database sees the connection of a dead process end.
            connection.close()
            return error
        return None

    def assert_rest(self, before: "Before", said: str = "") -> None:
        """Let the sweeper come by, and check that all is settled and true; then let others undo it in Diga."""
        self.sandbox.faults.clear()
        for minutes in (2, 5, 30):
            self.clock.now += timedelta(minutes=minutes)
            sweep(clock=self.clock)
        assert_invariants(self.sandbox, said=said)
        applied = sum(request.applied for request in patches(self.sandbox)) - before.applied_count
        news = list(Change.objects.filter(pk__gt=before.last_id).exclude(source=Source.OUTSIDE))
        assert len(news) <= 1
        assert [change.outcome == Outcome.CONFIRMED for change in news] in ([], [bool(applied)])
        assert applied <= len(news)
        theirs = held(self.sandbox, self.phone)
        theirs.nickname, theirs.inbound_agent_id = self.phone.nickname, self.phone.inbound_agent_id
        project = self.phone.project
        refresh_phone(project=project, phone=stored(self.phone), clock=self.clock)
        # An answer of a wrong shape may have left no agent to choose.
        reread_agents(project=project, client=client_for(project), clock=self.clock)

    def before(self) -> "Before":
        """Remember what has been so far."""
        last = Change.objects.order_by("pk").last()
        return Before(sum(request.applied for request in patches(self.sandbox)), last.pk if last else 0)


@dataclass(frozen=True)
class Before:
    """How many writes were applied, and which entry was the last."""

    applied_count: int
    last_id: int


@pytest.fixture(params=["nickname", "nickname inbound"])
def edit(request: pytest.FixtureRequest, sandbox: Sandbox, sales_phone: Phone) -> Edit:
    """A nickname alone, and with a lane: what changes two fields is read back after a refusal too."""
    return Edit(sandbox, sales_phone, tuple(request.param.split()), Clock())


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch, read_timeout=0.2)


# Each way in which a request may fail, on the wire and as an answer; what is refused is not done.
FAILURES = [
    *(
        replace(fault, when=when)
        for when in ("before", "after")
        for fault in (
            Fault("hang", seconds=0.4),
            Fault("close"),
            Fault("reset"),
            Fault("truncated"),
            Fault("redirect"),
            Fault("html"),
            Fault("empty"),
            Fault("nan"),
            Fault("wrong_types"),
            Fault("status", status=500),
            Fault("status", status=503),
        )
    ),
    *(Fault("status", status=status) for status in (400, 404, 409, 429)),
    Fault("status", status=422, shape="validation"),
]
# What goes on failing until the sweeper comes.
# Not 429: then our own pace is slow for long, too.
OUTAGES = [fault for fault in FAILURES if fault.kind in {"close", "status"} and fault.status not in {404, 429}]


def name_of(fault: Fault) -> str:
    return f"{fault.status or fault.kind} {fault.when}"


@pytest.mark.parametrize("edit", ["nickname inbound"], indirect=True)
@pytest.mark.parametrize("fault", FAILURES, ids=name_of)
def test_nth_request_fails(edit: Edit, fault: Fault, caplog: pytest.LogCaptureFixture) -> None:
    fail_requests(edit, fault, caplog)


@pytest.mark.parametrize("edit", ["nickname"], indirect=True)
@pytest.mark.parametrize("fault", OUTAGES, ids=name_of)
def test_every_request_fails_from_the_nth_on(edit: Edit, fault: Fault, caplog: pytest.LogCaptureFixture) -> None:
    fail_requests(edit, replace(fault, times=None), caplog)


def fail_requests(edit: Edit, fault: Fault, caplog: pytest.LogCaptureFixture) -> None:
    """Do the edit with its first request failing, then with its second, until it is over before that."""
    for number in itertools.count(1):
        before = edit.before()
        with failing_request(edit.sandbox, number, fault) as requests:
            edit.again(number)
        edit.assert_rest(before, caplog.text)
        if len(requests) < number:
            break
        assert number < MOST_STEPS

    assert number > 2


@pytest.mark.parametrize("error", [OperationalError("database or disk is full"), Killed()], ids=["full disk", "killed"])
def test_nth_step_fails(edit: Edit, error: BaseException) -> None:
    met: set[str] = set()
    for number in itertools.count(1):
        before = edit.before()
        steps = Steps(number, error)
        with steps.in_database():
            raised = edit.again(number, steps.on(edit.clock) if isinstance(error, Killed) else None)
        met.add(str(raised) if isinstance(raised, NotSaved) else type(raised).__name__)
        edit.assert_rest(before)
        if steps.count < number:
            break
        assert number < MOST_STEPS

    assert raised is None
    unrecorded = {SaveKind.NOT_RECORDED.value, SaveKind.OUTCOME_NOT_RECORDED.value}
    assert met == {"NoneType", "Killed"} if isinstance(error, Killed) else met >= unrecorded
    outcomes = set(Change.objects.exclude(source=Source.OUTSIDE).values_list("outcome", flat=True))
    # Only a kill comes between the entry and its request.
    assert outcomes == ({"CONFIRMED", "FAILED"} if isinstance(error, Killed) else {"CONFIRMED"})
