"""The preview of a plan: what each row will do as our copy is now, and why somebody should look at one before."""

import uuid
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from phones import diga
from phones.models import Change, Foreseen, ItemState, NoKey, Outcome, Plan, PlanItem, PlanState, Project, Source
from phones.services.audit.log import OPEN
from phones.services.clock import Clock, has_passed
from phones.services.editing.guard import AGENTS_FRESH_FOR
from phones.services.plans.forecasts.checked import foresee_checked, has_read_agents
from phones.services.plans.forecasts.forecast import Edits, LookReasons, RowForecast, unchecked
from phones.services.plans.lock import held_plan
from phones.services.projects.clients import client_for
from phones.services.routing.catalogue import Catalogue, catalogue_of
from phones.services.routing.edits import PhoneEdit, PhoneSnapshot
from phones.services.routing.lanes import Target
from phones.services.routing.snapshots import snapshot
from phones.services.sync.refresh import reread_agents
from phones.services.upstream.bulkhead import place_to_read

# What somebody else did that recently, the author of a plan may not know yet.
JUST_CHANGED = timedelta(minutes=15)
# Reasons that whoever makes a plan gives with a row (see `PlannedRow`), not the preview.
EXPLAINED = ("revert_gone", "revert_version", "revert_closed")
GIVEN_LOOK_REASONS = ("moved_since", "partly", "conflict", "by_itself", "old_version")
# What a row keeps of the file it came from: nothing that is computed anew knows it.
FROM_FILE = "file"
_STATES = {
    Foreseen.WILL_CHANGE: ItemState.WAITING,
    Foreseen.ALREADY_SO: ItemState.SAME,
    Foreseen.CANNOT: ItemState.LEFT_OUT,
    Foreseen.NEEDS_LOOK: ItemState.LEFT_OUT,
}


def read_agents_if_old(project: Project, clock: Clock) -> None:
    """Read the agents from Diga unless our copy is of the last minute; without an answer it stays as it is."""
    if project.is_writable and has_passed(AGENTS_FRESH_FOR, project.agents_read_at, clock()):
        with suppress(diga.DigaError, NoKey), place_to_read(project):
            reread_agents(project=project, client=client_for(project), clock=clock)


def foresee(plan: Plan, edits: Edits, clock: Clock, given: LookReasons) -> dict[uuid.UUID, RowForecast]:
    """Return what each row will do, computed over all of them, by the id of its phone.

    `given` are reasons to look at a row that our copy doesn't tell. Three queries, and what is read from Diga before a
    row is refused.
    """
    look_reasons = {**_look_reasons(plan, clock()), **given}
    return foresee_checked(plan.project, edits, look_reasons=look_reasons, clock=clock)


def _look_reasons(plan: Plan, now: datetime) -> LookReasons:
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


def columns_of(row_forecast: RowForecast) -> dict[str, Any]:
    """Return the columns of a row that its preview fills."""
    return {
        "foreseen": row_forecast.foreseen,
        "why": row_forecast.why,
        "details": dict(row_forecast.details),
        "goes_first": row_forecast.publishes,
        "state": _STATES[row_forecast.foreseen],
    }


def edit_from(after: Mapping[str, Any], catalogue: Catalogue) -> PhoneEdit | None:
    """Return the edit that a row's `after` holds; None where an agent or version of it is gone."""
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
    foreseen = _foresee_items(plan, items, clock)
    catalogue = catalogue_of(plan.project)
    fresh = {
        item.pk: columns_of(foreseen[item.phone_id])
        | {"before": snapshot(catalogue, PhoneSnapshot.of(item.phone), tuple(item.after))}
        for item in items
    }
    with held_plan(plan, state) as held:
        if held.foreseen_at != plan.foreseen_at:
            # Somebody else has computed it anew meanwhile.
            return True
        # Ticks may have been moved while this was computed.
        ticks = plan.items.filter(foreseen=Foreseen.NEEDS_LOOK, state=ItemState.WAITING)
        ticked = set(ticks.values_list("pk", flat=True))
        moved = [item for item in items if _renew(item, fresh[item.pk], is_ticked=item.pk in ticked)]
        columns = ["before", "foreseen", "why", "details", "goes_first", "state"]
        PlanItem.objects.bulk_update(moved, columns, batch_size=200)
        plan.foreseen_at = clock()
        plan.save(update_fields=["foreseen_at"])
    return bool(moved)


def _foresee_items(plan: Plan, items: list[PlanItem], clock: Clock) -> Mapping[uuid.UUID, RowForecast]:
    """Return what is foreseen of rows; where a version is not in our copy any more, Diga's agents are read first."""
    edits = [edit_from(item.after, catalogue_of(plan.project)) for item in items]
    gone = RowForecast(Foreseen.CANNOT, "gone")
    if None in edits:
        gone = gone if has_read_agents(plan.project, clock) else unchecked(gone)
        edits = [edit_from(item.after, catalogue_of(plan.project)) for item in items]
    left = [(item.phone, edit) for item, edit in zip(items, edits, strict=True) if edit is not None]
    given: LookReasons = {
        item.phone_id: (item.why, _from_file(item)) for item in items if item.why in GIVEN_LOOK_REASONS
    }
    return dict.fromkeys((item.phone_id for item in items), gone) | foresee(plan, left, clock, given)


def _from_file(item: PlanItem) -> Mapping[str, Any]:
    return {FROM_FILE: item.details[FROM_FILE]} if FROM_FILE in item.details else {}


def _renew(item: PlanItem, fresh: Mapping[str, Any], *, is_ticked: bool) -> bool:
    """Put the fresh columns of its preview into a row, and say whether any differs from what the row has.

    A row that still needs a look stays ticked, or not, as it is now.
    """
    if item.foreseen == Foreseen.NEEDS_LOOK:
        item.state = ItemState.WAITING if is_ticked else ItemState.LEFT_OUT
    columns = dict(fresh)
    if is_ticked and columns["foreseen"] == Foreseen.NEEDS_LOOK:
        columns["state"] = ItemState.WAITING
    has_moved = any(getattr(item, name) != value for name, value in columns.items())
    for name, value in columns.items():
        setattr(item, name, value)
    return has_moved
