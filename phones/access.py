"""Who may do what: the table of roles, and the desk a person sits down at."""

from dataclasses import dataclass
from enum import Enum

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Subquery, TextField, Value
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest

from phones.models import Membership, Plan, Project, Role, SavedView


class Right(Enum):
    """What a role may do. Each right is written where it is asked for."""

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


class DeskRequest(HttpRequest):
    """A request of somebody who has signed in; anonymous ones never reach a view that says so."""

    user: User


def initials(name: str) -> str:
    """Return the first letters of the first two words."""
    return "".join(word[0] for word in name.split()[:2]).upper()


@dataclass(frozen=True)
class Desk:
    """A person at work in one project, with the other projects they could switch to."""

    user: User
    project: Project
    role: Role
    projects: tuple[Project, ...]
    # What the list opens with from the menu: the query of the person's default view, with its `?`, or "".
    opens_with: str = ""

    @property
    def user_name(self) -> str:
        """The person's name as others see it."""
        return self.user.get_full_name() or self.user.get_username()

    @property
    def user_initials(self) -> str:
        """One or two letters for the person's tile."""
        return initials(self.user_name)

    @property
    def initials(self) -> str:
        """One or two letters for the project's tile."""
        return initials(self.project.name)

    @property
    def hue(self) -> int:
        """The colour number of the project's tile, 1 to 6."""
        return self.project.pk.int % 6 + 1

    def may(self, right: Right) -> bool:
        """Say whether the role has the right."""
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
        """May change many phones at once."""
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
class Seat:
    """What a person is in a project: their role, and what their list of phones opens with (see `Desk`)."""

    role: Role
    opens_with: str


def seats_of(user: User) -> dict[Project, Seat]:
    """Return the projects the person may enter, by name, with their seat in each. One query.

    A superuser is an administrator of every project.
    """

    def opening(project: str) -> Coalesce:
        default = SavedView.objects.filter(project=OuterRef(project), owner=user, is_default=True)
        return Coalesce(Subquery(default.values("query")[:1]), Value(""), output_field=TextField())

    if user.is_superuser:
        projects = Project.objects.annotate(opening=opening("pk")).order_by("name", "id")
        return {project: Seat(Role.ADMIN, _suffix(project.opening)) for project in projects}
    memberships = Membership.objects.filter(user=user).select_related("project").annotate(opening=opening("project_id"))
    return {
        row.project: Seat(Role(row.role), _suffix(row.opening))
        for row in memberships.order_by("project__name", "project_id")
    }


def _suffix(query: str) -> str:
    return f"?{query}" if query else ""


def roles_of(user: User) -> dict[Project, Role]:
    """Return the projects the person may enter, by name, with their role in each. One query."""
    return {project: seat.role for project, seat in seats_of(user).items()}


def projects_of(user: User) -> tuple[Project, ...]:
    """Return the projects the person may enter, by name. One query."""
    return tuple(roles_of(user))


def may_run_plan(plan: Plan) -> bool:
    """Say whether those who let a plan run may still do so: its author and who approved or resumed it. A query each."""
    return all(may_bulk(person, plan.project) for person in (plan.author, plan.approver))


def may_bulk(person: User | None, project: Project) -> bool:
    """Say whether a person may, right now, change many phones of a project at once. One query."""
    if person is None or not person.is_active:
        return False
    role = roles_of(person).get(project)
    return role is not None and Right.BULK in RIGHTS[role]


def open_desk(request: DeskRequest, slug: str, right: Right = Right.VIEW) -> Desk:
    """Return the desk of the signed-in person in the project `slug`. One query.

    :raises Http404: no such project, or not a member: a stranger can't tell which.
    :raises PermissionDenied: a member whose role lacks the right.
    """
    seats = seats_of(request.user)
    for project, seat in seats.items():
        if project.slug == slug:
            desk = Desk(request.user, project, seat.role, tuple(seats), seat.opens_with)
            if not desk.may(right):
                raise PermissionDenied
            return desk
    raise Http404


def may_connect(user: User) -> bool:
    """Say whether the person may connect a new Diga project: superusers only."""
    return user.is_superuser
