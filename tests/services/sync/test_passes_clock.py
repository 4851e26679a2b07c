"""The clock is set back by an hour: no pass keeps a project busy, and no answer is refused for being older."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from phones.diga.sandbox import Sandbox
from phones.models import Change, Phone, Project, Source, SyncRun, SyncState
from phones.services.clock import CLOCK_SLACK
from phones.services.sync import passes
from phones.services.sync.refresh import refresh_phone
from phones.wording.causes import words_for_cause
from tests.support.desk.saving import before_answering, held, is_true_copy, stored

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
# The stand-in's threads look at what is committed.
committed = pytest.mark.django_db(transaction=True)


def off_by(duration: timedelta) -> Callable[[], datetime]:
    """Return a clock that is so far ahead."""
    return lambda: timezone.now() + duration


def test_pass_with_a_heartbeat_ahead_of_us_is_dead(aurora: Project) -> None:
    now = timezone.now()
    earlier = passes.claim_sync(project=aurora, now=now + CLOCK_SLACK + SECOND)
    SyncRun.objects.filter(pk=earlier.pk).update(is_taken=True)

    run = passes.claim_sync(project=aurora, now=now)

    earlier.refresh_from_db()
    assert (earlier.state, earlier.cause) == (SyncState.FAILED, "interrupted")
    assert run.is_running


def test_pass_of_a_machine_whose_clock_is_a_little_ahead_is_alive(aurora: Project) -> None:
    now = timezone.now()
    earlier = passes.claim_sync(project=aurora, now=now + CLOCK_SLACK - SECOND)

    with pytest.raises(passes.SyncIsRunning) as running:
        passes.claim_sync(project=aurora, now=now)

    assert running.value.run == earlier


@pytest.mark.parametrize(("ahead", "expected"), [(CLOCK_SLACK + SECOND, True), (CLOCK_SLACK - SECOND, False)])
def test_project_that_was_tried_ahead_of_us_is_due(aurora: Project, ahead: timedelta, expected: bool) -> None:
    now = timezone.now()
    aurora.sync_tried_at = now + ahead

    assert passes.is_due(aurora, now) is expected


def test_pass_after_the_clock_was_set_back_copies_what_has_moved(
    aurora: Project, sandbox: Sandbox, sales_phone: Phone
) -> None:
    passes.sync_project(project=aurora, clock=off_by(HOUR))
    held(sandbox, sales_phone).nickname = "Renamed in Diga"
    sandbox.journal.clear()

    run = passes.sync_project(project=aurora, clock=timezone.now)

    assert (run.state, run.phone_count, run.outside_count, run.missing_count) == (SyncState.COMPLETE, 40, 1, 0)
    assert is_true_copy(sandbox, sales_phone)
    assert not Phone.objects.filter(fetched_at__gt=timezone.now()).exists()
    assert {received.path for received in sandbox.journal if "/phone/" in received.path} == {"/v1/phone/"}
    assert [change.after for change in Change.objects.filter(source=Source.OUTSIDE)] == [
        {"nickname": "Renamed in Diga"}
    ]


def test_pass_in_which_the_clock_is_set_back_stops_and_the_next_is_whole(
    aurora: Project, sandbox: Sandbox, sales_phone: Phone
) -> None:
    passed = [HOUR]
    held(sandbox, sales_phone).nickname = "Renamed in Diga"

    with before_answering(sandbox, "GET", passed.clear, path="/v1/agent/"):
        run = passes.sync_project(project=aurora, clock=lambda: timezone.now() + sum(passed, timedelta(0)))
    aurora.refresh_from_db()
    is_due = passes.is_due(aurora, timezone.now())
    after = passes.sync_project(project=aurora, clock=timezone.now)

    assert (run.state, run.cause, aurora.sync_cause) == (SyncState.FAILED, "clock", "clock")
    assert words_for_cause("clock").endswith("The next sync starts by itself within a minute.")
    assert is_due
    assert (after.state, after.phone_count) == (SyncState.COMPLETE, 40)
    assert is_true_copy(sandbox, sales_phone)


def test_number_read_ahead_of_us_takes_the_next_answer(aurora: Project, sandbox: Sandbox, sales_phone: Phone) -> None:
    refresh_phone(project=aurora, phone=sales_phone, clock=off_by(HOUR))
    held(sandbox, sales_phone).nickname = "Renamed in Diga"

    has_moved = refresh_phone(project=aurora, phone=stored(sales_phone), clock=timezone.now)

    assert has_moved
    assert is_true_copy(sandbox, sales_phone)
    assert stored(sales_phone).fetched_at <= timezone.now()
    assert Change.objects.filter(source=Source.OUTSIDE).count() == 1


def test_number_read_by_a_machine_a_little_ahead_takes_what_nothing_overtook(
    aurora: Project, sandbox: Sandbox, sales_phone: Phone
) -> None:
    refresh_phone(project=aurora, phone=sales_phone, clock=off_by(CLOCK_SLACK - SECOND))
    held(sandbox, sales_phone).nickname = "Renamed in Diga"

    refresh_phone(project=aurora, phone=stored(sales_phone), clock=timezone.now)

    assert is_true_copy(sandbox, sales_phone)
    assert Change.objects.filter(source=Source.OUTSIDE).count() == 1


@committed
def test_pass_that_has_waited_for_long_is_alive_once_it_is_taken(aurora: Project, sandbox: Sandbox) -> None:
    now = timezone.now()
    run = passes.claim_sync(project=aurora, now=now - 3 * passes.SILENCE_LIMIT)
    found: list[SyncRun] = []

    def claim_too() -> None:
        found.append(SyncRun.objects.get(pk=run.pk))
        with suppress(passes.SyncIsRunning):
            found.append(passes.claim_sync(project=aurora, now=now))

    with before_answering(sandbox, "GET", claim_too, path="/v1/agent/"):
        passes.run_sync(run, clock=lambda: now)

    assert [(each.pk, each.started_at, each.heartbeat_at) for each in found] == [(run.pk, now, now)]
    assert run.is_complete
