"""Passkeys in a real browser, with a device that Chromium makes up."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, CDPSession, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from tests.fixtures.desk import PASSWORD
from tests.support.pages.axe import violations
from tests.support.sign_in.sessions import let_in

pytestmark = pytest.mark.browser
PageOf = Callable[[User], Page]
PASSKEYS = "/account/2fa/webauthn/"
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture(autouse=True)
def _site_has_a_name(settings: Settings, live_server: LiveServer) -> None:
    settings.SITE_URL = live_server.url


class Device:
    """What stands behind a page: a phone or computer that keeps passkeys."""

    def __init__(self, page: Page) -> None:
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._session.send("WebAuthn.enable")
        self._id = self._session.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})["authenticatorId"]

    def recognise(self, is_owner: bool) -> None:
        """Let the finger on it be the owner's, or somebody else's."""
        self._session.send("WebAuthn.setUserVerified", {"authenticatorId": self._id, "isUserVerified": is_owner})


def add_passkey(page: Page, name: str) -> None:
    """Add a passkey from the page of them."""
    page.goto(PASSKEYS)
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()


def sign_out(page: Page) -> None:
    """Sign out from the account."""
    page.goto("/account/")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_passkey_is_added_signs_in_is_renamed_and_removed(page_of: PageOf, viewer: User) -> None:
    page = page_of(viewer)
    Device(page)

    add_passkey(page, "Laptop")
    sign_out(page)
    page.goto("/account/login/?next=/projects/aurora/phones/")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url(re.compile(r"^[^?]*/projects/aurora/phones/$"))

    # The sign-in was fresh, so nothing more is asked for.
    page.goto(PASSKEYS)
    page.get_by_role("link", name="Rename Laptop").click()
    page.get_by_role("textbox", name="Name").fill("Portátil <b>")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Portátil <b>")).to_be_visible()
    page.get_by_role("link", name="Remove Portátil <b>").click()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("The passkey is removed.")).to_be_visible()
    assert not Authenticator.objects.filter(user=viewer).exists()


def test_passkey_is_a_second_factor_and_confirms(page_of: PageOf, admin: User, live_server: LiveServer) -> None:
    page = page_of(admin)
    Device(page)
    add_passkey(page, "Key")
    sign_out(page)

    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Phones")).to_be_visible()

    client = let_in(Client(), admin, "mfa", minutes_ago=11)
    cookie = client.cookies["session"]
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    page.goto("/projects/aurora/settings/")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url(re.compile(r"^[^?]*/projects/aurora/settings/$"))


def test_finger_of_somebody_else_opens_nothing(page_of: PageOf, viewer: User) -> None:
    page = page_of(viewer)
    device = Device(page)
    add_passkey(page, "Phone")
    sign_out(page)
    device.recognise(is_owner=False)

    page.get_by_role("button", name="Use a passkey").click()

    expect(page.get_by_role("alert")).to_have_text("The browser gave no passkey. Try again, or choose another way.")
    page.goto("/account/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.fixture
def without_scripts(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """A page of a browser without scripts."""
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_without_scripts_the_page_says_that_passkeys_need_them(without_scripts: Page, viewer: User) -> None:
    page = without_scripts
    page.goto("/account/login/")

    expect(page.get_by_text("Passkeys need scripts and a browser of the last years.")).to_be_visible()
    expect(page.get_by_role("button")).to_have_text(["Sign in", "English", "Español"])


@pytest.mark.parametrize("address", [PASSKEYS, f"{PASSKEYS}add/", "/account/login/"])
def test_pages_have_no_violations(page_of: PageOf, new_context: Any, viewer: User, address: str) -> None:
    page = new_context().new_page() if address == "/account/login/" else page_of(viewer)

    page.goto(address)

    assert violations(page) == []


def test_in_spanish(page_of: PageOf, viewer: User, spanish: None) -> None:
    page = page_of(viewer)
    Device(page)
    page.goto("/account/")
    page.get_by_role("button", name="Español").click()
    page.goto(f"{PASSKEYS}add/")
    expect(page.get_by_label("Nombre")).to_have_value("Llave de acceso")
    page.get_by_role("button", name="Añadir").click()

    expect(page.get_by_text("La llave de acceso se ha añadido.")).to_be_visible()


def test_site_without_a_name_offers_none(page_of: PageOf, viewer: User, settings: Settings) -> None:
    settings.SITE_URL = "http://127.0.0.1:8000"
    page = page_of(viewer)

    page.goto(f"{PASSKEYS}add/")

    expect(page.get_by_text("Passkeys need a site with a name")).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(0)
