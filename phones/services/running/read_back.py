"""Reading the numbers of a published agent back: which still have it, which lost it; each gets its entry of the log.

Rows are the truth: a number is read as long as its row waits, whoever reads it. Several workers may, each the rows that
it has taken.
"""

import uuid
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from phones import diga
from phones.models import (
    OPEN_ITEMS,
    Change,
    ItemState,
    LaneSnapshot,
    Outcome,
    Plan,
    PlanItem,
    Project,
    PublishRequest,
    Source,
)
from phones.services.audit import log
from phones.services.clock import Clock
from phones.services.plan_items import claiming
from phones.services.plan_items.following import MAX_TRIES
from phones.services.plans.lifecycle import pause_plan
from phones.services.plans.publishing.reattach import DETACHED
from phones.services.projects.answers import note_answer, note_refusal
from phones.services.routing.catalogue import catalogue_of
from phones.services.routing.edits import PhoneSnapshot
from phones.services.routing.snapshots import snapshot
from phones.services.running.held_rows import LEFT_TO_PEOPLE, TURN_SECONDS, Access, author_of, was_a_try
from phones.services.sync.merge import Answer
from phones.services.sync.refresh import note_missing, note_refused
from phones.services.sync.store import store_answers

# Numbers that are read and written down together, for each of the calls that go on at a time.
WAVES = 2
_SURELY_NOT = (Outcome.REFUSED, Outcome.FAILED)
_ENDED = ["state", "cause", "message", "details", "change", "finished_at", "owner", "leased_until"]


@dataclass(frozen=True, slots=True)
class _Said:
    item: PlanItem
    asked_at: datetime
    outcome: diga.Phone | diga.DigaError


def read_numbers(request: PublishRequest, *, clock: Clock, should_stop: Callable[[], bool]) -> None:
    """Read numbers back until none waits, the plan is held, or `should_stop`; a later call goes on from there.

    :raises NoKey: the project has no usable key any more.
    :raises PlanHasMoved: the plan was held by somebody else while Diga got in the way.
    """
    owner = uuid.uuid4()
    access = Access.of(request.plan.project)
    with ThreadPoolExecutor(settings.PLAN_CONCURRENCY, thread_name_prefix="publish") as pool:
        while not should_stop():
            plan = request.plan = Plan.objects.select_related("project", "author").get(pk=request.plan_id)
            # The last numbers may have been given up by the very calls that tripped the breaker.
            if not plan.is_running or not plan.items.filter(state__in=OPEN_ITEMS).exists():
                return
            if plan.project.token_id != access.project.token_id:
                # What went wrong with another key says nothing of this one.
                access = Access.of(plan.project)
            elif access.breaker.cause:
                pause_plan(plan=plan, clock=clock, cause=access.breaker.cause, message=access.breaker.message)
                return
            items = claiming.claim(plan, owner=owner, limit=WAVES * settings.PLAN_CONCURRENCY, now=clock())
            if not items:
                return
            # With the context goes what the lines of the log say of it: the task, the project and the plan.
            reads = [pool.submit(copy_context().run, _read, access, clock, item) for item in items]
            said = [read.result() for read in reads]
            _take(request, owner, said, clock)
            _note_key(access.project, said, clock)
            claiming.give_back(items, owner=owner, now=clock(), counts=False)


def _read(access: Access, clock: Clock, item: PlanItem) -> _Said:
    """Read one number from Diga, and let the breaker know how it went. Uses no database."""
    asked_at = clock()
    outcome: diga.Phone | diga.DigaError = diga.DigaUnavailable(reason=diga.Reason.PACED)
    if not access.breaker.cause and access.client.take_turns(1, timeout=TURN_SECONDS, reserve=LEFT_TO_PEOPLE):
        asked_at = clock()
        try:
            outcome = access.client.with_turns_taken().get_phone(item.phone_id)
        except diga.DigaError as error:
            outcome = error
        access.breaker.note_outcome(outcome)
    return _Said(item, asked_at, outcome)


def _take(request: PublishRequest, owner: uuid.UUID, said: Sequence[_Said], clock: Clock) -> None:
    """Copy the answers, write the entries and set the rows by them, in one transaction."""
    with transaction.atomic():
        held = claiming.still_held([each.item for each in said], owner)
        ours = [each for each in said if each.item.pk in held]
        now = clock()
        _take_answers(request, [each for each in ours if isinstance(each.outcome, diga.Phone)], now)
        ended = [each.item for each in ours if isinstance(each.outcome, diga.Phone) or _is_given_up(each, now)]
        for item in ended:
            item.finished_at, item.owner, item.leased_until = now, None, None
        PlanItem.objects.bulk_update(ended, _ENDED, batch_size=200)
        tried = [each.item for each in ours if each.item not in ended and was_a_try(each.outcome)]
        claiming.give_back(tried, owner=owner, now=now, counts=True)


def _note_key(project: Project, said: Sequence[_Said], clock: Clock) -> None:
    """Note on the project what the calls tell of its key and of Diga."""
    for each in said:
        if isinstance(each.outcome, diga.Phone):
            note_answer(project)
        else:
            note_refusal(project, each.outcome, clock())


def _take_answers(request: PublishRequest, read: Sequence[_Said], now: datetime) -> None:
    answers = []
    for each in read:
        each.item.phone.project = request.plan.project
        assert isinstance(each.outcome, diga.Phone)  # noqa: S101 - errors were sorted out before.
        answers.append(Answer(each.item.phone, each.outcome, each.asked_at, tuple(each.item.before)))
    if not answers:
        return
    store_answers(request.plan.project, answers)
    items = [each.item for each in read]
    moved = _moved_here(request, [item.phone_id for item in items if _lost_lanes(request, item)])
    changes = []
    for item in items:
        lost = _lost_lanes(request, item)
        if lost & moved.get(item.phone_id, set()):
            item.state, item.cause = ItemState.CHANGED, "moved_here"
            continue
        item.change = _entry(request, item, now)
        item.state = ItemState.DONE if item.change.outcome == Outcome.CONFIRMED else ItemState.MISMATCH
        if lost:
            item.cause, item.details = DETACHED, {"lost": sorted(lost)}
        changes.append(item.change)
    log.record_observed(changes)


def _lost_lanes(request: PublishRequest, item: PlanItem) -> set[str]:
    says = PhoneSnapshot.of(item.phone)
    return {name for name in item.before if says.value(name) != request.agent_id}


def _moved_here(request: PublishRequest, phone_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, set[str]]:
    """Return the lanes that people here have changed since the request was sent: those prove nothing about it."""
    if not phone_ids:
        return {}
    changes = Change.objects.filter(phone__in=phone_ids, created_at__gte=request.sent_at)
    ours = changes.exclude(source__in=[Source.OUTSIDE, Source.PUBLISH]).exclude(outcome__in=_SURELY_NOT)
    found: dict[uuid.UUID, set[str]] = {}
    for phone_id, after in ours.values_list("phone_id", "after"):
        found.setdefault(phone_id, set()).update(after)
    return found


def _entry(request: PublishRequest, item: PlanItem, now: datetime) -> Change:
    """Return the number's entry in the log, not yet written down: what it was to run, and what it has instead."""
    stored = _stored(request, item)
    is_as_asked = stored == item.after
    author = author_of(request.plan, item)
    return Change(
        project=request.plan.project,
        phone=item.phone,
        number=item.phone.shown,
        source=author.source,
        actor=author.user,
        actor_name=author.shown_name,
        reason=author.reason,
        ticket=author.ticket,
        before=item.before,
        after=item.after,
        stored={} if is_as_asked else stored,
        outcome=Outcome.CONFIRMED if is_as_asked else Outcome.MISMATCH,
        plan=author.plan,
        created_at=request.sent_at,
        settled_at=now,
    )


def _stored(request: PublishRequest, item: PlanItem) -> dict[str, Any]:
    """Return what the number's lanes hold: the version of the agent is the one that was read back of it."""
    says = PhoneSnapshot.of(item.phone)
    kept = request.after if request.outcome == Outcome.CONFIRMED else request.stored
    live = LaneSnapshot.from_json(kept) if kept else None
    held = snapshot(catalogue_of(request.plan.project), says, tuple(item.before))
    return {name: live if says.value(name) == request.agent_id and live else lane for name, lane in held.items()}


def _is_given_up(said: _Said, now: datetime) -> bool:
    """End a row whose number Diga doesn't know or won't show, or that could not be read often enough."""
    item, error = said.item, said.outcome
    if isinstance(error, diga.DigaNotFound):
        item.state, item.cause = ItemState.FAILED, "unknown_phone"
        note_missing(item.phone, now)
    elif isinstance(error, diga.DigaRejected):
        item.state, item.cause, item.message = ItemState.UNKNOWN, "read_refused", error.message
        note_refused(item.phone, error, said.asked_at)
    elif was_a_try(error) and item.try_count >= MAX_TRIES:
        item.state, item.cause = ItemState.UNKNOWN, "unreadable"
    return item.state in {ItemState.FAILED, ItemState.UNKNOWN}
