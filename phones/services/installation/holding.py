"""Whether anything may be done by itself: not in a database that was restored, until a person says go on.

What was put back, taken back or cancelled after the backup was made is not known there. Two things tell it: the folder
of data is not one of this database (`instances`), or the noted head of the history is missing in it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from django.db.models import Count, Q

from phones.models import Plan, PlanState, Project, Schedule, ScheduleKind, ScheduleState
from phones.services.audit.chain.breaks import find_break
from phones.services.installation import instances


class Hold(Enum):
    """What tells that the database was restored."""

    FOLDER = "folder"
    BREAK = "break"


def hold_of(project: Project) -> Hold | None:
    """Return what lets a project wait, for people. Their web may run from a folder of its own, where no worker runs."""
    if instances.waiting_hosts():
        return Hold.FOLDER
    return Hold.BREAK if find_break(project) else None


def is_held(project: Project) -> bool:
    """Return whether plans and schedules of a project wait in this worker. At most three queries."""
    return instances.is_foreign() or find_break(project) is not None


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a project would do by itself: plans that run, put-backs, other schedules; `due_count` of the last two are
    past their time. `is_broken` means that it goes on waiting for the break of its history to be acknowledged.
    """

    project: Project
    plan_count: int
    put_back_count: int
    schedule_count: int
    due_count: int
    is_broken: bool


def waiting_work(projects: Collection[Project], *, now: datetime) -> list[Waiting]:
    """Return what waits, where anything does. Two queries, and one a project for breaks."""
    running = Plan.objects.filter(state=PlanState.RUNNING).order_by().values_list("project")
    plans = dict(running.annotate(count=Count("pk")))
    is_put_back = Q(kind__in=[ScheduleKind.PUT_BACK, ScheduleKind.PUT_BACK_PLAN])
    counted = (
        Schedule.objects.filter(state__in=[ScheduleState.WAITING, ScheduleState.CLAIMED])
        .order_by()
        .values_list("project")
        .annotate(
            back=Count("pk", filter=is_put_back),
            others=Count("pk", filter=~is_put_back),
            due=Count("pk", filter=Q(due_at__lte=now)),
        )
    )
    schedules = {project_id: (back, others, due) for project_id, back, others, due in counted}
    found = []
    for project in projects:
        if project.pk in plans or project.pk in schedules:
            put_backs, others, due = schedules.get(project.pk, (0, 0, 0))
            is_broken = find_break(project) is not None
            found.append(Waiting(project, plans.get(project.pk, 0), put_backs, others, due, is_broken))
    return found
