"""Invitations on pages: links, the list of those that are open, and the door for those who were invited."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from dashboard.logs.configuration import mask_secrets
from phones.models import Act, ActKind, Invitation, Membership, Project, Role
from tests.fixtures.desk import PASSWORD
from tests.support.pages.pages import read, sign_in, texts, words

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
PEOPLE = "/projects/aurora/settings/people/"
NEW_PASSWORD = "four words make sense"
ROWS = "//section[@aria-labelledby='invitations']//tbody/tr"


def _membership(person: User) -> Membership:
    return Membership.objects.get(user=person, project__slug="aurora")


def _invite(client: Client, **more: str) -> str:
    """Return the path of an invitation's link."""
    data = {"username": "marta", "full_name": "Marta Ruiz Gil", "role": "ROUTER"} | more
    return _link(client.post(PEOPLE, data))


def _link(answer: Any) -> str:
    page = answer.content.decode()
    found = re.search(r"http://127\.0\.0\.1:8000(/invitation/[^/]+/)", page)
    assert found, page
    return found[1]


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


def _shape(page: str, username: str) -> str:
    """Return the main part of a page as markup, but for the username, codes, ids and times."""
    main = page[page.index("<main") : page.index("</main>")].replace(username, "…")
    return re.sub(r"/invitation/[^/]+/|invitations/\d+/|\d\d:\d\d:\d\d|\w{64}", "", main)


def test_inviting_somebody_with_an_account_looks_as_inviting_anybody(
    client_of: SignIn, admin: User, stranger: User, client: Client
) -> None:
    chief = client_of(admin)
    seen = []
    for username in ("Stranger", "Unheard-of"):
        link = _invite(chief, username=username, full_name="")
        pages = [
            client.get(link),
            chief.post(_path_of(username), {"again": "yes"}),
            chief.post(PEOPLE, {"username": username, "full_name": "", "role": "VIEWER"}),
            chief.get(PEOPLE),
        ]
        seen.append([(page.status_code, _shape(page.content.decode(), username)) for page in pages])
        Invitation.objects.all().delete()

    assert seen[0] == seen[1]
    assert "Stranger Ruiz" not in str(seen)
    assert not Membership.objects.filter(user=stranger).exists()


def test_open_invitations_are_listed_with_their_state(client_of: SignIn, admin: User, superuser: User) -> None:
    client = client_of(superuser)
    assert "Invitations" not in texts(read(client.get(PEOPLE)), "//h2")
    _invite(client)
    _invite(client_of(admin), username="otto", full_name="", role="ADMIN")
    _invite(client, username="zoe", full_name="")
    Invitation.objects.filter(username="zoe").update(expires_at=timezone.now())
    Membership.objects.filter(user=admin).update(role=Role.LEAD)

    rows = texts(read(client.get(PEOPLE)), ROWS)

    until = timezone.localtime(Invitation.objects.get(username="marta").expires_at).strftime("%Y-%m-%d %H:%M:%S %Z")
    acts = "New link {0} Revoke {0}"
    assert rows == [
        f"Marta Ruiz Gil marta Router Waiting until {until} by superuser {acts.format('marta')}",
        "otto otto Administrator Withdrawn who sent it is no administrator any more by admin " + acts.format("otto"),
        "zoe zoe Router Expired by superuser " + acts.format("zoe"),
    ]


def _path_of(username: str) -> str:
    return f"{PEOPLE}invitations/{Invitation.objects.open().get(username=username).pk}/"


def test_new_link_ends_the_old_one(client_of: SignIn, admin: User, client: Client) -> None:
    chief = client_of(admin)
    old = _invite(chief)

    page = chief.post(_path_of("marta"), {"again": "yes"}).content.decode()

    new = re.search(r"/invitation/[^/]+/", page)
    assert new
    shown = client.get(old)
    assert (shown.status_code, client.get(new[0]).status_code) == (410, 200)
    assert "A newer one was sent for you" in shown.content.decode()
    assert len(read(chief.get(PEOPLE)).xpath(ROWS)) == 1


def test_revoked_invitation_is_over(client_of: SignIn, admin: User, client: Client) -> None:
    chief = client_of(admin)
    path, act = _invite(chief), _path_of("marta")

    response = chief.post(act, {"revoke": "yes"}, follow=True)

    assert response.redirect_chain == [(PEOPLE, 302)]
    assert "The invitation for marta is revoked." in words(read(response))
    shown = client.get(path)
    assert (shown.status_code, "It was revoked." in shown.content.decode()) == (410, True)
    late = chief.post(act, {"again": "yes"})
    assert (late.status_code, "This invitation was revoked meanwhile." in late.content.decode()) == (409, True)


def test_invitation_that_was_accepted_meanwhile_stays(client_of: SignIn, admin: User, client: Client) -> None:
    chief = client_of(admin)
    path, act = _invite(chief), _path_of("marta")
    client.post(path, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})

    response = chief.post(act, {"revoke": "yes"})

    assert response.status_code == 409
    assert "This invitation was accepted meanwhile. Nothing was changed." in response.content.decode()
    assert Membership.objects.filter(user__username="marta").exists()


def test_invitation_to_a_member_is_not_renewed(client_of: SignIn, admin: User, stranger: User) -> None:
    chief = client_of(admin)
    _invite(chief, username="stranger")
    Membership.objects.create(project=Project.objects.get(slug="aurora"), user=stranger, role=Role.VIEWER)

    response = chief.post(_path_of("stranger"), {"again": "yes"})

    assert (response.status_code, "stranger is a member already." in response.content.decode()) == (409, True)


@pytest.mark.parametrize("start", ["/", "/account/"])
def test_somebody_with_an_account_finds_the_invitation_and_joins(
    client_of: SignIn, admin: User, stranger: User, start: str
) -> None:
    link = _invite(client_of(admin), username="STRANGER")
    client = client_of(stranger)
    client.get(link)
    page = read(client.get(start))
    assert texts(page, "//section[@aria-labelledby='waiting']//p") == [
        f"Aurora · Router by Admin Ruiz · until {_until()}"
    ]

    response = client.post(page.xpath("//form[contains(@action, '/invitations/')]/@action")[0], {"join": "yes"})

    assert response["Location"] == "/projects/aurora/phones/"
    assert _membership(stranger).role == Role.ROUTER
    assert "Stranger Ruiz" in client_of(admin).get(PEOPLE).content.decode()
    assert client.get("/")["Location"] == "/projects/aurora/phones/"


def _until() -> str:
    return timezone.localtime(Invitation.objects.get().expires_at).strftime("%Y-%m-%d %H:%M:%S %Z")


def test_invitation_holds_up_nobody_who_has_a_project(
    client_of: SignIn, viewer: User, superuser: User, talleres: Project
) -> None:
    data = {"username": "viewer", "full_name": "", "role": "LEAD"}
    link = _link(client_of(superuser).post("/projects/talleres/settings/people/", data))
    client = client_of(viewer)
    client.get(link)

    page = read(client.get("/"))

    assert "Talleres" in words(page)
    assert page.xpath("//a[contains(., 'Later')]/@href") == ["/projects/aurora/phones/"]


def test_username_without_the_link_opens_nothing(client_of: SignIn, admin: User, stranger: User) -> None:
    # The person that is meant may be another one than whoever has the username.
    _invite(client_of(admin), username="stranger")
    client = client_of(stranger)

    pages = [words(read(client.get(path))) for path in ("/", "/account/")]
    response = client.post(f"/invitations/{Invitation.objects.get().pk}/", {"join": "yes"})

    assert [("Aurora" in page, "invit" in page) for page in pages] == [(False, False)] * 2
    assert (response.status_code, Membership.objects.filter(user=stranger).exists()) == (404, False)


@pytest.mark.parametrize("field", ["username", "full_name"])
def test_key_pasted_into_a_name_is_refused(client_of: SignIn, admin: User, field: str) -> None:
    values = {"username": "marta", "full_name": "Marta", "role": "VIEWER"} | {field: "Zk3vQ9mWt7Lr2Xb8Hn5Pd1"}

    response = client_of(admin).post(PEOPLE, values)

    assert response.status_code == 422
    assert "This looks like an API key. Nobody was invited." in words(read(response))
    assert not Invitation.objects.exists()


def test_declined_invitation_is_over(client_of: SignIn, admin: User, stranger: User) -> None:
    chief, client = client_of(admin), client_of(stranger)
    link = _invite(chief, username="stranger")
    client.get(link)

    response = client.post(f"/invitations/{Invitation.objects.get().pk}/", {"decline": "yes"}, follow=True)

    assert "You declined the invitation." in words(read(response))
    assert "You are not a member of a project yet" in words(read(response))
    assert (read(chief.get(PEOPLE)).xpath(ROWS), client.get(link).status_code) == ([], 410)


def test_link_leads_its_person_to_where_the_invitation_waits(client_of: SignIn, admin: User, stranger: User) -> None:
    path = _invite(client_of(admin), username="stranger")

    assert client_of(stranger).get(path)["Location"] == "/"


@pytest.mark.parametrize("method", ["get", "post"])
def test_link_opens_nothing_for_somebody_else(client_of: SignIn, admin: User, stranger: User, method: str) -> None:
    path = _invite(client_of(admin))
    passwords = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}

    response = getattr(client_of(stranger), method)(path, passwords)

    assert response.status_code == 403
    assert "This invitation is for marta" in words(read(response))
    assert not User.objects.filter(username="marta").exists()
    assert not Membership.objects.filter(user=stranger).exists()


def test_invitation_of_somebody_else_is_not_joined(client_of: SignIn, admin: User, stranger: User) -> None:
    _invite(client_of(admin))

    response = client_of(stranger).post(f"/invitations/{Invitation.objects.get().pk}/", {"join": "yes"})

    assert (response.status_code, Membership.objects.filter(user=stranger).exists()) == (404, False)


def test_revoked_invitation_is_not_joined(client_of: SignIn, admin: User, stranger: User) -> None:
    chief = client_of(admin)
    client = client_of(stranger)
    client.get(_invite(chief, username="stranger"))
    act = f"/invitations/{Invitation.objects.get().pk}/"
    chief.post(_path_of("stranger"), {"revoke": "yes"})

    response = client.post(act, {"join": "yes"})

    assert (response.status_code, Membership.objects.filter(user=stranger).exists()) == (410, False)


def test_new_password_for_an_account_is_refused_and_the_invitation_waits(
    client_of: SignIn, admin: User, stranger: User, client: Client
) -> None:
    path = _invite(client_of(admin), username="stranger")

    response = client.post(path, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})

    assert response.status_code == 422
    assert "There is an account of this username. Sign in with it" in words(read(response))
    stranger.refresh_from_db()
    assert stranger.check_password(PASSWORD)
    assert sign_in(client, stranger).get(path)["Location"] == "/"


def test_several_are_invited_at_once_each_with_a_link(client_of: SignIn, admin: User, client: Client) -> None:
    response = client_of(admin).post(PEOPLE, {"people": "ana Ana Ruiz Gil\r\n\r\nluis, Luis\nmarta", "role": "ROUTER"})

    rows = Invitation.objects.order_by("username").values_list("username", "full_name", "role")
    assert list(rows) == [("ana", "Ana Ruiz Gil", "ROUTER"), ("luis", "Luis", "ROUTER"), ("marta", "", "ROUTER")]
    links = texts(read(response), "//textarea")
    assert len(set(links)) == 3
    assert texts(read(response), "//label") == ["ana · Ana Ruiz Gil", "luis · Luis", "marta"]
    assert [client.get(link.removeprefix("http://127.0.0.1:8000")).status_code for link in links] == [200] * 3
    assert Act.objects.filter(kind=ActKind.MEMBER_INVITED).count() == 3


@pytest.mark.parametrize(
    ("people", "problem"),
    [
        ("", "This field is required."),
        ("ana\nadmin", "admin is a member already. Nobody was invited."),
        ("ana\nANA", "ANA is there twice. Nobody was invited."),
        ("ana\nl<b>", "l<b>: Enter a valid username."),
        ("\n".join(f"person{number}" for number in range(51)), "Fifty at most. Nobody was invited."),
    ],
)
def test_none_of_several_is_invited_if_one_can_not_be(
    client_of: SignIn, admin: User, people: str, problem: str
) -> None:
    response = client_of(admin).post(PEOPLE, {"people": people, "role": "ROUTER"})

    assert response.status_code == 422
    assert problem in " ".join(texts(read(response), "//p[@id='id_several_people_error']"))
    assert read(response).xpath("//details/@open")
    assert not Invitation.objects.exists()
