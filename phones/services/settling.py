"""What became of a write: Diga's answer compared with the intention, or what a read says after a lost one."""

from collections.abc import Callable
from datetime import datetime

from phones import diga
from phones.models import Change, Outcome

from .connecting import note_refusal
from .directory import directory_of
from .impact import Target
from .intention import Base, Intention, frozen
from .reading import reread
from .storing import learn_published
from .syncing import cause_of

Clock = Callable[[], datetime]
# Settles a change by what the phone was before the write, what it says now, and when.
Settle = Callable[[Change, Intention, Base, Base, datetime], None]


def settle_answer(change: Change, intention: Intention, now_says: Base, now: datetime) -> None:
    """Compare what Diga stored with what was wanted, and note the versions it has published thereby."""
    change.settled_at = now
    if not all(intention.is_met(name, now_says) for name in intention.fields):
        _settle_mismatch(change, intention, now_says)
        return
    change.outcome = Outcome.CONFIRMED
    lanes = (intention.inbound, intention.outbound)
    learn_published(change.project, [lane.version.id for lane in lanes if isinstance(lane, Target)], now=now)


def _settle_mismatch(change: Change, intention: Intention, now_says: Base) -> None:
    change.outcome = Outcome.MISMATCH
    change.stored = frozen(directory_of(change.project), now_says, intention.fields)


def settle_failure(
    change: Change, intention: Intention, client: diga.DigaClient, error: diga.DigaError, clock: Clock
) -> None:
    """Write down what a failed write came to: refused, not sent, or, if it may have been applied, what a read says."""
    project = change.project
    change.cause, change.message = cause_of(error), error.message
    change.http_status, change.request_id = error.status, error.request_id
    note_refusal(project, error, clock())
    if error.sent:
        _read_back(change, intention, client, clock, _settle_unknown)
    elif isinstance(error, diga.DigaRejected | diga.DigaNotFound) and len(intention.fields) > 1:
        _read_back(change, intention, client, clock, _settle_refusal_of_many)
    else:
        change.outcome = (
            Outcome.FAILED if isinstance(error, diga.DigaUnavailable | diga.DigaRateLimited) else Outcome.REFUSED
        )
        change.settled_at = clock()
    if isinstance(error, diga.DigaForbidden) and project.can_write_phones is not False:
        project.can_write_phones = False
        project.save(update_fields=["can_write_phones"])
    change.save()


def _read_back(change: Change, intention: Intention, client: diga.DigaClient, clock: Clock, settle: Settle) -> None:
    """Read the phone again and settle by what it says; where that fails too, the outcome is not known."""
    before = Base.of(change.phone)
    change.outcome = Outcome.UNKNOWN
    try:
        now_says = reread(project=change.project, phone=change.phone, client=client, clock=clock)
    except diga.DigaError:
        return
    settle(change, intention, before, now_says, clock())


def _settle_refusal_of_many(change: Change, intention: Intention, before: Base, now_says: Base, now: datetime) -> None:
    """Settle a refusal of several fields: it is not documented that the others are left as they were."""
    change.outcome, change.settled_at = Outcome.REFUSED, now
    if any(now_says.value(name) != before.value(name) for name in intention.fields):
        _settle_mismatch(change, intention, now_says)


def _settle_unknown(change: Change, intention: Intention, before: Base, now_says: Base, now: datetime) -> None:
    """Settle a lost answer. A lane whose agent stays the same can't be told by a read: it stays unknown."""
    if any(intention.is_met(name, before) for name in intention.fields):
        return
    if all(intention.is_met(name, now_says) for name in intention.fields):
        settle_answer(change, intention, now_says, now)
    elif all(now_says.value(name) == before.value(name) for name in intention.fields):
        change.outcome, change.settled_at = Outcome.FAILED, now
