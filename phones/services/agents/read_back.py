"""Reading every number of an upgrade back: which still have the agent, which lost it; each gets its entry of the diary.

Rows are the truth: a number is read as long as its row waits, whoever reads it. One worker at a time has an upgrade,
for as long as its lease lasts.
"""

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q

from phones import diga
from phones.models import (
    PUBLISHED,
    AgentUpgrade,
    Change,
    LaneSnapshot,
    NoKey,
    Outcome,
    Phone,
    ReadBack,
    Source,
    UpgradeItem,
    UpgradeOutcome,
)
from phones.services.audit import log
from phones.services.clock import database_clock, database_now
from phones.services.projects.keys import client_for, note_answer, note_refusal
from phones.services.routing.catalogue import catalogue_of
from phones.services.routing.edits import PhoneSnapshot
from phones.services.routing.snapshots import snapshot
from phones.services.running.circuit_breaker import CircuitBreaker
from phones.services.sync.refresh import note_refused
from phones.services.sync.store import Answer, store_answers

Clock = Callable[[], datetime]
# How long a number waits for its turn at Diga, and how many turns are left to people who save a single one.
TURN_SECONDS = 5.0
LEFT_TO_PEOPLE = 2
# How often a number is read that can't be read.
MAX_TRIES = 5
# Numbers that are read and written down together, for each of the calls that go on at a time.
WAVES = 4
# Longer than these may take, turns and retries included; then the worker counts as dead.
LEASE = timedelta(minutes=3)
_SURELY_NOT = (Outcome.REFUSED, Outcome.FAILED)


@dataclass(frozen=True, slots=True)
class Totals:
    """How many numbers of an upgrade stand how. They add up to its numbers at any time."""

    counts: Mapping[str, int]

    def __getitem__(self, read_back: ReadBack) -> int:
        return self.counts.get(read_back, 0)

    @property
    def all(self) -> int:
        """How many numbers there are."""
        return sum(self.counts.values())

    @property
    def read(self) -> int:
        """How many were dealt with."""
        return self.all - self[ReadBack.WAITING]


def totals_of(upgrade: AgentUpgrade) -> Totals:
    """Count an upgrade's numbers by what reading them back has shown. One query."""
    rows = upgrade.items.order_by().values_list("read_back").annotate(count=Count("pk"))
    return Totals(dict(rows))


def unverified_upgrades(*, clock: Clock) -> list[int]:
    """Return the ids of the upgrades whose numbers have to be read back, and that no worker has."""
    unverified = AgentUpgrade.objects.filter(_is_free(database_now(clock)), outcome__in=PUBLISHED, verified_at=None)
    return list(unverified.values_list("pk", flat=True))


def _is_free(now: datetime) -> Q:
    """Return what holds for upgrades that no worker has; a lease further ahead than any is of a clock set back."""
    return Q(leased_until=None) | Q(leased_until__lt=now) | Q(leased_until__gt=now + 2 * LEASE)


def _hold(upgrade: AgentUpgrade, owner: uuid.UUID, clock: Clock) -> bool:
    """Take an upgrade, or keep it for longer; False if another worker has it."""
    now = database_now(clock)
    free = AgentUpgrade.objects.filter(Q(owner=owner) | _is_free(now), pk=upgrade.pk)
    return bool(free.update(owner=owner, leased_until=now + LEASE))


def _let_go(upgrade: AgentUpgrade, owner: uuid.UUID) -> None:
    AgentUpgrade.objects.filter(pk=upgrade.pk, owner=owner).update(owner=None, leased_until=None)


@dataclass(frozen=True, slots=True)
class _Said:
    item: UpgradeItem
    asked_at: datetime
    outcome: diga.Phone | diga.DigaError


def check_numbers(*, upgrade: AgentUpgrade, clock: Clock, should_stop: Callable[[], bool] = lambda: False) -> None:
    """Read numbers back until none waits, Diga is in the way, or `should_stop`; a later call goes on from there.

    Nothing is done while another worker has the upgrade.
    """
    try:
        client = client_for(upgrade.project)
    except NoKey:
        return
    owner = uuid.uuid4()
    try:
        _check(upgrade, client, database_clock(clock), lambda: should_stop() or not _hold(upgrade, owner, clock))
    finally:
        _let_go(upgrade, owner)


def _check(upgrade: AgentUpgrade, client: diga.DigaClient, clock: Clock, should_stop: Callable[[], bool]) -> None:
    breaker = CircuitBreaker()
    with ThreadPoolExecutor(settings.PLAN_CONCURRENCY, thread_name_prefix="upgrade") as pool:
        while not (breaker.cause or should_stop()):
            waiting = upgrade.items.filter(read_back=ReadBack.WAITING).select_related("phone").order_by("pk")
            items = list(waiting[: WAVES * settings.PLAN_CONCURRENCY])
            if not items:
                _finish(upgrade, clock())
                return
            said = list(pool.map(partial(_read, client, client.with_turns_taken(), clock), items))
            _take(upgrade, said, breaker, clock)
            if all(isinstance(each.outcome, diga.DigaError) for each in said):
                # Not one answer of all these: go on at the next look.
                return


def _read(client: diga.DigaClient, quiet: diga.DigaClient, clock: Clock, item: UpgradeItem) -> _Said:
    """Read one number from Diga. Uses no database."""
    asked_at = clock()
    outcome: diga.Phone | diga.DigaError = diga.DigaUnavailable(reason=diga.Reason.PACED)
    if client.take_turns(1, timeout=TURN_SECONDS, reserve=LEFT_TO_PEOPLE):
        asked_at = clock()
        try:
            outcome = quiet.get_phone(item.phone_id)
        except diga.DigaError as error:
            outcome = error
    return _Said(item, asked_at, outcome)


def _take(upgrade: AgentUpgrade, said: Sequence[_Said], breaker: CircuitBreaker, clock: Clock) -> None:
    """Copy the answers, write the entries down, and let the rows say how their numbers stand; all of it together."""
    answers = {each.item: each for each in said if isinstance(each.outcome, diga.Phone)}
    with transaction.atomic():
        ids = [each.item.pk for each in said]
        waiting = UpgradeItem.objects.select_for_update().filter(pk__in=ids, read_back=ReadBack.WAITING)
        free = set(waiting.order_by("pk").values_list("pk", flat=True))
        read = [(item, each) for item, each in answers.items() if item.pk in free]
        _take_answers(upgrade, read, clock())
        _take_errors([each for each in said if each.item.pk in free and each.item not in answers], clock)
    for each in said:
        if isinstance(each.outcome, diga.Phone):
            breaker.note_success()
            note_answer(upgrade.project)
        else:
            breaker.note_error(each.outcome)
            note_refusal(upgrade.project, each.outcome, clock())


def _take_answers(upgrade: AgentUpgrade, read: Sequence[tuple[UpgradeItem, _Said]], now: datetime) -> None:
    answers = []
    for item, each in read:
        item.phone.project = upgrade.project
        assert isinstance(each.outcome, diga.Phone)  # noqa: S101 - errors were sorted out before.
        answers.append(Answer(item.phone, each.outcome, each.asked_at, tuple(item.before)))
    if not answers:
        return
    store_answers(upgrade.project, answers)
    lost = [item.phone_id for item, _each in read if _lost_lanes(upgrade, item, PhoneSnapshot.of(item.phone))]
    moved = _moved_here(upgrade, lost)
    changes = []
    for item, _each in read:
        says = PhoneSnapshot.of(item.phone)
        lost_lanes = _lost_lanes(upgrade, item, says)
        if lost_lanes & moved.get(item.phone_id, set()):
            item.read_back = ReadBack.MOVED
            continue
        item.read_back = ReadBack.DETACHED if lost_lanes else ReadBack.KEPT
        item.change = _entry(upgrade, item, says, now)
        changes.append(item.change)
    log.record_observed(changes)
    UpgradeItem.objects.bulk_update([item for item, _each in read], ["read_back", "change"], batch_size=200)


def _lost_lanes(upgrade: AgentUpgrade, item: UpgradeItem, says: PhoneSnapshot) -> set[str]:
    return {name for name in item.before if says.value(name) != upgrade.agent_id}


def _moved_here(upgrade: AgentUpgrade, phone_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, set[str]]:
    """Return the lanes that people here have changed since the upgrade was sent: those prove nothing about it."""
    if not phone_ids or upgrade.sent_at is None:
        return {}
    changes = Change.objects.filter(phone__in=phone_ids, created_at__gte=upgrade.sent_at)
    ours = changes.exclude(source__in=[Source.OUTSIDE, Source.UPGRADE]).exclude(outcome__in=_SURELY_NOT)
    found: dict[uuid.UUID, set[str]] = {}
    for phone_id, after in ours.values_list("phone_id", "after"):
        found.setdefault(phone_id, set()).update(after)
    return found


def _entry(upgrade: AgentUpgrade, item: UpgradeItem, says: PhoneSnapshot, now: datetime) -> Change:
    """Return the number's entry in the diary, not yet written down: what it was to run, and what it has instead."""
    after = dict.fromkeys(item.before, LaneSnapshot.from_json(upgrade.after))
    stored = _stored(upgrade, item, says)
    is_as_asked = stored == after
    return Change(
        project=upgrade.project,
        phone=item.phone,
        number=item.phone.shown,
        source=Source.UPGRADE,
        actor=upgrade.actor,
        actor_name=upgrade.actor_name,
        reason=upgrade.reason,
        ticket=upgrade.ticket,
        before=item.before,
        after=after,
        stored={} if is_as_asked else stored,
        outcome=Outcome.CONFIRMED if is_as_asked else Outcome.MISMATCH,
        created_at=upgrade.sent_at or upgrade.created_at,
        settled_at=now,
    )


def _stored(upgrade: AgentUpgrade, item: UpgradeItem, says: PhoneSnapshot) -> dict[str, Any]:
    """Return what the number's lanes hold: the version of the agent is the one that was read back of it."""
    kept = upgrade.after if upgrade.outcome == UpgradeOutcome.CONFIRMED else upgrade.stored
    live = LaneSnapshot.from_json(kept) if kept else None
    held = snapshot(catalogue_of(upgrade.project), says, tuple(item.before))
    return {name: live if says.value(name) == upgrade.agent_id and live else lane for name, lane in held.items()}


def _take_errors(failed: Sequence[_Said], clock: Clock) -> None:
    """Let numbers wait that could not be read, up to a few tries; Diga's 404, or its no, is an answer of its own."""
    for each in failed:
        error, item = each.outcome, each.item
        if isinstance(error, diga.DigaNotFound):
            item.read_back = ReadBack.GONE
            Phone.objects.filter(pk=item.phone_id, missing_since=None).update(missing_since=clock())
        elif isinstance(error, diga.DigaRejected):
            item.read_back = ReadBack.UNREAD
            note_refused(item.phone, error, each.asked_at)
        elif isinstance(error, diga.DigaUnavailable) and not _is_ours(error):
            item.try_count += 1
            item.read_back = ReadBack.UNREAD if item.try_count >= MAX_TRIES else ReadBack.WAITING
    UpgradeItem.objects.bulk_update([each.item for each in failed], ["read_back", "try_count"], batch_size=200)


def _is_ours(error: diga.DigaError) -> bool:
    return isinstance(error, diga.DigaUnavailable) and error.reason is diga.Reason.PACED


def _finish(upgrade: AgentUpgrade, now: datetime) -> None:
    AgentUpgrade.objects.filter(pk=upgrade.pk, verified_at=None).update(verified_at=now)
    upgrade.refresh_from_db(fields=["verified_at"])
