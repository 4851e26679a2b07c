"""What goes wrong at the time of a put-back: Diga, keys, workers and clocks. Nothing is sent twice or lost."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone

from phones.diga.sandbox import Fault, Key, Sandbox
from phones.diga.sandbox.seeding import ALL_PERMISSIONS
from phones.models import (
    Act,
    ActKind,
    Phone,
    Project,
    Schedule,
    ScheduleState,
    TokenState,
)
from phones.services.audit.chain.breaks import acknowledge_break, find_break
from phones.services.editing.recheck import sweep
from phones.services.projects import keys
from phones.services.routing.edits import PhoneEdit
from phones.services.schedules import claiming
from phones.services.schedules.claiming import WAITS, due_projects
from tests.support.database.restoring import Backup
from tests.support.desk.saving import (
    Killed,
    before_answering,
    forget_waiting,
    held,
    patches,
    save,
    sent,
)
from tests.support.desk.scheduled import HOUR, before_of, change_for_a_time, ended, in_an_hour, let_it_be

pytestmark = pytest.mark.django_db(transaction=True)
MINUTE = timedelta(minutes=1)
LATER = 2 * HOUR


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


def test_silent_diga_is_asked_again_at_growing_distances_and_then_it_is_a_problem(
    lunch: Schedule, aurora: Project, sandbox: Sandbox
) -> None:
    sandbox.faults.add(Fault("status", status=503, times=None))
    tried: list[timedelta] = []
    moment = lunch.due_at
    while lunch.state == ScheduleState.WAITING:
        before = len(sandbox.journal)
        let_it_be(aurora, moment)
        if len(sandbox.journal) > before:
            tried.append(moment - lunch.due_at)
        lunch.refresh_from_db()
        moment += MINUTE

    assert tried == [sum(WAITS[:count], timedelta()) for count in range(len(WAITS) + 1)]
    assert ended(lunch) == ("FAILED", "server_error")
    assert len(patches(sandbox)) == 1
    assert Act.objects.filter(kind=ActKind.SCHEDULE_FAILED).count() == 1


def test_diga_that_answers_again_in_time_gets_the_put_back(lunch: Schedule, aurora: Project, sandbox: Sandbox) -> None:
    fault = Fault("status", status=503, times=None)
    sandbox.faults.add(fault)
    let_it_be(aurora, lunch.due_at)
    assert ended(lunch) == ("WAITING", "server_error")
    sandbox.faults.clear()

    let_it_be(aurora, lunch.due_at + WAITS[0])

    assert ended(lunch) == ("DONE", "")


def test_silent_diga_is_asked_for_one_number_and_the_others_wait_with_it(
    aurora: Project, survey_phone: Phone, sales_phone: Phone, router: User, sandbox: Sandbox
) -> None:
    until = in_an_hour()
    rows = [change_for_a_time(phone, PhoneEdit(nickname="L"), router, until) for phone in (sales_phone, survey_phone)]
    sandbox.faults.add(Fault("status", status=503, times=None))
    sandbox.journal.clear()

    let_it_be(aurora, until)

    assert {request.path for request in sandbox.journal} == {f"/v1/phone/{sales_phone.pk}"}
    assert [ended(row) for row in rows] == [("WAITING", "server_error")] * 2


def test_write_that_certainly_failed_is_made_once_more(
    lunch: Schedule, aurora: Project, sales_phone: Phone, sandbox: Sandbox
) -> None:
    sandbox.faults.add(Fault("status", status=429, method="PATCH", times=None))
    let_it_be(aurora, lunch.due_at)
    assert ended(lunch) == ("WAITING", "rate_limited")
    sandbox.faults.clear()

    let_it_be(aurora, lunch.due_at + WAITS[0])

    assert ended(lunch) == ("DONE", "")
    assert held(sandbox, sales_phone).nickname == before_of(lunch)["nickname"]


def test_write_whose_answer_is_lost_is_followed_and_never_sent_again(
    lunch: Schedule, aurora: Project, sandbox: Sandbox
) -> None:
    sandbox.faults.add(Fault("close", method="PATCH", when="after"))
    fault = Fault("status", status=503, method="GET", times=None)
    with before_answering(sandbox, "PATCH", lambda: sandbox.faults.add(fault)):
        let_it_be(aurora, lunch.due_at)
    assert ended(lunch) == ("SENT", "")
    sandbox.faults.clear()
    let_it_be(aurora, lunch.due_at + 30 * MINUTE)
    assert ended(lunch) == ("SENT", "")

    sweep(clock=lambda: lunch.due_at + HOUR)
    assert due_projects(lunch.due_at + HOUR) == [aurora]
    let_it_be(aurora, lunch.due_at + HOUR)

    assert ended(lunch) == ("DONE", "")
    assert len(patches(sandbox)) == 2


def test_key_that_was_replaced_meanwhile_is_the_one_that_puts_back(
    lunch: Schedule, aurora: Project, sandbox: Sandbox
) -> None:
    sandbox.keys["another-key-of-aurora-0123456789"] = Key(
        "another-key-of-aurora-0123456789", "new", "aurora", ALL_PERMISSIONS
    )
    keys.replace_key(project=aurora, token="another-key-of-aurora-0123456789", actor=None, now=timezone.now())

    let_it_be(aurora, lunch.due_at)

    assert ended(lunch) == ("DONE", "")


def test_project_without_a_key_waits_for_one(lunch: Schedule, aurora: Project, sandbox: Sandbox) -> None:
    keys.disconnect(project=aurora, actor=None, now=timezone.now())
    before = len(sandbox.journal)

    let_it_be(aurora, lunch.due_at)

    assert ended(lunch) == ("WAITING", "no_key")
    assert len(sandbox.journal) == before


def test_project_whose_key_is_rejected_waits_and_diga_is_not_asked(
    lunch: Schedule, aurora: Project, sandbox: Sandbox
) -> None:
    Project.objects.filter(pk=aurora.pk).update(token_state=TokenState.REJECTED)
    before = len(sandbox.journal)

    let_it_be(aurora, lunch.due_at)

    assert ended(lunch) == ("WAITING", "auth")
    assert len(sandbox.journal) == before


def test_change_that_is_not_known_to_be_made_is_not_called_undone(
    aurora: Project, sales_phone: Phone, router: User, sandbox: Sandbox
) -> None:
    sandbox.faults.add(Fault("close", method="PATCH", when="after"))
    fault = Fault("status", status=503, method="GET", times=None)
    with before_answering(sandbox, "PATCH", lambda: sandbox.faults.add(fault)):
        schedule = change_for_a_time(sales_phone, PhoneEdit(nickname="Lunch"), router, in_an_hour())

    let_it_be(aurora, schedule.due_at)

    assert ended(schedule) == ("WAITING", "unknown_change")
    sandbox.faults.clear()
    sweep(clock=lambda: schedule.due_at + MINUTE)
    let_it_be(aurora, schedule.due_at + HOUR)
    assert ended(schedule) == ("DONE", "")


def test_two_workers_put_back_once(lunch: Schedule, aurora: Project, sandbox: Sandbox) -> None:
    """Both have seen that it is due before either claims it."""
    barrier = threading.Barrier(2)
    claim = claiming.claim
    got: list[bool] = []

    def claim_together(pk: int, **given: object) -> Schedule | None:
        barrier.wait(timeout=10)
        row = claim(pk, **given)  # type: ignore[arg-type]
        got.append(row is not None)
        return row

    def work() -> None:
        try:
            let_it_be(aurora, lunch.due_at)
        finally:
            connections.close_all()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("phones.services.schedules.run.claim", claim_together)
        threads = [threading.Thread(target=work) for _worker in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sorted(got) == [False, True]
    assert ended(lunch) == ("DONE", "")
    assert len(patches(sandbox)) == 2


@pytest.mark.parametrize("dies", ["before it writes down", "before it sends", "after it sent"])
def test_worker_that_dies_leaves_it_to_another_that_sends_once(
    lunch: Schedule, aurora: Project, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, dies: str
) -> None:
    def killed(*_args: object, **_given: object) -> None:
        raise Killed

    place = {
        "before it writes down": "phones.services.schedules.sending.reread_agents",
        "before it sends": "phones.services.editing.save.send",
        "after it sent": "phones.services.editing.save.take_answers",
    }[dies]
    with monkeypatch.context() as patch:
        patch.setattr(place, killed)
        with pytest.raises(Killed):
            let_it_be(aurora, lunch.due_at)
    assert ended(lunch) == ("CLAIMED", "")

    let_it_be(aurora, lunch.due_at + MINUTE)
    assert ended(lunch) == ("CLAIMED", "")

    over = lunch.due_at + claiming.LEASE + MINUTE
    for _round in range(4):
        sweep(clock=lambda: over)  # noqa: B023
        let_it_be(aurora, over)
        over += 5 * MINUTE

    assert ended(lunch) == ("DONE", "")
    applied = [request for request in patches(sandbox) if request.body == sent(sandbox)[-1]]
    assert len(applied) == 1


def test_clock_that_is_set_back_does_nothing_twice(lunch: Schedule, aurora: Project, sandbox: Sandbox) -> None:
    let_it_be(aurora, lunch.due_at)
    assert ended(lunch) == ("DONE", "")

    for moment in (lunch.due_at - LATER, lunch.due_at, lunch.due_at + LATER):
        let_it_be(aurora, moment)

    assert len(patches(sandbox)) == 2


def test_try_and_lease_of_a_clock_that_was_set_back_hold_nothing_up(lunch: Schedule, aurora: Project) -> None:
    day = timedelta(days=1)
    Schedule.objects.update(next_try_at=lunch.due_at + day, try_count=1)
    let_it_be(aurora, lunch.due_at)
    assert ended(lunch) == ("DONE", "")

    Schedule.objects.update(
        state=ScheduleState.CLAIMED, owner=uuid.uuid4(), leased_until=lunch.due_at + day, send_token=uuid.uuid4()
    )
    let_it_be(aurora, lunch.due_at)
    assert ended(lunch) == ("DONE", "same")


def test_restored_copy_sends_nothing_until_somebody_says_go_on(
    lunch: Schedule, aurora: Project, survey_phone: Phone, admin: User, sandbox: Sandbox
) -> None:
    backup = Backup()
    save(survey_phone, PhoneEdit(nickname="After the backup"))
    backup.restore()
    before = len(sandbox.journal)

    let_it_be(aurora, lunch.due_at)
    assert (ended(lunch), len(sandbox.journal)) == (("WAITING", ""), before)

    found = find_break(aurora)
    assert found is not None
    acknowledge_break(project=aurora, noted=found.noted, by=admin, clock=timezone.now)
    let_it_be(aurora, lunch.due_at)
    assert ended(lunch) == ("DONE", "")
