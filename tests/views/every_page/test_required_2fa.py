"""Roles that need a second factor: without one, nothing of any project opens, and the account does."""

from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from phones.models import Membership, Phone, Project, Role
from tests.support.pages.pages import read, texts
from tests.support.pages.places import addresses, ask, things_of
from tests.support.sign_in.codes import SECRET
from tests.support.sign_in.sessions import let_in

ClientOf = Callable[[User], Client]
LIST = "/projects/aurora/phones/"
SET_UP = "/account/2fa/"
# What opens without it: the way in and out, one's own account, and what is no page.
OPEN = {"set_language", "health", "home", "account", "invitation_accept", "invitation_join"}


@pytest.fixture(autouse=True)
def _administrators_need_it(settings: Settings) -> None:
    settings.REQUIRE_2FA_ROLES = ["ADMIN"]


def test_every_address_of_a_project_leads_to_the_set_up(superuser: User, aurora: Project) -> None:
    things = things_of(aurora, superuser)
    client = let_in(Client(), superuser)
    open_ones = set()

    for address in addresses():
        for method in ("GET", "POST"):
            response = ask(client, method, address.url(things))
            if response.status_code != 405 and not response.get("Location", "").startswith(f"{SET_UP}?next="):
                open_ones.add(address.name)

    assert {name for name in open_ones if not name.startswith(("account_", "mfa_", "sso_", "openid_"))} == OPEN


def test_page_says_why_and_leads_back(admin: User, client_of: ClientOf) -> None:
    client = client_of(admin)

    response = client.get(f"{LIST}?q=951", follow=True)

    assert response.redirect_chain == [(f"{SET_UP}?next={LIST}%3Fq%3D951", 302)]
    assert "Your role needs two-factor sign-in. Set it up; everything else waits for it." in texts(
        read(response), "//main//*"
    )


def test_fragments_and_saves_of_htmx_are_led_there_as_a_page(
    admin: User, client_of: ClientOf, sales_phone: Phone
) -> None:
    headers = {"HX-Request": "true", "HX-Target": "phone-table", "HX-Current-URL": f"http://testserver{LIST}"}
    client = client_of(admin)
    url = f"{LIST}{sales_phone.pk}/"

    answers = [client.get(LIST, headers=headers), client.post(url, {"nickname": "Mine"}, headers=headers)]

    assert [answer["HX-Redirect"] for answer in answers] == [f"{SET_UP}?next={LIST}"] * 2
    sales_phone.refresh_from_db()
    assert sales_phone.nickname == "Ventas Costa del Sol"


def test_download_is_led_there(admin: User, client_of: ClientOf) -> None:
    assert client_of(admin).get(f"{LIST}export.csv")["Location"].startswith(SET_UP)


def test_role_that_is_raised_needs_it_from_the_next_request(viewer: User, client_of: ClientOf) -> None:
    client = client_of(viewer)
    assert client.get(LIST).status_code == 200

    Membership.objects.filter(user=viewer).update(role=Role.ADMIN)

    assert client.get(LIST)["Location"] == f"{SET_UP}?next={LIST}"


def test_second_factor_that_is_removed_elsewhere_is_missed_at_once(admin: User, client_of: ClientOf) -> None:
    factor = TOTP.activate(admin, SECRET).instance
    client = client_of(admin)
    assert client.get(LIST).status_code == 200

    factor.delete()

    assert client.get(LIST)["Location"] == f"{SET_UP}?next={LIST}"


@pytest.mark.parametrize(("kind", "status"), [("totp", 200), ("webauthn", 200), ("recovery_codes", 302)])
def test_app_and_passkey_are_second_factors_and_recovery_codes_alone_are_none(
    admin: User, client_of: ClientOf, kind: str, status: int
) -> None:
    Authenticator.objects.create(user=admin, type=kind, data={})

    assert client_of(admin).get(LIST).status_code == status


@pytest.mark.parametrize(("has_both_factors", "status"), [(True, 200), (False, 302)])
def test_single_sign_on_with_both_factors_is_enough_for_its_session(
    admin: User, has_both_factors: bool, status: int
) -> None:
    client = let_in(Client(), admin, "sso", minutes_ago=300, has_both_factors=has_both_factors)

    assert client.get(LIST).status_code == status


@pytest.mark.parametrize("role", [Role.VIEWER, Role.LEAD])
def test_other_roles_go_on_without(viewer: User, client_of: ClientOf, role: Role) -> None:
    Membership.objects.filter(user=viewer).update(role=role)

    assert client_of(viewer).get(LIST).status_code == 200


def test_administrator_elsewhere_sees_nothing_here(viewer: User, talleres: Project, client_of: ClientOf) -> None:
    Membership.objects.create(user=viewer, project=talleres, role=Role.ADMIN)
    client = client_of(viewer)

    assert client.get(LIST)["Location"] == f"{SET_UP}?next={LIST}"
    assert client.get("/go/?n=951441246")["Location"].startswith(SET_UP)


def test_any_role_can_be_named(viewer: User, settings: Settings, client_of: ClientOf) -> None:
    settings.REQUIRE_2FA_ROLES = list(Role)

    assert client_of(viewer).get(LIST)["Location"] == f"{SET_UP}?next={LIST}"
