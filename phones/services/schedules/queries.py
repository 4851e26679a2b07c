"""Which schedules pages show: of a phone, of the phones of a list, of a project."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from phones.models import NOTICES, OPEN_SCHEDULES, Outcome, Phone, Plan, PlanState, Project, Schedule, ScheduleKind

PAGE_SIZE = 50
NOTICE_COUNT = 5
RELATED = ("phone", "change", "change__plan", "plan", "result", "result__plan", "made_plan")


def in_force() -> QuerySet[Schedule]:
    """Return what is still to be done; not the end of a change that has not come about."""
    never_came = Q(kind=ScheduleKind.PUT_BACK, change__outcome__in=[Outcome.FAILED, Outcome.REFUSED])
    never_ran = Q(plan__state=PlanState.DISCARDED)
    return Schedule.objects.filter(state__in=OPEN_SCHEDULES).exclude(never_came).exclude(never_ran)


def unseen() -> QuerySet[Schedule]:
    """Return what was not done, and what nobody has acknowledged."""
    return Schedule.objects.filter(state__in=NOTICES, seen_at=None)


def of_phone(phone: Phone) -> list[Schedule]:
    """Return what a phone's page shows: what is still to be done, by time, and notices. One query where there is none.

    Most phones have none, and the query that joins what belongs to one takes ten times as long to be made.
    """
    if not Schedule.objects.filter(phone=phone, state__in=(*OPEN_SCHEDULES, *NOTICES)).exists():
        return []
    ids = in_force().filter(phone=phone).values("pk").union(unseen().filter(phone=phone).values("pk"))
    return list(Schedule.objects.filter(pk__in=ids).select_related(*RELATED).order_by("due_at", "pk"))


def of_plan(plan: Plan) -> list[Schedule]:
    """Return what a plan's page shows, likewise. One query."""
    ids = in_force().filter(plan=plan).values("pk").union(unseen().filter(plan=plan).values("pk"))
    return list(Schedule.objects.filter(pk__in=ids).select_related(*RELATED).order_by("due_at", "pk"))


def next_of_phones(project: Project, phone_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Schedule]:
    """Return the next thing that is to be done with each phone. One query."""
    rows = in_force().filter(project=project, phone__in=phone_ids).order_by("-due_at", "-pk")
    return {row.phone_id: row for row in rows if row.phone_id}


@dataclass(frozen=True, slots=True)
class Agenda:
    """What a project's overview says: how much is set for a time, what comes next, and what was not done."""

    put_back_count: int
    start_count: int
    next_put_back: Schedule | None
    next_start: Schedule | None
    notices: Sequence[Schedule]
    notice_count: int


def agenda_of(project: Project) -> Agenda:
    """Return the agenda of a project. Two queries."""
    rows = list(in_force().filter(project=project).order_by("due_at", "pk").only("kind", "due_at", "project"))
    back = [row for row in rows if row.puts_back]
    starts = [row for row in rows if not row.puts_back]
    notices = list(unseen().filter(project=project).select_related(*RELATED).order_by("-pk"))
    return Agenda(
        len(back),
        len(starts),
        back[0] if back else None,
        starts[0] if starts else None,
        notices[:NOTICE_COUNT],
        len(notices),
    )


# What the list can be narrowed to, by the word in its address.
SHOWN = ("open", "notices", "all")


@dataclass(frozen=True, slots=True)
class SchedulePage:
    """One page, and whether another one follows."""

    rows: Sequence[Schedule]
    has_more: bool


def schedules_page(project: Project, shown: str, *, start: int = 0) -> SchedulePage:
    """Return a page from the row `start` on: `open` by time, `notices` and `all` newest first. One query."""
    found = {"open": in_force, "notices": unseen}.get(shown, Schedule.objects.all)()
    order = ("due_at", "pk") if shown == "open" else ("-pk",)
    rows = list(found.filter(project=project).select_related(*RELATED).order_by(*order)[start : start + PAGE_SIZE + 1])
    return SchedulePage(rows[:PAGE_SIZE], len(rows) > PAGE_SIZE)
