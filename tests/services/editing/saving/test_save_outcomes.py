"""What a save comes to, for everything that may go wrong with the one PATCH: the diary, the row, Diga."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from phones.diga import Reason
from phones.diga.sandbox import Fault, Sandbox
from phones.models import Change, Outcome, Phone, Project, TokenState
from phones.services.routing.edits import PhoneEdit
from tests.support.desk.saving import (
    before_answering,
    forget_waiting,
    held,
    is_true_copy,
    patches,
    picture,
    reading_back_fails,
    save,
    sent,
    stored,
    sweep_a_minute_after,
    target,
)

STOOD_IN = "A fault of the stand-in"
RENAME = PhoneEdit(nickname="Ventas, otra vez")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


@dataclass(frozen=True)
class Loss:
    """A fault after which nobody knows what the PATCH did, and how it is written down."""

    kind: str
    cause: Reason
    status: int | None = None
    message: str = ""
    more: dict[str, Any] = field(default_factory=dict)
    limits: dict[str, float] = field(default_factory=dict)


LOSSES = {
    "hang": Loss("hang", Reason.TIMEOUT, more={"seconds": 1.0}, limits={"read_timeout": 0.3}),
    "closed": Loss("close", Reason.DISCONNECTED),
    "reset": Loss("reset", Reason.DISCONNECTED),
    "truncated": Loss("truncated", Reason.TRUNCATED),
    "dripping body": Loss("drip", Reason.DEADLINE, more={"seconds": 0.05}, limits={"deadline": 0.6}),
    "dripping header": Loss("drip_header", Reason.DEADLINE, more={"seconds": 0.05}, limits={"deadline": 0.6}),
    "bomb": Loss("bomb", Reason.TOO_LARGE, 200),
    "big header": Loss("big_header", Reason.DISCONNECTED),
    "redirect": Loss("redirect", Reason.REDIRECT, 302),
    "500": Loss("status", Reason.SERVER_ERROR, 500, STOOD_IN, {"status": 500}),
    "502 of a proxy": Loss("html", Reason.SERVER_ERROR, 502, more={"status": 502}),
    "503 in the validation shape": Loss(
        "status", Reason.SERVER_ERROR, 503, STOOD_IN, {"status": 503, "shape": "validation"}
    ),
    "a page": Loss("html", Reason.NOT_JSON, 200),
    "half a JSON": Loss("not_json", Reason.NOT_JSON, 200),
    "nothing": Loss("empty", Reason.NOT_JSON, 200),
    "not a number": Loss("nan", Reason.NOT_JSON, 200),
    "wrong types": Loss("wrong_types", Reason.WRONG_SHAPE, 200),
    "missing field": Loss("missing_field", Reason.WRONG_SHAPE, 200),
}


def edit_of(lane: str, project: Project) -> PhoneEdit:
    """Return the two kinds of changes whose outcome a read can tell."""
    return RENAME if lane == "nickname" else PhoneEdit(inbound=target(project, "Alicia", 5))


@pytest.mark.parametrize("lane", ["nickname", "inbound"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
def test_lost_answer_is_settled_by_reading_back(
    sandbox: Sandbox,
    aurora: Project,
    sales_phone: Phone,
    monkeypatch: pytest.MonkeyPatch,
    loss: Loss,
    when: Any,
    lane: str,
) -> None:
    forget_waiting(monkeypatch, **loss.limits)
    before = picture(aurora)
    # For ever, as a connection that breaks at once is tried once more.
    sandbox.faults.add(Fault(loss.kind, method="PATCH", when=when, times=None, **loss.more))  # type: ignore[arg-type]

    saved = save(sales_phone, edit_of(lane, aurora))

    change = saved.change
    change.refresh_from_db()
    # The old value proves nothing yet: Diga may still apply what it has got.
    assert change.outcome == (Outcome.CONFIRMED if when == "after" else Outcome.UNKNOWN)
    assert (change.cause, change.http_status, change.message) == (loss.cause, loss.status, loss.message)
    assert saved.error is not None
    sandbox.faults.clear()
    assert sweep_a_minute_after(change) == ("CONFIRMED" if when == "after" else "FAILED")
    assert len(patches(sandbox)) == (2 if loss.kind in {"close", "reset"} and when == "before" else 1)
    assert is_true_copy(sandbox, sales_phone)
    assert (picture(aurora) == before) == (when == "before")


@dataclass(frozen=True)
class Refusal:
    """A refusal of the PATCH, and how it is written down."""

    status: int
    cause: str
    outcome: Outcome = Outcome.REFUSED
    shape: str = "envelope"
    message: str = STOOD_IN


REFUSALS = {
    "400": Refusal(400, "rejected"),
    "400 in the validation shape": Refusal(400, "rejected", shape="validation"),
    "409": Refusal(409, "rejected"),
    "409 in the validation shape": Refusal(409, "rejected", shape="validation"),
    "422": Refusal(422, "rejected"),
    "422 in the validation shape": Refusal(422, "rejected", shape="validation"),
    "400 as a page": Refusal(400, "rejected", shape="html", message=""),
    "401": Refusal(401, "auth"),
    "403": Refusal(403, "forbidden"),
    "404": Refusal(404, "not_found"),
    "429": Refusal(429, "rate_limited", Outcome.FAILED),
}


@pytest.mark.parametrize("lane", ["nickname", "inbound"])
@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS.keys())
def test_refusal_keeps_status_cause_and_words_and_changes_nothing(
    sandbox: Sandbox, aurora: Project, sales_phone: Phone, refusal: Refusal, lane: str
) -> None:
    before = picture(aurora)
    sandbox.faults.add(Fault("status", status=refusal.status, shape=refusal.shape, method="PATCH"))  # type: ignore[arg-type]

    saved = save(sales_phone, edit_of(lane, aurora))

    change = saved.change
    change.refresh_from_db()
    assert change.outcome == refusal.outcome
    assert (change.cause, change.http_status, change.message) == (refusal.cause, refusal.status, refusal.message)
    assert change.settled_at is not None
    assert change.stored == {}
    assert [request.method for request in sandbox.journal[-2:]] == ["GET", "PATCH"]
    assert len(patches(sandbox)) == 1
    assert is_true_copy(sandbox, sales_phone)
    assert picture(aurora) == before


@pytest.mark.parametrize(("when", "outcome"), [("before", Outcome.MISMATCH), ("after", Outcome.CONFIRMED)])
def test_unknown_status_in_the_answer_is_copied_as_it_is(
    sandbox: Sandbox, sales_phone: Phone, when: Any, outcome: Outcome
) -> None:
    sandbox.faults.add(Fault("unknown_enum", method="PATCH", when=when))

    saved = save(sales_phone, RENAME)

    assert (saved.change.outcome, saved.change.http_status, saved.error) == (outcome, 200, None)
    assert stored(sales_phone).status == "ported"


@pytest.mark.parametrize("lane", ["nickname", "inbound"])
def test_answer_with_something_else_is_a_mismatch_and_the_row_has_it(
    sandbox: Sandbox, aurora: Project, sales_phone: Phone, lane: str
) -> None:
    sandbox.faults.add(Fault("stored_other", method="PATCH"))

    saved = save(sales_phone, edit_of(lane, aurora))

    change = saved.change
    change.refresh_from_db()
    row = stored(sales_phone)
    assert (change.outcome, change.http_status, change.cause) == (Outcome.MISMATCH, 200, "")
    assert list(change.stored) == [lane]
    if lane == "nickname":
        assert change.stored["nickname"] == row.nickname == f"{RENAME.nickname} (otro)"
    else:
        assert change.stored["inbound"].agent_id == row.inbound_agent_id
        assert change.stored["inbound"].agent_id != change.after["inbound"].agent_id
    assert len(patches(sandbox)) == 1
    assert is_true_copy(sandbox, sales_phone)


@pytest.mark.parametrize("when", ["before", "after"])
def test_outcome_is_unknown_where_reading_back_fails_too(
    sandbox: Sandbox, aurora: Project, sales_phone: Phone, when: Any
) -> None:
    before = picture(aurora)
    sandbox.faults.add(Fault("close", method="PATCH", when=when))

    with reading_back_fails(sandbox):
        saved = save(sales_phone, RENAME)

    change = saved.change
    change.refresh_from_db()
    assert (change.outcome, change.cause, change.settled_at) == (Outcome.UNKNOWN, Reason.DISCONNECTED, None)
    assert len(patches(sandbox)) == 1
    assert picture(aurora) == before


@pytest.mark.parametrize("when", ["before", "after"])
def test_lost_answer_about_a_version_alone_is_settled_by_what_is_published(
    sandbox: Sandbox, aurora: Project, when: Any
) -> None:
    urgent_phone = Phone.objects.get(project=aurora, nickname="Urgencias 24 h")
    sandbox.faults.add(Fault("empty", method="PATCH", when=when))

    saved = save(urgent_phone, PhoneEdit(inbound=target(aurora, "Elena", 2)))

    saved.change.refresh_from_db()
    assert saved.change.outcome == (Outcome.CONFIRMED if when == "after" else Outcome.UNKNOWN)
    assert sweep_a_minute_after(saved.change) == ("CONFIRMED" if when == "after" else "FAILED")
    assert sent(sandbox) == [{"inbound_version_id": str(target(aurora, "Elena", 2).version.id)}]
    assert is_true_copy(sandbox, urgent_phone)
    assert target(aurora, "Elena", 2).version.is_published is (when == "after")


def test_lost_answer_about_a_version_alone_is_unknown_where_its_agent_can_not_be_read(
    sandbox: Sandbox, aurora: Project
) -> None:
    urgent_phone = Phone.objects.get(project=aurora, nickname="Urgencias 24 h")
    sandbox.faults.add(Fault("empty", method="PATCH", when="after"))
    sandbox.faults.add(Fault("status", status=200, body=[{"agent_id": "nonsense"}], path="/v1/agent/", times=None))

    saved = save(urgent_phone, PhoneEdit(inbound=target(aurora, "Elena", 2)))

    saved.change.refresh_from_db()
    assert (saved.change.outcome, saved.change.settled_at) == (Outcome.UNKNOWN, None)
    assert target(aurora, "Elena", 2).version.is_published is False


def test_connection_that_breaks_at_once_is_tried_once_more(sandbox: Sandbox, sales_phone: Phone) -> None:
    sandbox.faults.add(Fault("close", method="PATCH", when="before"))

    saved = save(sales_phone, RENAME)

    assert (saved.error, saved.change.outcome, saved.change.cause) == (None, Outcome.CONFIRMED, "")
    assert [request.applied for request in patches(sandbox)] == [False, True]
    assert Change.objects.count() == 1


def test_lost_answer_is_unknown_where_a_third_value_is_read_back(sandbox: Sandbox, sales_phone: Phone) -> None:
    sandbox.faults.add(Fault("close", method="PATCH", when="before"))

    def be_quicker() -> None:
        held(sandbox, sales_phone).nickname = "Somebody was quicker"

    with before_answering(sandbox, "PATCH", be_quicker):
        saved = save(sales_phone, RENAME)

    assert (saved.change.outcome, saved.change.settled_at) == (Outcome.UNKNOWN, None)
    assert stored(sales_phone).nickname == "Somebody was quicker"


def test_confirmed_by_reading_back_learns_what_was_published(
    sandbox: Sandbox, aurora: Project, spare_phone: Phone
) -> None:
    sandbox.faults.add(Fault("close", method="PATCH", when="after"))

    saved = save(spare_phone, PhoneEdit(inbound=target(aurora, "Gema", 1)))

    assert saved.change.outcome == Outcome.CONFIRMED
    assert target(aurora, "Gema", 1).version.is_published is True


def test_refused_key_is_remembered(sandbox: Sandbox, aurora: Project, sales_phone: Phone) -> None:
    sandbox.faults.add(Fault("status", status=401, method="PATCH"))

    save(sales_phone, RENAME)

    aurora.refresh_from_db()
    assert aurora.token_state == TokenState.REJECTED
    assert aurora.can_write_phones is None


def test_missing_right_to_write_is_remembered_until_a_write_succeeds(
    sandbox: Sandbox, aurora: Project, sales_phone: Phone
) -> None:
    sandbox.faults.add(Fault("status", status=403, method="PATCH"))

    save(sales_phone, RENAME)
    aurora.refresh_from_db()
    learned_from_refusal = aurora.can_write_phones, aurora.token_state
    save(sales_phone, RENAME)
    aurora.refresh_from_db()

    assert learned_from_refusal == (False, TokenState.ACCEPTED)
    assert aurora.can_write_phones is True


def test_write_that_never_left_has_failed_without_a_doubt(
    sandbox: Sandbox, aurora: Project, sales_phone: Phone, settings: Any
) -> None:
    settings.DIGA_REQUESTS_PER_SECOND = 0.01

    saved = save(sales_phone, RENAME)

    assert (saved.change.outcome, saved.change.cause) == (Outcome.FAILED, Reason.PACED)
    assert saved.change.http_status is None
    assert patches(sandbox) == []
