"""The conditions that need attention, as Q objects on phones. The overview's count and its list use the same one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, Count, Exists, F, Min, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce

from phones.models import Change, Outcome, Phone, Project, Source
from phones.services.finding.held_values import holds
from phones.services.finding.keyset import UNKNOWN_KEY
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
    # Those, and what counts as unknown: `NOT IN` the sound ones would read every row.
    unsound = [agent.id for agent in catalogue.agents if not agent.takes_calls]
    inbound, outbound = (
        Q(**{f"{lane}_key": UNKNOWN_KEY}) | Q(**{f"{lane}_agent_id__in": unsound}) for lane in ("inbound", "outbound")
    )
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


def _answered_otherwise(_project: Project, _catalogue: Catalogue, _now: datetime) -> Q:
    """Another agent or version took a call than is configured, and the agents were not changed since then."""
    changed = Change.objects.filter(
        phone=OuterRef("pk"),
        created_at__gt=OuterRef("answered_otherwise_at"),
        outcome__in=(Outcome.CONFIRMED, Outcome.MISMATCH, Outcome.OBSERVED),
        after__has_any_keys=["inbound", "outbound"],
    )
    return _KNOWN_TO_DIGA & Q(~Exists(changed), answered_otherwise_at__isnull=False)


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
    "answered_otherwise": _answered_otherwise,
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


def problems_of(phone: Phone, catalogue: Catalogue, now: datetime) -> list[str]:
    """Return the codes of the conditions that one phone meets, in their order.

    One query at most, by the phone's id, for what its own columns don't tell: making SQL of all would take longer.
    """
    flags = {
        code: _same_alias_as(phone) if code == "same_alias" else of(phone.project, catalogue, now)
        for code, of in CONDITIONS.items()
    }
    met = {code: holds(wanted, phone) for code, wanted in flags.items()}
    tests = {
        code: Case(When(flags[code], then=Value(True)), default=Value(False))
        for code, known in met.items()
        if known is None
    }
    if tests:
        found = Phone.objects.filter(pk=phone.pk).order_by().values_list(*tests.values())
        met.update(zip(tests, next(iter(found), [False] * len(tests)), strict=True))
    return [code for code in CONDITIONS if met[code]]


def _same_alias_as(phone: Phone) -> Q:
    """Return `_same_alias` for one phone, which an index answers."""
    others = Phone.objects.filter(_IN_USE, project=phone.project_id, nickname_key=phone.nickname_key)
    is_default = Q(nickname_key=nickname_key(DEFAULT_NICKNAME))
    is_shared = Q(Exists(others.exclude(pk=phone.pk)), ~Q(nickname_key=""))
    return _IN_USE & (is_default | is_shared)


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


def days_until(moment: datetime, now: datetime) -> int:
    """Return in how many days a moment is, a begun day counting as one; 0 once it has passed."""
    return max(0, -((now - moment) // timedelta(days=1)))


def given_back_within(days: int, now: datetime) -> Q:
    """Return the condition for phones in use that are given back within so many days, or should have been by now."""
    return _KNOWN_TO_DIGA & Q(status="assigned", scheduled_release_at__lt=now + timedelta(days=days))


def quarantine_days_left(released_at: datetime, now: datetime) -> int:
    """Return for how many more days Diga keeps a released number, a begun day counting as one; 0 when it is gone."""
    return days_until(released_at + QUARANTINE, now)
