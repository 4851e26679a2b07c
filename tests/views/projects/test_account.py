"""Signing in, the throttle, the second factor, and what isn't there."""

import re
from collections.abc import Callable

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.contrib.auth.models import User
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from phones.models import Project
from phones.models.fields import unseal
from tests.fixtures.desk import PASSWORD
from tests.support.sign_in.sessions import let_in

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
LOGIN = "/account/login/"
INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", re.IGNORECASE)


def _sign_in(client: Client, username: str, password: str = PASSWORD, **more: str) -> str:
    """Return where signing in leads, or the page that refuses it."""
    response = client.post(LOGIN, {"login": username, "password": password} | more)
    return response["Location"] if response.status_code == 302 else response.content.decode()


def _problem(page: str) -> str:
    found = re.search(r'<div class="guard is-bad" role="alert"[^>]*>.*?<strong>(.*?)</strong>', page, re.DOTALL)
    return found[1] if found else ""


def _enrol(client: Client) -> str:
    """Switch the second factor on and return its secret."""
    page = client.get("/account/2fa/totp/activate/").content.decode()
    found = re.search(r'<code class="secret">(\w+)</code>', page)
    assert found, page
    # The clock stands still, lest the code grow old between making it and sending it.
    with time_machine.travel(timezone.now(), tick=False):
        counters = list(yield_hotp_counters_from_time())
        code = format_hotp_value(hotp_value(found[1], counters[len(counters) // 2]))
        response = client.post("/account/2fa/totp/activate/", {"code": code})
    assert response["Location"] == "/account/2fa/recovery-codes/", response.content
    return found[1]


def test_second_factor_ends_sessions_that_never_proved_it(
    client: Client, stranger: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    thief = Client()
    for each in (client, thief):
        assert _sign_in(each, "stranger") == "/"

    with django_capture_on_commit_callbacks(execute=True):
        _enrol(client)

    assert (client.get("/account/").status_code, thief.get("/account/").status_code) == (200, 302)


def test_sign_in_page_has_the_names_that_people_and_tests_rely_on(client: Client) -> None:
    page = client.get(LOGIN).content.decode()

    assert re.search(r'<label class="form-label" for="id_login">Username</label>', page)
    assert re.search(r'<label class="form-label" for="id_password">Password</label>', page)
    assert re.search(r'<button[^>]* type="submit">Sign in</button>', page)
    assert "remember" not in page.lower()
    assert not INLINE.search(page)


def test_sign_in_page_lets_a_visitor_choose_the_language(client: Client) -> None:
    response = client.post("/account/language/", {"language": "es", "next": f"{LOGIN}?next=/account/"})

    assert response["Location"] == f"{LOGIN}?next=/account/"
    page = client.get(response["Location"]).content.decode()
    assert '<html lang="es">' in page
    assert f'name="next" value="{LOGIN}?next=%2Faccount%2F"' in page


def test_signing_in_leads_home_without_a_word(client: Client, viewer: User) -> None:
    assert _sign_in(client, "viewer") == "/"

    assert "Successfully" not in client.get("/account/").content.decode()


def test_signing_in_leads_on_to_where_one_wanted_to_go(client: Client, viewer: User) -> None:
    page = client.get(f"{LOGIN}?next=/account/").content.decode()
    assert re.search(r'<input type="hidden" name="next" value="/account/"', page)

    assert _sign_in(client, "viewer", next="/account/") == "/account/"


def test_signing_in_leads_to_no_other_site(client: Client, viewer: User) -> None:
    assert _sign_in(client, "viewer", next="https://elsewhere.example/") == "/"


def test_a_wrong_password_and_an_unknown_user_get_the_same_text(client: Client, viewer: User) -> None:
    wrong = _problem(_sign_in(client, "viewer", "not the password"))
    unknown = _problem(_sign_in(client, "nobody", "not the password"))

    assert wrong
    assert wrong == unknown


def test_a_wrong_password_is_not_echoed(client: Client, viewer: User) -> None:
    page = _sign_in(client, "viewer", "not the password")

    assert 'value="viewer"' in page
    assert "not the password" not in page


def test_too_many_requests_get_a_page_of_ours(client: Client, settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login": "3/m/ip"}
    for number in range(3):
        _sign_in(client, f"user{number}", "not the password")

    response = client.post(LOGIN, {"login": "viewer", "password": PASSWORD})

    assert response.status_code == 429
    assert "Wait a minute, then try again." in response.content.decode()
    assert '<main id="main"' in response.content.decode()


def test_an_account_that_is_switched_off_does_not_open(client: Client, viewer: User) -> None:
    viewer.is_active = False
    viewer.save()

    assert _sign_in(client, "viewer") == LOGIN
    assert "This account is switched off." in client.get(LOGIN).content.decode()
    assert client.get("/account/").status_code == 302


def test_signing_out_asks_on_get_and_ends_the_session_on_post(client_of: SignIn, viewer: User) -> None:
    client = client_of(viewer)
    assert "Sign out?" in client.get("/account/logout/").content.decode()
    assert client.get("/account/").status_code == 200

    response = client.post("/account/logout/", follow=True)

    assert "You are signed out." in response.content.decode()
    assert client.get("/account/").status_code == 302


def test_a_password_is_changed(client_of: SignIn, viewer: User) -> None:
    client = client_of(viewer)
    new = "another good password"

    response = client.post(
        "/account/password/", {"oldpassword": PASSWORD, "password1": new, "password2": new}, follow=True
    )

    assert "Your password is changed." in response.content.decode()
    viewer.refresh_from_db()
    assert viewer.check_password(new)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("not the password", "another good password", "Please type your current password."),
        (PASSWORD, "short", "This password is too short."),
    ],
)
def test_a_bad_password_is_explained(client_of: SignIn, viewer: User, old: str, new: str, sentence: str) -> None:
    response = client_of(viewer).post("/account/password/", {"oldpassword": old, "password1": new, "password2": new})

    assert sentence in response.content.decode()
    viewer.refresh_from_db()
    assert viewer.check_password(PASSWORD)


def test_enrolling_needs_a_fresh_sign_in(viewer: User) -> None:
    client = let_in(Client(), viewer, minutes_ago=11)

    response = client.get("/account/2fa/totp/activate/")

    assert response["Location"] == "/account/reauthenticate/?next=/account/2fa/totp/activate/"
    page = client.get(response["Location"]).content.decode()
    assert "Confirm that it is you" in page
    assert 'name="next" value="/account/2fa/totp/activate/"' in page


def test_enrolling_shows_the_secret_as_a_picture_that_the_csp_allows(client_of: SignIn, viewer: User) -> None:
    client = client_of(viewer)

    response = client.get("/account/2fa/totp/activate/")

    page = response.content.decode()
    assert re.search(r'<img class="qr" src="data:image/svg\+xml;base64,[\w+/=]+"', page)
    assert "img-src 'self' data:" in response["Content-Security-Policy"]
    assert not INLINE.search(page)


def test_the_secret_is_stored_sealed(client_of: SignIn, viewer: User) -> None:
    secret = _enrol(client_of(viewer))

    stored = Authenticator.objects.get(user=viewer, type="totp").data
    assert secret not in str(stored)
    assert unseal(stored["secret"]) == secret
    assert secret not in str(Authenticator.objects.get(user=viewer, type="recovery_codes").data)


def test_a_wrong_code_does_not_switch_it_on(client_of: SignIn, viewer: User) -> None:
    client = client_of(viewer)
    client.get("/account/2fa/totp/activate/")

    response = client.post("/account/2fa/totp/activate/", {"code": "abcdef"})

    assert "Incorrect code." in response.content.decode()
    assert not Authenticator.objects.filter(user=viewer).exists()


def test_recovery_codes_are_shown_and_can_be_made_anew(client_of: SignIn, viewer: User) -> None:
    client = client_of(viewer)
    _enrol(client)
    page = client.get("/account/2fa/recovery-codes/").content.decode()
    codes = re.findall(r"<li><code>(\w+)</code></li>", page)
    assert len(set(codes)) == 10

    assert "The codes you have stop working." in client.get("/account/2fa/recovery-codes/generate/").content.decode()
    client.post("/account/2fa/recovery-codes/generate/")

    page = client.get("/account/2fa/recovery-codes/").content.decode()
    assert not set(codes) & set(re.findall(r"<li><code>(\w+)</code></li>", page))
    download = client.get("/account/2fa/recovery-codes/download/")
    assert download["Content-Disposition"] == 'attachment; filename="recovery-codes.txt"'


def test_the_second_factor_is_asked_for_after_the_password(client_of: SignIn, viewer: User, client: Client) -> None:
    own = client_of(viewer)
    _enrol(own)
    codes = re.findall(r"<li><code>(\w+)</code></li>", own.get("/account/2fa/recovery-codes/").content.decode())

    assert _sign_in(client, "viewer") == "/account/2fa/authenticate/"
    assert client.get("/account/").status_code == 302
    page = client.get("/account/2fa/authenticate/").content.decode()
    assert "Enter your code" in page
    assert not INLINE.search(page)
    assert "Incorrect code." in client.post("/account/2fa/authenticate/", {"code": "000000x"}).content.decode()

    response = client.post("/account/2fa/authenticate/", {"code": codes[0]})

    assert response["Location"] == "/"
    assert client.get("/account/").status_code == 200


def test_a_recovery_code_works_once(client_of: SignIn, viewer: User, client: Client) -> None:
    own = client_of(viewer)
    _enrol(own)
    code = re.findall(r"<li><code>(\w+)</code></li>", own.get("/account/2fa/recovery-codes/").content.decode())[0]
    _sign_in(client, "viewer")
    client.post("/account/2fa/authenticate/", {"code": code})
    client.post("/account/logout/")
    _sign_in(client, "viewer")

    response = client.post("/account/2fa/authenticate/", {"code": code})

    assert "Incorrect code." in response.content.decode()


def test_the_second_factor_is_switched_off_after_asking(client_of: SignIn, viewer: User) -> None:
    client = client_of(viewer)
    _enrol(client)
    assert "Show the codes" in client.get("/account/2fa/").content.decode()
    assert "Switch off two-factor sign-in?" in client.get("/account/2fa/totp/deactivate/").content.decode()

    response = client.post("/account/2fa/totp/deactivate/", follow=True)

    assert "Two-factor sign-in is off." in response.content.decode()
    assert not Authenticator.objects.filter(user=viewer).exists()


@pytest.mark.parametrize("name", ["account_signup", "account_email", "account_reset_password", "account_inactive"])
def test_there_is_no_sign_up_no_mail_and_no_reset(name: str) -> None:
    with pytest.raises(NoReverseMatch):
        reverse(name)


@pytest.mark.parametrize("path", ["/account/signup/", "/accounts/signup/", "/account/password/reset/"])
def test_there_is_no_page_for_signing_up(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/", "/account/", "/projects/aurora/", "/projects/aurora/settings/"])
def test_htmx_without_a_session_is_sent_to_sign_in_as_a_page(client: Client, aurora: Project, path: str) -> None:
    headers = {
        "HX-Request": "true",
        "HX-Target": "freshness",
        "HX-Current-URL": "http://testserver/projects/aurora/phones/?q=951",
    }

    response = client.get(path, headers=headers)

    assert response["HX-Redirect"] == f"{LOGIN}?next=/projects/aurora/phones/%3Fq%3D951"
    assert response.content == b""
