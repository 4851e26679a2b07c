"""What became of a write: Diga's answer compared with what was wanted, or what reading says where the answer was lost.

All of it works from the diary's row alone, so that it can be done by another process, later.
"""

import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Q

from phones import diga
from phones.models import Change, Outcome, Project

from . import diary
from .classifying import Verdict, verdict_of
from .connecting import note_of_key, note_refusal
from .directory import directory_of
from .intention import Base, frozen, reads_as
from .reading import reread, reread_agents
from .storing import learn_published
from .syncing import cause_of

Clock = Callable[[], datetime]
FIRST_LOOK = timedelta(minutes=1)


class Became(StrEnum):
    """What reading says of a field that was to be changed."""

    APPLIED = "applied"
    UNTOUCHED = "untouched"
    OTHERWISE = "otherwise"


def settle_answers(project: Project, answers: Sequence[tuple[Change, Base]], now: datetime) -> None:
    """Compare what Diga stored with what was wanted, and note the versions it has published thereby.

    The changes are of one project; each comes with what Diga's answer says of its phone.
    """
    confirmed = []
    for change, says in answers:
        if all(says.value(name) == reads_as(name, change.after[name]) for name in change.after):
            _settle(change, Outcome.CONFIRMED, now)
            confirmed.append(change)
        else:
            _settle_mismatch(change, says, now)
    _learn(project, confirmed, now)
    diary.settle([change for change, _says in answers])


def settle_failure(change: Change, client: diga.DigaClient, error: diga.DigaError, clock: Clock) -> None:
    """Write down what a failed write came to: refused, not sent, or, if it may have been applied, what reading says."""
    project = change.project
    change.cause, change.message = cause_of(error), error.message
    change.http_status, change.request_id = error.status, error.request_id
    note_refusal(project, error, clock())
    if isinstance(error, diga.DigaForbidden) and project.can_write_phones is not False:
        note_of_key(project, can_write_phones=False)
    match verdict_of(error):
        case Verdict.UNKNOWN:
            settle_by_reading(change, client, clock)
        case Verdict.REJECTED:
            _settle_refusal(change, client, error, clock)
        case Verdict.NOT_SENT:
            _settle(change, Outcome.FAILED, clock())
            diary.settle([change])


def settle_by_reading(change: Change, client: diga.DigaClient, clock: Clock) -> None:
    """Read the phone, and where a read of it can't tell, its agents; settle by what they say.

    Where that fails too, the outcome stays unknown, and is looked at again in a minute.
    """
    try:
        became, says = find_out(change, client, clock)
    except diga.DigaError:
        became, says = None, None
    now = clock()
    if became is Became.APPLIED:
        _settle_confirmed(change, now)
    elif became is Became.UNTOUCHED:
        _settle(change, Outcome.FAILED, now)
    elif became is Became.OTHERWISE and says:
        _settle_mismatch(change, says, now)
    elif change.outcome == Outcome.UNKNOWN:
        return
    else:
        change.outcome, change.next_look_at = Outcome.UNKNOWN, now + FIRST_LOOK
    diary.settle([change])


def find_out(change: Change, client: diga.DigaClient, clock: Clock) -> tuple[Became | None, Base]:
    """Read what Diga has now, and say whether the change is in it; None where nobody can tell.

    :raises DigaError: Diga gave no usable answer.
    """
    says = reread(project=change.project, phone=change.phone, client=client, clock=clock)
    blind = {uuid.UUID(change.after[name]["agent_id"]) for name in change.after if _is_version_only(change, name)}
    if blind:
        agents = reread_agents(project=change.project, client=client, clock=clock)
        # Of one that is not there, or could not be read, we have an older copy at best, which proves nothing.
        if not blind <= {agent.agent_id for agent in agents.data}:
            return None, says
    found = {_became(change, name, says) for name in change.after}
    if None in found or _may_be_anothers(change, says):
        return None, says
    return found.pop() if len(found) == 1 else Became.OTHERWISE, says


def _may_be_anothers(change: Change, says: Base) -> bool:
    """Say whether a value that is read now may come from another change of the phone: then it proves nothing."""
    later = Q(pk__gt=change.pk) & ~Q(outcome__in=[Outcome.REFUSED, Outcome.FAILED])
    others = Change.objects.filter(later | Q(pk__lt=change.pk, outcome=Outcome.UNKNOWN), phone=change.phone_id)
    return any(
        name in after and reads_as(name, after[name]) == says.value(name)
        for after in others.values_list("after", flat=True)
        for name in change.after
    )


def _became(change: Change, name: str, says: Base) -> Became | None:
    """Say what reading tells of one field; None if it has a third value, or if the agent runs a third version."""
    was, wanted, now = reads_as(name, change.before.get(name)), reads_as(name, change.after[name]), says.value(name)
    if not _is_version_only(change, name):
        return Became.APPLIED if now == wanted else Became.UNTOUCHED if now == was else None
    before, after = change.before[name]["version_id"], change.after[name]["version_id"]
    agent = directory_of(change.project).agent(uuid.UUID(change.after[name]["agent_id"]))
    published = str(agent.published.id) if agent and agent.published else None
    if now != wanted:
        return None
    if published == after:
        return Became.APPLIED
    return Became.UNTOUCHED if published == before else None


def _is_version_only(change: Change, name: str) -> bool:
    """Say whether a lane keeps its agent: then reading the phone can't tell, as it names no version."""
    after = change.after[name]
    return name != "nickname" and after is not None and reads_as(name, change.before.get(name)) == reads_as(name, after)


def _settle(change: Change, outcome: Outcome, now: datetime) -> None:
    change.outcome, change.settled_at, change.next_look_at = outcome, now, None


def _settle_confirmed(change: Change, now: datetime) -> None:
    _settle(change, Outcome.CONFIRMED, now)
    _learn(change.project, [change], now)


def _learn(project: Project, confirmed: Iterable[Change], now: datetime) -> None:
    """Note the versions that Diga has published because phones were given them."""
    lanes = [change.after[name] for change in confirmed for name in ("inbound", "outbound") if change.after.get(name)]
    learn_published(project, {uuid.UUID(lane["version_id"]) for lane in lanes if lane["version_id"]}, now=now)


def _settle_mismatch(change: Change, says: Base, now: datetime) -> None:
    _settle(change, Outcome.MISMATCH, now)
    change.stored = frozen(directory_of(change.project), says, tuple(change.after))


def _settle_refusal(change: Change, client: diga.DigaClient, error: diga.DigaError, clock: Clock) -> None:
    """Settle a refusal. That of several fields is read back: it is not documented that Diga applied none of them."""
    says = None
    if isinstance(error, diga.DigaRejected | diga.DigaNotFound) and len(change.after) > 1:
        try:
            says = reread(project=change.project, phone=change.phone, client=client, clock=clock)
        except diga.DigaError:
            change.outcome, change.next_look_at = Outcome.UNKNOWN, clock() + FIRST_LOOK
            diary.settle([change])
            return
    if says and any(says.value(name) != reads_as(name, change.before.get(name)) for name in change.after):
        _settle_mismatch(change, says, clock())
    else:
        _settle(change, Outcome.REFUSED, clock())
    diary.settle([change])
