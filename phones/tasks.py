"""Background work: the queue is a doorbell, the rows are the truth. Each task may run twice."""

import logging
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Lock, Thread

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connections
from django.utils import timezone
from huey.api import crontab
from huey.contrib.djhuey import HUEY, db_periodic_task, db_task, on_startup

from phones.access import may_run_plan
from phones.models import Plan, PlanState, Project, Session, SyncRun
from phones.services import heartbeat
from phones.services.audit import verifying
from phones.services.editing import recheck
from phones.services.running import publish_outcome, runner
from phones.services.sync import passes

logger = logging.getLogger("phones.tasks")

# The plans that this process works at: a second bell for one of them is of no use here.
_at_work: set[int] = set()
_lock = Lock()
# Held by the one thread of this process that has started what is done by itself.
_settling = Lock()
LOOK_EVERY_SECONDS = 5


def is_queue_silent() -> bool:
    """Say whether no worker can be rung for; `tick` then finds the rows of waiting work within a minute."""
    # Only one on Redis can be: SQLite's is in a file, like the rows.
    is_silent = getattr(getattr(HUEY, "storage", None), "is_silent", None)
    return is_silent is not None and is_silent()


def silence_of_workers() -> heartbeat.Silence | None:
    """Return since when no worker has been seen, if none runs; None as well where whoever asks for a task does it."""
    return None if getattr(HUEY, "immediate", False) else heartbeat.silence_of_workers(timezone.now)


@db_task()
def run_claimed_sync(run_id: int) -> None:
    """Do the pass of a row that was claimed by a person's click; a run that ended meanwhile is left alone."""
    run = SyncRun.objects.select_related("project").filter(pk=run_id, state="RUNNING").first()
    if run is not None:
        passes.run_sync(run, clock=timezone.now)


@db_task()
def sync_if_free(project_id: str) -> None:
    """Sync a project if that is still due, unless a pass of it is running. The id is a text: messages are JSON."""
    project = Project.objects.filter(pk=project_id).first()
    # Of two messages the later one finds a pass running, or one that has just been tried.
    if project is not None and passes.is_due(project, timezone.now()):
        with suppress(passes.SyncIsRunning):
            passes.sync_project(project=project, clock=timezone.now)


@db_periodic_task(crontab(minute="*"))
def tick() -> None:
    """Ring the bell for every claimed pass that no worker has taken, and for every project whose sync is due."""
    for run_id in passes.unheard_runs(timezone.now()):
        run_claimed_sync(run_id)
    for project in passes.due_projects(timezone.now()):
        sync_if_free(str(project.pk))


def settle_open() -> None:
    """Find out what became of changes and publishings whose process died, or whose outcome is not known yet."""
    recheck.sweep(clock=timezone.now)
    for plan_id in publish_outcome.sweep_requests(clock=timezone.now):
        run_plan(plan_id)


@db_periodic_task(crontab(hour="3", minute="30"))
def clear_sessions() -> None:
    """Delete the sessions that are over."""
    Session.objects.over(timezone.now()).delete()


@on_startup(name="settle_open")
def settle_open_by_itself() -> None:
    """Do so every few seconds, and say that this worker runs, in threads of their own.

    A lost answer is read again after 5 seconds already, and a crontab knows minutes only; and the tasks' threads are
    for work that may take long.
    """
    flag = getattr(HUEY, "stop_flag", None)
    # Each of the worker's threads starts up.
    if flag is not None and _settling.acquire(blocking=False):
        for act, seconds in ((settle_open, LOOK_EVERY_SECONDS), (beat, heartbeat.BEAT_SECONDS)):
            Thread(target=_repeat, args=(act, seconds, flag), name=act.__name__, daemon=True).start()


def beat() -> None:
    """Write down that this worker runs."""
    heartbeat.beat(timezone.now)


def _repeat(act: Callable[[], None], seconds: float, stopped: Event) -> None:
    """Act now, and every so many seconds until the worker is asked to stop."""
    is_over = False
    while not is_over:
        try:
            act()
        except DatabaseError:
            # The database is away, or something else was quicker: what there is to do is there the next time, too.
            logger.exception("The database kept %s from its work", act.__name__)
        finally:
            close_old_connections()
        is_over = stopped.wait(seconds)
    connections.close_all()


@db_periodic_task(crontab(minute="23"))
def verify_daily() -> None:
    """Verify every chain that was not verified for a day, the site's too; what is found is on the pages of changes."""
    for project in (*Project.objects.order_by("slug"), None):
        if fault_count := verifying.verify_if_due(project=project, clock=timezone.now):
            logger.error("The history of %s is not what was written: %d found", project or "the site", fault_count)


@db_task()
def run_plan(plan_id: int) -> None:
    """Work at a plan until it ends or is held. Several workers may; in one process, one of them does."""
    with _lock:
        if plan_id in _at_work:
            return
        _at_work.add(plan_id)
    try:
        plan = Plan.objects.select_related("project").filter(pk=plan_id, state=PlanState.RUNNING).first()
        if plan is not None:
            runner.run_plan(
                plan=plan,
                clock=timezone.now,
                may_run=may_run_plan,
                should_stop=_is_stopping,
                call_others=(lambda: run_plan(plan_id)) if settings.REDIS_URL else None,
            )
    finally:
        with _lock:
            _at_work.discard(plan_id)


def _is_stopping() -> bool:
    """Say whether the worker was asked to stop. A queue that only tests know has no such flag."""
    flag = getattr(HUEY, "stop_flag", None)
    return flag is not None and flag.is_set()


@db_periodic_task(crontab(minute="*"))
def go_on_with_plans() -> None:
    """Ring the bell for every running plan: its worker may have died, or its bell may have been lost."""
    for plan_id in Plan.objects.filter(state=PlanState.RUNNING).values_list("pk", flat=True):
        run_plan(plan_id)


@on_startup(name="go_on_with_plans")
def go_on_at_start() -> None:
    """Do so as soon as a worker starts, too."""
    go_on_with_plans()
