"""The people of a project and their roles."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from phones.models import Membership, Project, Role

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
PEOPLE = "/projects/aurora/settings/people/"


def _membership(person: User) -> Membership:
    return Membership.objects.get(user=person, project__slug="aurora")


@pytest.mark.parametrize("role", ["viewer", "labeller", "router", "lead"])
def test_people_are_for_administrators(client_of: SignIn, request: pytest.FixtureRequest, role: str) -> None:
    client = client_of(request.getfixturevalue(role))

    assert client.get(PEOPLE).status_code == 403
    assert client.post(PEOPLE, {"username": "marta", "role": "ADMIN"}).status_code == 403


def test_people_are_unknown_to_strangers(client_of: SignIn, stranger: User, aurora: Project) -> None:
    assert client_of(stranger).get(PEOPLE).status_code == 404


def test_people_list_shows_members_with_their_roles(client_of: SignIn, admin: User, viewer: User) -> None:
    page = client_of(admin).get(PEOPLE).content.decode()

    assert "Viewer Ruiz" in page
    assert f'<label class="visually-hidden" for="id_role_{_membership(viewer).pk}">Role of viewer</label>' in page


def test_a_member_is_not_added_twice(client_of: SignIn, admin: User, viewer: User) -> None:
    response = client_of(admin).post(PEOPLE, {"username": "viewer", "role": "ADMIN"})

    assert response.status_code == 422
    assert "This person is a member already." in response.content.decode()
    assert _membership(viewer).role == Role.VIEWER


def test_an_invalid_person_keeps_what_was_typed(client_of: SignIn, admin: User) -> None:
    response = client_of(admin).post(PEOPLE, {"username": "no blanks", "full_name": "Marta Ruiz", "role": "CHIEF"})

    page = response.content.decode()
    assert response.status_code == 422
    assert 'value="no blanks"' in page
    assert 'value="Marta Ruiz"' in page
    assert 'aria-describedby="id_username_error"' in page


def test_a_role_is_changed_and_counts_from_the_next_request(client_of: SignIn, admin: User, viewer: User) -> None:
    response = client_of(admin).post(f"{PEOPLE}{_membership(viewer).pk}/", {"role": "ADMIN"}, follow=True)

    assert "Viewer Ruiz: the role is now Administrator." in response.content.decode()
    assert client_of(viewer).get(PEOPLE).status_code == 200


def test_a_role_that_does_not_exist_is_refused(client_of: SignIn, admin: User, viewer: User) -> None:
    response = client_of(admin).post(f"{PEOPLE}{_membership(viewer).pk}/", {"role": "CHIEF"})

    assert response.status_code == 422
    assert _membership(viewer).role == Role.VIEWER


def test_removing_asks_first(client_of: SignIn, admin: User, viewer: User) -> None:
    client, path = client_of(admin), f"{PEOPLE}{_membership(viewer).pk}/"
    assert "Remove Viewer Ruiz from Aurora?" in client.get(path).content.decode()
    assert Membership.objects.filter(user=viewer).exists()

    response = client.post(path, {"remove": "yes"}, follow=True)

    assert "Viewer Ruiz is no longer a member." in response.content.decode()
    assert client_of(viewer).get("/projects/aurora/agents/").status_code == 404


@pytest.mark.parametrize("data", [{"role": "VIEWER"}, {"remove": "yes"}])
def test_the_last_administrator_stays(client_of: SignIn, admin: User, data: dict[str, str]) -> None:
    response = client_of(admin).post(f"{PEOPLE}{_membership(admin).pk}/", data)

    assert response.status_code == 422
    assert "Admin Ruiz is the last administrator." in response.content.decode()
    assert _membership(admin).role == Role.ADMIN


def test_whoever_lowers_themselves_lands_where_they_still_may_be(client_of: SignIn, admin: User, viewer: User) -> None:
    Membership.objects.filter(user=viewer).update(role=Role.ADMIN)

    response = client_of(admin).post(f"{PEOPLE}{_membership(admin).pk}/", {"role": "VIEWER"})

    assert response["Location"] == "/"


def test_a_member_of_another_project_is_not_found(
    client_of: SignIn, admin: User, stranger: User, talleres: Project
) -> None:
    foreign = Membership.objects.create(project=talleres, user=stranger, role=Role.VIEWER)
    client = client_of(admin)

    assert client.get(f"{PEOPLE}{foreign.pk}/").status_code == 404
    assert client.post(f"{PEOPLE}{foreign.pk}/", {"remove": "yes"}).status_code == 404
    assert client.get(f"{PEOPLE}{10**30}/").status_code == 404
    assert Membership.objects.filter(pk=foreign.pk).exists()
