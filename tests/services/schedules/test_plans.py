"""A plan for a time is put back by a plan of its own; a plan for later starts exactly as it was shown."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from bench.rig.plans import make_plan, phones_of, start, states
from phones.diga.sandbox import Fault, Sandbox
from phones.models import Change, Membership, Plan, PlanKind, PlanState, Project, Role, Schedule, ScheduleKind, Source
from phones.services.plans.forecasts.fingerprint import fingerprint_of
from phones.services.plans.lifecycle import CountNotTyped, discard_plan
from phones.services.plans.lock import PlanHasMoved
from phones.services.schedules.claiming import WAITS
from phones.services.schedules.plans import CanNotBeSet, schedule_plan
from tests.support.database.history import add_changes
from tests.support.desk.planned import renames, work_at
from tests.support.desk.saving import forget_waiting, held, patches
from tests.support.desk.scheduled import HOUR, ended, in_an_hour, let_it_be

pytestmark = pytest.mark.django_db(transaction=True)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)
    monkeypatch.setattr("phones.services.running.plan_watch.POLL_SECONDS", 0.02)


@pytest.fixture
def plan(aurora: Project, lead: User) -> Plan:
    """A plan that renames five numbers, and is only shown."""
    return make_plan(lead, phones_of(aurora, 5), renames("Fair"))


def set_end(plan: Plan, by: User) -> Schedule:
    """Let a plan be put back in an hour."""
    return schedule_plan(plan=plan, kind=ScheduleKind.PUT_BACK_PLAN, due_at=in_an_hour(), by=by, now=timezone.now())


def set_start(plan: Plan, by: User, **more: str) -> Schedule:
    """Let a plan start in an hour, as it is shown."""
    given = {"reviewed": fingerprint_of(plan), "typed": ""} | more
    return schedule_plan(
        plan=plan, kind=ScheduleKind.START_PLAN, due_at=in_an_hour(), by=by, now=timezone.now(), **given
    )


def test_plan_is_put_back_by_one_plan_at_its_time(plan: Plan, aurora: Project, lead: User, sandbox: Sandbox) -> None:
    names = {phone.pk: phone.nickname for phone in phones_of(aurora, 5)}
    schedule = set_end(plan, lead)
    work_at(start(plan, lead))
    assert len(patches(sandbox)) == 5

    let_it_be(aurora, schedule.due_at - MINUTE)
    assert ended(schedule) == ("WAITING", "")
    let_it_be(aurora, schedule.due_at)
    assert ended(schedule) == ("SENT", "")
    made = Plan.objects.get(kind=PlanKind.PUT_BACK)
    assert (made.origin, made.author, made.state, schedule.made_plan) == (plan, lead, PlanState.RUNNING, made)
    work_at(made)
    let_it_be(aurora, schedule.due_at + MINUTE)

    assert ended(schedule) == ("DONE", "")
    assert {phone.pk: held(sandbox, phone).nickname for phone in phones_of(aurora, 5)} == names
    back = Change.objects.filter(plan=made)
    assert set(back.values_list("source", "reverts__plan", "actor")) == {(Source.PUT_BACK, plan.pk, lead.pk)}


def test_number_that_somebody_changed_meanwhile_is_left_alone_by_the_plan(
    plan: Plan, aurora: Project, lead: User, sandbox: Sandbox
) -> None:
    schedule = set_end(plan, lead)
    work_at(start(plan, lead))
    moved = phones_of(aurora, 1)[0]
    held(sandbox, moved).nickname = "Somebody else’s"

    let_it_be(aurora, schedule.due_at)
    work_at(Plan.objects.get(kind=PlanKind.PUT_BACK))
    let_it_be(aurora, schedule.due_at + MINUTE)

    assert ended(schedule) == ("SKIPPED", "plan_left")
    assert held(sandbox, moved).nickname == "Somebody else’s"
    assert states(Plan.objects.get(kind=PlanKind.PUT_BACK)) == {"DONE": 4, "CHANGED": 1}


def test_plan_that_never_ran_has_nothing_to_put_back(plan: Plan, aurora: Project, lead: User) -> None:
    schedule = set_end(plan, lead)

    let_it_be(aurora, schedule.due_at)

    assert ended(schedule) == ("CANCELLED", "not_applied")
    assert Plan.objects.count() == 1


def test_plan_that_still_runs_at_its_end_is_stopped_first(
    plan: Plan, aurora: Project, lead: User, sandbox: Sandbox
) -> None:
    schedule = set_end(plan, lead)
    start(plan, lead)

    let_it_be(aurora, schedule.due_at)

    plan.refresh_from_db()
    assert plan.state == PlanState.STOPPED
    assert ended(schedule) == ("DONE", "same")
    assert patches(sandbox) == []


def test_put_back_of_a_plan_goes_on_once_diga_answers_again(
    plan: Plan, aurora: Project, lead: User, sandbox: Sandbox
) -> None:
    schedule = set_end(plan, lead)
    work_at(start(plan, lead))
    let_it_be(aurora, schedule.due_at)
    made = Plan.objects.get(kind=PlanKind.PUT_BACK)
    sandbox.faults.add(Fault("status", status=503, times=None))
    work_at(made)
    assert made.state == PlanState.PAUSED

    let_it_be(aurora, schedule.due_at + MINUTE)
    assert ended(schedule) == ("WAITING", "server_error")
    sandbox.faults.clear()
    let_it_be(aurora, schedule.due_at + MINUTE + WAITS[0])
    assert ended(schedule)[0] == "SENT"
    work_at(made)
    let_it_be(aurora, schedule.due_at + HOUR)

    assert ended(schedule)[0] == "DONE"
    assert len(patches(sandbox)) >= 10


def test_author_who_may_no_longer_change_many_puts_no_plan_back(plan: Plan, aurora: Project, lead: User) -> None:
    schedule = set_end(plan, lead)
    work_at(start(plan, lead))
    Membership.objects.filter(user=lead).update(role=Role.ROUTER)

    let_it_be(aurora, schedule.due_at)

    assert ended(schedule) == ("FAILED", "no_right")
    assert Plan.objects.count() == 1


def test_worker_that_died_after_making_the_plan_leaves_one(
    plan: Plan, aurora: Project, lead: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule = set_end(plan, lead)
    work_at(start(plan, lead))
    with monkeypatch.context() as patch:
        patch.setattr("phones.services.schedules.plans.note_sent", lambda *_args, **_given: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            let_it_be(aurora, schedule.due_at)

    let_it_be(aurora, schedule.due_at + HOUR)

    made = Plan.objects.get(kind=PlanKind.PUT_BACK)
    assert ended(schedule) == ("SENT", "")
    assert schedule.made_plan == made
    assert made.state == PlanState.RUNNING


def test_plan_for_later_starts_as_it_was_shown(plan: Plan, aurora: Project, lead: User, sandbox: Sandbox) -> None:
    schedule = set_start(plan, lead)
    let_it_be(aurora, schedule.due_at - MINUTE)
    plan.refresh_from_db()
    assert plan.state == PlanState.PREVIEW

    let_it_be(aurora, schedule.due_at)

    plan.refresh_from_db()
    assert (plan.state, plan.approver) == (PlanState.RUNNING, lead)
    assert ended(schedule) == ("DONE", "")
    work_at(plan)
    assert len(patches(sandbox)) == 5


def test_plan_that_would_do_something_else_by_then_does_not_start(plan: Plan, aurora: Project, lead: User) -> None:
    schedule = set_start(plan, lead)
    item = plan.items.latest("number")
    item.after = {"nickname": "Another"}
    item.save()

    let_it_be(aurora, schedule.due_at)

    plan.refresh_from_db()
    assert (plan.state, ended(schedule)) == (PlanState.PREVIEW, ("FAILED", "preview_moved"))


def test_plan_that_needs_a_second_person_by_then_does_not_start(plan: Plan, aurora: Project, lead: User) -> None:
    schedule = set_start(plan, lead)
    Project.objects.update(approved_above=1)

    let_it_be(aurora, schedule.due_at)

    plan.refresh_from_db()
    assert (plan.state, ended(schedule)) == (PlanState.PREVIEW, ("FAILED", "second_person"))


def test_plan_that_was_discarded_meanwhile_stays_so(plan: Plan, aurora: Project, lead: User) -> None:
    schedule = set_start(plan, lead)
    discard_plan(plan=plan, by=lead, clock=timezone.now)

    let_it_be(aurora, schedule.due_at)

    plan.refresh_from_db()
    assert (plan.state, ended(schedule)[0]) == (PlanState.DISCARDED, "CANCELLED")


def test_what_can_not_start_by_itself_can_not_be_set(plan: Plan, aurora: Project, lead: User) -> None:
    with pytest.raises(CanNotBeSet):
        set_start(plan, lead, reviewed="what was never shown")
    Project.objects.update(typed_above=1)
    with pytest.raises(CountNotTyped):
        set_start(plan, lead)
    Project.objects.update(approved_above=1)
    with pytest.raises(CanNotBeSet):
        set_start(plan, lead, typed="5")
    Project.objects.update(typed_above=None, approved_above=None)
    set_end(plan, lead)
    with pytest.raises(CanNotBeSet):
        set_end(plan, lead)
    discard_plan(plan=plan, by=lead, clock=timezone.now)
    with pytest.raises(PlanHasMoved):
        set_start(plan, lead)

    assert Schedule.objects.count() == 1


def test_nobody_alone_puts_back_what_needs_a_second_person(plan: Plan, aurora: Project, lead: User) -> None:
    Project.objects.update(approved_above=4)
    set_end(plan, lead).delete()
    Project.objects.update(approved_above=5)
    started = start(plan, lead)
    work_at(started)

    Project.objects.update(approved_above=4)
    with pytest.raises(CanNotBeSet):
        set_end(plan, lead)
    Project.objects.update(approved_above=5)
    assert set_end(plan, lead).state == "WAITING"


def test_row_whose_outcome_is_not_known_yet_is_waited_for(plan: Plan, aurora: Project, lead: User) -> None:
    schedule = set_end(plan, lead)
    work_at(start(plan, lead))
    plan.items.filter(number=1).update(state="UNKNOWN")
    add_changes(phones_of(aurora, 1)[0], 1)

    let_it_be(aurora, schedule.due_at)

    assert ended(schedule) == ("WAITING", "plan_running")
