"""What waits for its time can be cancelled, moved and done at once; what was not done is seen by somebody."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from phones.diga.sandbox import Sandbox
from phones.models import Act, ActKind, Membership, Phone, Project, Schedule, ScheduleState
from phones.services.routing.edits import PhoneEdit
from phones.services.schedules.steering import ScheduleHasMoved, TooLate, acknowledge, cancel, hurry, move
from tests.support.desk.saving import forget_waiting, patches
from tests.support.desk.scheduled import HOUR, ended, in_an_hour, let_it_be, set_for_later

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


def last_act() -> tuple[str, str]:
    """Return what was done last, and by whom."""
    act = Act.objects.latest("pk")
    return act.kind, act.actor_username


def test_cancelled_row_is_never_done(lunch: Schedule, aurora: Project, lead: User, sandbox: Sandbox) -> None:
    cancel(schedule=lunch, by=lead, now=timezone.now())

    let_it_be(aurora, lunch.due_at)

    assert ended(lunch) == ("CANCELLED", "")
    assert last_act() == (ActKind.SCHEDULE_CANCELLED, "lead")
    assert len(patches(sandbox)) == 1


def test_moved_row_is_done_at_its_new_time(lunch: Schedule, aurora: Project, lead: User, router: User) -> None:
    first, second = lunch.due_at, lunch.due_at + HOUR
    Schedule.objects.update(try_count=3, next_try_at=second + HOUR, cause="timeout")
    move(schedule=lunch, by=lead, due_at=second, now=timezone.now())
    assert last_act() == (ActKind.SCHEDULE_MOVED, "lead")
    assert Act.objects.latest("pk").details["due_at"] == second.isoformat(timespec="seconds")

    let_it_be(aurora, first)
    assert ended(lunch) == ("WAITING", "")

    let_it_be(aurora, second)
    assert ended(lunch) == ("DONE", "")
    assert lunch.result is not None
    assert lunch.result.actor == router


def test_change_is_not_moved_behind_its_own_end(sales_phone: Phone, router: User) -> None:
    start = in_an_hour()
    set_for_later(sales_phone, PhoneEdit(nickname="Monday"), router, start, until=start + HOUR)
    schedule = Schedule.objects.get()

    with pytest.raises(TooLate):
        move(schedule=schedule, by=router, due_at=start + HOUR, now=timezone.now())

    schedule.refresh_from_db()
    assert schedule.due_at == start


def test_row_that_is_hurried_is_done_on_behalf_of_who_says_so(
    lunch: Schedule, aurora: Project, lead: User, router: User
) -> None:
    Membership.objects.filter(user=router).delete()
    now = timezone.now()

    hurry(schedule=lunch, by=lead, now=now)
    assert last_act() == (ActKind.SCHEDULE_HURRIED, "lead")
    let_it_be(aurora, now)

    assert ended(lunch) == ("DONE", "")
    assert lunch.result is not None
    assert lunch.result.actor == lead


def test_row_that_failed_can_be_done_once_more(lunch: Schedule, aurora: Project, lead: User, router: User) -> None:
    Membership.objects.filter(user=router).delete()
    let_it_be(aurora, lunch.due_at)
    assert ended(lunch) == ("FAILED", "no_right")

    hurry(schedule=lunch, by=lead, now=lunch.due_at)
    let_it_be(aurora, lunch.due_at)

    assert ended(lunch) == ("DONE", "")


def test_problem_stays_until_one_person_has_seen_it(lunch: Schedule, lead: User, router: User) -> None:
    Schedule.objects.update(state=ScheduleState.FAILED)
    lunch.refresh_from_db()
    assert lunch.is_notice

    acknowledge(schedule=lunch, by=lead, now=lunch.due_at)
    assert (lunch.seen_by, lunch.seen_by_name, lunch.seen_at) == (lead, "Lead Ruiz", lunch.due_at)
    assert not lunch.is_notice
    assert last_act() == (ActKind.SCHEDULE_SEEN, "lead")

    with pytest.raises(ScheduleHasMoved):
        acknowledge(schedule=lunch, by=router, now=lunch.due_at)


@pytest.mark.parametrize("state", [state for state in ScheduleState if state != ScheduleState.WAITING])
def test_row_that_does_not_wait_can_not_be_steered(lunch: Schedule, lead: User, state: ScheduleState) -> None:
    Schedule.objects.update(state=state)
    acts = Act.objects.count()
    now = timezone.now()

    with pytest.raises(ScheduleHasMoved):
        cancel(schedule=lunch, by=lead, now=now)
    with pytest.raises(ScheduleHasMoved):
        move(schedule=lunch, by=lead, due_at=now + timedelta(hours=3), now=now)
    if state != ScheduleState.FAILED:
        with pytest.raises(ScheduleHasMoved):
            hurry(schedule=lunch, by=lead, now=now)
    if state not in {ScheduleState.FAILED, ScheduleState.SKIPPED}:
        with pytest.raises(ScheduleHasMoved):
            acknowledge(schedule=lunch, by=lead, now=now)

    lunch.refresh_from_db()
    assert (lunch.state, Act.objects.count()) == (state, acts)
