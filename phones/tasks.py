"""Background work: the queue is a doorbell, the rows are the truth. Each task may run twice."""

from contextlib import suppress
from uuid import UUID

from django.utils import timezone
from huey.api import crontab
from huey.contrib.djhuey import db_periodic_task, db_task

from phones.models import Project, SyncRun
from phones.services import sweeping, syncing


@db_task()
def run_claimed_sync(run_id: int) -> None:
    """Do the pass of a row that was claimed by a person's click; a run that ended meanwhile is left alone."""
    run = SyncRun.objects.select_related("project").filter(pk=run_id, state="RUNNING").first()
    if run is not None:
        syncing.run_sync(run, clock=timezone.now)


@db_task()
def sync_if_free(project_id: UUID) -> None:
    """Sync a project if that is still due, unless a pass of it is running."""
    project = Project.objects.filter(pk=project_id).first()
    # Of two messages the later one finds a pass running, or one that has just been tried.
    if project is not None and syncing.is_due(project, timezone.now()):
        with suppress(syncing.SyncIsRunning):
            syncing.sync_project(project=project, clock=timezone.now)


@db_periodic_task(crontab(minute="*"))
def tick() -> None:
    """Ring the bell for every project whose sync is due."""
    for project in syncing.due_projects(timezone.now()):
        sync_if_free(project.pk)


@db_periodic_task(crontab(minute="*"))
def settle_open_changes() -> None:
    """Find out what became of changes whose process died, or whose outcome is not known yet."""
    sweeping.sweep(clock=timezone.now)
