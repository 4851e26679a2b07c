"""Plans that take back a set of changes: those since a moment, of a person, a ticket or a plan."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth.models import User

from phones.models import Change, Plan, PlanKind, Project
from phones.services.audit.queries import Wanted
from phones.services.clock import Clock
from phones.services.editing.differences import Difference, changed_since, differences
from phones.services.editing.revert import Standing, Step, edit_of
from phones.services.plans.create import create_plan
from phones.services.plans.drafts import Draft, PlannedRow, PlanRequest
from phones.services.plans.forecasts.preview import read_agents_if_old
from phones.services.routing.catalogue import catalogue_of

_CANNOT = {
    Standing.NO_AGENT: "revert_gone",
    Standing.NO_VERSION: "revert_version",
    Standing.CLOSED: "revert_closed",
}


def bring_back(
    *,
    project: Project,
    wanted: Wanted,
    author: User,
    reason: str,
    ticket: str,
    form_token: uuid.UUID | None,
    clock: Clock,
    form_digest: str = "",
) -> Plan:
    """Make a plan that brings the numbers of these changes back to what they were before, with today's preview.

    :raises NothingPlanned: no number differs, or nothing of it could be done today.
    :raises SpentForm: the form was sent before with other content.
    """
    read_agents_if_old(project, clock)
    catalogue = catalogue_of(project)
    found = differences(project=project, wanted=wanted, catalogue=catalogue, can_label=True, can_route=True)
    others = changed_since([each for each in found if _is_moved(each)])
    rows = [row_back(each.phone.pk, each.steps, by=others.get(each.phone.pk)) for each in found]
    request = PlanRequest(
        project=project,
        author=author,
        kind=PlanKind.REVERT,
        draft=Draft(rows),
        reason=reason,
        ticket=ticket,
        reverts=_last_changes(found),
        form_token=form_token,
        form_digest=form_digest,
    )
    return create_plan(request, clock=clock)


def _is_moved(found: Difference) -> bool:
    return any(step.standing is Standing.MOVED for step in found.steps)


def _last_changes(found: Sequence[Difference]) -> dict[uuid.UUID, Change]:
    changes = Change.objects.only("pk").in_bulk([each.last_id for each in found if each.last_id])
    return {each.phone.pk: changes[each.last_id] for each in found if each.last_id}


def row_back(phone_id: uuid.UUID, steps: Sequence[Step], *, by: str | None = None) -> PlannedRow:
    """Return the row that takes these steps; where a field was changed again since, somebody has to look first.

    `by` is who did that, "" for somebody outside, None where it isn't known.
    """
    edit = edit_of(steps, {step.name for step in steps if step.can_take})
    standings = {step.standing for step in steps} - {Standing.SAME}
    if edit.is_empty:
        cannot = next((code for standing, code in _CANNOT.items() if standing in standings), "")
        return PlannedRow(phone_id, edit, cannot=cannot, after={step.name: step.then for step in steps})
    if Standing.MOVED in standings:
        details: Mapping[str, Any] = {} if by is None else {"by": by}
        return PlannedRow(phone_id, edit, look="moved_since", details=details)
    return PlannedRow(phone_id, edit, look="partly" if standings - {Standing.READY} else "")
