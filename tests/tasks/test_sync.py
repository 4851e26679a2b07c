"""Tasks of the sync: the rows are the truth, so a doubled, late or lost message does no harm."""

from datetime import timedelta

import pytest
from django.utils import timezone

from phones import tasks
from phones.diga.sandbox import Fault, Sandbox
from phones.models import Project, SyncRun, SyncState, TokenState
from phones.services.sync import passes as sync_passes


def list_count(sandbox: Sandbox) -> int:
    """Count the passes that reached Diga."""
    return sum(1 for received in sandbox.journal if received.path.endswith("versions-dropdown/dashboard"))


def make_due(project: Project) -> None:
    """Let the last attempt be long ago."""
    Project.objects.filter(pk=project.pk).update(sync_tried_at=timezone.now() - timedelta(hours=1))


def test_doubled_message_does_the_pass_once(aurora: Project, sandbox: Sandbox) -> None:
    sandbox.journal.clear()
    run = sync_passes.claim_sync(project=aurora, now=timezone.now())

    tasks.run_claimed_sync(run.pk)
    tasks.run_claimed_sync(run.pk)

    run.refresh_from_db()
    assert run.is_complete
    assert list_count(sandbox) == 1


def test_doubled_message_leaves_a_pass_that_is_under_way(aurora: Project, sandbox: Sandbox) -> None:
    sandbox.journal.clear()
    run = sync_passes.claim_sync(project=aurora, now=timezone.now())

    sync_passes.run_sync(run, clock=timezone.now, on_page=lambda taken: tasks.run_claimed_sync(taken.pk))

    assert list_count(sandbox) == 1


def test_message_for_a_run_that_has_ended_does_nothing(aurora: Project, sandbox: Sandbox) -> None:
    run = SyncRun.objects.get(project=aurora)
    sandbox.journal.clear()

    tasks.run_claimed_sync(run.pk)
    tasks.run_claimed_sync(run.pk + 1)

    assert sandbox.journal == []
    assert SyncRun.objects.count() == 1


def test_tick_syncs_what_is_due_and_once(aurora: Project, talleres: Project, sandbox: Sandbox) -> None:
    make_due(aurora)
    sandbox.journal.clear()

    tasks.tick()
    tasks.tick()

    assert list_count(sandbox) == 1
    assert SyncRun.objects.filter(project=aurora).count() == 2
    assert SyncRun.objects.filter(project=talleres).count() == 1


def test_message_syncs_its_own_project_only(aurora: Project, talleres: Project) -> None:
    make_due(aurora)
    make_due(talleres)

    tasks.sync_if_free(str(aurora.pk))

    assert SyncRun.objects.filter(project=aurora).count() == 2
    assert SyncRun.objects.filter(project=talleres).count() == 1


def test_late_message_finds_nothing_due(aurora: Project, sandbox: Sandbox) -> None:
    sandbox.journal.clear()

    tasks.sync_if_free(str(aurora.pk))

    assert sandbox.journal == []


def test_running_sync_is_joined_not_doubled(aurora: Project, sandbox: Sandbox) -> None:
    sync_passes.claim_sync(project=aurora, now=timezone.now())
    make_due(aurora)
    sandbox.journal.clear()

    tasks.tick()

    assert sandbox.journal == []
    assert SyncRun.objects.filter(project=aurora, state=SyncState.RUNNING).count() == 1


def test_claimed_pass_whose_bell_was_lost_is_done_by_the_next_tick(aurora: Project, sandbox: Sandbox) -> None:
    sandbox.journal.clear()
    run = sync_passes.claim_sync(project=aurora, now=timezone.now() - sync_passes.HEARD_WITHIN)

    tasks.tick()
    tasks.tick()

    run.refresh_from_db()
    assert run.is_complete
    assert list_count(sandbox) == 1


def test_pass_that_was_just_claimed_is_left_to_its_bell(aurora: Project) -> None:
    run = sync_passes.claim_sync(project=aurora, now=timezone.now())

    tasks.tick()

    run.refresh_from_db()
    assert (run.is_running, run.is_taken) == (True, False)


def test_dead_pass_is_taken_over(aurora: Project) -> None:
    long_ago = timezone.now() - sync_passes.SILENCE_LIMIT - timedelta(seconds=1)
    dead = sync_passes.claim_sync(project=aurora, now=long_ago)
    SyncRun.objects.filter(pk=dead.pk).update(is_taken=True)
    make_due(aurora)

    tasks.tick()

    dead.refresh_from_db()
    newest = SyncRun.objects.order_by("-pk")[0]
    assert (dead.state, dead.cause) == (SyncState.FAILED, "interrupted")
    assert newest.pk != dead.pk
    assert newest.is_complete


@pytest.mark.parametrize("state", [TokenState.REJECTED, TokenState.ABSENT])
def test_project_without_a_good_key_is_never_due(aurora: Project, state: TokenState) -> None:
    aurora.token_state = state
    if state == TokenState.ABSENT:
        aurora.forget_token()
    aurora.save()
    make_due(aurora)

    assert sync_passes.due_projects(timezone.now()) == []


def test_failed_pass_is_not_tried_again_before_its_time(aurora: Project, sandbox: Sandbox) -> None:
    make_due(aurora)
    sandbox.faults.add(Fault("status", status=403, path="/v1/phone/", times=None))

    tasks.tick()
    tasks.tick()

    aurora.refresh_from_db()
    assert aurora.sync_cause == "forbidden"
    assert SyncRun.objects.filter(project=aurora).count() == 2
