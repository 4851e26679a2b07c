"""Making a plan: its rows are frozen, and what each will do is foreseen and kept, before anybody applies it."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q

from phones import diga
from phones.models import (
    Change,
    Foreseen,
    ItemState,
    NoKey,
    Outcome,
    Phone,
    Plan,
    PlanItem,
    PlanKind,
    PlanState,
    Project,
    Source,
)
from phones.services.audit.log import OPEN
from phones.services.clock import has_passed
from phones.services.editing.guard import AGENTS_FRESH_FOR
from phones.services.editing.spent_forms import SpentForm
from phones.services.people.display_names import name_of
from phones.services.plans.checked_forecast import foresee_checked, has_read_agents
from phones.services.plans.drafts import Draft, PlannedRow
from phones.services.plans.forecast import RowForecast, unchecked
from phones.services.plans.lock import held_plan
from phones.services.projects.keys import client_for
from phones.services.routing.catalogue import Catalogue, catalogue_of
from phones.services.routing.edits import PhoneEdit, PhoneSnapshot
from phones.services.routing.lanes import Target
from phones.services.routing.snapshots import edit_snapshot, snapshot
from phones.services.sync.refresh import reread_agents
from phones.services.upstream.bulkhead import place_to_read

Clock = Callable[[], datetime]
BATCH_SIZE = 5000
# What somebody else did that recently, the author of a plan may not know yet.
JUST_CHANGED = timedelta(minutes=15)
READ = ("project_id", "number", "shown", "nickname", "status", "missing_since", "inbound_agent_id", "outbound_agent_id")
# Reasons that whoever makes a plan gives with a row (see `PlannedRow`), not the preview.
EXPLAINED = ("revert_gone", "revert_version", "revert_closed")
LOOKS = ("moved_since", "partly", "conflict", "by_itself", "old_version")
# What a row keeps of the file it came from: nothing that is computed anew knows it.
FROM_FILE = "file"
_STATES = {
    Foreseen.WILL_CHANGE: ItemState.WAITING,
    Foreseen.ALREADY_SO: ItemState.SAME,
    Foreseen.CANNOT: ItemState.LEFT_OUT,
    Foreseen.NEEDS_LOOK: ItemState.LEFT_OUT,
}


Looks = Mapping[uuid.UUID, tuple[str, Mapping[str, Any]]]


class NothingPlanned(Exception):
    """There is no row to make a plan of, or nothing is wanted of any."""


def create_plan(
    *,
    project: Project,
    author: User,
    kind: PlanKind,
    draft: Draft,
    reason: str,
    clock: Clock,
    ticket: str = "",
    wish: Mapping[str, Any] | None = None,
    origin: Plan | None = None,
    reverts: Mapping[uuid.UUID, Change] | None = None,
    form_token: uuid.UUID | None = None,
    form_digest: str = "",
) -> Plan:
    """Freeze a draft as a plan with its preview. Nothing is sent to Diga but, where ours is old, a read of the agents.

    Phones of other projects are left out. `wish` is for the heading (see `Plan`); `reverts` says which change each
    phone's row takes back. A second send of one form gives the first one's plan; `form_digest` tells its content.

    :raises NothingPlanned: no row is left, or none wants anything.
    :raises SpentForm: the form was sent before with other content.
    """
    if earlier := _made_of(project, form_token, form_digest):
        return earlier
    wanted = [row for row in draft.rows if row.is_explained or not row.edit.is_empty]
    read_agents_if_old(project, clock)
    rows = _with_phones(project, wanted)
    if not rows:
        raise NothingPlanned
    plan = Plan(
        project=project,
        kind=kind,
        author=author,
        author_name=name_of(author),
        reason=reason,
        ticket=ticket,
        wish=dict(wish or {}),
        problems=[{"line": problem.line, "text": problem.text} for problem in draft.problems],
        notes=draft.notes,
        origin=origin,
        created_at=clock(),
        form_token=form_token,
        form_digest=form_digest,
    )
    items = _items(plan, rows, reverts or {}, clock)
    plan.foreseen_at = clock()
    try:
        with transaction.atomic():
            plan.save(force_insert=True)
            PlanItem.objects.bulk_create(items, batch_size=BATCH_SIZE)
    except IntegrityError:
        # The other send of this form was quicker.
        if earlier := _made_of(project, form_token, form_digest):
            return earlier
        raise
    return plan


def _made_of(project: Project, form_token: uuid.UUID | None, form_digest: str) -> Plan | None:
    """Return the plan that was made with a form; one with other content, or of another project, is none of it."""
    plan = Plan.objects.filter(form_token=form_token).first() if form_token else None
    if plan and plan.project_id != project.pk:
        raise SpentForm(None)
    if plan and plan.form_digest != form_digest:
        raise SpentForm(plan)
    return plan


def read_agents_if_old(project: Project, clock: Clock) -> None:
    """Read the agents from Diga unless our copy is of the last minute; without an answer it stays as it is."""
    if project.is_writable and has_passed(AGENTS_FRESH_FOR, project.agents_read_at, clock()):
        with suppress(diga.DigaError, NoKey), place_to_read(project):
            reread_agents(project=project, client=client_for(project), clock=clock)


def _with_phones(project: Project, wanted: Sequence[PlannedRow]) -> list[tuple[PlannedRow, Phone]]:
    phones: dict[uuid.UUID, Phone] = {}
    for start in range(0, len(wanted), BATCH_SIZE):
        ids = [row.phone_id for row in wanted[start : start + BATCH_SIZE]]
        phones |= {phone.pk: phone for phone in Phone.objects.filter(project=project, pk__in=ids).only(*READ)}
    return [(row, phones[row.phone_id]) for row in wanted if row.phone_id in phones]


def _items(
    plan: Plan, rows: Sequence[tuple[PlannedRow, Phone]], reverts: Mapping[uuid.UUID, Change], clock: Clock
) -> list[PlanItem]:
    wishes = [(phone, row.edit) for row, phone in rows if not row.is_explained]
    looks: Looks = {row.phone_id: (row.look, row.details) for row, _phone in rows if row.look}
    row_forecasts = iter(foresee(plan, wishes, clock, looks))
    catalogue = catalogue_of(plan.project)
    items = []
    for number, (row, phone) in enumerate(rows, 1):
        after = dict(row.after) if row.is_explained and row.after else edit_snapshot(row.edit)
        item = PlanItem(
            plan=plan,
            number=number,
            phone=phone,
            line=row.line,
            before=snapshot(catalogue, PhoneSnapshot.of(phone), tuple(after)),
            after=after,
            reverts=reverts.get(phone.pk),
            **as_foreseen(_explained(row) if row.is_explained else next(row_forecasts)),
        )
        items.append(item)
    return items


def _explained(row: PlannedRow) -> RowForecast:
    return RowForecast(Foreseen.CANNOT, row.cannot) if row.cannot else RowForecast(Foreseen.ALREADY_SO, "already_so")


def as_foreseen(row_forecast: RowForecast) -> dict[str, Any]:
    """Return the columns of a row that its preview fills."""
    return {
        "foreseen": row_forecast.foreseen,
        "why": row_forecast.why,
        "details": dict(row_forecast.details),
        "goes_first": row_forecast.publishes,
        "state": _STATES[row_forecast.foreseen],
    }


def foresee(plan: Plan, wishes: Sequence[tuple[Phone, PhoneEdit]], clock: Clock, looks: Looks) -> list[RowForecast]:
    """Return what each row will do, computed over all of them; `looks` are reasons to look at one.

    Three queries, and what is read from Diga before a row is refused.
    """
    needs_look = {**_needs_look(plan, clock()), **looks}
    return foresee_checked(plan.project, wishes, needs_look=needs_look, clock=clock)


def _needs_look(plan: Plan, now: datetime) -> Looks:
    """Return the phones that somebody should look at first: a lost answer, or another person's recent change."""
    recent = Q(created_at__gte=now - JUST_CHANGED, outcome__in=[Outcome.CONFIRMED, Outcome.OBSERVED])
    others = recent & ~Q(actor=plan.author, actor__isnull=False)
    found: dict[uuid.UUID, tuple[str, Mapping[str, Any]]] = {}
    changes = Change.objects.filter(others | Q(outcome__in=OPEN), project=plan.project).order_by("pk")
    for change in changes.only("phone_id", "outcome", "actor_name", "source", "created_at"):
        if change.is_open:
            found[change.phone_id] = ("unknown_change", {"change": change.pk})
        elif found.get(change.phone_id, ("",))[0] != "unknown_change":
            details = {"at": change.created_at.isoformat(timespec="seconds"), "by": change.actor_name}
            why = "changed_outside" if change.source == Source.OUTSIDE else "just_changed"
            found[change.phone_id] = (why, details | {"change": change.pk})
    return found


def edit_from(after: Mapping[str, Any], catalogue: Catalogue) -> PhoneEdit | None:
    """Return the wish that a row's `after` holds; None where an agent or version of it is gone."""
    wanted: dict[str, Any] = {}
    for name, value in after.items():
        if name == "nickname":
            wanted[name] = value or ""
        elif value is None:
            wanted[name] = None
        else:
            found = catalogue.version(value.version_id)
            if found is None:
                return None
            wanted[name] = Target(*found)
    return PhoneEdit(**wanted)


def renew_preview(plan: Plan, *, clock: Clock, state: PlanState = PlanState.PREVIEW) -> bool:
    """Compute the preview anew on what our copy says now, and return whether anything in it has moved.

    Rows that were ticked stay ticked as long as they still need a look.

    :raises PlanHasMoved: it is no longer in this state.
    """
    read_agents_if_old(plan.project, clock)
    plan.project.refresh_from_db()
    # What is there only to be explained is about agents and numbers that don't come back.
    items = list(plan.items.exclude(why__in=EXPLAINED).select_related("phone").order_by("number"))
    wishes = [(item, edit_from(item.after, catalogue_of(plan.project))) for item in items]
    gone = RowForecast(Foreseen.CANNOT, "gone")
    if any(edit is None for _item, edit in wishes):
        gone = gone if has_read_agents(plan.project, clock) else unchecked(gone)
        wishes = [(item, edit_from(item.after, catalogue_of(plan.project))) for item in items]
    there = [(item.phone, edit) for item, edit in wishes if edit is not None]
    looks: Looks = {item.phone_id: (item.why, _from_file(item)) for item in items if item.why in LOOKS}
    row_forecasts = iter(foresee(plan, there, clock, looks))
    catalogue = catalogue_of(plan.project)
    fresh = []
    for item, edit in wishes:
        row_forecast = next(row_forecasts) if edit else gone
        fresh.append((item, row_forecast, snapshot(catalogue, PhoneSnapshot.of(item.phone), tuple(item.after))))
    with held_plan(plan, state) as held:
        if held.foreseen_at != plan.foreseen_at:
            # Somebody else has computed it anew meanwhile.
            return True
        # Ticks may have been moved while this was computed.
        ticks = plan.items.filter(foreseen=Foreseen.NEEDS_LOOK, state=ItemState.WAITING)
        ticked = set(ticks.values_list("pk", flat=True))
        moved = [
            item
            for item, row_forecast, before in fresh
            if _renew(item, row_forecast, before, is_ticked=item.pk in ticked)
        ]
        columns = ["before", "foreseen", "why", "details", "goes_first", "state"]
        PlanItem.objects.bulk_update(moved, columns, batch_size=200)
        plan.foreseen_at = clock()
        plan.save(update_fields=["foreseen_at"])
    return bool(moved)


def _from_file(item: PlanItem) -> Mapping[str, Any]:
    return {FROM_FILE: item.details[FROM_FILE]} if FROM_FILE in item.details else {}


def _renew(item: PlanItem, row_forecast: RowForecast, before: Mapping[str, Any], *, is_ticked: bool) -> bool:
    """Put a new row_forecast into a row, and say whether it differs from the old one."""
    if item.foreseen == Foreseen.NEEDS_LOOK:
        item.state = ItemState.WAITING if is_ticked else ItemState.LEFT_OUT
    columns = as_foreseen(row_forecast) | {"before": dict(before)}
    if is_ticked and row_forecast.foreseen == Foreseen.NEEDS_LOOK:
        columns["state"] = ItemState.WAITING
    is_moved = any(getattr(item, name) != value for name, value in columns.items())
    for name, value in columns.items():
        setattr(item, name, value)
    return is_moved
