"""Passes whose process has died, or was asked to stop: told as such, and made again."""

from datetime import UTC, datetime, timedelta
from itertools import count
from threading import Event

import pytest

from phones.diga.sandbox import Sandbox
from phones.models import Phone, Project, SyncRun, SyncState
from phones.services.sync.passes import (
    SILENCE_LIMIT,
    UNTAKEN_LIMIT,
    SyncIsRunning,
    claim_sync,
    due_projects,
    end_silent_runs,
    run_sync,
    sync_project,
)
from tests.support.desk.saving import before_answering, picture

NOW = datetime(2030, 11, 24, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def clock() -> datetime:
    """Stand still, later than everything the fixtures have read."""
    return NOW


def take(run: SyncRun) -> SyncRun:
    """Take a claimed run, as the process does that makes the pass."""
    SyncRun.objects.filter(pk=run.pk).update(is_taken=True)
    return run


# Silent.


def test_claim_is_exclusive(aurora: Project, talleres: Project) -> None:
    first = claim_sync(project=aurora, now=NOW)

    with pytest.raises(SyncIsRunning) as refused:
        claim_sync(project=aurora, now=NOW + SILENCE_LIMIT)
    other = claim_sync(project=talleres, now=NOW)

    assert refused.value.run == first
    assert other.project == talleres
    assert SyncRun.objects.filter(state=SyncState.RUNNING).count() == 2


def test_run_that_has_gone_silent_is_taken_over(aurora: Project) -> None:
    silent = take(claim_sync(project=aurora, now=NOW))
    later = NOW + SILENCE_LIMIT + SECOND

    taken = claim_sync(project=aurora, now=later)

    silent.refresh_from_db()
    assert (silent.state, silent.cause, silent.finished_at) == (SyncState.FAILED, "interrupted", later)
    assert (taken.state, taken.pk > silent.pk) == (SyncState.RUNNING, True)


def test_run_that_shows_signs_of_life_is_left_alone(aurora: Project) -> None:
    alive = take(claim_sync(project=aurora, now=NOW))
    SyncRun.objects.filter(pk=alive.pk).update(heartbeat_at=NOW + 20 * SECOND)

    with pytest.raises(SyncIsRunning):
        claim_sync(project=aurora, now=NOW + SILENCE_LIMIT + SECOND)


def test_run_that_was_taken_over_does_not_start(sandbox: Sandbox, aurora: Project) -> None:
    silent = claim_sync(project=aurora, now=NOW)
    claim_sync(project=aurora, now=NOW + UNTAKEN_LIMIT + SECOND)
    sandbox.journal.clear()

    run_sync(silent, clock=clock)

    assert sandbox.journal == []
    assert SyncRun.objects.get(pk=silent.pk).cause == "interrupted"


def test_late_end_of_a_run_that_was_taken_over_disturbs_nothing(sandbox: Sandbox, aurora: Project) -> None:
    silent = claim_sync(project=aurora, now=NOW)
    later = NOW + SILENCE_LIMIT + SECOND

    def take_over(_run: SyncRun) -> None:
        claim_sync(project=aurora, now=later)

    run_sync(silent, clock=clock, on_page=take_over)

    running = SyncRun.objects.get(state=SyncState.RUNNING)
    assert running.pk > silent.pk
    run_sync(running, clock=lambda: later)
    assert SyncRun.objects.get(pk=running.pk).state == SyncState.COMPLETE


def test_run_that_waits_for_a_worker_is_left_to_it(aurora: Project) -> None:
    waiting = claim_sync(project=aurora, now=NOW)

    with pytest.raises(SyncIsRunning) as refused:
        claim_sync(project=aurora, now=NOW + UNTAKEN_LIMIT)
    end_silent_runs(clock=lambda: NOW + UNTAKEN_LIMIT + SECOND)

    assert refused.value.run == waiting
    assert SyncRun.objects.get(pk=waiting.pk).is_running


def test_silent_run_is_ended_and_its_project_due_at_once(aurora: Project, talleres: Project) -> None:
    silent = take(claim_sync(project=aurora, now=NOW))
    alive = take(claim_sync(project=talleres, now=NOW + SILENCE_LIMIT))
    before = due_projects(NOW + SECOND)

    end_silent_runs(clock=lambda: NOW + SILENCE_LIMIT)
    found_within_the_limit = SyncRun.objects.get(pk=silent.pk).state
    end_silent_runs(clock=lambda: NOW + SILENCE_LIMIT + SECOND)

    silent.refresh_from_db()
    assert (before, found_within_the_limit) == ([], SyncState.RUNNING)
    assert (silent.state, silent.cause) == (SyncState.FAILED, "interrupted")
    assert SyncRun.objects.get(pk=alive.pk).is_running
    assert due_projects(NOW + SILENCE_LIMIT + SECOND) == [aurora]


def test_pass_beats_while_it_reads(sandbox: Sandbox, aurora: Project) -> None:
    """A long one would be taken for dead in the middle, and another begun beside it."""
    seconds = count()
    beats: list[datetime] = []

    def note(run: SyncRun) -> None:
        beats.append(SyncRun.objects.get(pk=run.pk).heartbeat_at)

    run = sync_project(project=aurora, clock=lambda: NOW + next(seconds) * SECOND, on_page=note)

    assert [beat > run.started_at for beat in beats] == [True]


# Asked to stop.


@pytest.mark.parametrize("path", ["/v1/agent/", "/v1/phone/"])
def test_pass_that_is_asked_to_stop_gives_up_what_it_reads(sandbox: Sandbox, aurora: Project, path: str) -> None:
    is_stopping, may_answer = Event(), Event()
    before = picture(aurora)
    aurora_before = Project.objects.get(pk=aurora.pk)

    def stop() -> None:
        is_stopping.set()
        # Diga answers when the pass has ended, and no sooner: whoever waits for it asks again after a time.
        may_answer.wait(30)

    with before_answering(sandbox, "GET", stop, path=path) as asked:
        run = sync_project(project=aurora, clock=clock, should_stop=is_stopping.is_set)
        asked_count = len(asked)
        may_answer.set()

    aurora.refresh_from_db()
    assert asked_count == 1
    assert (run.state, run.cause, run.finished_at) == (SyncState.FAILED, "stopped", NOW)
    assert (aurora.sync_cause, aurora.synced_at, aurora.is_reachable) == ("stopped", aurora_before.synced_at, True)
    assert picture(aurora) == before
    assert due_projects(NOW) == [aurora]


def test_pass_that_is_stopped_while_it_looks_for_missing_phones_marks_none_as_unlisted(
    sandbox: Sandbox, aurora: Project, sales_phone: Phone
) -> None:
    sandbox.phones.remove(sales_phone.pk)
    is_stopping, may_answer = Event(), Event()

    def stop() -> None:
        is_stopping.set()
        may_answer.wait(30)

    with before_answering(sandbox, "GET", stop, path=f"/v1/phone/{sales_phone.pk}"):
        run = sync_project(project=aurora, clock=clock, should_stop=is_stopping.is_set)
        may_answer.set()

    assert (run.state, run.cause) == (SyncState.FAILED, "stopped")
    assert not Phone.objects.exclude(unlisted_since=None, missing_since=None).exists()
