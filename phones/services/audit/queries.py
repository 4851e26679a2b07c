"""Queries of the audit log: filters, keyset pages, and the people in it."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, prefetch_related_objects
from django.utils import timezone

from phones.models import Change, Outcome, Phone, Plan, Project, Source
from phones.services.audit.folding import PlanCount, counts_of_plans, folded
from phones.services.number_reader.queries import spelled_digits
from phones.services.phone_numbers import folding_pattern

PAGE_SIZE = 50
EXPORT_CHUNK = 2000
# Columns of a related change that a line of the history links to: its permanent address needs more than the number.
LED_TO = ("plan", "reverts", "late_for")
# The fields that a change may hold. Only changes made outside the desk hold the status.
CHANGED_FIELDS = ("nickname", "inbound", "outbound", "status")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters of the history. None, "" and False don't filter. Days are days of the site's time zone.

    `at` is a moment: what was changed after it.
    """

    phone: uuid.UUID | None = None
    agent: uuid.UUID | None = None
    person: int | None = None
    field: str = ""
    source: str = ""
    outcome: str = ""
    since: date | None = None
    until: date | None = None
    q: str = ""
    look: bool = False
    plan: int | None = None
    at: datetime | None = None

    @property
    def is_empty(self) -> bool:
        """True when no filter is set."""
        return self == Wanted()

    @property
    def is_one_phone(self) -> bool:
        """True when the only filter is one phone."""
        return self.phone is not None and self == Wanted(phone=self.phone)

    @property
    def is_of_single_changes(self) -> bool:
        """True when a number, a plan, an outcome or what needs a look is asked for: a plan is no entry there."""
        return bool(self.phone or self.plan or self.outcome or self.look or spelled_digits(self.q))


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """One page, newest first. `older` and `newer` are the ids to page on from, None at an end.

    `made` has, by plan, how many of the changes that match its entry stands for; a plan that is not in it has none.
    """

    changes: Sequence[Change]
    older: int | None
    newer: int | None
    made: Mapping[int, PlanCount]


def matching_changes(project: Project, wanted: Wanted) -> QuerySet[Change]:
    """Return the changes of the project that match all filters, newest first."""
    changes = Change.objects.filter(project=project).order_by("-id")
    if wanted.agent:
        # Ordering by the column of the agents' table lets its index return the newest changes first.
        changes = changes.filter(named_agents__agent_id=wanted.agent).order_by("-named_agents__change_id")
    exact = {
        "phone": wanted.phone,
        "actor": wanted.person,
        "source": wanted.source or None,
        "outcome": wanted.outcome or None,
    }
    changes = changes.filter(**{name: value for name, value in exact.items() if value is not None})
    if wanted.plan is not None:
        changes = changes.filter(**_of_plan(wanted.plan))
    if wanted.field:
        changes = changes.filter(after__has_key=wanted.field)
    if wanted.since:
        changes = changes.filter(created_at__gte=_midnight(wanted.since))
    if wanted.until:
        changes = changes.filter(created_at__lt=_midnight(wanted.until + timedelta(days=1)))
    if wanted.at:
        changes = changes.filter(created_at__gt=wanted.at)
    if wanted.look:
        # Few rows match, and a partial index has them; otherwise SQLite scans the whole history.
        changes = changes.filter(pk__in=Change.objects.filter(_needs_a_look(), project=project).values("pk"))
    return changes.filter(_text(project, wanted.q)) if wanted.q else changes


def _of_plan(plan_id: int) -> dict[str, int]:
    """Return what the changes of a plan meet. One query.

    Those of one that an older release had made as an upgrade don't name it, as they are sealed: its rows name them.
    """
    is_older = Plan.objects.filter(pk=plan_id, wish__version__has_key="upgrade").exists()
    return {"item__plan" if is_older else "plan": plan_id}


def plan_of_upgrade(change: Change) -> Plan | None:
    """Return the plan that was made of the upgrade of which a change is an entry. One query for those of upgrades."""
    is_of_upgrade = change.source == Source.PUBLISH and change.plan_id is None
    return Plan.objects.filter(items__change=change).first() if is_of_upgrade else None


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _needs_a_look() -> Q:
    """Match changes of unknown outcome, and mismatches that no later successful save of the number has replaced."""
    later = Change.objects.filter(phone=OuterRef("phone"), pk__gt=OuterRef("pk"), outcome=Outcome.CONFIRMED)
    return Q(outcome__in=(Outcome.UNKNOWN, Outcome.MISMATCH)) & (Q(outcome=Outcome.UNKNOWN) | Q(~Exists(later)))


def _text(project: Project, query: str) -> Q:
    """Match any spelling of a number, or a part of a ticket without regard to case and accents."""
    found = Q(ticket__regex=folding_pattern(query))
    spelled = spelled_digits(query)
    if not spelled:
        return found | Q(number__icontains=query)
    numbers = Q()
    for digits in spelled:
        numbers |= Q(digits__contains=digits)
    return found | Q(phone__in=Phone.objects.filter(numbers, project=project).values("pk"))


def with_late_entries(changes: Iterable[Change]) -> list[Change]:
    """Return the changes; those that may have been applied late have `came_late` prefetched, by at most one query."""
    found = list(changes)
    late = Prefetch("came_late", Change.objects.order_by("pk"))
    prefetch_related_objects([change for change in found if change.may_come_late], late)
    return found


def undoings_of(changes: Iterable[Change]) -> dict[int, Change]:
    """Return the newest confirmed change that took each of these back, by the id of what it took back. One query."""
    return undoings_among(Change.objects.filter(reverts__in=[change.pk for change in changes]).order_by("-pk"))


def undoings_among(changes: Iterable[Change]) -> dict[int, Change]:
    """Return those of these changes, newest first, that took others back, likewise. No query."""
    undoings: dict[int, Change] = {}
    for change in changes:
        if change.reverts_id and change.outcome == Outcome.CONFIRMED:
            undoings.setdefault(change.reverts_id, change)
    return undoings


def history_page(
    project: Project, wanted: Wanted, *, older_than: int | None = None, newer_than: int | None = None
) -> HistoryPage:
    """Return one page of the history with each change's phone.

    A plan is one entry unless single changes are asked for. One query, or those of `folded` and one if there are
    plans; one more if a change may have been applied late. `older_than` takes precedence; with nothing newer than
    `newer_than`, the page is the first one.
    """
    matching = matching_changes(project, wanted)
    found = matching.select_related("phone", *LED_TO)

    def first(stretch: QuerySet[Change], *, is_rising: bool = False) -> list[Change]:
        if wanted.is_of_single_changes:
            return list(stretch[: PAGE_SIZE + 1])
        return folded(stretch, PAGE_SIZE + 1, among=matching, is_rising=is_rising)

    def page(rows: Sequence[Change], *, older: bool, newer: bool) -> HistoryPage:
        changes = with_late_entries(rows)
        plans = set() if wanted.is_of_single_changes else {change.plan_id for change in changes if change.plan_id}
        ends = (changes[-1].pk if older else None, changes[0].pk if newer and changes else None)
        return HistoryPage(changes, *ends, counts_of_plans(plans, matching))

    if newer_than is not None and older_than is None:
        rising = first(found.filter(pk__gt=newer_than).reverse(), is_rising=True)
        # A short page at the newest end is filled up from the first page.
        if len(rising) > PAGE_SIZE:
            return page(rising[:PAGE_SIZE][::-1], older=True, newer=True)
    falling = first(found if older_than is None else found.filter(pk__lt=older_than))
    return page(falling[:PAGE_SIZE], older=len(falling) > PAGE_SIZE, newer=older_than is not None)


def change_of_form(phone: Phone, form_token: uuid.UUID | None) -> Change | None:
    """Return the change of the phone that this form made, None if there is none. At most one query."""
    return Change.objects.filter(phone=phone, form_token=form_token).first() if form_token else None


def look_count(project: Project) -> int:
    """Return how many changes of the project a person has to check. One query."""
    return matching_changes(project, Wanted(look=True)).order_by().count()


def people_in(project: Project) -> list[User]:
    """Return the people with a change in the project's history, by name. One query."""
    theirs = Change.objects.filter(project=project, actor=OuterRef("pk"))
    return list(User.objects.filter(Exists(theirs)).order_by("first_name", "last_name", "username"))
