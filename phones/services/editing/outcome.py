"""What became of a write, by what Diga has: its answer, or a read of the phone, and a read of the agents.

An answer and a read name agents, never versions. So a version counts as confirmed only once the agents were read after
the write. All of it works from the log's row alone, so that it can be done by another process, later.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import Q

from phones import diga
from phones.models import Change, LaneSnapshot, Outcome, Project
from phones.services.audit import log
from phones.services.clock import Clock
from phones.services.editing.recheck_times import give_up_if_old, keep_unknown, may_still_be_applied
from phones.services.projects.answers import note_of_key, note_refusal
from phones.services.routing.catalogue import catalogue_of
from phones.services.routing.edits import PhoneSnapshot
from phones.services.routing.lanes import Lane
from phones.services.routing.snapshots import lane_snapshot, reads_as
from phones.services.sync.passes import cause_of
from phones.services.sync.refresh import reread, reread_agents
from phones.services.upstream.failures import Verdict, verdict_of, was_sent

# Reads the agents of a change's project; another one may do so once for many changes.
ReadAgents = Callable[[Change], "AgentsRead | None"]


# After these the next read would fail likewise; a phone that Diga doesn't know, or won't show, says nothing of others.
SILENT = (diga.DigaUnavailable, diga.DigaRateLimited, diga.DigaAuthError, diga.DigaForbidden)


class FieldVerdict(StrEnum):
    """What Diga has in a field that was to be changed."""

    APPLIED = "applied"
    UNTOUCHED = "untouched"
    THIRD = "third"  # Neither what was wanted nor what was there before.
    BLIND = "blind"  # The agent is the wanted one, and its published version was not read.
    OTHER_VERSION = "other_version"  # The agent is the wanted one, as it was not before, in another version or none.


@dataclass(frozen=True, slots=True)
class AgentsRead:
    """A read of the agents: when it was asked for, and what each agent it told of has published, None for nothing."""

    asked_at: datetime
    published: Mapping[uuid.UUID, uuid.UUID | None]

    @classmethod
    def of(cls, agents: diga.AgentList, asked_at: datetime) -> "AgentsRead":
        """Return what a list told, that was asked for at `asked_at`."""
        published = {
            agent.agent_id: next((version.version_id for version in agent.versions if version.is_published), None)
            for agent in agents.data
        }
        return cls(asked_at, published)


@dataclass(frozen=True, slots=True)
class Found:
    """What reading has shown of a change: a verdict a field, what the phone says, when the first of it was asked."""

    verdicts: frozenset[FieldVerdict]
    says: PhoneSnapshot
    agents: AgentsRead | None
    asked_at: datetime

    @property
    def is_untouched(self) -> bool:
        """True where every field is as it was before."""
        return self.verdicts == {FieldVerdict.UNTOUCHED}

    def is_as_answered(self, change: Change) -> bool:
        """Say whether the phone still has the nickname and the agents that were asked for."""
        return all(self.says.value(name) == reads_as(name, wanted) for name, wanted in change.after.items())


def needs_agents(change: Change) -> bool:
    """Say whether a change has chosen a version: only reading the agents tells whether it is published."""
    return any(change.after.get(name) for name in Lane)


def read_agents(project: Project, client: diga.DigaClient, clock: Clock) -> AgentsRead | None:
    """Read the agents into our copy; None where Diga gave no usable answer."""
    asked_at = clock()
    try:
        return AgentsRead.of(reread_agents(project=project, client=client, clock=clock), asked_at)
    except diga.DigaError:
        return None


def settle_answers(
    project: Project, answers: Sequence[tuple[Change, PhoneSnapshot]], agents: AgentsRead | None, now: datetime
) -> None:
    """Compare what Diga has with what was wanted, after good answers.

    The changes are of one project; each comes with what Diga's answer says of its phone. `agents` were asked for after
    these answers; None where nothing was asked or told. Then a version stays unknown, and is looked at again.
    """
    for change, says in answers:
        verdicts = _verdicts(change, says, agents)
        if verdicts == {FieldVerdict.APPLIED}:
            _settle(change, Outcome.CONFIRMED, now)
        elif verdicts <= {FieldVerdict.APPLIED, FieldVerdict.BLIND}:
            change.answer_lost_at = now
            keep_unknown(change, begun_at=change.created_at)
        else:
            _settle_mismatch(change, says, agents, now)
    log.settle([change for change, _says in answers])


def settle_failure(change: Change, client: diga.DigaClient, error: diga.DigaError, clock: Clock) -> None:
    """Record the outcome of a failed write: refused, not sent, or, if it may have been applied, by a read."""
    project = change.project
    change.cause, change.message = cause_of(error), error.message
    change.http_status, change.request_id = error.status, error.request_id
    note_refusal(project, error, clock())
    if isinstance(error, diga.DigaForbidden) and project.can_write_phones is not False:
        note_of_key(project, can_write_phones=False)
    match verdict_of(error):
        case Verdict.UNKNOWN:
            change.answer_lost_at = clock()
            settle_by_reading(change, client, clock)
        case Verdict.REJECTED:
            _settle_refusal(change, client, error, clock)
        case Verdict.NOT_SENT:
            _settle(change, Outcome.FAILED, clock())
            log.settle([change])


def settle_by_reading(
    change: Change, client: diga.DigaClient, clock: Clock, *, agents_of: ReadAgents | None = None
) -> diga.DigaError | None:
    """Read the phone, and the agents where a version was chosen; settle by what they say.

    The wanted value settles it at once, the old one only when Diga can't apply it any more. Where nothing can be told
    the outcome stays unknown, and is looked at again. Returns the error, where Diga gave no usable answer.
    """
    found, error = None, None
    try:
        found = find_out(change, client, clock, agents_of=agents_of)
    except diga.DigaError as met:
        error = met
    now = clock()
    outcome = _outcome_of(change, found) if found else None
    if found and outcome is Outcome.MISMATCH:
        _settle_mismatch(change, found.says, found.agents, now)
    elif outcome:
        _settle(change, outcome, now)
    elif change.outcome == Outcome.UNKNOWN:
        if not isinstance(error, SILENT) and not (found and FieldVerdict.BLIND in found.verdicts):
            give_up_if_old(change, begun_at=change.created_at, now=now)
        return error
    else:
        keep_unknown(change, begun_at=change.created_at)
    log.settle([change])
    return error


def _outcome_of(change: Change, found: Found) -> Outcome | None:
    """Return what reading proves of a change; None while it proves nothing."""
    if found.verdicts == {FieldVerdict.APPLIED}:
        return Outcome.CONFIRMED
    if is_stored(change):
        # Diga has said yes: only the version was left to be read.
        return Outcome.MISMATCH if found.is_as_answered(change) and FieldVerdict.BLIND not in found.verdicts else None
    if may_still_be_applied(change, begun_at=change.created_at, asked_at=found.asked_at):
        return None
    if found.is_untouched:
        return Outcome.FAILED
    is_ours = found.verdicts <= {FieldVerdict.APPLIED, FieldVerdict.UNTOUCHED, FieldVerdict.OTHER_VERSION}
    return Outcome.MISMATCH if is_ours else None


def is_stored(change: Change) -> bool:
    """Say whether Diga has answered that it did as asked: what is not known yet is the published version."""
    return change.http_status == 200 and not change.cause


def find_out(
    change: Change, client: diga.DigaClient, clock: Clock, *, agents_of: ReadAgents | None = None
) -> Found | None:
    """Read what Diga has now of a change's fields; None where nobody can tell whose doing it is.

    :raises DigaError: Diga gave no usable answer about the phone.
    """
    asked_at = clock()
    says = reread(project=change.project, phone=change.phone, client=client, clock=clock)
    agents = None
    # The agents are of use only where the phone has one that was chosen.
    if any(change.after.get(name) and says.value(name) == reads_as(name, change.after[name]) for name in Lane):
        agents = agents_of(change) if agents_of else read_agents(change.project, client, clock)
    if _may_be_anothers(change, says):
        return None
    verdicts = frozenset(_verdicts(change, says, agents))
    return Found(verdicts, says, agents, min(asked_at, agents.asked_at) if agents else asked_at)


def _may_be_anothers(change: Change, says: PhoneSnapshot) -> bool:
    """Say whether a value that is read now may come from another change of the phone: then it proves nothing."""
    later, earlier = Q(pk__gt=change.pk), Q(pk__lt=change.pk, outcome=Outcome.UNKNOWN)
    others = Change.objects.filter(later | earlier, phone=change.phone_id).exclude(outcome=Outcome.REFUSED)
    return any(
        name in brought and reads_as(name, brought[name]) == says.value(name)
        for other in others.only("after", "stored", "outcome", "cause")
        if other.outcome != Outcome.FAILED or was_sent(other)
        for brought in (other.after, other.stored)
        for name in change.after
    )


def _verdicts(change: Change, says: PhoneSnapshot, agents: AgentsRead | None) -> set[FieldVerdict]:
    return {_verdict(change, name, says, agents) for name in change.after}


def _verdict(change: Change, name: str, says: PhoneSnapshot, agents: AgentsRead | None) -> FieldVerdict:
    """Compare a field with what was there before, and with what was wanted."""
    was, wanted = change.before.get(name), change.after[name]
    now = says.value(name)
    if now == reads_as(name, wanted):
        return _version_verdict(was, wanted, agents) if isinstance(wanted, LaneSnapshot) else FieldVerdict.APPLIED
    return FieldVerdict.UNTOUCHED if now == reads_as(name, was) else FieldVerdict.THIRD


def _version_verdict(was: LaneSnapshot | None, wanted: LaneSnapshot, agents: AgentsRead | None) -> FieldVerdict:
    """Compare what the wanted agent has published with the version that was chosen."""
    if agents is None or wanted.agent_id not in agents.published:
        return FieldVerdict.BLIND
    published = agents.published[wanted.agent_id]
    if published == wanted.version_id:
        return FieldVerdict.APPLIED
    if was is None or was.agent_id != wanted.agent_id:
        return FieldVerdict.OTHER_VERSION
    return FieldVerdict.UNTOUCHED if published == was.version_id else FieldVerdict.THIRD


def _settle(change: Change, outcome: Outcome, now: datetime) -> None:
    change.outcome, change.settled_at, change.next_look_at = outcome, now, None


def _settle_mismatch(change: Change, says: PhoneSnapshot, agents: AgentsRead | None, now: datetime) -> None:
    _settle(change, Outcome.MISMATCH, now)
    change.stored = {name: _stored(change.project, name, says, agents) for name in change.after}


def _stored(project: Project, name: str, says: PhoneSnapshot, agents: AgentsRead | None) -> Any:
    """Return a field as the log keeps it; a lane without a version where that was not read."""
    value = says.value(name)
    if not isinstance(value, uuid.UUID):
        return value
    catalogue = catalogue_of(project)
    version_id = agents.published.get(value) if agents else None
    found = catalogue.version(version_id) if version_id else None
    return lane_snapshot(value, catalogue.agent(value), found[1] if found else None)


def _settle_refusal(change: Change, client: diga.DigaClient, error: diga.DigaError, clock: Clock) -> None:
    """Settle a refusal. That of several fields is read back: it is not documented that Diga applied none of them."""
    says = None
    if isinstance(error, diga.DigaRejected | diga.DigaNotFound) and len(change.after) > 1:
        try:
            says = reread(project=change.project, phone=change.phone, client=client, clock=clock)
        except diga.DigaError:
            change.answer_lost_at = clock()
            keep_unknown(change, begun_at=change.created_at)
            log.settle([change])
            return
    if says and any(says.value(name) != reads_as(name, change.before.get(name)) for name in change.after):
        _settle_mismatch(change, says, None, clock())
    else:
        _settle(change, Outcome.REFUSED, clock())
    log.settle([change])
