"""Plans pause by themselves when what goes wrong would go wrong with every row, and go on where they were."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from bench.rig.invariants import assert_invariants
from bench.rig.plans import make_plan, phones_of, start, states
from phones.diga.sandbox import Fault, Sandbox
from phones.diga.sandbox.serving.messages import Answer, Request
from phones.models import Change, Membership, Plan, PlanState, Project, Role
from phones.services.plan_items import claiming
from phones.services.plans import lifecycle
from phones.services.projects import keys
from phones.services.running.circuit_breaker import SAME_REFUSALS
from tests.support.desk.planned import renames, work_at
from tests.support.desk.saving import forget_waiting, patches

pytestmark = pytest.mark.django_db(transaction=True)
WIDTH = 8
ROWS = 30


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


@pytest.fixture
def plan(aurora: Project, lead: User) -> Plan:
    """A running plan of 30 rows."""
    return start(make_plan(lead, phones_of(aurora, ROWS), renames("Line")), lead)


def at_write(sandbox: Sandbox, number: int, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Do something the moment before the stand-in looks at its n-th write."""
    handle = sandbox.handle

    def act_and_handle(request: Request) -> Answer:
        with sandbox.lock:
            if request.method == "PATCH" and len(patches(sandbox)) == number - 1:
                act()
            return handle(request)

    monkeypatch.setattr(sandbox, "handle", act_and_handle)


def refuse_all(sandbox: Sandbox, **fault: Any) -> None:
    """Let every write be refused so from now on."""
    sandbox.faults.add(Fault("status", method="PATCH", times=None, **fault))


def go_on(plan: Plan, by: User, sandbox: Sandbox) -> Plan:
    """Resume a plan after its cause is gone, and let it end."""
    sandbox.faults.clear()
    lifecycle.resume_plan(plan=plan, by=by, clock=timezone.now)
    return work_at(plan)


@pytest.mark.parametrize("number", [1, 2, 8, ROWS // 2, ROWS])
def test_rejected_key_stops_all_and_resuming_ends_it(
    plan: Plan, lead: User, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    at_write(sandbox, number, monkeypatch, lambda: refuse_all(sandbox, status=401))

    work_at(plan)

    assert (plan.state, plan.cause) == (PlanState.PAUSED, "key_rejected")
    assert states(plan) == ({"DONE": number - 1, "WAITING": ROWS - number + 1} if number > 1 else {"WAITING": ROWS})
    assert len(patches(sandbox)) <= number + WIDTH
    assert Project.objects.get(pk=plan.project_id).is_rejected
    assert_invariants(sandbox)

    go_on(plan, lead, sandbox)

    assert (plan.state, states(plan)) == (PlanState.FINISHED, {"DONE": ROWS})
    assert_invariants(sandbox)


def test_key_without_the_right_stops_all(plan: Plan, lead: User, sandbox: Sandbox) -> None:
    refuse_all(sandbox, status=403)

    work_at(plan)

    assert (plan.state, plan.cause, states(plan)) == (PlanState.PAUSED, "forbidden", {"WAITING": ROWS})
    assert len(patches(sandbox)) <= 1 + WIDTH
    assert Project.objects.get(pk=plan.project_id).can_write_phones is False

    go_on(plan, lead, sandbox)

    assert states(plan) == {"DONE": ROWS}
    assert_invariants(sandbox)


@pytest.mark.parametrize("when", ["before", "after"])
def test_three_server_errors_in_a_row_stop_all(plan: Plan, lead: User, sandbox: Sandbox, when: str) -> None:
    refuse_all(sandbox, status=503, when=when)

    work_at(plan)

    assert (plan.state, plan.cause) == (PlanState.PAUSED, "unreachable")
    sent_count = len(patches(sandbox))
    assert 3 <= sent_count <= 3 + WIDTH
    assert states(plan) == {"DONE" if when == "after" else "UNKNOWN": sent_count, "WAITING": ROWS - sent_count}

    go_on(plan, lead, sandbox)

    assert states(plan)["WAITING"] == 0
    assert len(patches(sandbox)) == ROWS
    assert_invariants(sandbox)


def test_diga_that_gives_no_answer_stops_all_and_loses_no_row(plan: Plan, lead: User, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault("close", times=None))

    work_at(plan)

    assert (plan.state, plan.cause, states(plan)) == (PlanState.PAUSED, "unreachable", {"WAITING": ROWS})
    assert patches(sandbox) == []

    go_on(plan, lead, sandbox)

    assert states(plan) == {"DONE": ROWS}
    assert_invariants(sandbox)


def test_ten_equal_refusals_stop_all(plan: Plan, lead: User, sandbox: Sandbox) -> None:
    refuse_all(sandbox, status=409)

    work_at(plan)

    assert (plan.state, plan.cause, plan.message) == (PlanState.PAUSED, "same_refusal", "A fault of the stand-in")
    refused = states(plan)["REFUSED"]
    assert SAME_REFUSALS <= refused <= SAME_REFUSALS + WIDTH
    assert len(patches(sandbox)) == refused

    go_on(plan, lead, sandbox)

    assert (plan.state, states(plan)) == (PlanState.FINISHED, {"REFUSED": refused, "DONE": ROWS - refused})
    assert_invariants(sandbox)


def test_refusals_that_differ_stop_nothing(plan: Plan, sandbox: Sandbox) -> None:
    for number in range(ROWS):
        body = {"status": 409, "error_code": "X", "message": f"Because of {number}"}
        sandbox.faults.add(Fault("status", method="PATCH", status=409, body=body))

    work_at(plan)

    assert (plan.state, states(plan)) == (PlanState.FINISHED, {"REFUSED": ROWS})


def test_key_that_is_taken_away_stops_all(
    plan: Plan, lead: User, aurora: Project, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("phones.services.running.plan_watch.POLL_SECONDS", 0.0)
    sandbox.switches.latency_ms = 20

    def may_run(running: Plan) -> bool:
        if len(patches(sandbox)) >= 5 and running.project.is_connected:
            keys.disconnect(project=Project.objects.get(pk=aurora.pk), actor=None, now=timezone.now())
        return True

    work_at(plan, may_run=may_run)

    assert (plan.state, plan.cause) == (PlanState.PAUSED, "no_key")
    assert set(states(plan)) == {"DONE", "WAITING"}
    assert len(patches(sandbox)) <= 5 + 3 * WIDTH
    assert work_at(plan).is_paused

    keys.replace_key(project=Project.objects.get(pk=aurora.pk), token=sandbox.key(), actor=None, now=timezone.now())
    go_on(plan, lead, sandbox)

    assert states(plan) == {"DONE": ROWS}
    assert_invariants(sandbox)


def leave(person: User) -> None:
    Membership.objects.filter(user=person).delete()


def demote(person: User) -> None:
    Membership.objects.filter(user=person).update(role=Role.ROUTER)


def deactivate(person: User) -> None:
    User.objects.filter(pk=person.pk).update(is_active=False)


def delete(person: User) -> None:
    User.objects.get(pk=person.pk).delete()


@pytest.mark.parametrize("act", [leave, demote, deactivate, delete])
def test_rights_of_whoever_let_it_run_are_checked_while_it_runs(
    plan: Plan, lead: User, admin: User, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, act: Callable[[User], None]
) -> None:
    from phones.access import may_run_plan

    monkeypatch.setattr("phones.services.running.plan_watch.POLL_SECONDS", 0.0)
    done: list[User] = []

    def may_run(running: Plan) -> bool:
        if len(patches(sandbox)) >= 5 and not done:
            done.append(lead)
            act(lead)
            running = Plan.objects.select_related("project", "author", "approver").get(pk=running.pk)
        return may_run_plan(running)

    work_at(plan, may_run=may_run)

    assert (plan.state, plan.cause) == (PlanState.PAUSED, "no_right")
    assert set(states(plan)) == {"DONE", "WAITING"}
    assert states(plan)["DONE"] == len(patches(sandbox)) <= 5 + 2 * WIDTH
    # Somebody else's click does not give the author's rights back.
    lifecycle.resume_plan(plan=plan, by=admin, clock=timezone.now)
    assert work_at(plan).cause == "no_right"
    assert_invariants(sandbox)


def test_wait_of_an_hour_stops_all(plan: Plan, lead: User, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault("status", method="PATCH", status=429, retry_after="3600", times=None))
    began_at = timezone.now()

    work_at(plan)

    assert timezone.now() - began_at < timedelta(seconds=10)
    assert (plan.state, plan.cause, states(plan)) == (PlanState.PAUSED, "slow_down", {"WAITING": ROWS})
    assert len(patches(sandbox)) <= 2 * WIDTH
    assert_invariants(sandbox)


def test_wait_of_seconds_is_waited_for_without_asking_again_and_again(
    plan: Plan, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.faults.add(Fault("status", method="PATCH", status=429, retry_after="6"))
    claims: list[int] = []
    claim = claiming.claim

    def count_and_claim(*args: Any, **more: Any) -> Any:
        claims.append(1)
        return claim(*args, **more)

    monkeypatch.setattr(claiming, "claim", count_and_claim)

    work_at(plan)

    assert (plan.state, states(plan)) == (PlanState.FINISHED, {"DONE": ROWS})
    assert len(patches(sandbox)) == ROWS + 1
    assert len(claims) < 40
    assert_invariants(sandbox)


def test_write_that_is_held_off_for_a_moment_goes_out_again_under_its_entry(plan: Plan, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault("status", method="PATCH", status=429, retry_after="1"))

    work_at(plan)

    assert (plan.state, states(plan)) == (PlanState.FINISHED, {"DONE": ROWS})
    assert (len(patches(sandbox)), Change.objects.filter(plan=plan).count()) == (ROWS + 1, ROWS)


def test_diary_that_can_not_be_written_sends_nothing_more_and_the_plan_goes_on_later(
    plan: Plan, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import OperationalError

    from phones.services.audit import log
    from phones.services.editing.recheck import sweep

    begin, calls = log.begin, []

    def begin_or_fail(changes: Any) -> None:
        calls.append(len(changes))
        if len(calls) == 3:
            raise OperationalError("database or disk is full")
        begin(changes)

    with monkeypatch.context() as patch:
        patch.setattr(log, "begin", begin_or_fail)
        with pytest.raises(OperationalError):
            work_at(plan)

    sent_count = len(patches(sandbox))
    assert sent_count <= sum(calls[:2])
    plan.refresh_from_db()
    assert plan.is_running
    later = timezone.now() + timedelta(seconds=90)
    sweep(clock=lambda: later)
    work_at(plan, clock=lambda: later)

    assert (plan.state, states(plan)) == (PlanState.FINISHED, {"DONE": ROWS})
    assert len(patches(sandbox)) == ROWS
    assert_invariants(sandbox)
