"""Who may do what: the table of roles, and the desk a person sits down at."""

from collections.abc import Callable

import pytest
from allauth.account.internal.flows.login import record_authentication
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.test import RequestFactory
from pytest_django import DjangoAssertNumQueries

from phones.access import RIGHTS, DeskRequest, Right, initials, may_connect, open_desk, roles_of
from phones.models import Membership, Project, Role
from tests.fixtures.desk import make_user

VIEW, LABEL, ROUTE, BULK = Right.VIEW, Right.LABEL, Right.ROUTE, Right.BULK
SHARE, ADMINISTER = Right.SHARE, Right.ADMINISTER
TABLE = {
    Role.VIEWER: {VIEW},
    Role.LABELLER: {VIEW, LABEL},
    Role.ROUTER: {VIEW, LABEL, ROUTE},
    Role.LEAD: {VIEW, LABEL, ROUTE, BULK, SHARE},
    Role.ADMIN: {VIEW, LABEL, ROUTE, BULK, SHARE, ADMINISTER},
}


@pytest.fixture
def north(db: None) -> Project:
    """A project with an address of its own."""
    return Project.objects.create(name="North", slug="north")


@pytest.fixture
def request_of(rf: RequestFactory) -> Callable[[User], DeskRequest]:
    """Return a request of a person who has signed in."""

    def make(user: User) -> DeskRequest:
        request = rf.get("/")
        request.user = user
        request.session = SessionStore()
        record_authentication(request, user, "password")
        return request  # type: ignore[return-value]

    return make


def member(project: Project, role: Role) -> User:
    person = make_user(role.value.lower())
    Membership.objects.create(project=project, user=person, role=role)
    return person


def test_every_role_is_in_the_table_and_none_more() -> None:
    assert TABLE == RIGHTS
    assert list(RIGHTS) == list(Role)


@pytest.mark.parametrize("right", list(Right))
@pytest.mark.parametrize("role", list(Role))
def test_desk_opens_for_the_rights_of_the_role_only(
    north: Project, request_of: Callable[[User], DeskRequest], role: Role, right: Right
) -> None:
    request = request_of(member(north, role))

    if right not in TABLE[role]:
        with pytest.raises(PermissionDenied):
            open_desk(request, "north", right)
        return
    desk = open_desk(request, "north", right)

    assert (desk.project, desk.role, desk.user) == (north, role, request.user)
    assert {each for each in Right if desk.may(each)} == TABLE[role]
    assert desk.may_label == (LABEL in TABLE[role])
    assert desk.may_route == (ROUTE in TABLE[role])
    assert desk.may_administer == (ADMINISTER in TABLE[role])


def test_stranger_cannot_tell_a_foreign_project_from_none(
    north: Project, request_of: Callable[[User], DeskRequest]
) -> None:
    south = Project.objects.create(name="South", slug="south")
    request = request_of(member(south, Role.ADMIN))

    for slug in ("north", "nowhere", ""):
        with pytest.raises(Http404) as refused:
            open_desk(request, slug)
        assert refused.value.args == ()

    assert list(roles_of(request.user)) == [south]


def test_membership_that_ended_closes_the_desk(north: Project, request_of: Callable[[User], DeskRequest]) -> None:
    person = member(north, Role.ADMIN)
    open_desk(request_of(person), "north")

    Membership.objects.all().delete()

    with pytest.raises(Http404):
        open_desk(request_of(person), "north")


def test_superuser_administers_every_project(north: Project, request_of: Callable[[User], DeskRequest]) -> None:
    south = Project.objects.create(name="A south", slug="south")
    superuser = make_user("superuser", is_superuser=True)

    desk = open_desk(request_of(superuser), "north", Right.ADMINISTER)

    assert desk.role == Role.ADMIN
    assert desk.projects == (south, north)
    assert roles_of(superuser) == {south: Role.ADMIN, north: Role.ADMIN}


def test_only_superusers_connect_projects(north: Project) -> None:
    assert may_connect(make_user("superuser", is_superuser=True)) is True
    assert may_connect(member(north, Role.ADMIN)) is False


@pytest.mark.parametrize("count", [1, 30])
def test_desk_is_one_query_however_many_projects(
    north: Project,
    request_of: Callable[[User], DeskRequest],
    django_assert_num_queries: DjangoAssertNumQueries,
    count: int,
) -> None:
    person = member(north, Role.ROUTER)
    for index in range(count):
        other = Project.objects.create(name=f"Other {index:02d}", slug=f"other-{index}")
        Membership.objects.create(project=other, user=person, role=Role.VIEWER)

    with django_assert_num_queries(1):
        desk = open_desk(request_of(person), "north")

    assert [project.name for project in desk.projects] == ["North", *[f"Other {index:02d}" for index in range(count)]]
    assert desk.role == Role.ROUTER


def test_tiles_have_letters_and_a_colour(north: Project, request_of: Callable[[User], DeskRequest]) -> None:
    nameless = User.objects.create_user("solo")
    Membership.objects.create(project=north, user=nameless, role=Role.VIEWER)

    desk = open_desk(request_of(nameless), "north")

    assert (desk.user_name, desk.user_initials, desk.initials) == ("solo", "S", "N")
    assert desk.hue == north.pk.int % 6 + 1
    assert [initials(name) for name in ("Clínicas Aurora Sur", "ñ", "", "  two  words ")] == ["CA", "Ñ", "", "TW"]
