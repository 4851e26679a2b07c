"""What became of the request of a plan that publishes: what Diga says it has published, read back. Never sent again.

The rows of the plan follow it in the same transaction: they wait to be read back, or have ended.
"""

from datetime import datetime

from django.db import transaction

from phones import diga
from phones.models import ItemState, NoKey, Outcome, Plan, PublishRequest
from phones.services.audit.log import OPEN
from phones.services.clock import Clock, database_clock
from phones.services.editing.outcome import AgentsRead
from phones.services.editing.recheck_times import (
    claim_look,
    due,
    give_up_if_old,
    is_given_up,
    keep_unknown,
    may_still_be_applied,
)
from phones.services.projects.answers import note_refusal
from phones.services.projects.clients import client_for
from phones.services.routing.catalogue import catalogue_of
from phones.services.routing.snapshots import lane_snapshot
from phones.services.sync.passes import cause_of
from phones.services.sync.refresh import reread_agents
from phones.services.upstream.failures import Verdict, verdict_of

# After these a version may have been published: a later one proves nothing about an earlier one.
_MAYBE = (Outcome.PENDING, Outcome.CONFIRMED, Outcome.MISMATCH, Outcome.UNKNOWN)
_SETTLED = (
    "outcome",
    "stored",
    "http_status",
    "message",
    "cause",
    "request_id",
    "settled_at",
    "duration_ms",
    "answer_lost_at",
    "next_look_at",
    "look_count",
)


def settle_by_answer(
    request: PublishRequest, client: diga.DigaClient, answer: diga.Publication | diga.DigaError, clock: Clock
) -> None:
    """Record the outcome of the request: refused, not sent, or by reading the agent back."""
    verdict = None
    if isinstance(answer, diga.DigaError):
        request.cause, request.message = cause_of(answer), answer.message
        request.http_status, request.request_id = answer.status, answer.request_id
        note_refusal(request.plan.project, answer, clock())
        verdict = verdict_of(answer)
        request.answer_lost_at = clock() if verdict is Verdict.UNKNOWN else None
    else:
        request.http_status = 200
    if verdict is Verdict.REJECTED:
        _settle(request, Outcome.REFUSED, clock())
    elif verdict is Verdict.NOT_SENT:
        _settle(request, Outcome.FAILED, clock())
    else:
        settle_by_reading(request, client, clock)


def settle_by_reading(request: PublishRequest, client: diga.DigaClient, clock: Clock) -> None:
    """Read what the agent has published now, and settle by that; where it can't be told, read it again later.

    The wanted version settles it at once, the old one only when Diga can't publish it any more.
    """
    asked_at, is_told = clock(), True
    try:
        agents = reread_agents(project=request.plan.project, client=client, clock=clock)
        agents.require(request.agent_id)
    except diga.DigaError:
        found, is_told = None, False
    else:
        found = _found(request, AgentsRead.of(agents, asked_at))
    now = clock()
    if found is not None:
        _settle(request, found, now)
    elif request.outcome != Outcome.UNKNOWN:
        if is_accepted(request):
            request.answer_lost_at = now
        _keep_unknown(request)
    elif is_told:
        give_up_if_old(request, begun_at=request.sent_at, now=now)
        if is_given_up(request):
            request.plan.items.filter(state=ItemState.SENDING).update(state=ItemState.UNKNOWN, finished_at=now)


def is_accepted(request: PublishRequest) -> bool:
    """Say whether Diga has answered that it did as asked: what is not known yet is what it has published."""
    return request.http_status == 200 and not request.cause


def _found(request: PublishRequest, agents: AgentsRead) -> Outcome | None:
    """Say what a read of the agents tells of the request; None where nobody can tell, or not yet."""
    published = agents.published.get(request.agent_id)
    live_id = str(published) if published else None
    later = PublishRequest.objects.filter(agent_id=request.agent_id, sent_at__gt=request.sent_at, outcome__in=_MAYBE)
    if request.outcome == Outcome.UNKNOWN and later.exists():
        return None
    if live_id == request.after["version_id"]:
        return Outcome.CONFIRMED
    if is_accepted(request):
        # Diga said that it was done, and has something else.
        catalogue = catalogue_of(request.plan.project)
        live = catalogue.version(published) if published else None
        agent = catalogue.agent(request.agent_id)
        request.stored = lane_snapshot(request.agent_id, agent, live and live[1]).to_json()
        return Outcome.MISMATCH
    if may_still_be_applied(request, begun_at=request.sent_at, asked_at=agents.asked_at):
        return None
    return Outcome.FAILED if live_id == request.before["version_id"] else None


def _settle(request: PublishRequest, outcome: Outcome, now: datetime) -> None:
    request.outcome, request.settled_at, request.next_look_at = outcome, now, None
    _save(request)


def _keep_unknown(request: PublishRequest) -> None:
    keep_unknown(request, begun_at=request.sent_at)
    _save(request)


def _save(request: PublishRequest) -> None:
    """Save what became of a request, and let the rows follow; one that somebody else has settled meanwhile stays so."""
    with transaction.atomic():
        plan = Plan.objects.select_for_update(no_key=True).get(pk=request.plan_id)
        if PublishRequest.objects.filter(pk=request.pk, outcome__in=OPEN).exists():
            request.save(update_fields=_SETTLED)
            _follow(plan, request)
        else:
            request.refresh_from_db(fields=_SETTLED)


def _follow(plan: Plan, request: PublishRequest) -> None:
    """Set the rows by the outcome of the request: once published, each number waits to be read back."""
    rows = plan.items.filter(state=ItemState.SENDING)
    if not request.is_published and not request.is_open:
        rows.update(state=ItemState[request.outcome], finished_at=request.settled_at)
    elif request.is_published and plan.is_over:
        rows.update(state=ItemState.NOT_TRIED, finished_at=request.settled_at)
    elif request.is_published:
        rows.update(state=ItemState.WAITING)


def sweep_requests(*, clock: Clock) -> list[int]:
    """Look at every open request that is due; return the ids of the plans that can go on now. Nothing is ever sent."""
    clock = database_clock(clock)
    moved = []
    silent = set()
    for request in due(PublishRequest.objects.select_related("plan__project"), "sent_at", clock()):
        project = request.plan.project
        # Where Diga doesn't answer, one is tried: the others wait for the next time.
        if project.pk not in silent and claim_look(request, begun_at=request.sent_at, now=clock()):
            if _look(request, clock):
                moved.append(request.plan_id)
            silent |= set() if project.is_reachable else {project.pk}
    return moved


def _look(request: PublishRequest, clock: Clock) -> bool:
    try:
        settle_by_reading(request, client_for(request.plan.project), clock)
    except NoKey:
        if request.outcome == Outcome.PENDING:
            _keep_unknown(request)
    return not request.is_open or is_given_up(request)
