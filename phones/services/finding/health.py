"""The conditions that need attention, as Q objects on phones. The overview's count and its list use the same one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, F, Min, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from phones.models import Change, Outcome, Phone, Project, Source
from phones.services.phone_numbers import nickname_key
from phones.services.routing.catalogue import Catalogue

Condition = Callable[[Project, Catalogue, datetime], Q]

# How long Diga keeps a released number before it is gone (contract.md, "released").
QUARANTINE = timedelta(days=30)
# The nickname that Diga gives to a new number.
DEFAULT_NICKNAME = "New Number"
# A write takes seconds: a change that is still open after this was left by a process that died.
ANSWER_LIMIT = timedelta(minutes=5)

_KNOWN_TO_DIGA = Q(missing_since__isnull=True)
# Phones that take calls, or will. Nothing can be corrected in one that was released or is gone.
_IN_USE = _KNOWN_TO_DIGA & ~Q(status__in=("released", "finished"))


def _no_inbound(_project: Project, _catalogue: Catalogue, _now: datetime) -> Q:
    return _KNOWN_TO_DIGA & Q(status="assigned", inbound_agent_id__isnull=True)


def _agent_trouble(project: Project, catalogue: Catalogue, _now: datetime) -> Q:
    """A lane holds an agent that Diga doesn't list, or one without a published version.

    False for every phone if the agents were never read.
    """
    if project.agents_read_at is None:
        return Q(pk__in=())
    sound = [agent.id for agent in catalogue.agents if agent.is_listed and agent.published]
    lanes = ("inbound_agent_id", "outbound_agent_id")
    inbound, outbound = (Q(**{f"{lane}__isnull": False}) & ~Q(**{f"{lane}__in": sound}) for lane in lanes)
    return _IN_USE & (inbound | outbound)


def _never_confirmed(project: Project, _catalogue: Catalogue, now: datetime) -> Q:
    """The newest change sent from here is not confirmed.

    Its outcome is unknown, Diga stored something else, or it is still open long after an answer was due; and no later
    change from here was confirmed. A later change that was refused or not applied does not count.
    """
    ours = Change.objects.filter(project=project).exclude(source=Source.OUTSIDE)
    # Correlated by the phone alone: with the project too, SQLite would walk all confirmed changes of the project.
    confirmed = Change.objects.filter(phone=OuterRef("phone"), pk__gt=OuterRef("pk"), outcome=Outcome.CONFIRMED)
    # All three outcomes are named in one condition, which is what the partial index on outcomes matches.
    unproven = ours.filter(outcome__in=(Outcome.UNKNOWN, Outcome.MISMATCH, Outcome.PENDING)).exclude(
        outcome=Outcome.PENDING, created_at__gte=now - ANSWER_LIMIT
    )
    return _KNOWN_TO_DIGA & Q(pk__in=unproven.filter(~Exists(confirmed)).values("phone"))


def _releasing_soon(_project: Project, _catalogue: Catalogue, _now: datetime) -> Q:
    return _KNOWN_TO_DIGA & Q(status="assigned", scheduled_release_at__isnull=False)


def _pending_verification(_project: Project, _catalogue: Catalogue, _now: datetime) -> Q:
    return _KNOWN_TO_DIGA & Q(status="pending_verification")


def _same_alias(project: Project, _catalogue: Catalogue, _now: datetime) -> Q:
    """Another phone in use has the same nickname, or the nickname is the one that Diga gives to new numbers."""
    named = Phone.objects.filter(_IN_USE, project=project).exclude(nickname_key="")
    shared = named.values("nickname_key").annotate(count=Count("*")).filter(count__gt=1)
    is_default = Q(nickname_key=nickname_key(DEFAULT_NICKNAME))
    return _IN_USE & (is_default | Q(nickname_key__in=shared.order_by().values("nickname_key")))


def _lanes_differ(_project: Project, _catalogue: Catalogue, _now: datetime) -> Q:
    both = Q(inbound_agent_id__isnull=False, outbound_agent_id__isnull=False)
    return _IN_USE & both & ~Q(inbound_agent_id=F("outbound_agent_id"))


def _quarantine(_project: Project, _catalogue: Catalogue, _now: datetime) -> Q:
    return _KNOWN_TO_DIGA & Q(status="released")


def _missing(_project: Project, _catalogue: Catalogue, _now: datetime) -> Q:
    return ~_KNOWN_TO_DIGA


# In the order of the page: first what loses calls, last what is often intended.
CONDITIONS: dict[str, Condition] = {
    "no_inbound": _no_inbound,
    "agent_trouble": _agent_trouble,
    "never_confirmed": _never_confirmed,
    "releasing_soon": _releasing_soon,
    "missing": _missing,
    "pending_verification": _pending_verification,
    "quarantine": _quarantine,
    "same_alias": _same_alias,
    "lanes_differ": _lanes_differ,
}


def condition(code: str, project: Project, catalogue: Catalogue, now: datetime) -> Q:
    """Return the condition with this code; for an unknown code, one that matches nothing."""
    found = CONDITIONS.get(code)
    return found(project, catalogue, now) if found else Q(pk__in=())


@dataclass(frozen=True, slots=True)
class Queue:
    """How many phones meet each condition, by its code, in the order of `CONDITIONS`.

    `first_release` is when the number longest in quarantine was released.
    """

    counts: dict[str, int]
    first_release: datetime | None


def queue_of(project: Project, catalogue: Catalogue, now: datetime) -> Queue:
    """Return how many phones meet each condition. Two queries.

    Each count is a subquery, so that each uses the index that suits it. At 100,000 phones, filtered counts over one
    scan take several times as long.
    """
    phones = Phone.objects.filter(project=project).order_by().values("project")
    counts = [
        Coalesce(Subquery(phones.filter(of(project, catalogue, now)).values(n=Count("*"))), 0)
        for of in CONDITIONS.values()
    ]
    held = Phone.objects.filter(_quarantine(project, catalogue, now), project=project)
    return Queue(
        dict(zip(CONDITIONS, Project.objects.filter(pk=project.pk).values_list(*counts).get(), strict=True)),
        held.aggregate(first=Min("released_at"))["first"],
    )


def quarantine_days_left(released_at: datetime, now: datetime) -> int:
    """Return for how many more days Diga keeps a released number, a begun day counting as one; 0 when it is gone."""
    return max(0, -((now - released_at - QUARANTINE) // timedelta(days=1)))
