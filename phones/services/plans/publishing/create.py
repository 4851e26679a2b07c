"""Making a plan that publishes another version of an agent, and computing its preview anew.

Diga moves an agent's numbers together or not at all. So such a plan has one request at its head, and its rows are all
numbers of the agent, which are read back afterwards: there is nothing to tick and nothing to leave out.
"""

import uuid
from contextlib import suppress
from typing import Any

from django.contrib.auth.models import User

from phones import diga
from phones.models import Foreseen, ItemState, LaneSnapshot, NoKey, Plan, PlanItem, PlanKind, PlanState, Project
from phones.services.clock import Clock
from phones.services.display_names import unique_name_of
from phones.services.plans.create import BATCH_SIZE, made_of, save_new_plan
from phones.services.plans.lock import held_plan
from phones.services.plans.publishing.preview import NotOffered, Outlook, outlook_of
from phones.services.projects.clients import client_for
from phones.services.routing.catalogue import catalogue_of
from phones.services.routing.lanes import Target
from phones.services.sync.refresh import reread_agents, reread_users
from phones.services.upstream.bulkhead import place_to_read


class CopyTooOld(Exception):
    """Our copy of the agent's numbers is too far from Diga's: it needs a sync first."""


def make_publish_plan(
    *,
    project: Project,
    agent_id: uuid.UUID,
    version_id: uuid.UUID,
    author: User,
    reason: str,
    clock: Clock,
    ticket: str = "",
    origin: Plan | None = None,
    form_token: uuid.UUID | None = None,
    form_digest: str = "",
) -> Plan:
    """Freeze every number of an agent as a plan that publishes the version, by what Diga has now. Nothing is sent.

    A second send of one form gives the first one's plan.

    :raises NoKey: there is no key, or Diga has rejected it.
    :raises NotOffered: the version can't be published from here.
    :raises CopyTooOld: our copy needs a sync first.
    :raises SpentForm: the form was sent before with other content.
    :raises DigaError: the agents or their numbers could not be read.
    """
    if earlier := made_of(project, form_token, form_digest):
        return earlier
    if not project.is_writable:
        raise NoKey
    outlook = read_outlook(project, agent_id, version_id, client_for(project), clock)
    plan = Plan(
        project=project,
        kind=PlanKind.PUBLISH,
        author=author,
        author_name=unique_name_of(author),
        reason=reason,
        ticket=ticket,
        wish=_wish(outlook),
        origin=origin,
        created_at=clock(),
        foreseen_at=clock(),
        form_token=form_token,
        form_digest=form_digest,
    )
    return save_new_plan(plan, _items(plan, outlook))


def read_outlook(
    project: Project, agent_id: uuid.UUID, version_id: uuid.UUID, client: diga.DigaClient, clock: Clock
) -> Outlook:
    """Read the agents and the agent's numbers from Diga, and say what publishing would do by what they are now.

    :raises NotOffered: the version can't be published from here.
    :raises CopyTooOld: our copy needs a sync first.
    :raises DigaError: Diga gave no usable answer.
    """
    reread_agents(project=project, client=client, clock=clock).require(agent_id)
    if not reread_users(project=project, agent_id=agent_id, client=client, clock=clock).is_complete:
        raise CopyTooOld
    return outlook_of(project, catalogue_of(project).agent(agent_id), version_id)


def published_lanes(plan: Plan) -> tuple[LaneSnapshot, LaneSnapshot]:
    """Return what a lane of the agent holds, and what it holds once the plan has published its version."""
    return plan.wish["version"]["before"], plan.wish["version"]["value"]


def ids_of(plan: Plan) -> tuple[uuid.UUID, uuid.UUID]:
    """Return the ids of the agent and of the version that a plan publishes."""
    _before, after = published_lanes(plan)
    assert after.version_id  # noqa: S101 - nothing else is published.
    return after.agent_id, after.version_id


def renew_publish(plan: Plan, *, clock: Clock, state: PlanState = PlanState.PREVIEW) -> bool:
    """Lay the rows of a plan down anew by what Diga has now, and say whether anything has moved.

    Without an answer our copy has to do: nothing is sent before both were read once more.

    :raises PlanHasMoved: it is no longer in this state.
    """
    agent_id, version_id = ids_of(plan)
    plan.project.refresh_from_db()
    with suppress(diga.DigaError, NoKey), place_to_read(plan.project):
        client = client_for(plan.project)
        reread_agents(project=plan.project, client=client, clock=clock)
        reread_users(project=plan.project, agent_id=agent_id, client=client, clock=clock)
    refusal = ""
    try:
        outlook = outlook_of(plan.project, catalogue_of(plan.project).agent(agent_id), version_id)
    except NotOffered as not_offered:
        refusal = not_offered.why
    with held_plan(plan, state) as held:
        if held.foreseen_at != plan.foreseen_at:
            # Somebody else has computed it anew meanwhile.
            return True
        has_moved = _refuse_rows(held, refusal) if refusal else _renew_rows(held, outlook)
        plan.wish, plan.foreseen_at = held.wish, clock()
        plan.save(update_fields=["wish", "foreseen_at"])
    return has_moved


def _refuse_rows(plan: Plan, why: str) -> bool:
    """Leave every row out, as the version can't be published any more; say whether one was not left out before."""
    rows = plan.items.exclude(foreseen=Foreseen.CANNOT, details={"not_offered": why})
    return bool(
        rows.update(foreseen=Foreseen.CANNOT, why="not_offered", details={"not_offered": why}, state=ItemState.LEFT_OUT)
    )


def _renew_rows(plan: Plan, outlook: Outlook) -> bool:
    items = list(plan.items.all())
    is_same = outlook.is_held_by(items) and all(item.foreseen == Foreseen.WILL_CHANGE for item in items)
    if not is_same:
        plan.items.all().delete()
        plan.wish = {"version": plan.wish["version"] | _wish(outlook)["version"]}
        PlanItem.objects.bulk_create(_items(plan, outlook), batch_size=BATCH_SIZE)
    return not is_same


def _wish(outlook: Outlook) -> dict[str, Any]:
    before, after = (Target(outlook.agent, version).snapshot for version in (outlook.live, outlook.version))
    return {"version": {"how": "PUBLISH", "before": before, "value": after, "is_older": outlook.is_older}}


def _items(plan: Plan, outlook: Outlook) -> list[PlanItem]:
    before, after = published_lanes(plan)
    return [
        PlanItem(
            plan=plan,
            number=number,
            phone_id=each.phone_id,
            before=dict.fromkeys(each.lanes, before),
            after=dict.fromkeys(each.lanes, after),
            foreseen=Foreseen.WILL_CHANGE,
            why="moves",
            state=ItemState.WAITING,
        )
        for number, each in enumerate(outlook.numbers, 1)
    ]
