"""Put-backs that are due together: many changes of one person are taken back by one plan, not by a save each.

A plan is made of what our copy says can go back. The rest, and what the preview leaves out, is done one by one: that
reads Diga first, so that no row is left alone by what only the copy says.
"""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet

from phones.models import (
    Change,
    ItemState,
    Plan,
    PlanItem,
    PlanKind,
    PlanState,
    Project,
    Schedule,
    ScheduleKind,
    ScheduleState,
)
from phones.services.clock import Clock
from phones.services.editing.revert import REVERTIBLE, Standing, edit_of, steps_back
from phones.services.plans import lifecycle
from phones.services.plans.create import create_plan
from phones.services.plans.drafts import Draft, PlannedRow, PlanRequest
from phones.services.plans.forecasts.preview import read_agents_if_old
from phones.services.plans.lock import PlanHasMoved
from phones.services.routing.catalogue import Catalogue, catalogue_of
from phones.services.schedules.claiming import MayRun, claim_all, due, end, note_all_sent, release
from phones.services.schedules.plans import PASSING
from phones.services.schedules.sending import versions_of

# Up to so many of one person are put back one by one.
ALONE = 20
# A plan made for them has so many rows at most; what is left is the next one's.
LONGEST = 5000


def put_back_together(*, project: Project, clock: Clock, may_run: MayRun) -> None:
    """Make and start plans of what is due, and go on with those that were put off; several workers may.

    A person who may not put back any more gets no plan: each row of theirs ends, and says so.
    """
    owner = uuid.uuid4()
    for plan in _left_plans(project, clock()):
        _go_on(plan, owner, clock, may_run)
    counted = _fit(project, clock()).values("author").annotate(count=Count("pk")).filter(count__gt=ALONE)
    for author_id in list(counted.order_by("author").values_list("author", flat=True)):
        _put_back_of(project, author_id, owner, clock, may_run)


def _fit(project: Project, now: datetime) -> QuerySet[Schedule]:
    """Return the due rows of which a plan may be made: their change has come about, and none was tried for it yet."""
    planned = PlanItem.objects.filter(reverts=OuterRef("change"), plan__kind=PlanKind.PUT_BACK, plan__origin=None)
    was_sent = Change.objects.filter(form_token=OuterRef("send_token"))
    fit = due(now).filter(project=project, kind=ScheduleKind.PUT_BACK, made_plan=None, change__came_late=None)
    return fit.filter(~Exists(planned), ~Exists(was_sent), change__outcome__in=REVERTIBLE).order_by()


def _put_back_of(project: Project, author_id: int | None, owner: uuid.UUID, clock: Clock, may_run: MayRun) -> None:
    read_agents_if_old(project, clock)
    fit = _fit(project, clock()).filter(author=author_id).select_related("phone", "change").order_by("due_at", "pk")
    ready = _ready(fit[:LONGEST], catalogue_of(project))
    if len(ready) <= ALONE:
        return
    rows = claim_all(ready, owner=owner, now=clock())
    if not rows:
        return
    if not may_run(rows[0]):
        _end_without_right(rows, clock)
        return
    plan = create_plan(_request(project, rows, ready), clock=clock)
    _start(plan, rows, clock)


def _ready(rows: Iterable[Schedule], catalogue: Catalogue) -> dict[int, PlannedRow]:
    """Return what a plan would do for each row that can go back wholly, by its id; a phone is in a plan once."""
    ready: dict[int, PlannedRow] = {}
    phones = set()
    for row in rows:
        if row.change is None or row.phone is None or row.phone.pk in phones:
            continue
        steps = steps_back(row.change, row.phone, catalogue, can_label=True, can_route=True)
        if steps and all(step.standing is Standing.READY for step in steps):
            phones.add(row.phone.pk)
            ready[row.pk] = PlannedRow(row.phone.pk, edit_of(steps, {step.name for step in steps}))
    return ready


def _request(project: Project, rows: Sequence[Schedule], ready: Mapping[int, PlannedRow]) -> PlanRequest:
    first = rows[0]
    if first.author is None:
        raise TypeError("Put-backs run on behalf of somebody")
    return PlanRequest(
        project=project,
        author=first.author,
        kind=PlanKind.PUT_BACK,
        draft=Draft([ready[row.pk] for row in rows]),
        reason=_shared({row.reason for row in rows}),
        ticket=_shared({row.ticket for row in rows}),
        reverts={row.phone_id: row.change for row in rows if row.phone_id and row.change},
    )


def _shared(texts: Collection[str]) -> str:
    return next(iter(texts)) if len(texts) == 1 else ""


def _start(plan: Plan, rows: Sequence[Schedule], clock: Clock) -> None:
    """Start a plan of these claimed rows and of no others; what its preview leaves out is done one by one."""
    author = rows[0].author
    if author is None:
        raise TypeError("Put-backs run on behalf of somebody")
    waiting = plan.items.filter(state=ItemState.WAITING)
    taken = set(waiting.values_list("reverts", flat=True))
    sent = [row for row in rows if row.change_id in taken]
    agreed = {version_id for row in sent if row.change for version_id in versions_of(row.change.before)}
    with transaction.atomic():
        # Somebody may have cancelled a row of it before its first worker died.
        waiting.exclude(reverts__in=[row.change_id for row in sent]).update(state=ItemState.LEFT_OUT)
        try:
            lifecycle.start_put_back(plan=plan, by=author, agreed=agreed, clock=clock)
        except lifecycle.NothingToApply:
            lifecycle.discard_plan(plan=plan, by=author, clock=clock)
        except PlanHasMoved:
            # A person was quicker; it is followed as it is.
            pass
        note_all_sent(sent, made_plan=plan)
        release([row for row in rows if row.change_id not in taken])


def _left_plans(project: Project, now: datetime) -> list[Plan]:
    """Return the plans of due rows: put off, or left by a worker that died after it had made one."""
    rows = due(now).filter(project=project, kind=ScheduleKind.PUT_BACK).order_by()
    unnoted = PlanItem.objects.filter(reverts__in=rows.filter(made_plan=None).values("change"), plan__in=_unstarted())
    ids = rows.filter(made_plan__isnull=False).values("made_plan").union(unnoted.order_by().values("plan"))
    return list(Plan.objects.filter(pk__in=ids).select_related("project").order_by("pk"))


def _unstarted() -> QuerySet[Plan]:
    return Plan.objects.filter(kind=PlanKind.PUT_BACK, origin=None, state=PlanState.PREVIEW)


def _go_on(plan: Plan, owner: uuid.UUID, clock: Clock, may_run: MayRun) -> None:
    is_new = plan.state == PlanState.PREVIEW
    held = due(clock()).filter(kind=ScheduleKind.PUT_BACK, change__in=plan.items.values("reverts"))
    ids = held.filter(made_plan=None if is_new else plan).values_list("pk", flat=True)
    rows = claim_all(list(ids), owner=owner, now=clock())
    if not rows:
        return
    if rows[0].author is None or not may_run(rows[0]):
        with suppress(PlanHasMoved):
            (lifecycle.discard_plan if is_new else lifecycle.stop_plan)(plan=plan, clock=clock)
        _end_without_right(rows, clock)
    elif is_new:
        _start(plan, rows, clock)
    else:
        if plan.cause in PASSING:
            with suppress(PlanHasMoved):
                lifecycle.resume_plan(plan=plan, by=rows[0].author, clock=clock)
        note_all_sent(rows, made_plan=plan)


def _end_without_right(rows: Iterable[Schedule], clock: Clock) -> None:
    for row in rows:
        end(row, ScheduleState.FAILED, now=clock(), cause="no_right")
