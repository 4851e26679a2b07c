"""The people of a project, and the door for those who were invited."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from dashboard.logging import mask_secrets
from phones.models import Membership, Project, Role
from tests.fixtures.desk import PASSWORD

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
PEOPLE = "/projects/aurora/settings/people/"
NEW_PASSWORD = "four words make sense"


def _membership(person: User) -> Membership:
    return Membership.objects.get(user=person, project__slug="aurora")


def _invite(client: Client, **more: str) -> str:
    """Return the path of an invitation's link."""
    data = {"username": "marta", "full_name": "Marta Ruiz Gil", "role": "ROUTER"} | more
    page = client.post(PEOPLE, data).content.decode()
    found = re.search(r"http://127\.0\.0\.1:8000(/invitation/[^/]+/)", page)
    assert found, page
    return found[1]


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


def test_an_existing_user_is_a_member_at_once(client_of: SignIn, admin: User, stranger: User) -> None:
    response = client_of(admin).post(PEOPLE, {"username": "Stranger", "role": "LABELLER"}, follow=True)

    assert response.redirect_chain == [(PEOPLE, 302)]
    assert "Stranger Ruiz is a member now." in response.content.decode()
    assert _membership(stranger).role == Role.LABELLER
    assert client_of(stranger).get("/projects/aurora/agents/").status_code == 200


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


def test_an_invitation_is_built_from_the_sites_own_address(client_of: SignIn, admin: User) -> None:
    client = client_of(admin)

    response = client.post(PEOPLE, {"username": "marta", "role": "VIEWER"}, headers={"host": "localhost"})

    assert response.status_code == 200
    assert "http://127.0.0.1:8000/invitation/" in response.content.decode()
    assert "localhost" not in response.content.decode()
    assert "no-store" in response["Cache-Control"]


def test_an_invited_person_chooses_a_password_and_signs_in(client_of: SignIn, admin: User, client: Client) -> None:
    path = _invite(client_of(admin))
    page = client.get(path).content.decode()
    assert "Join Aurora" in page
    assert "<dd>marta</dd>" in page

    response = client.post(path, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}, follow=True)

    assert response.redirect_chain == [("/account/login/", 302)]
    assert "Your account is ready." in response.content.decode()
    assert _membership(User.objects.get(username="marta")).role == Role.ROUTER
    response = client.post("/account/login/", {"login": "marta", "password": NEW_PASSWORD}, follow=True)
    assert response.redirect_chain[-1] == ("/projects/aurora/phones/", 302)


@pytest.mark.parametrize(
    ("first", "second", "sentence"),
    [
        (NEW_PASSWORD, "something else altogether", "The two passwords differ."),
        ("short", "short", "This password is too short."),
        ("ruiz gil ruiz", "ruiz gil ruiz", "The password is too similar to the last name."),
        ("passwordpassword", "", "This field is required."),
    ],
)
def test_a_bad_password_is_explained_and_not_echoed(
    client_of: SignIn, admin: User, client: Client, first: str, second: str, sentence: str
) -> None:
    path = _invite(client_of(admin))

    response = client.post(path, {"password1": first, "password2": second})

    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert f'value="{first}"' not in response.content.decode()
    assert not User.objects.filter(username="marta").exists()


def test_an_invitation_works_once(client_of: SignIn, admin: User, client: Client) -> None:
    path = _invite(client_of(admin))
    client.post(path, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})

    shown = client.get(path)
    again = client.post(path, {"password1": "another good password", "password2": "another good password"})

    assert shown.status_code == again.status_code == 410
    assert "It was used: the account exists." in shown.content.decode()
    assert User.objects.get(username="marta").check_password(NEW_PASSWORD)


def test_an_invitation_expires(client_of: SignIn, admin: User, client: Client) -> None:
    path = _invite(client_of(admin))

    with time_machine.travel(timezone.now() + timedelta(days=3, hours=1), tick=False):
        response = client.get(path)

    assert response.status_code == 410
    assert "It was valid for three days." in response.content.decode()


def test_a_forged_invitation_is_not_found(client: Client) -> None:
    response = client.get("/invitation/WyJhbGwiXQ:1abcde:forged/")

    assert response.status_code == 404
    assert "This link is not an invitation of ours." in response.content.decode()


def test_an_invitation_of_somebody_who_lost_the_right_is_over(
    client_of: SignIn, admin: User, superuser: User, client: Client
) -> None:
    path = _invite(client_of(admin))
    other = User.objects.create_user("other", password=PASSWORD)
    Membership.objects.create(project=Project.objects.get(slug="aurora"), user=other, role=Role.ADMIN)
    client_of(superuser).post(f"{PEOPLE}{_membership(admin).pk}/", {"role": "LEAD"})

    response = client.post(path, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})

    assert response.status_code == 410
    assert not User.objects.filter(username="marta").exists()


def test_the_code_of_an_invitation_is_masked_in_logs() -> None:
    event = mask_secrets(None, "info", {"request": "GET /invitation/WyJhbGwiXQ:1abcde:signature/"})

    assert event == {"request": "GET /invitation/[masked]/"}


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
