"""Plans run: every row is read, compared, sent once and verified; what stands in the way is said, and adds up."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from bench.rig.invariants import assert_invariants
from bench.rig.plans import make_plan, phones_of, start, states
from phones.diga.sandbox import Fault, Sandbox
from phones.models import Change, ItemState, Outcome, Plan, PlanState, Project, Source
from phones.services.plans import lifecycle
from phones.services.routing.edits import PhoneEdit
from tests.support.desk.planned import renames, work_at
from tests.support.desk.saving import forget_waiting, held, is_true_copy, patches, sent, sweep_a_minute_after

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


def test_plan_changes_every_row_once_and_writes_each_down(aurora: Project, lead: User, sandbox: Sandbox) -> None:
    phones = phones_of(aurora, 12)
    plan = start(make_plan(lead, phones, renames("Line"), ticket="DESK-1"), lead)

    work_at(plan)

    assert (plan.state, states(plan)) == (PlanState.FINISHED, {"DONE": 12})
    assert sorted(str(body) for body in sent(sandbox)) == sorted(str({"nickname": f"Line {n}"}) for n in range(1, 13))
    assert all(is_true_copy(sandbox, phone) for phone in phones)
    change = Change.objects.get(phone=phones[3])
    assert (change.source, change.actor, change.reason, change.ticket, change.plan, change.outcome) == (
        Source.PLAN,
        lead,
        "Autumn hours",
        "DESK-1",
        plan,
        Outcome.CONFIRMED,
    )
    assert plan.items.get(phone=phones[3]).change == change
    assert_invariants(sandbox)


def test_row_that_somebody_changed_meanwhile_is_skipped(aurora: Project, lead: User, sandbox: Sandbox) -> None:
    phones = phones_of(aurora, 3)
    plan = start(make_plan(lead, phones, renames("Line")), lead)
    held(sandbox, phones[1]).nickname = "Somebody was quicker"

    work_at(plan)

    assert states(plan) == {"DONE": 2, "CHANGED": 1}
    item = plan.items.get(phone=phones[1])
    assert (item.cause, item.details["now"], item.change) == ("changed", {"nickname": "Somebody was quicker"}, None)
    assert held(sandbox, phones[1]).nickname == "Somebody was quicker"
    assert [change.source for change in Change.objects.filter(phone=phones[1])] == [Source.OUTSIDE]
    assert_invariants(sandbox)


def test_change_of_another_field_meanwhile_does_not_matter(aurora: Project, lead: User, sandbox: Sandbox) -> None:
    phones = phones_of(aurora, 2)
    plan = start(make_plan(lead, phones, PhoneEdit(inbound=None)), lead)
    held(sandbox, phones[0]).nickname = "Renamed meanwhile"

    work_at(plan)

    assert states(plan) == {"DONE": 2}
    assert (held(sandbox, phones[0]).nickname, held(sandbox, phones[0]).inbound_agent_id) == ("Renamed meanwhile", None)
    assert_invariants(sandbox)


def test_refused_row_keeps_diga_s_words_and_the_others_go_on(aurora: Project, lead: User, sandbox: Sandbox) -> None:
    phones = phones_of(aurora, 4)
    plan = start(make_plan(lead, phones, renames("Line")), lead)
    path = f"/v1/phone/{phones[2].pk}"
    sandbox.faults.add(Fault("status", method="PATCH", path=path, status=409, when="before"))

    work_at(plan)

    assert states(plan) == {"DONE": 3, "REFUSED": 1}
    item = plan.items.get(state=ItemState.REFUSED)
    assert item.change is not None
    assert (item.phone, item.change.http_status) == (phones[2], 409)
    assert_invariants(sandbox)


@pytest.mark.parametrize("when", ["before", "after"])
def test_lost_answer_is_found_out_and_nothing_is_sent_twice(
    aurora: Project, lead: User, sandbox: Sandbox, when: str
) -> None:
    phones = phones_of(aurora, 3)
    plan = start(make_plan(lead, phones, renames("Line")), lead)
    sandbox.faults.add(Fault("status", method="PATCH", path=f"/v1/phone/{phones[1].pk}", status=502, when=when))  # type: ignore[arg-type]

    work_at(plan)

    assert states(plan) == ({"DONE": 3} if when == "after" else {"DONE": 2, "UNKNOWN": 1})
    lost = plan.items.get(phone=phones[1]).change
    assert lost is not None
    sweep_a_minute_after(lost)
    assert states(plan) == ({"DONE": 3} if when == "after" else {"DONE": 2, "FAILED": 1})
    assert len(patches(sandbox)) == 3
    assert_invariants(sandbox)


def test_worker_calls_others_to_help_now_and_then(
    aurora: Project, lead: User, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("phones.services.running.plan_watch.POLL_SECONDS", 0.0)
    plan = start(make_plan(lead, phones_of(aurora, 12), renames("Line")), lead)
    polls: list[int] = []
    calls: list[int] = []

    def may_run(_plan: Plan) -> bool:
        polls.append(len(calls))
        return True

    work_at(plan, may_run=may_run, call_others=lambda: calls.append(len(polls)))

    assert states(plan) == {"DONE": 12}
    assert calls[0] == 1
    assert len(calls) < len(polls)


def test_rejected_key_pauses_the_plan_and_resuming_goes_on_with_the_same_rows(
    aurora: Project, lead: User, sandbox: Sandbox
) -> None:
    phones = phones_of(aurora, 10)
    plan = start(make_plan(lead, phones, renames("Line")), lead)
    sandbox.faults.add(Fault("status", method="PATCH", status=401, when="before", times=100))

    work_at(plan)

    assert (plan.state, plan.cause) == (PlanState.PAUSED, "key_rejected")
    assert states(plan) == {"WAITING": 10}
    assert len(patches(sandbox)) <= 8
    sandbox.faults.clear()
    Project.objects.filter(pk=aurora.pk).update(token_state="ACCEPTED")
    lifecycle.resume_plan(plan=plan, by=lead, clock=timezone.now)

    work_at(plan)

    assert (plan.state, states(plan)) == (PlanState.FINISHED, {"DONE": 10})
    assert_invariants(sandbox)
