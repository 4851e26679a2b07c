"""Queries of acts: who sees which, filters, and keyset pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.contrib.auth.models import User
from django.db.models import BooleanField, Case, Exists, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone

from phones.models import Act, Membership, Project

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class WantedActs:
    """The filters of acts. None and "" don't filter. Days are days of the site's time zone."""

    kind: str = ""
    person: int | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class ActsPage:
    """One page, newest first. `older` and `newer` are the ids to page on from, None at an end."""

    acts: Sequence[Act]
    older: int | None
    newer: int | None


def matching_acts(project: Project, wanted: WantedActs, *, is_site: bool) -> QuerySet[Act]:
    """Return the acts of a project and its members' acts on the site (sign-ins) that match all filters, newest first.

    With `is_site`, all acts on the site: those who administer it see failed sign-ins of nobody they know, too.
    Others don't see who else took part in an act on the site: `hides_actor` and `hides_subject` are true of people who
    are not members, and no filter finds an act by them.
    """
    members = Membership.objects.filter(project=project).values("user")
    site = Q(project=None) if is_site else Q(project=None) & (Q(actor__in=members) | Q(subject__in=members))
    acts = Act.objects.filter(Q(project=project) | site).order_by("-id")
    acts = acts.annotate(
        hides_actor=Value(value=False) if is_site else _is_foreign("actor", project),
        hides_subject=Value(value=False) if is_site else _is_foreign("subject", project),
    )
    if wanted.kind:
        acts = acts.filter(kind=wanted.kind)
    if wanted.person is not None:
        by, to = Q(actor=wanted.person, hides_actor=False), Q(subject=wanted.person, hides_subject=False)
        acts = acts.filter(by | to)
    if wanted.since:
        acts = acts.filter(at__gte=_midnight(wanted.since))
    if wanted.until:
        acts = acts.filter(at__lt=_midnight(wanted.until + timedelta(days=1)))
    return acts


def _is_foreign(person: str, project: Project) -> Case:
    """Return whether an act on the site names somebody who is not a member."""
    is_member = Exists(Membership.objects.filter(project=project, user=OuterRef(person)))
    foreign = Q(project=None) & ~Q(**{f"{person}__isnull": True}) & ~is_member
    return Case(When(foreign, then=Value(value=True)), default=Value(value=False), output_field=BooleanField())


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def acts_page(acts: QuerySet[Act], *, older_than: int | None = None, newer_than: int | None = None) -> ActsPage:
    """Return one page of acts that are ordered newest first. One query, two at the newest end.

    `older_than` takes precedence; with nothing newer than `newer_than`, the page is the first one.
    """
    if older_than is not None:
        return _page(acts.filter(pk__lt=older_than), is_first=False)
    if newer_than is not None:
        newer = list(acts.filter(pk__gt=newer_than).reverse()[: PAGE_SIZE + 1])
        if len(newer) > PAGE_SIZE:
            rows = newer[:PAGE_SIZE][::-1]
            return ActsPage(rows, rows[-1].pk, rows[0].pk)
    return _page(acts, is_first=True)


def _page(acts: QuerySet[Act], *, is_first: bool) -> ActsPage:
    rows = list(acts[: PAGE_SIZE + 1])
    shown = rows[:PAGE_SIZE]
    older = shown[-1].pk if len(rows) > PAGE_SIZE else None
    return ActsPage(shown, older, None if is_first or not shown else shown[0].pk)


def people_of(project: Project) -> list[User]:
    """Return the members and whoever has acted in the project, by name. One query."""
    acts = Act.objects.filter(project=project).order_by()
    known = Q(memberships__project=project) | Q(pk__in=acts.values("actor")) | Q(pk__in=acts.values("subject"))
    return list(User.objects.filter(known).distinct().order_by("first_name", "last_name", "username"))
