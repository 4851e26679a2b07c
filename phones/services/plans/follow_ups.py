"""A plan made from another one: its failed rows once more, what was not attempted, or all it did taken back.

What follows from a plan that publishes a version publishes one, too: the same once more, or the one before it. But what
Diga has detached is given back number by number, by a plan of the usual kind.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth.models import User

from phones.models import Change, ItemState, Outcome, Plan, PlanItem, PlanKind
from phones.services.clock import Clock
from phones.services.editing.revert import steps_back
from phones.services.plans.bring_back import row_back
from phones.services.plans.create import NothingPlanned, create_plan
from phones.services.plans.drafts import Draft, PlannedRow, PlanRequest
from phones.services.plans.forecasts.preview import edit_from, read_agents_if_old
from phones.services.plans.publishing.create import ids_of, make_publish_plan, published_lanes
from phones.services.plans.publishing.reattach import detached_count, reattaching
from phones.services.routing.catalogue import Catalogue, catalogue_of

# What a second try is for: rows of which it is certain that Diga has not what was wanted. It read those that it
# refused, and would refuse them again.
FAILED = (ItemState.FAILED, ItemState.MISMATCH)
_ROWS = {PlanKind.RETRY: FAILED, PlanKind.REST: (ItemState.NOT_TRIED,), PlanKind.REVERT: (ItemState.DONE,)}
_ROWS[PlanKind.PUT_BACK] = _ROWS[PlanKind.REVERT]
# What takes a plan back: by a person, and by itself at its time.
_BACK = {PlanKind.REVERT, PlanKind.PUT_BACK}


def count_again(plan: Plan, counts: Mapping[ItemState, int], kind: PlanKind) -> int:
    """Return how many rows such a plan would have, by the totals of the first one.

    No query but for a plan that publishes a version: two.
    """
    if kind == PlanKind.REATTACH:
        return detached_count(plan)
    is_fit = not plan.is_publishing or _may_publish(plan, kind)
    return sum(counts.get(state, 0) for state in _ROWS[kind]) if is_fit else 0


def _may_publish(plan: Plan, kind: PlanKind) -> bool:
    """Say whether a plan that publishes can be made again: as long as nothing was published, or only back."""
    request = getattr(plan, "request", None)
    if kind == PlanKind.REST:
        return request is None
    return request is not None and request.outcome == (Outcome.FAILED if kind == PlanKind.RETRY else Outcome.CONFIRMED)


def plan_again(
    *,
    plan: Plan,
    kind: PlanKind,
    author: User,
    reason: str,
    ticket: str,
    form_token: uuid.UUID | None,
    clock: Clock,
    form_digest: str = "",
) -> Plan:
    """Make a plan of the failed rows (`RETRY`), of those not attempted (`REST`), or undo the done ones (`REVERT`).

    `PUT_BACK` undoes them by itself, at its time. `REATTACH` gives numbers the agent back that have lost it as one
    of its versions was published. The new plan has today's preview like any other, and the first one keeps its results.

    :raises NothingPlanned: there is no such row, or nothing of it could be done today.
    :raises SpentForm: the form was sent before with other content.

    And all that `make_publish_plan` raises, for another plan that publishes.
    """
    given: dict[str, Any] = {"project": plan.project, "author": author, "reason": reason, "ticket": ticket}
    given |= {"origin": plan, "form_token": form_token, "form_digest": form_digest}
    if plan.is_publishing and kind != PlanKind.REATTACH:
        return _publish_again(plan, kind, given, clock)
    read_agents_if_old(plan.project, clock)
    catalogue = catalogue_of(plan.project)
    if kind == PlanKind.REATTACH:
        draft, lanes = reattaching(plan, catalogue) if plan.is_publishing else (Draft(), {})
        return create_plan(PlanRequest(kind=kind, draft=draft, wish=lanes, **given), clock=clock)
    items = list(plan.items.filter(state__in=_ROWS[kind]).select_related("phone", "change").order_by("number"))
    reverts: dict[uuid.UUID, Change] = {}
    if kind in _BACK:
        rows = _rows_back(items, catalogue, reverts)
    else:
        reverts = {item.phone_id: item.reverts for item in items if item.reverts}
        rows = [
            PlannedRow(item.phone_id, edit, item.line) for item in items if (edit := edit_from(item.after, catalogue))
        ]
    wish: Mapping[str, Any] = {} if kind in _BACK else plan.wish
    return create_plan(PlanRequest(kind=kind, draft=Draft(rows), wish=wish, reverts=reverts, **given), clock=clock)


def _publish_again(plan: Plan, kind: PlanKind, given: Mapping[str, Any], clock: Clock) -> Plan:
    if not _may_publish(plan, kind):
        raise NothingPlanned
    agent_id, version_id = ids_of(plan)
    if kind == PlanKind.REVERT:
        version_id = published_lanes(plan)[0].version_id or version_id
    return make_publish_plan(agent_id=agent_id, version_id=version_id, clock=clock, **given)


def _rows_back(items: Sequence[PlanItem], catalogue: Catalogue, reverts: dict[uuid.UUID, Change]) -> list[PlannedRow]:
    rows: list[PlannedRow] = []
    for item in items:
        if item.change is None:
            continue
        reverts[item.phone_id] = item.change
        steps = steps_back(item.change, item.phone, catalogue, can_label=True, can_route=True)
        rows.append(row_back(item.phone_id, steps))
    return rows
