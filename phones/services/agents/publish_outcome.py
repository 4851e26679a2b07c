"""What became of an upgrade: what Diga says it has published, read back. Never sent again, whatever is lost."""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from phones import diga
from phones.models import AgentUpgrade, NoKey, UpgradeOutcome
from phones.services.audit.log import OPEN
from phones.services.clock import database_clock
from phones.services.editing.outcome import AgentsRead
from phones.services.editing.recheck_times import claim_look, due, give_up_if_old, keep_unknown, may_still_be_applied
from phones.services.projects.keys import client_for, note_refusal
from phones.services.routing.catalogue import catalogue_of
from phones.services.routing.snapshots import lane_snapshot
from phones.services.sync.passes import cause_of
from phones.services.sync.refresh import reread_agents
from phones.services.upstream.failures import Verdict, verdict_of

Clock = Callable[[], datetime]
# After these a version may have been published: a later one proves nothing about an earlier one.
_MAYBE = (UpgradeOutcome.PENDING, UpgradeOutcome.CONFIRMED, UpgradeOutcome.MISMATCH, UpgradeOutcome.UNKNOWN)
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
    upgrade: AgentUpgrade, client: diga.DigaClient, answer: diga.Publication | diga.DigaError, clock: Clock
) -> None:
    """Write down what the request came to: refused, not sent, or what reading the agent back says."""
    verdict = None
    if isinstance(answer, diga.DigaError):
        upgrade.cause, upgrade.message = cause_of(answer), answer.message
        upgrade.http_status, upgrade.request_id = answer.status, answer.request_id
        note_refusal(upgrade.project, answer, clock())
        verdict = verdict_of(answer)
        upgrade.answer_lost_at = clock() if verdict is Verdict.UNKNOWN else None
    else:
        upgrade.http_status = 200
    if verdict is Verdict.REJECTED:
        _settle(upgrade, UpgradeOutcome.REFUSED, clock())
    elif verdict is Verdict.NOT_SENT:
        _settle(upgrade, UpgradeOutcome.FAILED, clock())
    else:
        settle_by_reading(upgrade, client, clock)


def settle_by_reading(upgrade: AgentUpgrade, client: diga.DigaClient, clock: Clock) -> None:
    """Read what the agent has published now, and settle by that; where it can't be told, read it again later.

    The wanted version settles it at once, the old one only when Diga can't publish it any more.
    """
    asked_at, is_told = clock(), True
    try:
        agents = reread_agents(project=upgrade.project, client=client, clock=clock)
        agents.require(upgrade.agent_id)
    except diga.DigaError:
        found, is_told = None, False
    else:
        found = _found(upgrade, AgentsRead.of(agents, asked_at))
    begun_at, now = upgrade.sent_at or upgrade.created_at, clock()
    if found is not None:
        _settle(upgrade, found, now)
    elif upgrade.outcome != UpgradeOutcome.UNKNOWN:
        if is_accepted(upgrade):
            upgrade.answer_lost_at = now
        _keep_unknown(upgrade)
    elif is_told:
        give_up_if_old(upgrade, begun_at=begun_at, now=now)


def is_accepted(upgrade: AgentUpgrade) -> bool:
    """Say whether Diga has answered that it did as asked: what is not known yet is what it has published."""
    return upgrade.http_status == 200 and not upgrade.cause


def _found(upgrade: AgentUpgrade, agents: AgentsRead) -> UpgradeOutcome | None:
    """Say what a read of the agents tells of the upgrade; None where nobody can tell, or not yet."""
    published = agents.published.get(upgrade.agent_id)
    live_id = str(published) if published else None
    later = AgentUpgrade.objects.filter(agent_id=upgrade.agent_id, pk__gt=upgrade.pk, outcome__in=_MAYBE)
    if upgrade.outcome == UpgradeOutcome.UNKNOWN and later.exists():
        return None
    if live_id == upgrade.after["version_id"]:
        return UpgradeOutcome.CONFIRMED
    if is_accepted(upgrade):
        # Diga said that it was done, and has something else.
        catalogue = catalogue_of(upgrade.project)
        live = catalogue.version(published) if published else None
        agent = catalogue.agent(upgrade.agent_id)
        upgrade.stored = lane_snapshot(upgrade.agent_id, agent, live and live[1]).to_json()
        return UpgradeOutcome.MISMATCH
    begun_at = upgrade.sent_at or upgrade.created_at
    if may_still_be_applied(upgrade, begun_at=begun_at, asked_at=agents.asked_at):
        return None
    return UpgradeOutcome.FAILED if live_id == upgrade.before["version_id"] else None


def _settle(upgrade: AgentUpgrade, outcome: UpgradeOutcome, now: datetime) -> None:
    upgrade.outcome, upgrade.settled_at, upgrade.next_look_at = outcome, now, None
    _save(upgrade)


def _keep_unknown(upgrade: AgentUpgrade) -> None:
    keep_unknown(upgrade, begun_at=upgrade.sent_at or upgrade.created_at)
    _save(upgrade)


def _save(upgrade: AgentUpgrade) -> None:
    """Save what became of an upgrade; one that somebody else has settled meanwhile stays so."""
    open_ones = AgentUpgrade.objects.select_for_update().filter(pk=upgrade.pk, outcome__in=OPEN)
    with transaction.atomic():
        if open_ones.exists():
            upgrade.save(update_fields=_SETTLED)
        else:
            upgrade.refresh_from_db(fields=_SETTLED)


def sweep_upgrades(*, clock: Clock) -> int:
    """Look at every open upgrade that is due, and return how many were settled. Nothing is ever sent."""
    clock = database_clock(clock)
    settled_count = 0
    silent = set()
    for upgrade in due(AgentUpgrade.objects.select_related("project"), "sent_at", clock()):
        begun_at = upgrade.sent_at or upgrade.created_at
        # Where Diga doesn't answer, one is tried: the others wait for the next time.
        if upgrade.project_id not in silent and claim_look(upgrade, begun_at=begun_at, now=clock()):
            settled_count += _look(upgrade, clock)
            silent |= set() if upgrade.project.is_reachable else {upgrade.project_id}
    return settled_count


def _look(upgrade: AgentUpgrade, clock: Clock) -> bool:
    try:
        settle_by_reading(upgrade, client_for(upgrade.project), clock)
    except NoKey:
        if upgrade.outcome == UpgradeOutcome.PENDING:
            _keep_unknown(upgrade)
    return not upgrade.is_open
