"""Running a plan that publishes a version: one request, written down and sent once, then its numbers are read back."""

import uuid
from collections.abc import Callable
from datetime import datetime

from django.db import IntegrityError

from phones import diga
from phones.models import ItemState, Plan, PlanState, PublishRequest
from phones.services.audit import log
from phones.services.clock import Clock, database_clock
from phones.services.editing.recheck_times import SENT_WITHIN
from phones.services.plans.lifecycle import pause_plan
from phones.services.plans.lock import held_plan
from phones.services.plans.publishing.create import CopyTooOld, ids_of, published_lanes, read_outlook
from phones.services.plans.publishing.preview import NotOffered
from phones.services.projects.clients import client_for
from phones.services.projects.identity import ForeignProject
from phones.services.running.circuit_breaker import CircuitBreaker
from phones.services.running.publish_outcome import settle_by_answer
from phones.services.running.read_back import read_numbers


def run_publish(*, plan: Plan, clock: Clock, may_run: Callable[[Plan], bool], should_stop: Callable[[], bool]) -> None:
    """Publish, unless that was done before, and read the numbers back; while it is not known, leave it to the sweeper.

    :raises NoKey: the project has no usable key.
    :raises PlanHasMoved: somebody has held the plan, or another worker has paused it.
    """
    clock = database_clock(clock)
    requests = PublishRequest.objects.select_related("plan__project", "plan__author")
    request = requests.filter(plan=plan).first() or _publish(plan, clock, may_run)
    if request and request.is_published:
        read_numbers(request, clock=clock, should_stop=should_stop)


def _publish(plan: Plan, clock: Clock, may_run: Callable[[Plan], bool]) -> PublishRequest | None:
    """Send the request if Diga has what the plan is about; the plan pauses where it has not, or can't be asked.

    Who let it run has to have the right only until here: what was published is read back in any case.
    """
    client = client_for(plan.project)
    cause, message = _hindrance(plan, client, clock) if may_run(plan) else ("no_right", "")
    if cause:
        _hold(plan, clock, cause, message)
        return None
    try:
        request = _begin(plan, clock())
    except IntegrityError:
        _hold(plan, clock, "publish_busy")
        return None
    if request:
        settle_by_answer(request, client, _send(request, client, clock), clock)
    return request


def _hindrance(plan: Plan, client: diga.DigaClient, clock: Clock) -> tuple[str, str]:
    """Read the agent and its numbers; return the code of why nothing can be sent, with Diga's words, or two ""."""
    agent_id, version_id = ids_of(plan)
    try:
        outlook = read_outlook(plan.project, agent_id, version_id, client, clock)
    except NotOffered:
        return "publish_moved", ""
    except CopyTooOld:
        return "old_copy", ""
    except ForeignProject as error:
        return error.cause, ""
    except diga.DigaError as error:
        breaker = CircuitBreaker()
        breaker.note_error(error)
        return breaker.cause or "not_read", error.message
    is_same = outlook.is_held_by(plan.items.filter(state=ItemState.WAITING))
    return ("", "") if is_same else ("publish_moved", "")


def _hold(plan: Plan, clock: Clock, cause: str, message: str = "") -> None:
    """Pause the plan, unless another worker has sent its request meanwhile, which would explain what was read.

    :raises PlanHasMoved: the plan is not running any more.
    """
    with held_plan(plan, PlanState.RUNNING) as held:
        if not PublishRequest.objects.filter(plan=held).exists():
            pause_plan(plan=plan, clock=clock, cause=cause, message=message)


def _begin(plan: Plan, now: datetime) -> PublishRequest | None:
    """Commit the request, with every row marked as being sent, before anything is sent.

    None where another worker has done so.

    :raises IntegrityError: another version of the agent is being published.
    :raises PlanHasMoved: the plan is not running any more.
    """
    before, after = published_lanes(plan)
    with log.on_disk(), held_plan(plan, PlanState.RUNNING) as held:
        if PublishRequest.objects.filter(plan=held).exists():
            return None
        request = PublishRequest(plan=plan, agent_id=after.agent_id, sent_at=now)
        request.before, request.after = before.to_json(), after.to_json()
        request.save(force_insert=True)
        held.items.filter(state=ItemState.WAITING).update(state=ItemState.SENDING)
    return request


def _send(request: PublishRequest, client: diga.DigaClient, clock: Clock) -> diga.Publication | diga.DigaError:
    """Send the PATCH once, and return Diga's answer or why there is none. Uses no database."""
    started_at = clock()
    if started_at - request.sent_at > SENT_WITHIN:
        return diga.DigaUnavailable(reason=diga.Reason.PACED)
    answer: diga.Publication | diga.DigaError
    try:
        answer = client.publish_version(request.agent_id, uuid.UUID(request.after["version_id"]))
    except diga.DigaError as error:
        answer = error
    # A clock may be set back meanwhile.
    request.duration_ms = max(0, round((clock() - started_at).total_seconds() * 1000))
    return answer
