"""Making a plan: its rows are frozen, and what each will do is foreseen and kept, before anybody applies it."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from phones.models import Foreseen, Phone, Plan, PlanItem, Project
from phones.services.clock import Clock
from phones.services.display_names import unique_name_of
from phones.services.editing.differences import PHONE_COLUMNS
from phones.services.editing.spent_forms import SpentForm
from phones.services.plans.drafts import PlannedRow, PlanRequest
from phones.services.plans.forecasts.forecast import LookReasons, RowForecast
from phones.services.plans.forecasts.preview import columns_of, foresee, read_agents_if_old
from phones.services.routing.catalogue import catalogue_of
from phones.services.routing.edits import PhoneSnapshot
from phones.services.routing.snapshots import edit_snapshot, snapshot

BATCH_SIZE = 5000


class NothingPlanned(Exception):
    """There is no row to make a plan of, or nothing is wanted of any."""


def create_plan(request: PlanRequest, *, clock: Clock) -> Plan:
    """Make a plan of what is asked for, with its preview; a second send of one form gives the first one's plan.

    Phones of other projects are left out. Nothing is sent to Diga but, where ours is old, a read of the agents.

    :raises NothingPlanned: no row is left, or none wants anything.
    :raises SpentForm: the form was sent before with other content.
    """
    if earlier := made_of(request.project, request.form_token, request.form_digest):
        return earlier
    wanted = [row for row in request.draft.rows if row.is_explained or not row.edit.is_empty]
    read_agents_if_old(request.project, clock)
    rows = _with_phones(request.project, wanted)
    if not rows:
        raise NothingPlanned
    plan = _new_plan(request, clock())
    items = _items(plan, request, rows, clock)
    plan.foreseen_at = clock()
    return save_new_plan(plan, items)


def _new_plan(request: PlanRequest, now: datetime) -> Plan:
    return Plan(
        project=request.project,
        kind=request.kind,
        author=request.author,
        author_name=unique_name_of(request.author),
        reason=request.reason,
        ticket=request.ticket,
        wish=dict(request.wish),
        problems=[{"line": problem.line, "text": problem.text} for problem in request.draft.problems],
        notes=request.draft.notes,
        origin=request.origin,
        created_at=now,
        form_token=request.form_token,
        form_digest=request.form_digest,
    )


def save_new_plan(plan: Plan, items: Sequence[PlanItem]) -> Plan:
    """Save a plan with its rows, and return it; where the other send of its form was quicker, return the plan of that.

    :raises SpentForm: the other send had other content.
    """
    try:
        with transaction.atomic():
            plan.save(force_insert=True)
            PlanItem.objects.bulk_create(items, batch_size=BATCH_SIZE)
    except IntegrityError:
        if earlier := made_of(plan.project, plan.form_token, plan.form_digest):
            return earlier
        raise
    return plan


def made_of(project: Project, form_token: uuid.UUID | None, form_digest: str) -> Plan | None:
    """Return the plan that was made with a form, if there is one.

    :raises SpentForm: the form had other content, or was one of another project.
    """
    plan = Plan.objects.filter(form_token=form_token).first() if form_token else None
    if plan and plan.project_id != project.pk:
        raise SpentForm(None)
    if plan and plan.form_digest != form_digest:
        raise SpentForm(plan)
    return plan


def _with_phones(project: Project, wanted: Sequence[PlannedRow]) -> list[tuple[PlannedRow, Phone]]:
    phones: dict[uuid.UUID, Phone] = {}
    for start in range(0, len(wanted), BATCH_SIZE):
        ids = [row.phone_id for row in wanted[start : start + BATCH_SIZE]]
        phones |= {phone.pk: phone for phone in Phone.objects.filter(project=project, pk__in=ids).only(*PHONE_COLUMNS)}
    return [(row, phones[row.phone_id]) for row in wanted if row.phone_id in phones]


def _items(plan: Plan, request: PlanRequest, rows: Sequence[tuple[PlannedRow, Phone]], clock: Clock) -> list[PlanItem]:
    given: LookReasons = {row.phone_id: (row.look, row.details) for row, _phone in rows if row.look}
    foreseen = {row.phone_id: _explained(row) for row, _phone in rows if row.is_explained}
    foreseen |= foresee(plan, [(phone, row.edit) for row, phone in rows if not row.is_explained], clock, given)
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
            reverts=request.reverts.get(phone.pk),
            **columns_of(foreseen[phone.pk]),
        )
        items.append(item)
    return items


def _explained(row: PlannedRow) -> RowForecast:
    return RowForecast(Foreseen.CANNOT, row.cannot) if row.cannot else RowForecast(Foreseen.ALREADY_SO, "already_so")
