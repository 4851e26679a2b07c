"""The first call after a change: a page that waits for it asks ever more seldom, and at most `READ_LIMIT` times.

How often Diga was asked, and the call, are kept in the cache, so that they hold over a reload and in every window.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache

from phones import diga
from phones.models import Change, LaneSnapshot, Outcome, Phone, Project
from phones.services.answering.calls import SeenCall, forget_calls, read_calls
from phones.services.answering.observed import Proof, proof_of
from phones.services.clock import Clock, has_passed
from phones.services.routing.lanes import Lane

READ_LIMIT = 20
# So long after a change its first call is waited for.
WAIT = timedelta(hours=2)
FIRST_PAUSE_SECONDS, GROWTH, LONGEST_PAUSE_SECONDS = 4, 1.4, 900
CALL_COUNT = 10
CHANGE_LIMIT = 20


@dataclass(frozen=True, slots=True)
class Waiting:
    """The first call after a change of a lane. `wanted` is what the lane has since then, None for nobody."""

    change: Change
    lane: Lane
    wanted: LaneSnapshot | None
    read_count: int = 0
    call: SeenCall | None = None
    proof: Proof = Proof.UNPROVEN

    @property
    def is_over(self) -> bool:
        """True if nothing more is to be read: the call was seen, or it was asked for often enough."""
        return self.call is not None or self.read_count >= READ_LIMIT

    @property
    def pause_seconds(self) -> int:
        """How long to wait before the next read."""
        return round(min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * GROWTH**self.read_count))


def waiting_for(changes: Iterable[Change], now: datetime) -> Waiting | None:
    """Return what to wait for after the newest change of a phone's agents, None if that isn't a late, confirmed save.

    `changes` are the phone's, newest first. A query to the cache if there is one.
    """
    change = next((each for each in changes if any(lane in each.after for lane in Lane)), None)
    if change is None or change.outcome != Outcome.CONFIRMED:
        return None
    if has_passed(WAIT, change.created_at, now):
        return None
    lane = next(lane for lane in Lane if lane in change.after)
    kept = cache.get(_key(change)) or [0, None, Proof.UNPROVEN]
    count, call, proof = kept
    return Waiting(change, lane, change.after[lane], count, SeenCall.unpacked(call) if call else None, Proof(proof))


def waiting_of(phone: Phone, now: datetime) -> Waiting | None:
    """Return what to wait for on a phone. One query, and one to the cache if there is something."""
    return waiting_for(
        Change.objects.filter(phone=phone, created_at__gte=now - WAIT).order_by("-id")[:CHANGE_LIMIT], now
    )


def look_for_call(*, project: Project, phone: Phone, waiting: Waiting, clock: Clock) -> Waiting:
    """Ask Diga for the first call since the change, unless that is over; return what is known then.

    :raises NoCallsRight: the key may not read calls.
    :raises NoKey: the project has no usable key.
    :raises DigaError: Diga gave no usable answer.
    """
    if waiting.is_over:
        return waiting
    count = waiting.read_count + 1
    # Counted beforehand, so that reads that fail are counted too.
    _keep(waiting, count, None, Proof.UNPROVEN)
    changed_at = waiting.change.settled_at or waiting.change.created_at
    wanted = diga.CallFilter(phone.pk, type=waiting.lane.value, since=changed_at)
    found = read_calls(project, wanted, limit=CALL_COUNT, order="asc", clock=clock)
    for call in found.calls:
        proof = _proof(waiting, call, changed_at)
        if call.is_taken and proof is not Proof.UNPROVEN:
            _keep(waiting, count, call, proof)
            forget_calls(project, phone)
            return Waiting(waiting.change, waiting.lane, waiting.wanted, count, call, proof)
    return Waiting(waiting.change, waiting.lane, waiting.wanted, count)


def _proof(waiting: Waiting, call: SeenCall, changed_at: datetime) -> Proof:
    wanted = waiting.wanted
    agent_id, version_id = (wanted.agent_id, wanted.version_id) if wanted else (None, None)
    return proof_of(call, agent_id, version_id, changed_at=changed_at, limits=())


def _keep(waiting: Waiting, count: int, call: SeenCall | None, proof: Proof) -> None:
    value = [count, call.packed() if call else None, proof.value]
    cache.set(_key(waiting.change), value, timeout=WAIT.total_seconds())


def _key(change: Change) -> str:
    return f"proof:{change.pk}"
