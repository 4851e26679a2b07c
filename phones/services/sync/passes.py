"""One pass over Diga's lists into our copy. Nothing is ever deleted, and the list never shrinks meanwhile."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q

from phones import diga
from phones.models import NoKey, Phone, Project, SyncRun, SyncState, TokenState
from phones.services.clock import CLOCK_SLACK, Clock, database_clock, database_now, has_passed
from phones.services.projects.answers import KeyChanged, has_same_key, note_answer, note_of_key, note_refusal
from phones.services.projects.clients import client_for
from phones.services.projects.identity import ForeignProject, refuse_other_project
from phones.services.sync.missing import find_missing, mark_unlisted, unseen_phones
from phones.services.sync.pulse import ClockSetBack, Pulse, Stopping, TakenOver
from phones.services.sync.store import Pass, analyze_if_grown, clamp_future_reads, store_pages
from phones.services.sync.store_agents import store_agents

# A run whose heartbeat is older than this belongs to a process that died: it beats while it waits for Diga, too.
SILENCE_LIMIT = timedelta(seconds=30)
# After this, a run that nobody has taken gives way to one that is claimed anew.
UNTAKEN_LIMIT = timedelta(seconds=120)
# A worker that is free hears the bell at once.
HEARD_WITHIN = timedelta(seconds=10)
PAGE_SIZE = 100
# So many pages are stored together if they are there: rows that are sorted before they are written cost half.
BATCH_PAGES = 50
# Why a pass failed whose key was replaced or taken away meanwhile.
KEY_CHANGED = "key_changed"
# These are tried again as soon as anybody can: the last attempt says nothing of Diga.
STOPPED = "stopped"
INTERRUPTED = "interrupted"
DUE_AT_ONCE = frozenset({KEY_CHANGED, STOPPED, INTERRUPTED})

OnPage = Callable[[SyncRun], None]


class SyncIsRunning(Exception):
    """Another process syncs this project; `run` is its row."""

    def __init__(self, run: SyncRun) -> None:
        super().__init__("A sync of this project is running")
        self.run = run


class Incomplete(Exception):
    """The walk over the list can't vouch for having met every phone; `walk.gap` is why."""

    def __init__(self, walk: diga.Walk) -> None:
        super().__init__(f"The list was not read completely: {walk.gap}")
        self.walk = walk


def claim_sync(*, project: Project, now: datetime) -> SyncRun:
    """Make the row of a new pass; the database allows one running row a project.

    :raises SyncIsRunning: somebody else's pass is alive.
    """
    running = SyncRun.objects.filter(project=project, state=SyncState.RUNNING)
    # Heartbeats are told by the database's clock; one ahead of it is of before that was set back.
    beat_at = database_now(lambda: now)
    is_unwanted = Q(is_taken=False, heartbeat_at__lt=beat_at - UNTAKEN_LIMIT)
    dead = running.filter(_is_dead(beat_at) | is_unwanted)
    dead.update(state=SyncState.FAILED, finished_at=now, cause=INTERRUPTED)
    last = SyncRun.objects.filter(project=project, state=SyncState.COMPLETE).order_by("-pk").first()
    try:
        with transaction.atomic():
            run = SyncRun.objects.create(
                project=project, started_at=now, heartbeat_at=beat_at, expected_count=last.phone_count if last else None
            )
    except IntegrityError:
        found = running.first()
        if found is None:
            raise
        raise SyncIsRunning(found) from None
    Project.objects.filter(pk=project.pk).update(sync_tried_at=now)
    return run


def _is_dead(beat_at: datetime) -> Q:
    """Return what shows that the process of a run has died, at a moment of the database's clock."""
    return Q(is_taken=True, heartbeat_at__lt=beat_at - SILENCE_LIMIT) | Q(heartbeat_at__gt=beat_at + CLOCK_SLACK)


def end_silent_runs(*, clock: Clock) -> None:
    """End the runs whose process has died: pages say so, and the project is due at once."""
    now = database_now(clock)
    dead = SyncRun.objects.filter(_is_dead(now), state=SyncState.RUNNING, is_taken=True)
    for run in list(dead):
        with transaction.atomic():
            if dead.filter(pk=run.pk).update(state=SyncState.FAILED, finished_at=now, cause=INTERRUPTED):
                Project.objects.filter(pk=run.project_id).update(sync_cause=INTERRUPTED)


def run_sync(
    run: SyncRun,
    *,
    clock: Clock,
    on_page: OnPage | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> SyncRun:
    """Do the pass of a claimed row, and return it with its counts and how it ended.

    It ends within a second or so after `should_stop`, which is asked in other threads, too; a read under way is given
    up.

    No failure of Diga is raised: it is written into the row, the old copy stays. A row that another process
    has taken is returned as it is.
    """
    clock = database_clock(clock)
    now = clock()
    untaken = SyncRun.objects.filter(pk=run.pk, state=SyncState.RUNNING, is_taken=False)
    # It may have waited for longer than a silence may last.
    if not untaken.update(is_taken=True, started_at=now, heartbeat_at=now):
        return run
    # In memory the heartbeat is by our own clock: it tells whether that was set back.
    run.is_taken, run.started_at, run.heartbeat_at = True, now, now
    try:
        pulse = Pulse(run, clock, should_stop)
        whole, unseen = _copy(run, client_for(run.project).asking(pulse), clock, pulse, on_page)
    except NoKey:
        return _end(run, clock(), SyncState.FAILED, cause="no_key")
    except KeyChanged:
        return _end(run, clock(), SyncState.FAILED, cause=KEY_CHANGED)
    except Incomplete as stop:
        return _end(run, clock(), SyncState.FAILED, cause=str(stop.walk.gap))
    except ClockSetBack:
        return _end(run, clock(), SyncState.FAILED, cause="clock")
    except Stopping:
        return _end(run, clock(), SyncState.FAILED, cause=STOPPED)
    except diga.DigaError as error:
        note_refusal(run.project, error, clock())
        return _end(run, clock(), SyncState.FAILED, cause=cause_of_read(error), message=error.message)
    except TakenOver:
        run.refresh_from_db()
        return run
    with transaction.atomic():
        mark_unlisted(unseen, whole)
        _end(run, clock(), SyncState.COMPLETE)
    analyze_if_grown(new_count=run.new_count, phone_count=run.phone_count)
    return run


def _copy(
    run: SyncRun, client: diga.DigaClient, clock: Clock, pulse: Pulse, on_page: OnPage | None
) -> tuple[Pass, Sequence[UUID]]:
    """Copy the agents and then the phones; look for those that the list did not show, and return them with the pass."""
    project = run.project
    project.refresh_from_db(fields=["agents_read_at", "confirmed_at"])
    asked_at = clock()
    clamp_future_reads(project, Phone.objects.filter(project=project), run.started_at)
    agents = client.list_agents()
    note_answer(project)
    refuse_other_project(project, client, agents.data)
    store_agents(project, agents, asked_at=asked_at)
    run.agent_count = project.agent_count
    run.malformed_count = agents.malformed_count
    whole = _walk(run, client, clock, pulse, on_page)
    unseen = unseen_phones(project, whole)
    run.missing_count = find_missing(project=project, client=client, unseen=unseen, clock=clock, on_phone=pulse)
    return whole, unseen


def _walk(run: SyncRun, client: diga.DigaClient, clock: Clock, pulse: Pulse, on_page: OnPage | None) -> Pass:
    """Copy the pages of Diga's list, and return the pass with what it has seen."""
    whole = Pass(run.started_at)
    walk = client.walk_phones(
        walkers=settings.SYNC_WALKERS, expected_count=run.expected_count, clock=clock, waiting_limit=BATCH_PAGES
    )
    pulse.beat(is_due=True)
    for pages in _batches(walk):
        run.expected_count = _expected(run.expected_count, walk.expected_count)
        run.malformed_count += sum(page.malformed_count for page in pages)
        for stored in store_pages(run.project, pages, whole=whole):
            run.phone_count += stored.row_count
            run.new_count += stored.new_count
            run.written_count += stored.new_count + stored.differing_count
            run.outside_count += stored.outside_count
            pulse()
            if on_page:
                on_page(run)
    if walk.error and walk.gap == diga.Gap.FAILED:
        raise walk.error
    if not walk.is_complete:
        raise Incomplete(walk)
    return whole


def _batches(walk: diga.Walk) -> Iterator[list[diga.WalkedPage]]:
    """Yield pages as they arrive; where several have arrived since the last were taken, together."""
    pages: list[diga.WalkedPage] = []
    for page in walk:
        pages.append(page)
        if len(pages) == BATCH_PAGES or not walk.waiting_count:
            yield pages
            pages = []
    if pages:
        yield pages


def _expected(last_time: int | None, told: int | None) -> int | None:
    """Return how many phones to expect: what Diga tells is whole pages, so last time's count is finer if it fits."""
    if last_time is not None and told is not None and 0 <= told - last_time < PAGE_SIZE:
        return last_time
    return last_time if told is None else told


def _end(
    run: SyncRun,
    now: datetime,
    state: SyncState,
    *,
    cause: str = "",
    message: str = "",
) -> SyncRun:
    if cause and not has_same_key(run.project):
        # Whatever it was, it was about another key than the one that is there now.
        cause, message = KEY_CHANGED, ""
    run.state, run.cause, run.message = state, cause, message
    run.finished_at = run.heartbeat_at = now
    with transaction.atomic():
        run.save()
        news: dict[str, object] = {
            "phone_count": Phone.objects.filter(project=run.project).count(),
            "sync_cause": cause,
        }
        if run.is_complete:
            news["synced_at"], news["confirmed_at"] = now, run.started_at
            # A key that was rejected for a while and reads again is accepted again.
            note_of_key(run.project, token_state=TokenState.ACCEPTED, token_accepted_at=now, foreign_cause="")
        Project.objects.filter(pk=run.project_id).update(**news)
    return run


def cause_of(error: diga.DigaError) -> str:
    """Return the short code under which an error is kept; `wording.causes` has the words for it."""
    if isinstance(error, diga.DigaUnavailable):
        return error.reason.value
    if isinstance(error, ForeignProject):
        return error.cause
    return {
        diga.DigaAuthError: "auth",
        diga.DigaForbidden: "forbidden",
        diga.DigaNotFound: "not_found",
        diga.DigaRateLimited: "rate_limited",
    }.get(type(error), "rejected")


def cause_of_read(error: diga.DigaError) -> str:
    """Return the code for a failed read: nothing that somebody typed was refused."""
    cause = cause_of(error)
    return "read_refused" if cause == "rejected" else cause


def sync_project(
    *,
    project: Project,
    clock: Clock,
    on_page: OnPage | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> SyncRun:
    """Claim and do one pass, in the foreground. See `run_sync`.

    :raises SyncIsRunning: somebody else's pass is alive.
    """
    run = claim_sync(project=project, now=clock())
    return run_sync(run, clock=clock, on_page=on_page, should_stop=should_stop)


def is_silent(run: SyncRun, *, clock: Clock) -> bool:
    """Say whether the process of a pass that is running seems to have died."""
    return run.is_running and run.is_taken and has_passed(SILENCE_LIMIT, run.heartbeat_at, database_now(clock))


def unheard_runs(now: datetime) -> list[int]:
    """Return the ids of passes that were claimed and not taken: the bell was lost, or all workers are busy."""
    waiting = SyncRun.objects.filter(state=SyncState.RUNNING, is_taken=False).order_by("pk")
    return [run.pk for run in waiting if has_passed(HEARD_WITHIN, run.started_at, now)]


def due_projects(now: datetime) -> list[Project]:
    """Return the projects whose sync is due, longest waiting first."""
    waiting = Project.objects.order_by(F("sync_tried_at").asc(nulls_first=True), "id")
    return [project for project in waiting if is_due(project, now)]


def is_due(project: Project, now: datetime) -> bool:
    """Say whether the project has a key that Diga has not refused, and its interval is over since the last attempt.

    After an attempt that was ended by this side, or whose key was replaced meanwhile, it is due at once.
    """
    if not (project.sealed_token and project.is_writable):
        return False
    return project.sync_cause in DUE_AT_ONCE or has_passed(project.sync_interval, project.sync_tried_at, now)
