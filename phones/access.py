"""Permissions: the rights of each role, and the desk (project, role, menu) of a request."""

from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest
from django_htmx.middleware import HtmxDetails

from dashboard.sign_in.authentication import demand_fresh, demand_second_factor
from phones.models import Membership, Plan, PlanState, Project, Role, SavedView, StepKind
from phones.services.display_names import name_of
from phones.services.plans.notices import IS_NEWS, news_of
from phones.wording.plan_news import PlanNews, words_for_news


class Right(Enum):
    """What a role may do. Each right is checked where it is needed."""

    VIEW = "view"
    LABEL = "label"  # nickname and note
    ROUTE = "route"  # inbound and outbound agent
    BULK = "bulk"
    SHARE = "share"  # saved views that everybody of the project sees
    ADMINISTER = "administer"  # key, people, settings


RIGHTS: dict[Role, frozenset[Right]] = {
    Role.VIEWER: frozenset({Right.VIEW}),
    Role.LABELLER: frozenset({Right.VIEW, Right.LABEL}),
    Role.ROUTER: frozenset({Right.VIEW, Right.LABEL, Right.ROUTE}),
    Role.LEAD: frozenset({Right.VIEW, Right.LABEL, Right.ROUTE, Right.BULK, Right.SHARE}),
    Role.ADMIN: frozenset(Right),
}


# Rights that need a sign-in of the last minutes.
NEED_FRESH = frozenset({Right.ADMINISTER})


def may_upload(user: User) -> bool:
    """Return whether the person may upload files in one of their projects."""
    roles = [role for role, rights in RIGHTS.items() if Right.BULK in rights]
    return user.is_superuser or Membership.objects.filter(user=user, role__in=roles).exists()


class DeskRequest(HttpRequest):
    """A request of a signed-in person: the annotation of views that anonymous people never reach."""

    user: User
    htmx: HtmxDetails


def initials(name: str) -> str:
    """Return the first letters of the first two words."""
    return "".join(word[0] for word in name.split()[:2]).upper()


@dataclass(frozen=True)
class Desk:
    """A person in one project, with the other projects they can switch to."""

    user: User
    project: Project
    role: Role
    projects: tuple[Project, ...]
    # The query string of the person's default view, with its `?`, "" without one: what the menu's link to the list has.
    opens_with: str = ""
    # The number of plans of the project that run or are paused, and of unseen results of the person's plans.
    plan_count: int = 0
    news_plan: int | None = None

    @cached_property
    def news(self) -> PlanNews | None:
        """The person's plan that has ended or paused by itself, until they have seen it. No query without one."""
        news = news_of(self.news_plan) if self.news_plan else None
        return words_for_news(*news) if news else None

    @property
    def user_name(self) -> str:
        """The name by which others see the person."""
        return name_of(self.user)

    @property
    def user_initials(self) -> str:
        """One or two letters for the person's avatar."""
        return initials(self.user_name)

    @property
    def initials(self) -> str:
        """One or two letters for the project's avatar."""
        return initials(self.project.name)

    @property
    def hue(self) -> int:
        """The colour number of the project's avatar, 1 to 6."""
        return self.project.pk.int % 6 + 1

    def may(self, right: Right) -> bool:
        """Return whether the role has the right."""
        return right in RIGHTS[self.role]

    @property
    def may_label(self) -> bool:
        """May change nicknames."""
        return self.may(Right.LABEL)

    @property
    def may_route(self) -> bool:
        """May change agents."""
        return self.may(Right.ROUTE)

    @property
    def may_bulk(self) -> bool:
        """May make, start, pause and stop plans, and publish versions of agents."""
        return self.may(Right.BULK)

    @property
    def may_share(self) -> bool:
        """May share saved views with the project, and rename and delete shared ones."""
        return self.may(Right.SHARE)

    @property
    def may_administer(self) -> bool:
        """May change the key, the people and the settings."""
        return self.may(Right.ADMINISTER)


@dataclass(frozen=True, slots=True)
class MembershipView:
    """A person's role in a project, and the counts that every page shows (see `Desk`)."""

    role: Role
    opens_with: str
    plan_count: int = 0
    news_plan: int | None = None

    @classmethod
    def of(cls, role: Role, row: Any) -> "MembershipView":
        """Return the membership of a row annotated by `_with_counts`."""
        return cls(role, f"?{row.opening}" if row.opening else "", row.plan_count, row.news_plan)


def memberships_of(user: User) -> dict[Project, MembershipView]:
    """Return the projects that the person may enter, by name, with their membership in each. One query.

    A superuser is an administrator of every project.
    """

    if user.is_superuser:
        projects = _with_counts(Project.objects.all(), user, "pk").order_by("name", "id")
        return {project: MembershipView.of(Role.ADMIN, project) for project in projects}
    memberships = _with_counts(Membership.objects.filter(user=user).select_related("project"), user, "project_id")
    return {
        row.project: MembershipView.of(Role(row.role), row)
        for row in memberships.order_by("project__name", "project_id")
    }


def _with_counts(rows: QuerySet[Any], user: User, project: str) -> QuerySet[Any]:
    """Annotate rows that have a project with the counts of a membership."""
    default = SavedView.objects.filter(project=OuterRef(project), owner=user, is_default=True)
    under_way = Plan.objects.filter(project=OuterRef(project), state__in=[PlanState.RUNNING, PlanState.PAUSED])
    counted = under_way.order_by().values("project").annotate(count=Count("pk")).values("count")
    news = Plan.objects.filter(IS_NEWS, project=OuterRef(project), author=user).order_by("-pk")
    seated: QuerySet[Any] = rows.annotate(
        opening=Coalesce(Subquery(default.values("query")[:1]), Value(""), output_field=TextField()),
        plan_count=Coalesce(Subquery(counted), Value(0)),
        news_plan=Subquery(news.values("pk")[:1]),
    )
    return seated


def roles_of(user: User) -> dict[Project, Role]:
    """Return the projects that the person may enter, by name, with their role in each. One query."""
    return {project: membership.role for project, membership in memberships_of(user).items()}


def rights_in(project: Project, person: User | None) -> frozenset[Right]:
    """Return the person's current rights in a project; none for an inactive account. One query."""
    if person is None or not person.is_active:
        return frozenset()
    role = roles_of(person).get(project)
    return RIGHTS[role] if role else frozenset()


def may_run_plan(plan: Plan) -> bool:
    """Return whether the author of a plan, its approver, and whoever resumed it last, may still run it.

    One query for each person, and one for the last resumption.
    """
    resumed = plan.steps.filter(kind=StepKind.RESUMED).select_related("actor").order_by("pk").last()
    people = {plan.author, plan.approver, resumed.actor if resumed else plan.author}
    return all(Right.BULK in rights_in(plan.project, person) for person in people)


def enter(request: DeskRequest) -> dict[Project, MembershipView]:
    """Return the projects that the signed-in person may enter, as `memberships_of` does.

    One who has a role in `REQUIRE_2FA_ROLES` anywhere enters nowhere without a second factor: a number can be looked up
    in all of a person's projects from each of them. Asking for it is one more query.

    :raises SecondFactorMissing: the person's roles need a second factor, and there is none.
    """
    memberships = memberships_of(request.user)
    roles = {membership.role for membership in memberships.values()}
    demand_second_factor(request, roles | ({Role.ADMIN} if request.user.is_superuser else set()))
    return memberships


def open_desk(request: DeskRequest, slug: str, right: Right = Right.VIEW) -> Desk:
    """Return the desk of the signed-in person in the project `slug`. One query, and one or two more where `enter` or a
    right in `NEED_FRESH` asks for a second factor.

    :raises Http404: no such project, or not a member: a stranger can't tell which.
    :raises PermissionDenied: a member whose role lacks the right.
    :raises StaleSignIn: the right needs a fresh sign-in.
    :raises SecondFactorMissing: the person's roles need a second factor, and there is none.
    """
    memberships = enter(request)
    for project, membership in memberships.items():
        if project.slug == slug:
            desk = Desk(
                request.user,
                project,
                membership.role,
                tuple(memberships),
                membership.opens_with,
                membership.plan_count,
                membership.news_plan,
            )
            if not desk.may(right):
                raise PermissionDenied
            if right in NEED_FRESH:
                demand_fresh(request)
            return desk
    raise Http404


def may_connect(user: User) -> bool:
    """Return whether the person may connect a new Diga project: superusers only."""
    return user.is_superuser


def demand_superuser(request: DeskRequest) -> tuple[Project, ...]:
    """Go on only if the person administers the whole site: connects projects, sees all sessions. Return all projects.

    :raises PermissionDenied: not a superuser.
    :raises StaleSignIn: the last sign-in isn't fresh.
    :raises SecondFactorMissing: administrators need a second factor, and there is none.
    """
    if not may_connect(request.user):
        raise PermissionDenied
    projects = tuple(enter(request))
    demand_fresh(request)
    return projects
