"""One pass over Diga's lists into our copy. Nothing is ever deleted, and the list never shrinks meanwhile."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F

from phones import diga
from phones.models import NoKey, Phone, Project, SyncRun, SyncState, TokenState

from .connecting import client_for, note_answer, note_refusal
from .storing import ForeignProject, store_agents, store_phones

# A run whose heartbeat is older than this belongs to a process that died: a page takes 30 s at the very most.
SILENCE_LIMIT = timedelta(seconds=120)

Clock = Callable[[], datetime]
OnPage = Callable[[SyncRun], None]


class SyncIsRunning(Exception):
    """Another process syncs this project; `run` is its row."""

    def __init__(self, run: SyncRun) -> None:
        super().__init__("A sync of this project is running")
        self.run = run


def claim_sync(*, project: Project, now: datetime) -> SyncRun:
    """Make the row of a new pass; the database allows one running row a project.

    :raises SyncIsRunning: somebody else's pass is alive.
    """
    running = SyncRun.objects.filter(project=project, state=SyncState.RUNNING)
    running.filter(heartbeat_at__lt=now - SILENCE_LIMIT).update(
        state=SyncState.FAILED, finished_at=now, cause="interrupted"
    )
    try:
        with transaction.atomic():
            run = SyncRun.objects.create(project=project, started_at=now, heartbeat_at=now)
    except IntegrityError:
        found = running.first()
        if found is None:
            raise
        raise SyncIsRunning(found) from None
    Project.objects.filter(pk=project.pk).update(sync_tried_at=now)
    return run


def run_sync(run: SyncRun, *, clock: Clock, on_page: OnPage | None = None) -> SyncRun:
    """Do the pass of a claimed row, and return it with its counts and how it ended.

    No failure of Diga is raised: it is written into the row, the old copy stays. A row that another process
    has taken is returned as it is.
    """
    if not SyncRun.objects.filter(pk=run.pk, state=SyncState.RUNNING, is_taken=False).update(is_taken=True):
        return run
    run.is_taken = True
    project = run.project
    try:
        client = client_for(project)
        store_agents(project, client.list_agents(), now=clock())
        note_answer(project)
        run.agent_count = project.agent_count
        _walk(run, client, clock, on_page)
    except NoKey:
        return _end(run, clock(), SyncState.FAILED, cause="no_key")
    except ForeignProject:
        return _end(run, clock(), SyncState.FAILED, cause="foreign_project")
    except diga.DigaError as error:
        note_refusal(project, error, clock())
        return _end(run, clock(), SyncState.FAILED, cause=cause_of(error), message=error.message)
    return _end(run, clock(), SyncState.COMPLETE)


def _walk(run: SyncRun, client: diga.DigaClient, clock: Clock, on_page: OnPage | None) -> None:
    pages = client.walk_phones()
    asked_at = clock()
    for page in pages:
        run.written_count += store_phones(run.project, page.data, fetched_at=asked_at)
        run.phone_count += len(page.data)
        run.malformed_count += page.malformed_count
        run.heartbeat_at = asked_at = clock()
        run.save(update_fields=["agent_count", "phone_count", "written_count", "malformed_count", "heartbeat_at"])
        if on_page:
            on_page(run)


def _end(run: SyncRun, now: datetime, state: SyncState, *, cause: str = "", message: str = "") -> SyncRun:
    run.state, run.cause, run.message = state, cause, message
    run.finished_at = run.heartbeat_at = now
    with transaction.atomic():
        run.save()
        news: dict[str, object] = {
            "phone_count": Phone.objects.filter(project=run.project).count(),
            "sync_cause": cause,
        }
        if run.is_complete:
            # A key that was rejected for a while and reads again is accepted again.
            news |= {"synced_at": now, "token_state": TokenState.ACCEPTED, "token_accepted_at": now}
        Project.objects.filter(pk=run.project_id).update(**news)
    return run


def cause_of(error: diga.DigaError) -> str:
    """Return the short code under which an error is kept; `explaining` has the words for it."""
    if isinstance(error, diga.DigaUnavailable):
        return error.reason.value
    return {
        diga.DigaAuthError: "auth",
        diga.DigaForbidden: "forbidden",
        diga.DigaNotFound: "not_found",
        diga.DigaRateLimited: "rate_limited",
    }.get(type(error), "rejected")


def sync_project(*, project: Project, clock: Clock, on_page: OnPage | None = None) -> SyncRun:
    """Claim and do one pass, in the foreground.

    :raises SyncIsRunning: somebody else's pass is alive.
    """
    return run_sync(claim_sync(project=project, now=clock()), clock=clock, on_page=on_page)


def due_projects(now: datetime) -> list[Project]:
    """Return the connected projects whose last attempt is older than their interval."""
    connected = Project.objects.exclude(sealed_token="").exclude(token_state=TokenState.REJECTED)
    return [
        project
        for project in connected.order_by(F("sync_tried_at").asc(nulls_first=True), "id")
        if project.sync_tried_at is None or project.sync_tried_at + project.sync_interval <= now
    ]


def set_interval(*, project: Project, minutes: int) -> None:
    """Change the time between two periodic syncs."""
    project.sync_interval_minutes = minutes
    project.save(update_fields=["sync_interval_minutes"])
