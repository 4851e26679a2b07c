"""Put-backs of more than twenty numbers that are due together are one plan, and each row says what became of it."""

import threading
import uuid
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone

from bench.rig.plans import phones_of
from phones.diga.sandbox import Fault, Sandbox
from phones.models import Act, ActKind, Change, Membership, Plan, PlanKind, PlanState, Project, Role, Schedule, Source
from phones.services.plans.lifecycle import stop_plan
from phones.services.projects import keys
from phones.services.schedules import steering, together
from phones.services.schedules.claiming import LEASE, WAITS, claim_all
from phones.services.schedules.steering import cancel
from tests.support.database.history import add_changes
from tests.support.desk.planned import work_at
from tests.support.desk.saving import forget_waiting, held, patches
from tests.support.desk.scheduled import HOUR, ended, in_an_hour, let_it_be

pytestmark = pytest.mark.django_db(transaction=True)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)
    monkeypatch.setattr("phones.services.running.plan_watch.POLL_SECONDS", 0.02)
    monkeypatch.setattr(together, "ALONE", 3)


@pytest.fixture
def rows(aurora: Project, router: User, sandbox: Sandbox) -> list[Schedule]:
    """Five numbers of a router that have another alias until the same moment."""
    until = in_an_hour()
    return [lent(aurora, place, router, until, sandbox) for place in range(5)]


def lent(project: Project, place: int, user: User, until: datetime, sandbox: Sandbox) -> Schedule:
    """Let a phone have had its alias changed by a person for a time, in Diga and in our copy."""
    phone = phones_of(project)[place]
    before = phone.nickname
    held(sandbox, phone).nickname = f"Lunch {place}"
    phone.nickname = f"Lunch {place}"
    phone.save(update_fields=["nickname"])
    given = {"before": {"nickname": before}, "after": {"nickname": phone.nickname}, "actor": user}
    change = add_changes(phone, 1, ticket="T-7", **given)[0]
    return Schedule.objects.create(
        project=project,
        kind="PUT_BACK",
        due_at=until,
        author=user,
        author_name=user.username,
        reason=f"Lunch {place}",
        ticket="T-7",
        phone=phone,
        change=change,
        created_at=timezone.now(),
    )


def the_plan() -> Plan:
    """Return the one plan that puts changes back."""
    return Plan.objects.get(kind=PlanKind.PUT_BACK)


def was(row: Schedule) -> str:
    """Return the alias that a number had before its time."""
    assert row.change is not None
    return row.change.before["nickname"] or ""


def nickname(sandbox: Sandbox, row: Schedule) -> str:
    """Return the alias that Diga has."""
    assert row.phone is not None
    return held(sandbox, row.phone).nickname or ""


def test_numbers_due_together_are_put_back_by_one_plan_of_a_router(
    rows: list[Schedule], aurora: Project, router: User, sandbox: Sandbox
) -> None:
    let_it_be(aurora, rows[0].due_at - MINUTE)
    assert not Plan.objects.exists()
    let_it_be(aurora, rows[0].due_at)
    made = the_plan()
    assert [ended(row) for row in rows] == [("SENT", "")] * 5
    assert (made.state, made.author, made.reason, made.ticket) == (PlanState.RUNNING, router, "", "T-7")
    assert patches(sandbox) == []

    work_at(made)
    let_it_be(aurora, rows[0].due_at + MINUTE)

    assert [ended(row) for row in rows] == [("DONE", "")] * 5
    assert [nickname(sandbox, row) for row in rows] == [was(row) for row in rows]
    assert len(patches(sandbox)) == 5
    back = Change.objects.filter(plan=made)
    assert set(back.values_list("source", "reverts")) == {(Source.PUT_BACK, row.change_id) for row in rows}
    assert {row.result for row in rows} == set(back)


def test_few_numbers_are_put_back_one_by_one(
    rows: list[Schedule], aurora: Project, router: User, sandbox: Sandbox
) -> None:
    for row in rows[3:]:
        cancel(schedule=row, by=router, now=timezone.now())

    let_it_be(aurora, rows[0].due_at)

    assert not Plan.objects.exists()
    assert [ended(row)[0] for row in rows] == ["DONE"] * 3 + ["CANCELLED"] * 2
    assert len(patches(sandbox)) == 3


def test_plan_is_of_one_person(
    rows: list[Schedule], aurora: Project, lead: User, router: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    Schedule.objects.filter(pk__in=[row.pk for row in rows[:2]]).update(author=lead)
    monkeypatch.setattr(together, "ALONE", 2)

    let_it_be(aurora, rows[0].due_at)

    assert (the_plan().author, the_plan().items.count()) == (router, 3)
    assert [ended(row)[0] for row in rows] == ["DONE"] * 2 + ["SENT"] * 3


def test_number_that_somebody_changed_meanwhile_is_left_alone_and_told_by_itself(
    rows: list[Schedule], aurora: Project, sandbox: Sandbox
) -> None:
    assert rows[1].phone
    held(sandbox, rows[1].phone).nickname = "Somebody else’s"
    let_it_be(aurora, rows[0].due_at)
    work_at(the_plan())

    let_it_be(aurora, rows[0].due_at + MINUTE)

    assert [ended(row) for row in rows].count(("DONE", "")) == 4
    assert ended(rows[1]) == ("SKIPPED", "changed")
    assert nickname(sandbox, rows[1]) == "Somebody else’s"
    act = Act.objects.get(kind=ActKind.SCHEDULE_SKIPPED)
    assert act.details["number"] == rows[1].phone.shown


def test_number_that_our_copy_knows_to_be_changed_is_looked_at_in_diga_first(
    rows: list[Schedule], aurora: Project, sandbox: Sandbox
) -> None:
    """The copy is behind: Diga has what the put-back expects."""
    assert rows[1].phone
    rows[1].phone.nickname = "Only the copy says so"
    rows[1].phone.save(update_fields=["nickname"])

    let_it_be(aurora, rows[0].due_at)

    assert the_plan().items.count() == 4
    assert ended(rows[1]) == ("DONE", "")
    assert nickname(sandbox, rows[1]) == was(rows[1])


def test_author_without_the_right_puts_nothing_back(rows: list[Schedule], aurora: Project, sandbox: Sandbox) -> None:
    Membership.objects.filter(user=rows[0].author_id).update(role=Role.LABELLER)

    let_it_be(aurora, rows[0].due_at)

    assert [ended(row) for row in rows] == [("FAILED", "no_right")] * 5
    assert not Plan.objects.exists()
    assert patches(sandbox) == []


def test_author_who_loses_the_right_before_the_plan_runs_sends_nothing(
    rows: list[Schedule], aurora: Project, sandbox: Sandbox
) -> None:
    let_it_be(aurora, rows[0].due_at)
    Membership.objects.filter(user=rows[0].author_id).update(role=Role.LABELLER)

    made = work_at(the_plan())

    assert (made.state, made.cause) == (PlanState.PAUSED, "no_right")
    assert patches(sandbox) == []


def test_silent_diga_is_asked_again_and_then_every_number_is_a_problem(
    rows: list[Schedule], aurora: Project, sandbox: Sandbox
) -> None:
    """The plan pauses and goes on, until its own tries are used up too; what it could not read is tried alone."""
    sandbox.faults.add(Fault("status", status=503, times=None))
    moment = rows[0].due_at
    for wait in (timedelta(), *WAITS, *WAITS):
        moment += wait
        let_it_be(aurora, moment)
        work_at(the_plan())
        let_it_be(aurora, moment)

    assert [ended(row) for row in rows] == [("FAILED", "server_error")] * 5
    assert the_plan().is_over
    assert Act.objects.filter(kind=ActKind.SCHEDULE_FAILED).count() == 5
    assert patches(sandbox) == []


def test_plan_that_waits_for_a_key_for_too_long_is_stopped(
    rows: list[Schedule], aurora: Project, sandbox: Sandbox
) -> None:
    let_it_be(aurora, rows[0].due_at)
    keys.disconnect(project=aurora, actor=None, now=timezone.now())
    moment = rows[0].due_at
    for wait in (*WAITS, timedelta()):
        work_at(the_plan())
        let_it_be(aurora, moment)
        moment += wait
        let_it_be(aurora, moment)

    assert [ended(row) for row in rows] == [("FAILED", "no_key")] * 5
    assert the_plan().state == PlanState.STOPPED
    assert patches(sandbox) == []


def test_plan_goes_on_once_diga_answers_again(rows: list[Schedule], aurora: Project, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault("status", status=503, times=None))
    let_it_be(aurora, rows[0].due_at)
    work_at(the_plan())
    let_it_be(aurora, rows[0].due_at)
    assert [ended(row) for row in rows] == [("WAITING", "server_error")] * 5
    sandbox.faults.clear()

    let_it_be(aurora, rows[0].due_at + WAITS[0])
    work_at(the_plan())
    let_it_be(aurora, rows[0].due_at + HOUR)

    assert [ended(row)[0] for row in rows] == ["DONE"] * 5
    assert len(patches(sandbox)) == 5


def test_number_that_failed_alone_is_tried_again_by_itself(
    rows: list[Schedule], aurora: Project, sandbox: Sandbox
) -> None:
    let_it_be(aurora, rows[0].due_at)
    made = work_at(the_plan())
    Schedule.objects.filter(pk=rows[0].pk).update(state="SENT")
    made.items.filter(reverts=rows[0].change).update(state="FAILED", change=None, cause="unreadable")
    assert rows[0].phone
    held(sandbox, rows[0].phone).nickname = "Lunch 0"

    let_it_be(aurora, rows[0].due_at + MINUTE)
    assert ended(rows[0]) == ("WAITING", "unreadable")
    let_it_be(aurora, rows[0].due_at + HOUR)

    assert ended(rows[0]) == ("DONE", "")
    assert nickname(sandbox, rows[0]) == was(rows[0])


def test_paused_plan_that_has_nothing_left_to_do_is_stopped(rows: list[Schedule], aurora: Project) -> None:
    let_it_be(aurora, rows[0].due_at)
    the_plan().items.update(state="FAILED", cause="unreadable")
    Plan.objects.update(state="PAUSED", cause="unreachable")

    let_it_be(aurora, rows[0].due_at)

    assert the_plan().state == PlanState.STOPPED
    assert [ended(row) for row in rows] == [("WAITING", "unreadable")] * 5


def test_plan_that_a_person_stops_leaves_each_number_to_be_put_back_by_hand(
    rows: list[Schedule], aurora: Project, router: User, sandbox: Sandbox
) -> None:
    let_it_be(aurora, rows[0].due_at)
    stop_plan(plan=the_plan(), by=router, clock=timezone.now)
    let_it_be(aurora, rows[0].due_at + MINUTE)
    assert [ended(row) for row in rows] == [("FAILED", "plan_stopped")] * 5

    steering.hurry(schedule=rows[0], by=router, now=rows[0].due_at + MINUTE)
    let_it_be(aurora, rows[0].due_at + MINUTE)

    assert ended(rows[0]) == ("DONE", "")
    assert len(patches(sandbox)) == 1


def test_worker_that_died_after_making_the_plan_leaves_one(
    rows: list[Schedule], aurora: Project, router: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody cancels a row before the next worker goes on: that one stays as it is."""
    with monkeypatch.context() as patch:
        patch.setattr(together, "_start", lambda *_given: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            let_it_be(aurora, rows[0].due_at)
    let_it_be(aurora, rows[0].due_at + MINUTE)
    assert [ended(row)[0] for row in rows] == ["CLAIMED"] * 5
    Schedule.objects.filter(pk=rows[0].pk).update(state="CANCELLED")

    let_it_be(aurora, rows[0].due_at + LEASE + MINUTE)

    assert [ended(row)[0] for row in rows] == ["CANCELLED"] + ["SENT"] * 4
    assert the_plan().state == PlanState.RUNNING
    assert the_plan().items.get(reverts=rows[0].change).state == "LEFT_OUT"


def test_two_workers_make_one_plan(rows: list[Schedule], aurora: Project, sandbox: Sandbox) -> None:
    """Both have seen what is due before either claims it."""
    barrier = threading.Barrier(2)
    got: list[int] = []

    def claim_together(ids: list[int], *, owner: uuid.UUID, now: datetime) -> list[Schedule]:
        barrier.wait(timeout=10)
        taken = claim_all(ids, owner=owner, now=now)
        got.append(len(taken))
        return taken

    def work() -> None:
        try:
            let_it_be(aurora, rows[0].due_at)
        finally:
            connections.close_all()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(together, "claim_all", claim_together)
        threads = [threading.Thread(target=work) for _worker in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    work_at(the_plan())

    assert sorted(got) == [0, 5]
    assert len(patches(sandbox)) == 5
