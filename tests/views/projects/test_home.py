"""Where people land, and the agents they find there."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from phones.models import Membership, Project, Role

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


def test_home_asks_a_visitor_to_sign_in(client: Client) -> None:
    response = client.get("/")

    assert (response.status_code, response["Location"]) == (302, "/account/login/?next=/")


def test_home_leads_a_member_to_the_phones(client_of: SignIn, viewer: User) -> None:
    response = client_of(viewer).get("/")

    assert (response.status_code, response["Location"]) == (302, "/projects/aurora/phones/")


def test_home_leads_a_member_of_several_projects_to_the_first_by_name(
    client_of: SignIn, viewer: User, talleres: Project
) -> None:
    Membership.objects.create(project=talleres, user=viewer, role=Role.VIEWER)

    response = client_of(viewer).get("/")

    assert response["Location"] == "/projects/aurora/phones/"


def test_home_says_what_to_do_without_a_project(client_of: SignIn, stranger: User, aurora: Project) -> None:
    response = client_of(stranger).get("/")

    page = response.content.decode()
    assert response.status_code == 200
    assert "You are not a member of a project yet" in page
    assert "<strong>stranger</strong>" in page
    assert "Aurora" not in page


def test_home_leads_a_superuser_without_projects_to_the_first_run(client_of: SignIn, superuser: User) -> None:
    response = client_of(superuser).get("/")

    assert (response.status_code, response["Location"]) == (302, "/connect/")


def test_home_leads_a_superuser_into_any_project(client_of: SignIn, superuser: User, aurora: Project) -> None:
    response = client_of(superuser).get("/")

    assert response["Location"] == "/projects/aurora/phones/"


def test_account_shows_the_person_and_the_way_to_password_and_second_factor(client_of: SignIn, viewer: User) -> None:
    page = client_of(viewer).get("/account/").content.decode()

    assert "Viewer Ruiz" in page
    assert 'href="/account/password/"' in page
    assert 'href="/account/2fa/"' in page


def test_account_offers_each_language_in_itself_and_keeps_the_choice(client_of: SignIn, viewer: User) -> None:
    client = client_of(viewer)
    page = client.get("/account/").content.decode()
    assert 'lang="es" aria-pressed="false">Español</button>' in page
    assert 'lang="en" aria-pressed="true">English</button>' in page

    response = client.post("/account/language/", {"language": "es", "next": "/account/"})

    assert response["Location"] == "/account/"
    assert '<html lang="es">' in client.get("/account/").content.decode()
