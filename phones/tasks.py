"""Background work: the queue is a doorbell, the rows are the truth. Each task may run twice."""

import logging
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Lock, Thread

import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connections
from django.utils import timezone
from huey.api import crontab
from huey.contrib.djhuey import HUEY, db_periodic_task, db_task, on_startup
from structlog.contextvars import bound_contextvars

from dashboard.monitoring import machines
from phones.access import may_run_plan, may_run_schedule
from phones.models import Plan, PlanState, Project, SyncRun
from phones.services import heartbeat, housekeeping
from phones.services.alerting import delivery, news
from phones.services.audit.chain import runs as verifying
from phones.services.editing import recheck
from phones.services.installation import instances
from phones.services.installation.holding import is_held
from phones.services.running import publish_outcome, runner
from phones.services.schedules import claiming as schedules
from phones.services.schedules.run import run_due
from phones.services.sync import passes, pulse
from phones.wording.projects.alerts import words_for_alert

logger = structlog.get_logger("phones.tasks")

# The plans that this process works at: a second bell for one of them is of no use here.
_at_work: set[int] = set()
_lock = Lock()
# Held by the one thread of this process that has started what is done by itself.
_settling = Lock()
LOOK_EVERY_SECONDS = 5
TELL_EVERY_SECONDS = 20


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
        with bound_contextvars(task="run_claimed_sync", project=run.project.slug):
            _log_sync(passes.run_sync(run, clock=timezone.now, should_stop=_is_stopping))


@db_task()
def sync_if_free(project_id: str) -> None:
    """Sync a project if that is still due, unless a pass of it is running. The id is a text: messages are JSON."""
    project = Project.objects.filter(pk=project_id).first()
    # Of two messages the later one finds a pass running, or one that has just been tried.
    if project is not None and passes.is_due(project, timezone.now()):
        with bound_contextvars(task="sync_if_free", project=project.slug), suppress(passes.SyncIsRunning):
            _log_sync(passes.sync_project(project=project, clock=timezone.now, should_stop=_is_stopping))


def _log_sync(run: SyncRun) -> None:
    """Log how a pass has ended; one that another process has taken is logged there."""
    if run.finished_at is None:
        return
    logger.log(
        logging.INFO if run.is_complete else logging.WARNING,
        "sync",
        outcome=run.state,
        cause=run.cause,
        seconds=round((run.finished_at - run.started_at).total_seconds(), 1),
        **{name: getattr(run, name) for name in pulse.COUNTS},
    )


@db_periodic_task(crontab(minute="*"))
def tick() -> None:
    """Ring the bell for what is set for now, for passes that no worker has taken, and for syncs that are due."""
    for project in schedules.due_projects(timezone.now()):
        run_schedules(str(project.pk))
    for run_id in passes.unheard_runs(timezone.now()):
        run_claimed_sync(run_id)
    for project in passes.due_projects(timezone.now()):
        sync_if_free(str(project.pk))


@db_task()
def run_schedules(project_id: str) -> None:
    """Do what is due in a project at this time. The id is a text: messages are JSON."""
    project = Project.objects.filter(pk=project_id).first()
    if project is not None:
        with bound_contextvars(task="run_schedules", project=project.slug):
            run_due(project=project, clock=timezone.now, may_run=may_run_schedule)


def settle_open() -> None:
    """Find out what became of changes and publishings whose process died, or whose outcome is not known yet.

    Syncs whose process died are ended, and are due for the next `tick`.
    """
    passes.end_silent_runs(clock=timezone.now)
    recheck.sweep(clock=timezone.now)
    for plan_id in publish_outcome.sweep_requests(clock=timezone.now):
        run_plan(plan_id)


@db_periodic_task(crontab(hour="3", minute="30"))
def delete_old() -> None:
    """Delete what is over and what nobody reads any more."""
    logger.info("deleted what is old", task="delete_old", counts=housekeeping.delete_old(timezone.now()))


def tell() -> None:
    """Write down what is news, and send what waits to be sent. A restored copy tells nobody what it believes."""
    if not instances.is_foreign():
        news.note_news(clock=timezone.now)
        delivery.deliver_due(clock=timezone.now, compose=words_for_alert)


@db_task()
def send_alerts() -> None:
    """Send what waits at once: somebody has asked for a test."""
    if not instances.is_foreign():
        delivery.deliver_due(clock=timezone.now, compose=words_for_alert)


@on_startup(name="settle_open")
def settle_open_by_itself() -> None:
    """Do so every few seconds, and say that this worker runs, in threads of their own.

    A lost answer is read again after 5 seconds already, and a crontab knows minutes only; and the tasks' threads are
    for work that may take long.
    """
    flag = getattr(HUEY, "stop_flag", None)
    # Each of the worker's threads starts up.
    if flag is not None and _settling.acquire(blocking=False):
        acts = ((settle_open, LOOK_EVERY_SECONDS), (beat, heartbeat.BEAT_SECONDS), (tell, TELL_EVERY_SECONDS))
        for act, seconds in acts:
            Thread(target=_repeat, args=(act, seconds, flag), name=act.__name__, daemon=True).start()


def beat() -> None:
    """Write down that this worker runs, and from which folder. Tell if a web or worker has other settings."""
    heartbeat.beat(timezone.now)
    instances.note_own(timezone.now())
    machines.warn("worker")


def _repeat(act: Callable[[], None], seconds: float, stopped: Event) -> None:
    """Act now, and every so many seconds until the worker is asked to stop."""
    is_over = False
    while not is_over:
        try:
            with bound_contextvars(task=act.__name__):
                act()
        except DatabaseError:
            # The database is away, or something else was quicker: what there is to do is there the next time, too.
            logger.exception("the database kept a task from its work", task=act.__name__)
        finally:
            close_old_connections()
        is_over = stopped.wait(seconds)
    connections.close_all()


@db_periodic_task(crontab(minute="23"))
def verify_daily() -> None:
    """Verify every chain that was not verified for a day, the site's too; what is found is on the pages of changes."""
    for project in (*Project.objects.order_by("slug"), None):
        if fault_count := verifying.verify_if_due(project=project, clock=timezone.now):
            # The chain of the site has no project.
            slug = project.slug if project else None
            logger.error("history is not what was written", task="verify_daily", project=slug, fault_count=fault_count)


@db_task()
def run_plan(plan_id: int) -> None:
    """Work at a plan until it ends or is held. Several workers may; in one process, one of them does."""
    with _lock:
        if plan_id in _at_work:
            return
        _at_work.add(plan_id)
    try:
        plan = Plan.objects.select_related("project").filter(pk=plan_id, state=PlanState.RUNNING).first()
        if plan is not None and not is_held(plan.project):
            project = plan.project
            with bound_contextvars(task="run_plan", project=project.slug, plan=plan_id):
                runner.run_plan(
                    plan=plan,
                    clock=timezone.now,
                    may_run=may_run_plan,
                    should_stop=lambda: _is_stopping() or is_held(project),
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
