"""Single sign-on against a stand-in provider: whose account it opens."""

from collections.abc import Callable

import pytest
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from phones.models import Act
from tests.support.pages.pages import read, texts
from tests.support.sign_in.provider import CLIENT_ID, Provider
from tests.support.sign_in.sessions import let_in
from tests.support.sign_in.single_sign_on import CALLBACK, LINK, LOGIN, go, is_in, link, said

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sso")]
Configure = Callable[..., None]
ClientOf = Callable[[User], Client]


def test_linked_person_signs_in_and_gets_where_they_wanted(viewer: User, provider: Provider, client: Client) -> None:
    link(viewer, provider)

    response = go(client, provider, next="/projects/aurora/phones/")

    assert response["Location"] == "/projects/aurora/phones/"
    assert client.get("/projects/aurora/phones/").status_code == 200
    kinds = list(Act.objects.order_by("pk").values_list("kind", "actor_username"))
    assert ("SSO_LINKED", "viewer") in kinds
    assert kinds[-1] == ("SIGNED_IN", "viewer")


def test_provider_is_asked_with_pkce_state_and_nonce(viewer: User, provider: Provider, client: Client) -> None:
    go(client, provider, next="/", scope="admin", auth_params="nonce=mine")
    go(client, provider)

    first, second = provider.asked
    assert {first["client_id"], first["response_type"], first["code_challenge_method"]} == {CLIENT_ID, "code", "S256"}
    assert first["redirect_uri"] == f"http://127.0.0.1:8000{CALLBACK}"
    assert set(first["scope"].split()) == {"openid", "profile", "email"}
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 16
        assert first[name] != second[name]


def test_unknown_person_gets_a_page_and_no_account(viewer: User, provider: Provider, client: Client) -> None:
    User.objects.filter(pk=viewer.pk).update(email="viewer@example.com")
    provider.claims = {"preferred_username": "viewer", "email_verified": True}
    before = User.objects.count()

    response = go(client, provider)

    assert response.status_code == 403
    assert texts(read(response), "//h1") == ["No account here"]
    assert "link it under Your account" in response.content.decode()
    assert (User.objects.count(), SocialAccount.objects.count(), is_in(client)) == (before, 0, False)


def test_account_that_is_switched_off_does_not_open(viewer: User, provider: Provider, client: Client) -> None:
    link(viewer, provider)
    User.objects.filter(pk=viewer.pk).update(is_active=False)

    go(client, provider)

    assert not is_in(client)
    assert "This account is switched off. Ask an administrator of your project." in said(client)


def test_one_account_there_is_one_account_here(viewer: User, lead: User, provider: Provider) -> None:
    link(viewer, provider)
    client = let_in(Client(), lead)

    go(client, provider, process="connect", next=LINK)

    assert "That one is linked with another account here." in client.get(LINK).content.decode()
    assert SocialAccount.objects.get().user == viewer


def test_subject_of_another_issuer_is_another_person(viewer: User, provider: Provider, client: Client) -> None:
    link(viewer, provider)
    SocialAccount.objects.update(uid=SocialAccount.objects.get().uid[::-1])

    assert go(client, provider).status_code == 403


def test_linking_needs_a_fresh_sign_in(viewer: User) -> None:
    client = let_in(Client(), viewer, minutes_ago=11)

    assert client.get(LINK)["Location"].startswith("/account/reauthenticate/")
    assert client.post(LOGIN, {"process": "connect"})["Location"].startswith("/account/reauthenticate/")


def test_link_is_removed_but_never_the_only_way_in(viewer: User, provider: Provider, client_of: ClientOf) -> None:
    link(viewer, provider)
    client = client_of(viewer)
    assert "You sign in with Example ID as eva." in client.get(LINK).content.decode()

    client.post(LINK)

    assert not SocialAccount.objects.exists()
    assert Act.objects.latest("pk").kind == "SSO_UNLINKED"
    link(viewer, provider)
    viewer.set_unusable_password()
    viewer.save()
    go(client := Client(), provider)
    SocialAccount.objects.get()
    client.post(LINK)
    assert SocialAccount.objects.exists()


def test_without_a_provider_there_is_nothing(client: Client, settings: Settings, viewer: User) -> None:
    settings.SSO = None

    assert "Go on with" not in client.get("/account/login/").content.decode()
    assert [client.post(LOGIN).status_code, client.get(CALLBACK).status_code] == [404, 404]
    assert let_in(Client(), viewer).get(LINK).status_code == 404


def test_little_is_kept_of_the_person(viewer: User, provider: Provider) -> None:
    link(viewer, provider)

    assert SocialAccount.objects.get().extra_data == {"name": "eva"}
    assert "248289761001" not in SocialAccount.objects.get().uid
