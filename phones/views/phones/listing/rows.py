"""What a template shows of a phone, made ready here so that templates only print."""

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from phones.models import Phone, Schedule
from phones.services.finding.health import days_until, quarantine_days_left
from phones.services.phone_numbers import national_number
from phones.services.routing.catalogue import AgentEntry, Catalogue
from phones.services.sync.freshness import is_stale
from phones.templatetags.desk import age, local_day
from phones.views.parts.badges import _STATUSES, MISSING_BADGE, Badge, shown_status
from phones.views.parts.schedules import badge_of
from phones.wording.history.changes import words_for_refused_phone
from phones.wording.phones.answering import words_for_release

# What a row tells of a note; the drawer has all of it.
NOTE_SHOWN = 200
_PROVIDERS = {"netelip": "Diga", "custom": gettext_lazy("Own number")}


def _days_left(phone: Phone, now: datetime) -> str:
    """Return when a number is given back, or for how long Diga still holds one that was; "" for others."""
    if _is_leaving(phone) and phone.scheduled_release_at:
        return words_for_release(phone.scheduled_release_at, now)
    if phone.status != "released" or phone.released_at is None or phone.missing_since is not None:
        return ""
    days = quarantine_days_left(phone.released_at, now)
    if not days:
        return _("Gone any moment")
    return ngettext("%(count)d day left", "%(count)d days left", days) % {"count": days}


def _is_leaving(phone: Phone) -> bool:
    return phone.status == "assigned" and phone.scheduled_release_at is not None and phone.missing_since is None


def _leaving_in(phone: Phone, now: datetime) -> str:
    """Return in how many days a number is given back, short; "" for one that isn't."""
    if not _is_leaving(phone) or phone.scheduled_release_at is None:
        return ""
    return _("%(count)d d") % {"count": days_until(phone.scheduled_release_at, now)}


def provider_label(provider: str) -> str:
    """Return a provider in words."""
    return str(_PROVIDERS.get(provider, provider))


@dataclass(frozen=True, slots=True)
class TagLink:
    """A tag, and the address of the list of numbers that have it."""

    name: str
    url: str


def tag_links(phone: Phone, list_url: str) -> list[TagLink]:
    """Return the tags of a phone."""
    return [TagLink(name, f"{list_url}?{urlencode({'tag': name})}") for name in phone.tag_names]


@dataclass(frozen=True, slots=True)
class LaneCell:
    """Who answers or dials: an agent we know, one we don't, or none. `version` is the published one, "" for none.

    `is_being_checked` is true where a save gave it a version, and whether that is published was not read yet.
    """

    agent: AgentEntry | None
    is_unknown: bool
    version: str
    is_being_checked: bool = False

    @classmethod
    def of(cls, agent_id: uuid.UUID | None, catalogue: Catalogue) -> "LaneCell":
        """Return the lane that holds this agent."""
        agent = catalogue.agent(agent_id)
        live = agent.published if agent else None
        return cls(agent, agent_id is not None and (agent is None or not agent.is_listed), live.label if live else "")


@dataclass(frozen=True, slots=True)
class PhoneRow:
    """A phone as lists and headers show it."""

    id: uuid.UUID
    url: str
    rename_url: str
    cancel_url: str
    reread_url: str
    agents_url: str
    number: str
    shown: str
    prefix: str
    national: str
    nickname: str
    note: str
    tags: list[TagLink]
    status: Badge
    days_left: str
    leaving_in: str
    inbound: LaneCell
    outbound: LaneCell
    provider: str
    assigned: str
    release: str
    age: str
    read_at: str
    refusal: str
    is_stale: bool
    needs_agent: bool
    is_nickname_open: bool
    can_choose: bool
    is_ticked: bool
    # What is done next with it by itself, and when exactly; "" without such a thing.
    timed: str
    timed_title: str

    @classmethod
    def of(
        cls,
        phone: Phone,
        catalogue: Catalogue,
        *,
        list_url: str,
        suffix: str,
        may_label: bool,
        may_choose: bool,
        now: datetime,
        ticked: Collection[str] = (),
        timed: Schedule | None = None,
    ) -> "PhoneRow":
        """Return the row of a phone; its links keep the list's filters (`suffix`, with its `?`).

        `may_choose` gives it a box to tick for a change of many, which is ticked for the ids in `ticked`.
        `timed` is what is done next with it by itself.
        """
        prefix, national = national_number(phone.shown)
        url = f"{list_url}{phone.pk}/"
        is_missing = phone.missing_since is not None
        badge, exact = badge_of(timed, now) if timed else ("", "")
        return cls(
            id=phone.pk,
            url=url + suffix,
            rename_url=f"{url}nickname/{suffix}",
            cancel_url=f"{url}nickname/{suffix}{'&' if suffix else '?'}cancel=1",
            reread_url=f"{url}reread/{suffix}",
            agents_url=list_url.removesuffix("phones/") + "agents/",
            number=phone.number,
            shown=phone.shown,
            prefix=prefix,
            national=national,
            nickname=phone.nickname or "",
            note=Truncator(phone.note).chars(NOTE_SHOWN),
            tags=tag_links(phone, list_url),
            status=shown_status(phone),
            days_left=_days_left(phone, now),
            leaving_in=_leaving_in(phone, now),
            inbound=LaneCell.of(phone.inbound_agent_id, catalogue),
            outbound=LaneCell.of(phone.outbound_agent_id, catalogue),
            provider=provider_label(phone.telephony_provider),
            assigned=local_day(phone.assigned_at),
            release=local_day(phone.scheduled_release_at or phone.released_at),
            age=age(phone.read_at),
            read_at=phone.read_at.isoformat(timespec="seconds"),
            refusal=words_for_refused_phone(phone),
            is_stale=is_stale(phone.read_at, now),
            needs_agent=phone.status == "assigned" and phone.inbound_agent_id is None,
            is_nickname_open=may_label and not is_missing and phone.status not in {"released", "finished"},
            can_choose=may_choose,
            is_ticked=str(phone.pk) in ticked,
            timed=badge,
            timed_title=exact,
        )


def status_choices() -> list[tuple[str, str]]:
    """Return the statuses a list can be narrowed to, with Diga's words."""
    known = [(code, str(badge.label)) for code, badge in _STATUSES.items()]
    return [*known, ("missing", str(MISSING_BADGE.label))]


def provider_choices() -> list[tuple[str, str]]:
    """Return the providers a list can be narrowed to."""
    return [(code, str(label)) for code, label in _PROVIDERS.items()]


def lane_choices(agents: Iterable[AgentEntry]) -> list[tuple[str, str]]:
    """Return what a lane can be narrowed to: none, an unknown agent, or one of these."""
    named = [(str(agent.id), agent.name) for agent in agents]
    return [("none", _("No agent")), ("unknown", _("Unknown agent")), *named]
