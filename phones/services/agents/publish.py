"""Publishing another version of an agent for all its numbers at once: read, compare, write down, one PATCH, verify.

Diga moves an agent's numbers together or not at all. So this is an act of its own, beside `editing`, with the same
steps: nothing is sent that was not read and agreed to, nothing before it is written down, nothing twice.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import DatabaseError, IntegrityError, transaction

from phones import diga
from phones.models import AgentUpgrade, LaneSnapshot, Project, UpgradeItem, UpgradeOutcome
from phones.services.agents.publish_outcome import settle_by_answer
from phones.services.agents.publish_preview import NotOffered, Outlook, outlook_of
from phones.services.audit import log
from phones.services.clock import database_clock
from phones.services.editing.recheck_times import SENT_WITHIN
from phones.services.editing.spent_forms import SpentForm
from phones.services.editing.write import Author
from phones.services.people.display_names import name_of
from phones.services.plans.lifecycle import CountNotTyped, digits_typed, needs_approval, needs_typing
from phones.services.projects.keys import client_for
from phones.services.routing.catalogue import catalogue_of
from phones.services.routing.snapshots import lane_snapshot
from phones.services.sync.refresh import reread_agents, reread_users

Clock = Callable[[], datetime]


class ReadOnlyProject(Exception):
    """Nothing can be written: there is no key, or Diga has rejected it."""


class NotRecorded(Exception):
    """The upgrade could not be written down, so nothing was sent."""


class OutcomeNotRecorded(Exception):
    """It was sent, and what became of it could not be written down: it is looked at again within minutes."""


class OutlookMoved(Exception):
    """The live version, or the numbers, are not what was shown and ticked: nothing was sent. `outlook` is fresh."""

    def __init__(self, outlook: Outlook) -> None:
        super().__init__("What would happen has moved on")
        self.outlook = outlook


class CopyTooOld(Exception):
    """Our copy of the agent's numbers is too far from Diga's: it needs a sync first. Nothing was sent."""


class UpgradeUnderWay(Exception):
    """An upgrade of this agent is being sent at this moment: nothing was sent."""


class NotProposed(Exception):
    """The upgrade waits for nobody's approval: somebody was quicker."""


class NotYourUpgrade(Exception):
    """Whoever proposed an upgrade can't be the one who approves it."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What the person has ticked: the fingerprint of what was shown, and the count they typed."""

    fingerprint: str
    typed: str = ""


def upgrade_agent(
    *,
    project: Project,
    agent_id: uuid.UUID,
    version_id: uuid.UUID,
    author: Author,
    agreement: Agreement,
    clock: Clock,
) -> AgentUpgrade:
    """Publish a version of an agent for all its numbers, or propose it where a second person has to say yes.

    Its outcome may be any but `PENDING` afterwards, unless another send of the same form is still under way. The
    numbers are to be read back then (`upgrade_checking`).

    :raises ReadOnlyProject: there is no key, or Diga has rejected it; nothing was sent.
    :raises SpentForm: the form was sent before with other content; nothing was sent now.
    :raises NotOffered: the version can't be published from here; nothing was sent.
    :raises OutlookMoved: something is not as it was shown; nothing was sent.
    :raises CountNotTyped: the project asks for the count of numbers; nothing was sent.
    :raises CopyTooOld: our copy needs a sync first; nothing was sent.
    :raises UpgradeUnderWay: another upgrade of the agent is being sent; nothing was sent.
    :raises NotRecorded: it could not be written down; nothing was sent.
    :raises OutcomeNotRecorded: it was sent, and what became of it could not be written down.
    :raises DigaError: a read before the write failed; nothing was sent.
    """
    clock = database_clock(clock)
    content = (project.pk, agent_id, str(version_id), agreement.fingerprint, author.reason, author.ticket)
    if earlier := _made_of(author.form_token, content):
        return earlier
    client = _client(project)
    try:
        outlook = _read(project, agent_id, version_id, client, clock)
        if agreement.fingerprint != outlook.fingerprint:
            raise OutlookMoved(outlook)
    except (OutlookMoved, NotOffered):
        # What is in the way may be what the other send of this form has done.
        if earlier := _made_of(author.form_token, content):
            return earlier
        raise
    if needs_typing(project, outlook.count) and digits_typed(agreement.typed) != str(outlook.count):
        raise CountNotTyped(outlook.count)
    upgrade = _new_upgrade(project, outlook, author, clock())
    if needs_approval(project, outlook.count):
        return _propose(upgrade)
    return _carry_out(upgrade, outlook, client, clock)


def approve_upgrade(*, upgrade: AgentUpgrade, by: User, clock: Clock) -> AgentUpgrade:
    """Carry out what another person has proposed, exactly as they saw it.

    :raises NotProposed: it waits for nobody's approval.
    :raises NotYourUpgrade: it is this person's own.
    :raises OutlookMoved: something is not as it was when it was proposed; nothing was sent.

    And all that `upgrade_agent` raises.
    """
    clock = database_clock(clock)
    if not upgrade.is_proposed:
        raise NotProposed
    if upgrade.actor_id == by.pk:
        raise NotYourUpgrade
    client = _client(upgrade.project)
    version_id = uuid.UUID(upgrade.after["version_id"])
    outlook = _read(upgrade.project, upgrade.agent_id, version_id, client, clock)
    if upgrade.agreed != outlook.fingerprint:
        raise OutlookMoved(outlook)
    upgrade.approver, upgrade.approver_name = by, name_of(by)
    return _carry_out(upgrade, outlook, client, clock)


def discard_upgrade(*, upgrade: AgentUpgrade, clock: Clock) -> None:
    """Put a proposal away: nothing was sent.

    :raises NotProposed: it waits for nobody's approval.
    """
    proposed = AgentUpgrade.objects.filter(pk=upgrade.pk, outcome=UpgradeOutcome.PROPOSED)
    if not proposed.update(outcome=UpgradeOutcome.DISCARDED, settled_at=clock()):
        raise NotProposed
    upgrade.refresh_from_db()


def _client(project: Project) -> diga.DigaClient:
    if not project.is_writable:
        raise ReadOnlyProject
    return client_for(project)


def _read(
    project: Project, agent_id: uuid.UUID, version_id: uuid.UUID, client: diga.DigaClient, clock: Clock
) -> Outlook:
    """Read the agents and the agent's numbers from Diga, and say what publishing would do by what they are now."""
    reread_agents(project=project, client=client, clock=clock).require(agent_id)
    if not reread_users(project=project, agent_id=agent_id, client=client, clock=clock).is_complete:
        raise CopyTooOld
    return outlook_of(project, catalogue_of(project).agent(agent_id), version_id)


def _new_upgrade(project: Project, outlook: Outlook, author: Author, now: datetime) -> AgentUpgrade:
    agent = outlook.agent
    return AgentUpgrade(
        project=project,
        agent_id=agent.id,
        agent_name=agent.name,
        before=lane_snapshot(agent.id, agent, outlook.live).to_json(),
        after=lane_snapshot(agent.id, agent, outlook.version).to_json(),
        phone_count=outlook.count,
        agreed=outlook.fingerprint,
        actor=author.user,
        actor_name=author.shown_name,
        reason=author.reason,
        ticket=author.ticket,
        outcome=UpgradeOutcome.PROPOSED,
        created_at=now,
        form_token=author.form_token,
    )


def _made_of(form_token: uuid.UUID | None, content: tuple[object, ...]) -> AgentUpgrade | None:
    """Return the upgrade that was made with a form; one with other content, or of another project, is none of it."""
    upgrade = AgentUpgrade.objects.filter(form_token=form_token).first() if form_token else None
    if upgrade and _content(upgrade) != content:
        raise SpentForm(upgrade if upgrade.project_id == content[0] else None)
    return upgrade


def _content(upgrade: AgentUpgrade) -> tuple[object, ...]:
    """Return what somebody asked for: all of it stands in the upgrade, and is never altered."""
    version_id = upgrade.after["version_id"]
    return (upgrade.project_id, upgrade.agent_id, version_id, upgrade.agreed, upgrade.reason, upgrade.ticket)


def _propose(upgrade: AgentUpgrade) -> AgentUpgrade:
    try:
        with transaction.atomic():
            upgrade.save(force_insert=True)
    except IntegrityError:
        # The other send of this form was quicker.
        if earlier := _made_of(upgrade.form_token, _content(upgrade)):
            return earlier
        raise
    except DatabaseError:
        raise NotRecorded from None
    return upgrade


def _carry_out(upgrade: AgentUpgrade, outlook: Outlook, client: diga.DigaClient, clock: Clock) -> AgentUpgrade:
    """Write the upgrade down with every number, send it once, and settle it by what Diga has then."""
    try:
        _begin(upgrade, outlook, clock())
    except IntegrityError:
        earlier = _made_of(upgrade.form_token, _content(upgrade))
        if earlier is None or earlier.is_proposed:
            raise UpgradeUnderWay from None
        return earlier
    except DatabaseError:
        raise NotRecorded from None
    answer = _send(upgrade, client, clock)
    try:
        settle_by_answer(upgrade, client, answer, clock)
    except DatabaseError:
        raise OutcomeNotRecorded from None
    return upgrade


def _begin(upgrade: AgentUpgrade, outlook: Outlook, now: datetime) -> None:
    """Commit the upgrade and its frozen numbers before anything is sent.

    :raises IntegrityError: the form was sent before, or another upgrade of the agent is being sent.
    :raises NotProposed: a proposal was approved or put away by somebody else.
    """
    lane = LaneSnapshot.from_json(upgrade.before)
    items = [
        UpgradeItem(upgrade=upgrade, phone_id=each.phone_id, before=dict.fromkeys(each.lanes, lane))
        for each in outlook.numbers
    ]
    with log.on_disk(), transaction.atomic():
        if upgrade.pk:
            held = AgentUpgrade.objects.select_for_update().get(pk=upgrade.pk)
            if not held.is_proposed:
                raise NotProposed
        upgrade.outcome, upgrade.sent_at = UpgradeOutcome.PENDING, now
        upgrade.save()
        UpgradeItem.objects.bulk_create(items, batch_size=1000)


def _send(upgrade: AgentUpgrade, client: diga.DigaClient, clock: Clock) -> diga.Publication | diga.DigaError:
    """Send the PATCH once, and return Diga's answer or why there is none. Uses no database."""
    started_at = clock()
    if upgrade.sent_at is None or started_at - upgrade.sent_at > SENT_WITHIN:
        return diga.DigaUnavailable(reason=diga.Reason.PACED)
    answer: diga.Publication | diga.DigaError
    try:
        answer = client.publish_version(upgrade.agent_id, uuid.UUID(upgrade.after["version_id"]))
    except diga.DigaError as error:
        answer = error
    # A clock may be set back meanwhile.
    upgrade.duration_ms = max(0, round((clock() - started_at).total_seconds() * 1000))
    return answer
