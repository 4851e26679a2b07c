"""What became of a write: Diga's answer compared with the intention, or what a read says after a lost one."""

from collections.abc import Callable
from datetime import datetime

from phones import diga
from phones.models import Change, Outcome, Phone, Project

from .connecting import note_refusal
from .directory import directory_of
from .impact import Target
from .intention import Base, Intention, frozen
from .reading import reread
from .storing import learn_published
from .syncing import cause_of

Clock = Callable[[], datetime]


def settle_answer(project: Project, change: Change, intention: Intention, now_says: Base, now: datetime) -> None:
    """Compare what Diga stored with what was wanted, and note the versions it has published thereby."""
    change.settled_at = now
    if not all(intention.is_met(name, now_says) for name in intention.fields):
        change.outcome = Outcome.MISMATCH
        change.stored = frozen(directory_of(project), now_says, intention.fields)
        return
    change.outcome = Outcome.CONFIRMED
    lanes = (intention.inbound, intention.outbound)
    learn_published(project, [lane.version.id for lane in lanes if isinstance(lane, Target)], now=now)


def settle_failure(
    project: Project,
    phone: Phone,
    intention: Intention,
    client: diga.DigaClient,
    change: Change,
    error: diga.DigaError,
    clock: Clock,
) -> None:
    """Write down what a failed write came to: refused, not sent, or, if it may have been applied, what a read says."""
    change.cause, change.message = cause_of(error), error.message
    change.http_status, change.request_id = error.status, error.request_id
    note_refusal(project, error)
    if error.sent:
        _settle_unknown(project, phone, intention, client, change, clock)
    elif isinstance(error, diga.DigaRejected | diga.DigaNotFound) and len(intention.fields) > 1:
        _settle_refusal_of_many(project, phone, intention, client, change, clock)
    else:
        change.outcome = (
            Outcome.FAILED if isinstance(error, diga.DigaUnavailable | diga.DigaRateLimited) else Outcome.REFUSED
        )
        change.settled_at = clock()
    if isinstance(error, diga.DigaForbidden) and project.can_write_phones is not False:
        project.can_write_phones = False
        project.save(update_fields=["can_write_phones"])
    change.save()


def _settle_refusal_of_many(
    project: Project,
    phone: Phone,
    intention: Intention,
    client: diga.DigaClient,
    change: Change,
    clock: Clock,
) -> None:
    """Read back after a refusal of several fields: it is not documented that the others are left as they were."""
    before = Base.of(phone)
    try:
        now_says = reread(project=project, phone=phone, client=client, clock=clock)
    except diga.DigaError:
        change.outcome = Outcome.UNKNOWN
        return
    change.outcome, change.settled_at = Outcome.REFUSED, clock()
    if any(now_says.value(name) != before.value(name) for name in intention.fields):
        change.outcome = Outcome.MISMATCH
        change.stored = frozen(directory_of(project), now_says, intention.fields)


def _settle_unknown(
    project: Project,
    phone: Phone,
    intention: Intention,
    client: diga.DigaClient,
    change: Change,
    clock: Clock,
) -> None:
    """Read back after a lost answer. A lane whose agent stays the same can't be told by a read: it stays unknown."""
    change.outcome = Outcome.UNKNOWN
    before = Base.of(phone)
    try:
        now_says = reread(project=project, phone=phone, client=client, clock=clock)
    except diga.DigaError:
        return
    if any(intention.is_met(name, before) for name in intention.fields):
        return
    if all(intention.is_met(name, now_says) for name in intention.fields):
        settle_answer(project, change, intention, now_says, clock())
    elif all(now_says.value(name) == before.value(name) for name in intention.fields):
        change.outcome, change.settled_at = Outcome.FAILED, clock()
