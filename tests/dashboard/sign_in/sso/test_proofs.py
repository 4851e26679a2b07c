"""What a single sign-on proves: when, and with which factors."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from tests.support.sign_in.codes import SECRET as APP_SECRET
from tests.support.sign_in.provider import Provider
from tests.support.sign_in.single_sign_on import LOGIN, go, is_in, link

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sso")]
Configure = Callable[..., None]
ClientOf = Callable[[User], Client]


@pytest.mark.parametrize(
    ("auth_time", "is_fresh"),
    [(0, True), (-540, True), (-660, False), (3600, False), (None, False)],
)
def test_sign_in_is_as_fresh_as_the_provider_says(
    superuser: User, provider: Provider, client: Client, auth_time: int | None, is_fresh: bool
) -> None:
    link(superuser, provider)
    provider.claims = {"auth_time": None if auth_time is None else int(time.time()) + auth_time}

    go(client, provider)

    assert (client.get("/connect/").status_code == 200) == is_fresh


@pytest.mark.parametrize(
    ("amr", "is_enough"),
    [
        (["mfa"], True),
        (["pwd", "otp"], True),
        (["pin", "hwk"], True),
        (["otp"], False),
        (["pwd"], False),
        ("mfa", False),
        (None, False),
    ],
)
def test_two_factors_at_the_provider_are_enough_where_one_is_needed(
    admin: User, provider: Provider, client: Client, settings: Settings, amr: Any, is_enough: bool
) -> None:
    settings.REQUIRE_2FA_ROLES = ["ADMIN"]
    link(admin, provider)
    provider.claims = {"amr": amr, "auth_time": int(time.time())}

    go(client, provider)

    assert (client.get("/projects/aurora/settings/").status_code == 200) == is_enough


def test_own_second_factor_is_asked_for_all_the_same(viewer: User, provider: Provider, client: Client) -> None:
    link(viewer, provider)
    TOTP.activate(viewer, APP_SECRET)
    provider.claims = {"amr": ["mfa"]}

    assert go(client, provider)["Location"] == "/account/2fa/authenticate/"
    assert not is_in(client)


def test_person_without_a_password_confirms_at_the_provider(
    superuser: User, provider: Provider, client: Client
) -> None:
    link(superuser, provider)
    superuser.set_unusable_password()
    superuser.save()
    provider.claims = {"auth_time": int(time.time()) - 3600}
    go(client, provider)

    asked = client.get("/connect/")

    assert asked["Location"] == f"{LOGIN}?next=/connect/"
    assert "asks you to sign in once more" in client.get(asked["Location"]).content.decode()
    provider.claims = {"auth_time": int(time.time())}
    assert go(client, provider, next="/connect/")["Location"] == "/connect/"
    assert provider.asked[-1]["max_age"] == "0"
    assert client.get("/connect/").status_code == 200
    assert client.get("/account/password/").status_code == 302
