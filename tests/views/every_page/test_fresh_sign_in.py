"""Keys, people, rules and what signs people in need a fresh sign-in, with the second factor where there is one."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.models import User
from django.test import Client

from phones.models import Project
from tests.fixtures.desk import PASSWORD
from tests.support.pages.pages import read, texts
from tests.support.pages.places import addresses, ask, things_of
from tests.support.sign_in.codes import SECRET, code_now
from tests.support.sign_in.sessions import let_in, note_proof

# Every address that asks, and what it answers where it doesn't: `405` has no such method.
TABLE = """
address                     GET  POST
account_change_password     asks asks
mfa_activate_totp           asks asks
mfa_deactivate_totp         asks asks
mfa_view_recovery_codes     asks 405
mfa_generate_recovery_codes asks asks
mfa_download_recovery_codes asks asks
mfa_add_webauthn            asks asks
mfa_edit_webauthn           asks asks
mfa_remove_webauthn         asks asks
project_connect             asks asks
project_settings            asks asks
key_check                   405  asks
project_disconnect          asks asks
project_alerts              asks asks
alerts_test                 405  asks
people_list                 asks asks
person_edit                 asks asks
chain_acknowledge           405  asks
invitation_edit             405  asks
person_sessions             asks asks
session_list                asks asks
copy_release                asks asks
act_list                    asks 405
act_export                  asks 405
"""
PASSWORD_PAGE, CODE_PAGE = "/account/reauthenticate/", "/account/2fa/reauthenticate/"
SETTINGS = "/projects/aurora/settings/"


def table() -> dict[tuple[str, str], str]:
    """Return what the table says, by address and method."""
    rows = [line.split() for line in TABLE.strip().splitlines()[1:]]
    return {(name, method): cell for name, *cells in rows for method, cell in zip(("GET", "POST"), cells, strict=True)}


def with_second_factor(person: User) -> User:
    """Give a person an authenticator app and recovery codes."""
    TOTP.activate(person, SECRET)
    RecoveryCodes.activate(person)
    return person


def asking(client: Client, things: dict[str, Any], asks_at: str, *, is_whole: bool) -> set[tuple[str, str]]:
    """Return the addresses (all, or those in the table) and methods that lead to a page which asks who one is."""
    found = set()
    named = {name for name, _method in table()}
    for address in (each for each in addresses() if is_whole or each.name in named):
        for method in ("GET", "POST"):
            response = ask(client, method, address.url(things))
            if response.status_code == 302 and response["Location"].startswith(f"{asks_at}?"):
                found.add((address.name, method))
    return found


@pytest.mark.parametrize(
    ("has_code", "proofs", "asks_at"),
    [
        pytest.param(False, [("password", 11)], PASSWORD_PAGE, id="an old password"),
        pytest.param(True, [("password", 11), ("mfa", 11)], CODE_PAGE, id="an old code"),
        pytest.param(True, [("password", 0)], CODE_PAGE, id="a password alone"),
    ],
)
def test_addresses_that_ask(
    superuser: User, aurora: Project, has_code: bool, proofs: list[tuple[str, float]], asks_at: str
) -> None:
    things = things_of(aurora, superuser)
    if has_code:
        with_second_factor(superuser)
    client = Client()
    client.force_login(superuser)
    for method, minutes in proofs:
        note_proof(client, superuser, method, minutes_ago=minutes)

    found = asking(client, things, asks_at, is_whole=len(proofs) > 1)

    expected = {place for place, cell in table().items() if cell == "asks"}
    # There is nothing to ask for: these are not found.
    without = {place for place in expected if "recovery" in place[0] or "deactivate" in place[0]}
    assert found == (
        expected
        if has_code
        else expected - without | {("mfa_generate_recovery_codes", each) for each in ("GET", "POST")}
    )


@pytest.mark.parametrize("has_code", [False, True])
def test_fresh_sign_in_is_asked_nothing(superuser: User, aurora: Project, has_code: bool) -> None:
    things = things_of(aurora, superuser)
    if has_code:
        with_second_factor(superuser)
    client = let_in(Client(), superuser, "mfa" if has_code else "password", minutes_ago=9)

    assert [asking(client, things, way, is_whole=False) for way in (PASSWORD_PAGE, CODE_PAGE)] == [set(), set()]


def test_sign_in_itself_is_fresh_with_its_code(admin: User, client: Client) -> None:
    with_second_factor(admin)
    client.post("/account/login/", {"login": "admin", "password": PASSWORD})
    client.post("/account/2fa/authenticate/", {"code": code_now()})

    assert client.get(SETTINGS).status_code == 200


def test_password_and_code_lead_back_to_the_page(admin: User) -> None:
    client = let_in(Client(), with_second_factor(admin), "mfa", minutes_ago=11)
    asked = client.get(SETTINGS)
    assert asked["Location"] == f"{CODE_PAGE}?next={SETTINGS}"
    assert texts(read(client.get(asked["Location"])), "//form//label") == ["Password", "Code"]

    response = client.post(CODE_PAGE, {"password": PASSWORD, "code": code_now(), "next": SETTINGS})

    assert response["Location"] == SETTINGS
    assert client.get(SETTINGS).status_code == 200


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ({"password": PASSWORD}, "This field is required."),
        ({"code": ""}, "This field is required."),
        ({"password": "wrong", "code": "right"}, "Incorrect password."),
        ({"password": PASSWORD, "code": "00000x"}, "Incorrect code."),
    ],
)
def test_one_without_the_other_is_not_enough(admin: User, typed: dict[str, str], problem: str) -> None:
    client = let_in(Client(), with_second_factor(admin), "mfa", minutes_ago=11)
    right = code_now()

    response = client.post(CODE_PAGE, {name: text.replace("right", right) for name, text in typed.items()})

    assert problem in texts(read(response), "//form//p")
    assert client.get(SETTINGS)["Location"] == f"{CODE_PAGE}?next={SETTINGS}"
    # The code of the wrong password's form isn't used up.
    again = client.post(CODE_PAGE, {"password": PASSWORD, "code": right, "next": SETTINGS})
    assert again["Location"] == SETTINGS


def test_page_of_the_password_alone_leads_on_to_the_code(admin: User) -> None:
    client = let_in(Client(), with_second_factor(admin), "mfa", minutes_ago=11)

    response = client.post(PASSWORD_PAGE, {"password": PASSWORD, "next": SETTINGS})

    assert response["Location"].startswith(CODE_PAGE)
    assert client.get(SETTINGS)["Location"] == f"{CODE_PAGE}?next={SETTINGS}"


def test_form_of_an_old_session_comes_back_and_is_never_kept(admin: User, aurora: Project) -> None:
    client = let_in(Client(), admin, minutes_ago=11)
    before = aurora.masked_token

    response = client.post(
        f"{SETTINGS}check/", {"key": "a-key-that-nobody-keeps"}, headers={"Referer": f"http://testserver{SETTINGS}"}
    )

    assert response["Location"] == f"{PASSWORD_PAGE}?next={SETTINGS}"
    assert "a-key-that-nobody-keeps" not in str(dict(client.session))
    page = read(client.get(response["Location"]))
    assert "Nothing was changed. Confirm that it is you, then send the form again." in texts(page, "//main//*")
    response = client.post(PASSWORD_PAGE, {"password": PASSWORD, "next": SETTINGS}, follow=True)
    assert (response.status_code, response.request["PATH_INFO"]) == (200, SETTINGS)
    aurora.refresh_from_db()
    assert before == aurora.masked_token


def test_typed_text_of_an_old_session_is_shown(admin: User, aurora: Project) -> None:
    client = let_in(Client(), admin, minutes_ago=11)
    url = f"{SETTINGS}people/"
    own = {"Origin": "http://testserver", "Referer": f"http://testserver{url}"}

    response = client.post(url, {"username": "eva", "full_name": "Eva <b> Mora", "role": "ADMIN"}, headers=own)

    page = read(response)
    assert response.status_code == 403
    assert texts(page, "//dl//dd") == ["eva", "Eva <b> Mora"]
    assert page.xpath("//main//a/@href") == [f"{PASSWORD_PAGE}?next={url}"]
    assert not User.objects.filter(username="eva").exists()


def test_htmx_is_led_there_as_a_page_and_its_text_is_kept(admin: User, aurora: Project) -> None:
    client = let_in(Client(), admin, minutes_ago=11)
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{SETTINGS}"}

    response = client.post(SETTINGS, {"minutes": "7"}, headers=headers)

    assert response["HX-Redirect"] == f"{PASSWORD_PAGE}?next={SETTINGS}"
    assert response["HX-Trigger"] == '{"form-expired": {}}'
    assert response.content == b""


@pytest.mark.parametrize("referer", [None, "https://evil.example/projects/aurora/", "http://testserver//evil.example/"])
def test_nobody_is_led_to_another_site(admin: User, aurora: Project, referer: str | None) -> None:
    client = let_in(Client(), admin, minutes_ago=11)

    response = client.post(SETTINGS, {"minutes": "7"}, headers={"Referer": referer} if referer else {})

    assert response["Location"] == f"{PASSWORD_PAGE}?next={SETTINGS}"


def test_stranger_is_told_nothing_more_for_an_old_session(
    client_of: Callable[[User], Client], stranger: User, viewer: User
) -> None:
    assert let_in(Client(), stranger, minutes_ago=11).get(SETTINGS).status_code == 404
    assert let_in(Client(), viewer, minutes_ago=11).get(SETTINGS).status_code == 403


def test_new_second_factor_counts_as_proof(admin: User, client_of: Callable[[User], Client]) -> None:
    client = client_of(admin)
    secret = texts(read(client.get("/account/2fa/totp/activate/")), "//code")[0]

    response = client.post("/account/2fa/totp/activate/", {"code": code_now(secret)}, follow=True)

    assert response.request["PATH_INFO"] == "/account/2fa/recovery-codes/"
    assert len(texts(read(response), "//li/code")) == 10
    assert Authenticator.objects.filter(user=admin).count() == 2
