"""Permissions: the rights of each role, and the desk (project, role, menu) of a request."""

from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Exists, OuterRef, Subquery, TextField, Value
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest
from django_htmx.middleware import HtmxDetails

from dashboard.sign_in.authentication import demand_fresh, demand_second_factor
from phones.models import Membership, Plan, PlanState, Preference, Project, Role, SavedView, Schedule, StepKind
from phones.services.display_names import name_of
from phones.services.people.members import names_with
from phones.services.plans.notices import IS_NEWS, news_of
from phones.wording.plans.news import PlanNews, words_for_news
from phones.wording.projects.people import words_for_names


class Right(Enum):
    """What a role may do. Each right is checked where it is needed."""

    VIEW = "view"
    LABEL = "label"  # nickname, note and tags
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
    # The plan that the page is about: it is no news there.
    shown_plan: int | None = None

    @cached_property
    def shell(self) -> "Shell":
        """What only whole pages show: fragments never ask for it. One query."""
        return shell_of(self.user, self.project)

    @cached_property
    def news(self) -> PlanNews | None:
        """The person's plan that has ended or paused by itself, until they have seen it. No query without one."""
        plan_id = self.shell.news_plan
        news = news_of(plan_id) if plan_id and plan_id != self.shown_plan else None
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

    def who_may(self, right: Right) -> str:
        """Return by name who has the right in the project, "" if no member has. One query."""
        roles = [role for role, rights in RIGHTS.items() if right in rights]
        return words_for_names(names_with(project=self.project, roles=roles))

    @property
    def who_may_label(self) -> str:
        """Who may change aliases, by name."""
        return self.who_may(Right.LABEL)

    @property
    def who_may_bulk(self) -> str:
        """Who may make and start plans, by name."""
        return self.who_may(Right.BULK)

    @property
    def who_may_administer(self) -> str:
        """Who may change the key and the roles, by name."""
        return self.who_may(Right.ADMINISTER)

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
class Shell:
    """What stands around each whole page of a project."""

    # The query string of the person's default view, with its `?`, "" without one: what the menu's link to the list has.
    opens_with: str
    # The number of plans of the project that run or are paused, and the newest of the person's plans with news.
    plan_count: int
    news_plan: int | None
    # Whether single keys are shortcuts for this person.
    has_shortcuts: bool


def shell_of(user: User, project: Project) -> Shell:
    """Return what stands around the pages of a project for this person. One query."""
    default = SavedView.objects.filter(project=OuterRef("pk"), owner=user, is_default=True)
    under_way = Plan.objects.filter(project=OuterRef("pk"), state__in=[PlanState.RUNNING, PlanState.PAUSED])
    counted = under_way.order_by().values("project").annotate(count=Count("pk")).values("count")
    news = Plan.objects.filter(IS_NEWS, project=OuterRef("pk"), author=user).order_by("-pk")
    turned_off = Preference.objects.filter(user=user, has_shortcuts=False)
    opening, plan_count, news_plan, is_off = (
        Project.objects.filter(pk=project.pk)
        .values_list(
            Coalesce(Subquery(default.values("query")[:1]), Value(""), output_field=TextField()),
            Coalesce(Subquery(counted), Value(0)),
            Subquery(news.values("pk")[:1]),
            Exists(turned_off),
        )
        .get()
    )
    return Shell(f"?{opening}" if opening else "", plan_count, news_plan, has_shortcuts=not is_off)


def roles_of(user: User) -> dict[Project, Role]:
    """Return the projects that the person may enter, by name, with their role in each. One query.

    A superuser is an administrator of every project.
    """
    if user.is_superuser:
        return dict.fromkeys(Project.objects.order_by("name", "id"), Role.ADMIN)
    memberships = Membership.objects.filter(user=user).select_related("project")
    return {row.project: Role(row.role) for row in memberships.order_by("project__name", "project_id")}


def rights_in(project: Project, person: User | None) -> frozenset[Right]:
    """Return the person's current rights in a project; none for an inactive account. One query."""
    if person is None or not person.is_active:
        return frozenset()
    role = roles_of(person).get(project)
    return RIGHTS[role] if role else frozenset()


def may_run_plan(plan: Plan) -> bool:
    """Return whether the author of a plan, its approver, and whoever resumed it last, may still run it.

    Those who may change one number may run a plan that puts back what they have changed one by one. One query for
    each person, and one for the last resumption.
    """
    resumed = plan.steps.filter(kind=StepKind.RESUMED).select_related("actor").order_by("pk").last()
    people = {plan.author, plan.approver, resumed.actor if resumed else plan.author}
    right = Right.ROUTE if plan.puts_changes_back else Right.BULK
    return all(right in rights_in(plan.project, person) for person in people)


def may_run_schedule(schedule: Schedule) -> bool:
    """Return whether the person on whose behalf something is done at its time may still do it. One query."""
    right = Right.BULK if schedule.is_of_plan else Right.ROUTE
    return right in rights_in(schedule.project, schedule.author)


def enter(request: DeskRequest) -> dict[Project, Role]:
    """Return the projects that the signed-in person may enter, as `roles_of` does.

    One who has a role in `REQUIRE_2FA_ROLES` anywhere enters nowhere without a second factor: a number can be looked up
    in all of a person's projects from each of them. Asking for it is one more query.

    :raises SecondFactorMissing: the person's roles need a second factor, and there is none.
    """
    roles = roles_of(request.user)
    demand_second_factor(request, {*roles.values(), *([Role.ADMIN] if request.user.is_superuser else [])})
    return roles


def open_desk(request: DeskRequest, slug: str, right: Right = Right.VIEW) -> Desk:
    """Return the desk of the signed-in person in the project `slug`. One query, and one or two more where `enter` or a
    right in `NEED_FRESH` asks for a second factor.

    :raises Http404: no such project, or not a member: a stranger can't tell which.
    :raises PermissionDenied: a member whose role lacks the right.
    :raises StaleSignIn: the right needs a fresh sign-in.
    :raises SecondFactorMissing: the person's roles need a second factor, and there is none.
    """
    roles = enter(request)
    for project, role in roles.items():
        if project.slug == slug:
            desk = Desk(request.user, project, role, tuple(roles))
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
