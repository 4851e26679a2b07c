"""What became of a version that was published: refused, lost, or something else; it is said as it is."""

import pytest

from bench.rig.invariants import assert_invariants
from bench.rig.plans import states
from phones.diga.sandbox import Fault, Sandbox
from phones.models import Change, Outcome, Plan, Project
from phones.services.editing.recheck_times import FIRST_LOOKS
from phones.services.plans.totals import totals_of
from phones.wording.plans.publishing import words_for_request
from tests.support.desk.published import AGENTS, fresh, live, outcome, publish, publishings, read_back, sweep_after
from tests.support.desk.saving import forget_waiting, target

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


def assert_ended(plan: Plan, state: str) -> None:
    """Check that every row has ended so, and with them the plan."""
    assert (states(plan), fresh(plan).state) == ({state: plan.items.count()}, "FINISHED")
    assert not plan.items.filter(finished_at=None).exists()


@pytest.mark.parametrize(
    ("fault", "ended", "cause"),
    [
        (Fault("status", status=403), "REFUSED", "forbidden"),
        (Fault("status", status=409), "REFUSED", "rejected"),
        (Fault("status", status=422, shape="validation"), "REFUSED", "rejected"),
        (Fault("status", status=404), "REFUSED", "not_found"),
        (Fault("status", status=401), "REFUSED", "auth"),
        (Fault("status", status=429, retry_after="1"), "FAILED", "rate_limited"),
    ],
    ids=lambda value: str(getattr(value, "status", value)),
)
def test_refusal_is_kept_with_diga_s_words(
    aurora: Project, sandbox: Sandbox, fault: Fault, ended: str, cause: str
) -> None:
    fault.method, fault.path = "PATCH", AGENTS
    sandbox.faults.add(fault)

    done = publish(aurora, "Alicia", 6)

    assert (done.request.outcome, done.request.cause, done.request.http_status) == (ended, cause, fault.status)
    assert done.request.message == "A fault of the stand-in" or fault.shape == "validation"
    assert (live(sandbox, "Alicia"), Change.objects.count()) == (5, 0)
    assert len(publishings(sandbox)) == 1
    assert_ended(done, ended)
    aurora.refresh_from_db()
    assert aurora.is_rejected == (fault.status == 401)
    assert aurora.can_write_phones is None
    assert_invariants(sandbox)


@pytest.mark.parametrize("lacks", ["agents.update", "phones.update"])
def test_key_without_a_permission_is_refused(aurora: Project, sandbox: Sandbox, lacks: str) -> None:
    token = sandbox.key()
    sandbox.keys[token] = type(sandbox.keys[token])(
        token, "aurora-full", "aurora", sandbox.keys[token].permissions - {lacks}
    )

    done = publish(aurora, "Alicia", 6)

    assert (done.request.outcome, done.request.cause, live(sandbox, "Alicia")) == ("REFUSED", "forbidden", 5)


@pytest.mark.parametrize(
    ("switch", "value", "status"),
    [("publish_over_another", "refused", 409), ("publish_needs_phone", True, 400)],
)
def test_diga_that_refuses_it_altogether(
    aurora: Project, sandbox: Sandbox, switch: str, value: object, status: int
) -> None:
    setattr(sandbox.switches, switch, value)

    done = publish(aurora, "Alicia", 6)

    assert (done.request.outcome, done.request.http_status, live(sandbox, "Alicia")) == ("REFUSED", status, 5)
    assert_invariants(sandbox)


def test_good_answer_that_is_to_be_read_back_is_not_called_lost(aurora: Project) -> None:
    done = publish(aurora, "Alicia", 6)
    request = done.request
    request.outcome, request.answer_lost_at = Outcome.UNKNOWN, request.sent_at
    request.next_look_at = request.sent_at + FIRST_LOOKS[0]

    words = words_for_request(done, request, totals_of(done))

    assert words.text == (
        "Diga accepted it, but the agent could not be read again to see whether it is so. "
        "We read the agent 5, 20 and 60 seconds after that, and say here what we find."
    )


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", ["close", "empty", "html", "wrong_shape", "status"])
def test_lost_answer_is_settled_by_reading(aurora: Project, sandbox: Sandbox, when: str, kind: str) -> None:
    options = {"status": 502} if kind == "status" else {}
    kind = "not_json" if kind == "wrong_shape" else kind
    sandbox.faults.add(Fault(kind, method="PATCH", path=AGENTS, when=when, **options))  # type: ignore[arg-type]

    done = publish(aurora, "Alicia", 6)

    assert done.request.outcome == ("CONFIRMED" if when == "after" else "UNKNOWN")
    assert states(done) == {"WAITING" if when == "after" else "SENDING": done.items.count()}
    for seconds in (5, 20, 59, 60):
        assert outcome(done) != "FAILED", "The old version proves nothing for a minute"
        assert sweep_after(done, seconds) == ([done.pk] if (when, seconds) == ("before", 60) else [])
    read_back(done)
    assert outcome(done) == ("CONFIRMED" if when == "after" else "FAILED")
    assert fresh(done).request.cause != ""
    assert len(publishings(sandbox)) == 1
    assert_ended(done, "DONE" if when == "after" else "FAILED")
    assert_invariants(sandbox)


def test_timeout_is_settled_by_reading(aurora: Project, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch, read_timeout=0.3)
    sandbox.faults.add(Fault("hang", seconds=0.7, method="PATCH", path=AGENTS, when="after"))

    done = publish(aurora, "Alicia", 6)

    assert (done.request.outcome, done.request.cause, len(publishings(sandbox))) == ("CONFIRMED", "timeout", 1)
    assert_invariants(sandbox)


def test_diga_that_publishes_something_else_is_shown_as_that(aurora: Project, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault("stored_other", method="PATCH", path=AGENTS))

    done = read_back(publish(aurora, "Alicia", 6))

    assert (done.request.outcome, done.request.stored["version_number"], live(sandbox, "Alicia")) == ("MISMATCH", 1, 1)
    assert_ended(done, "MISMATCH")
    assert set(done.items.values_list("cause", flat=True)) == {""}
    change = Change.objects.all()[0]
    assert change.outcome == Outcome.MISMATCH
    assert {lane.version_number for lane in change.stored.values()} == {1}
    assert_invariants(sandbox)


def test_diga_that_says_yes_and_does_nothing_is_found_out(aurora: Project, sandbox: Sandbox) -> None:
    alicia = sandbox.projects["aurora"].agent("Alicia")
    asked = target(aurora, "Alicia", 6).version.id
    body = {"agent_id": str(alicia.id), "published_version_id": str(asked)}
    sandbox.faults.add(Fault("status", status=200, body=body, method="PATCH", path=AGENTS))

    done = publish(aurora, "Alicia", 6)

    assert (done.request.outcome, done.request.stored["version_number"]) == ("MISMATCH", 5)
