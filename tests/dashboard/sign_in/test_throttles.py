"""Guessing is slowed down: by account and by true address, and never for a known device because of what others do."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.conf import settings as site
from django.contrib.auth.models import User
from django.core import signing
from django.test import Client

from tests.fixtures.desk import PASSWORD
from tests.support.pages.pages import read, words

pytestmark = pytest.mark.django_db
LOGIN = "/account/login/"
CODE = "/account/2fa/authenticate/"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
# The beginning of a step of 30 seconds.
NOW = datetime(2026, 10, 9, 10, 40, tzinfo=UTC)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """A clock that only a test moves on."""
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


def browser(address: str) -> Client:
    """Return a browser behind the proxy on this machine."""
    return Client(headers={"X-Forwarded-For": address})


def sign_in(client: Client, password: str = PASSWORD, username: str = "viewer") -> str:
    """Return where signing in leads, or the words of the page that refuses it."""
    response = client.post(LOGIN, {"login": username, "password": password})
    return response["Location"] if response.status_code == 302 else words(read(response))


def guess(client: Client, times: int, username: str = "viewer") -> None:
    """Try wrong passwords."""
    for number in range(times):
        sign_in(client, f"wrong password {number}", username)


def test_wrong_sign_ins_of_one_address_shut_nobody_else_out(viewer: User, clock: time_machine.Traveller) -> None:
    attacker = browser("198.51.100.1")
    for number in range(30):
        guess(attacker, 1, f"user{number}")

    assert "Too many wrong attempts. Wait a minute, then try again." in sign_in(attacker)
    assert sign_in(browser("203.0.113.7")) == "/"


def test_address_that_a_client_claims_is_counted_as_its_own(viewer: User, clock: time_machine.Traveller) -> None:
    for number in range(10):
        guess(browser(f"192.0.2.{number}, 198.51.100.1"), 1, f"user{number}")

    assert "Too many wrong attempts." in sign_in(browser("192.0.2.77, 198.51.100.1"))


def test_page_says_how_long_to_wait_and_that_is_true(viewer: User, clock: time_machine.Traveller) -> None:
    client = browser("203.0.113.7")
    guess(client, 1)
    clock.shift(timedelta(seconds=50))
    guess(client, 4)

    assert "Too many wrong attempts. Wait 5 minutes, then try again." in sign_in(client)
    clock.shift(timedelta(seconds=61))
    assert "Too many wrong attempts. Wait 4 minutes, then try again." in sign_in(client)
    clock.shift(timedelta(seconds=188))
    assert "Too many wrong attempts. Wait a minute, then try again." in sign_in(client)
    clock.shift(timedelta(seconds=2))
    assert sign_in(client) == "/"


def test_known_device_gets_in_while_others_guess(viewer: User, clock: time_machine.Traveller) -> None:
    own, other = browser("203.0.113.7"), browser("203.0.113.8")
    assert sign_in(own) == "/"
    own.post("/account/logout/")
    for number in range(3):
        guess(browser(f"198.51.100.{number}"), 9)
    # Even from the same address.
    guess(browser("203.0.113.7"), 20)

    assert "Too many wrong attempts." in sign_in(other)
    assert sign_in(own) == "/"


def test_known_device_is_slowed_down_by_its_own_guesses_and_holds_up_nobody(
    viewer: User, clock: time_machine.Traveller
) -> None:
    own = browser("203.0.113.7")
    sign_in(own)
    own.post("/account/logout/")

    guess(own, 5)

    assert "Wait 5 minutes" in sign_in(own)
    assert sign_in(browser("203.0.113.7")) == "/"


def test_device_is_known_for_whom_it_signed_in_only(viewer: User, lead: User, clock: time_machine.Traveller) -> None:
    own = browser("203.0.113.7")
    sign_in(own)
    own.post("/account/logout/")
    guess(browser("198.51.100.1"), 5, "lead")

    assert "Too many wrong attempts." in sign_in(own, username="lead")
    assert sign_in(own, username="VIEWER") == "/"


@pytest.mark.parametrize("forged", ["", "x", "eyJhIjoxfQ:1tBcDe:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"])
def test_forged_device_is_a_stranger(viewer: User, clock: time_machine.Traveller, forged: str) -> None:
    guess(browser("198.51.100.1"), 5)
    client = browser("203.0.113.7")
    client.cookies[site.DEVICE_COOKIE_NAME] = forged

    assert "Too many wrong attempts." in sign_in(client)


def test_value_that_was_signed_for_another_purpose_is_a_stranger(viewer: User, clock: time_machine.Traveller) -> None:
    own = Client()
    sign_in(own)
    device = signing.loads(own.cookies[site.DEVICE_COOKIE_NAME].value, salt="dashboard.sign_in.devices")
    guess(browser("198.51.100.1"), 5)
    client = browser("203.0.113.7")

    client.cookies[site.DEVICE_COOKIE_NAME] = signing.dumps(device, salt="phones.invitation")
    assert "Too many wrong attempts." in sign_in(client)
    client.cookies[site.DEVICE_COOKIE_NAME] = signing.dumps(device, salt="dashboard.sign_in.devices")
    assert sign_in(client) == "/"


def test_device_cookie_is_kept_from_scripts_and_opens_nothing(viewer: User) -> None:
    client = Client()
    sign_in(client)
    cookie = client.cookies[site.DEVICE_COOKIE_NAME]
    other = Client()
    other.cookies[site.DEVICE_COOKIE_NAME] = cookie.value

    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert cookie["max-age"] == 180 * 24 * 60 * 60
    assert "viewer" not in cookie.value
    assert other.get("/account/").status_code == 302


@pytest.fixture
def second_factor(viewer: User) -> None:
    """The viewer has a second factor."""
    TOTP.activate(viewer, SECRET)


def code_for(step: int) -> str:
    """Return the code of a step, 0 for the one at the start of the clock."""
    return format_hotp_value(hotp_value(SECRET, int(NOW.timestamp()) // 30 + step))


def enter(client: Client, code: str) -> str:
    """Return where a code leads, or the words of the page that refuses it."""
    response = client.post(CODE, {"code": code})
    return response["Location"] if response.status_code == 302 else words(read(response))


@pytest.mark.parametrize("step", [-1, 1])
@pytest.mark.parametrize("later_seconds", [0, 31, 89])
def test_code_is_good_once_for_as_long_as_it_is_accepted(
    second_factor: None, clock: time_machine.Traveller, step: int, later_seconds: int
) -> None:
    # The first moment at which the code is accepted is one step before its own.
    clock.shift(timedelta(seconds=30 * (step - 1)))
    first, second = browser("203.0.113.7"), browser("198.51.100.1")
    sign_in(first)
    assert enter(first, code_for(step)) == "/"

    clock.shift(timedelta(seconds=later_seconds))
    sign_in(second)

    assert "This code was used before. Wait for the next one." in enter(second, code_for(step))


def test_code_that_switched_it_on_is_used(viewer: User, clock: time_machine.Traveller) -> None:
    own = Client()
    sign_in(own)
    own.post("/account/reauthenticate/", {"password": PASSWORD})
    own.get("/account/2fa/totp/activate/")
    session = own.session
    session["mfa.totp.secret"] = SECRET
    session.save()
    own.post("/account/2fa/totp/activate/", {"code": code_for(0)})
    assert Authenticator.objects.filter(user=viewer, type="totp").exists()
    clock.shift(timedelta(seconds=31))

    other = browser("198.51.100.1")
    sign_in(other)

    assert "This code was used before." in enter(other, code_for(0))


def test_wrong_codes_elsewhere_do_not_hold_up_a_known_device(
    second_factor: None, clock: time_machine.Traveller
) -> None:
    own, thief = browser("203.0.113.7"), browser("198.51.100.1")
    sign_in(own)
    enter(own, code_for(0))
    own.post("/account/logout/")
    sign_in(thief)
    for _try in range(5):
        assert "Incorrect code." in enter(thief, "abcdef")

    assert "Too many wrong attempts. Wait 5 minutes" in enter(thief, code_for(1))
    sign_in(own)
    assert enter(own, code_for(1)) == "/"


def test_confirming_takes_a_code_once_too(viewer: User, second_factor: None, clock: time_machine.Traveller) -> None:
    client = browser("203.0.113.7")
    sign_in(client)
    enter(client, code_for(0))
    clock.shift(timedelta(seconds=45))

    used = client.post("/account/2fa/reauthenticate/", {"password": PASSWORD, "code": code_for(0)})
    fresh = client.post("/account/2fa/reauthenticate/", {"password": PASSWORD, "code": code_for(1)})

    assert "This code was used before." in words(read(used))
    assert fresh.status_code == 302
