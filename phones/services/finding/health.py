"""What needs a look, as conditions on phones: a count of the overview and the list it leads to are one query."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, F, Min, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from phones.models import Change, Outcome, Phone, Project, Source
from phones.services.phone_numbers import nickname_key
from phones.services.routing.catalogue import Catalogue

Condition = Callable[[Project, Catalogue, datetime], Q]

# Diga holds a number that was given back for so long, then it is gone (contract.md, "released").
QUARANTINE = timedelta(days=30)
# The name Diga gives to a number nobody has named.
DEFAULT_NICKNAME = "New Number"
# A write takes seconds; one that is still open after this was left by a process that died.
ANSWER_LIMIT = timedelta(minutes=5)

_KNOWN_TO_DIGA = Q(missing_since__isnull=True)
# Numbers that take calls, or will: what is given back or gone can't be put right.
_IN_USE = _KNOWN_TO_DIGA & ~Q(status__in=("released", "finished"))


def _no_inbound(_project: Project, _catalogue: Catalogue, _now: datetime) -> Q:
    return _KNOWN_TO_DIGA & Q(status="assigned", inbound_agent_id__isnull=True)


def _agent_trouble(project: Project, catalogue: Catalogue, _now: datetime) -> Q:
    """A lane holds an agent that Diga doesn't list, or one without a published version.

    Where the agents were never read, nothing can be said of any.
    """
    if project.agents_read_at is None:
        return Q(pk__in=())
    sound = [agent.id for agent in catalogue.agents if agent.is_listed and agent.published]
    lanes = ("inbound_agent_id", "outbound_agent_id")
    inbound, outbound = (Q(**{f"{lane}__isnull": False}) & ~Q(**{f"{lane}__in": sound}) for lane in lanes)
    return _IN_USE & (inbound | outbound)


def _never_confirmed(project: Project, _catalogue: Catalogue, now: datetime) -> Q:
    """The last word on a change sent from here is missing.

    Its outcome is not known, or Diga stored something else, or it is still open long after an answer was due; and
    no later change from here was confirmed. A later one that was refused or not applied settles nothing.
    """
    ours = Change.objects.filter(project=project).exclude(source=Source.OUTSIDE)
    # Found by the phone alone; with the project named too, SQLite would walk all confirmed changes of it.
    confirmed = Change.objects.filter(phone=OuterRef("phone"), pk__gt=OuterRef("pk"), outcome=Outcome.CONFIRMED)
    # All three by name first: that is what the index on outcomes can find.
    unproven = ours.filter(outcome__in=(Outcome.UNKNOWN, Outcome.MISMATCH, Outcome.PENDING)).exclude(
        outcome=Outcome.PENDING, created_at__gte=now - ANSWER_LIMIT
    )
    return _KNOWN_TO_DIGA & Q(pk__in=unproven.filter(~Exists(confirmed)).values("phone"))


def _releasing_soon(_project: Project, _catalogue: Catalogue, _now: datetime) -> Q:
    return _KNOWN_TO_DIGA & Q(status="assigned", scheduled_release_at__isnull=False)


def _pending_verification(_project: Project, _catalogue: Catalogue, _now: datetime) -> Q:
    return _KNOWN_TO_DIGA & Q(status="pending_verification")


def _same_alias(project: Project, _catalogue: Catalogue, _now: datetime) -> Q:
    """Another number in use has the same nickname, or it is the one Diga gives to a new number."""
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


# In the order people see them: what costs calls first, what is often on purpose last.
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
    """Return what the phones of a code have in common; a code that we don't know is met by none."""
    found = CONDITIONS.get(code)
    return found(project, catalogue, now) if found else Q(pk__in=())


@dataclass(frozen=True, slots=True)
class Queue:
    """How many phones meet each condition, by its code, in the order of `CONDITIONS`.

    `first_release` is when the number that has been in quarantine longest was given back.
    """

    counts: dict[str, int]
    first_release: datetime | None


def queue_of(project: Project, catalogue: Catalogue, now: datetime) -> Queue:
    """Return how many phones need a look. Two queries.

    Each count is a query within the first, so that each has the index that suits it; at 100,000 phones filtered
    counts over one pass take several times as long.
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
    """Return for how many more days, begun ones counted, Diga holds a number that was given back; 0 when it is over."""
    return max(0, -((now - released_at - QUARANTINE) // timedelta(days=1)))
