"""An upgrade as its page shows it: the result, how far the numbers are read back, and how each of them stands."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from phones.access import Desk
from phones.forms.upgrading import ConsentForm
from phones.models import AgentUpgrade, Project, ReadBack, UpgradeItem, UpgradeOutcome
from phones.services.agents.publish_preview import Affected, NotOffered, Outlook, outlook_of
from phones.services.agents.read_back import Totals, totals_of
from phones.services.editing.recheck_times import is_soon_known
from phones.services.phone_numbers import national_number
from phones.services.routing.catalogue import catalogue_of
from phones.services.routing.snapshots import reads_as
from phones.templatetags.desk import full_time
from phones.views.parts.badges import Badge
from phones.views.parts.permalinks import change_url
from phones.wording import upgrades as wording_upgrades
from phones.wording.changes import Words

SHOWN_COUNT = 100
LISTED_COUNT = 5
# So long a worker may be busy with something else before the page says that none seems to run.
PATIENCE = timedelta(seconds=10)

# icons: circle-check circle-x circle-question-mark clock ban triangle-alert circle-slash hourglass pencil
_OUTCOMES = {
    UpgradeOutcome.PROPOSED: ("warn", "hourglass"),
    UpgradeOutcome.DISCARDED: ("off", "circle-slash"),
    UpgradeOutcome.PENDING: ("info", "clock"),
    UpgradeOutcome.CONFIRMED: ("ok", "circle-check"),
    UpgradeOutcome.MISMATCH: ("bad", "triangle-alert"),
    UpgradeOutcome.REFUSED: ("bad", "ban"),
    UpgradeOutcome.FAILED: ("bad", "circle-x"),
    UpgradeOutcome.UNKNOWN: ("warn", "circle-question-mark"),
}
_READ_BACK = {
    ReadBack.WAITING: ("off", "clock"),
    ReadBack.KEPT: ("ok", "circle-check"),
    ReadBack.DETACHED: ("bad", "circle-x"),
    ReadBack.MOVED: ("info", "pencil"),
    ReadBack.GONE: ("bad", "circle-slash"),
    ReadBack.UNREAD: ("warn", "circle-question-mark"),
}


@dataclass(frozen=True, slots=True)
class NumberRow:
    """A number of an upgrade, with the lanes in which it had the agent, what it lost, and how it stands."""

    url: str
    prefix: str
    national: str
    nickname: str
    answers: bool
    dials: bool
    lost: str = ""
    state: Badge | None = None
    change_url: str = ""


def number_rows(slug: str, numbers: Sequence[Affected]) -> list[NumberRow]:
    """Return numbers that would run another version."""
    return [
        NumberRow(
            reverse("phone_edit", args=[slug, each.phone_id]),
            *national_number(each.shown),
            each.nickname,
            each.answers,
            each.dials,
        )
        for each in numbers
    ]


def outcome_badge(upgrade: AgentUpgrade) -> Badge:
    """Return the outcome of an upgrade in words."""
    return Badge(*_OUTCOMES[UpgradeOutcome(upgrade.outcome)], UpgradeOutcome(upgrade.outcome).label)


@dataclass(frozen=True, slots=True)
class UpgradeLine:
    """An upgrade in one line."""

    url: str
    before: str
    after: str
    badge: Badge
    at: str
    who: str


def upgrade_lines(project: Project, agent_id: uuid.UUID) -> list[UpgradeLine]:
    """Return the latest upgrades of an agent. One query."""
    upgrades = AgentUpgrade.objects.filter(project=project, agent_id=agent_id).order_by("-pk")[:LISTED_COUNT]
    return [
        UpgradeLine(
            reverse("agent_upgrade_detail", args=[project.slug, upgrade.pk]),
            upgrade.before_label,
            upgrade.after_label,
            outcome_badge(upgrade),
            full_time(upgrade.created_at),
            upgrade.actor_name,
        )
        for upgrade in upgrades
    ]


def upgrade_context(
    desk: Desk,
    upgrade: AgentUpgrade,
    *,
    now: datetime,
    said: Words | None = None,
    consent: ConsentForm | None = None,
) -> dict[str, Any]:
    """Return what the page of an upgrade needs. `said` is why something that was just asked for was not done."""
    totals = totals_of(upgrade)
    is_checking = upgrade.is_unverified and desk.project.is_writable
    proposal = _proposal(desk, upgrade)
    return {
        "desk": desk,
        "section": "agents",
        "upgrade": upgrade,
        "badge": outcome_badge(upgrade),
        "agent": catalogue_of(desk.project).agent(upgrade.agent_id),
        "words": wording_upgrades.words_for_upgrade(upgrade, totals),
        "said": said,
        "is_moving": is_soon_known(upgrade) or is_checking,
        "is_held": upgrade.is_unverified and not is_checking,
        "is_untaken": is_checking and not totals.read and _is_late(upgrade, now),
        "total_count": totals.all,
        "read_count": totals.read,
        "sums": _sums(totals),
        "lost": _rows(desk, upgrade, ReadBack.DETACHED),
        "lost_count": totals[ReadBack.DETACHED],
        "items": _rows(desk, upgrade),
        "proposal": proposal,
        "proposed_rows": number_rows(desk.project.slug, proposal.numbers[:SHOWN_COUNT]) if proposal else [],
        "effect": wording_upgrades.words_for_outlook(proposal) if proposal else None,
        "may_approve": proposal is not None and desk.may_bulk and upgrade.actor_id != desk.user.pk,
        "consent": consent or ConsentForm(),
    }


def _is_late(upgrade: AgentUpgrade, now: datetime) -> bool:
    return upgrade.settled_at is not None and now - upgrade.settled_at > PATIENCE


def _proposal(desk: Desk, upgrade: AgentUpgrade) -> Outlook | None:
    """Return what a proposal would do by our copy; None where that is not what was proposed, or nothing is."""
    if not upgrade.is_proposed:
        return None
    agent = catalogue_of(desk.project).agent(upgrade.agent_id)
    try:
        outlook = outlook_of(desk.project, agent, uuid.UUID(upgrade.after["version_id"]))
    except NotOffered:
        return None
    return outlook if outlook.fingerprint == upgrade.agreed else None


def _sums(totals: Totals) -> list[tuple[str, int]]:
    """Return how many numbers stand how; what seldom happens only where it has."""
    seldom = {ReadBack.MOVED, ReadBack.GONE, ReadBack.UNREAD, ReadBack.WAITING}
    return [(str(each.label), totals[each]) for each in ReadBack if each not in seldom or totals[each]]


def _rows(desk: Desk, upgrade: AgentUpgrade, read_back: ReadBack | None = None) -> list[NumberRow]:
    items = upgrade.items.filter(read_back=read_back) if read_back else upgrade.items.all()
    shown = items.select_related("phone", "change").order_by("phone__number", "pk")[:SHOWN_COUNT]
    return [_row(desk, upgrade, item) for item in shown]


def _row(desk: Desk, upgrade: AgentUpgrade, item: UpgradeItem) -> NumberRow:
    slug = desk.project.slug
    read_back = ReadBack(item.read_back)
    return NumberRow(
        reverse("phone_edit", args=[slug, item.phone_id]),
        *national_number(item.phone.shown),
        item.phone.nickname or "",
        "inbound" in item.before,
        "outbound" in item.before,
        _lost(upgrade, item) if read_back is ReadBack.DETACHED else "",
        Badge(*_READ_BACK[read_back], read_back.label),
        change_url(item.change, slug) if item.change else "",
    )


def _lost(upgrade: AgentUpgrade, item: UpgradeItem) -> str:
    stored = item.change.stored if item.change else {}
    words = {"inbound": _("no longer answered by it"), "outbound": _("no longer dials from it")}
    lost = [name for name in item.before if reads_as(name, stored.get(name)) != upgrade.agent_id]
    return ", ".join(words[name] for name in lost)
