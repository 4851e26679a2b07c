"""A sign-in that Chromium has stored: it is filled in where one signs in, and nowhere else."""

import hashlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import BrowserContext, Playwright, expect
from pytest_django.live_server_helper import LiveServer

from phones.models import Project
from tests.fixtures.browser import PATIENCE

pytestmark = pytest.mark.browser
USERNAME, SECRET = "marta", "what Chromium has stored"
# A sign-in of its own among the fields of a page: once Chromium has filled it, it has looked at all of them.
WITNESS = """() => {
    const form = document.createElement("form");
    form.innerHTML = '<input id="witness-name" autocomplete="username"><input id="witness" type="password">';
    document.querySelector("main").append(form);
}"""
FILLED = """() => [...document.querySelectorAll("input:not([type=hidden])")]
    .filter((field) => field.matches(":autofill") && !field.id.startsWith("witness"))
    .map((field) => field.name)"""


def _sealed(text: str) -> bytes:
    """Encrypt as Chromium does without a keyring (`--password-store=basic`): the key is the same everywhere."""
    key = hashlib.pbkdf2_hmac("sha1", b"peanuts", b"saltysalt", 1, 16)
    left = 16 - len(text.encode()) % 16
    encryptor = Cipher(algorithms.AES(key), modes.CBC(b" " * 16)).encryptor()
    return b"v10" + encryptor.update(text.encode() + bytes([left]) * left) + encryptor.finalize()


def _store_sign_in(profile: Path, origin: str) -> None:
    """Write a sign-in into the profile of a Chromium that isn't running."""
    now = int((time.time() + 11_644_473_600) * 1_000_000)
    row: dict[str, Any] = {
        "origin_url": f"{origin}/account/login/",
        "signon_realm": f"{origin}/",
        "username_value": USERNAME,
        "password_value": _sealed(SECRET),
        "action_url": "",
        "username_element": "login",
        "password_element": "password",
        "submit_element": "",
        "date_created": now,
        "blacklisted_by_user": 0,
        "scheme": 0,
    }
    database = sqlite3.connect(profile / "Default" / "Login Data")
    with database:
        marks = ", ".join("?" * len(row))
        database.execute(f"INSERT INTO logins ({', '.join(row)}) VALUES ({marks})", list(row.values()))  # noqa: S608
    database.close()


@pytest.fixture
def stored(
    playwright: Playwright, browser_type_launch_args: dict[str, Any], live_server: LiveServer, tmp_path: Path
) -> Iterator[BrowserContext]:
    """A browser that has stored a sign-in for the running site."""

    def start() -> BrowserContext:
        return playwright.chromium.launch_persistent_context(
            tmp_path,
            executable_path=browser_type_launch_args["executable_path"],
            args=[*browser_type_launch_args["args"], "--password-store=basic"],
            ignore_default_args=["--enable-automation"],
            base_url=live_server.url,
        )

    # The first start makes the profile.
    start().close()
    _store_sign_in(tmp_path, live_server.url)
    context = start()
    context.set_default_timeout(PATIENCE)
    yield context
    context.close()


def _sign_in(context: BrowserContext, person: User, origin: str) -> None:
    client = Client()
    client.force_login(person)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": origin}])


def test_stored_sign_in_is_filled_in_where_one_signs_in(stored: BrowserContext, db: None) -> None:
    page = stored.new_page()

    page.goto("/account/login/")

    expect(page.get_by_label("Password")).to_have_value(SECRET)
    assert page.evaluate(FILLED) == ["login", "password"]


@pytest.mark.parametrize("path", ["/connect/", "/projects/aurora/settings/", "/projects/aurora/settings/people/"])
def test_stored_sign_in_is_filled_into_no_other_form(
    stored: BrowserContext, live_server: LiveServer, superuser: User, aurora: Project, path: str
) -> None:
    _sign_in(stored, superuser, live_server.url)
    page = stored.new_page()
    page.goto(path)

    page.evaluate(WITNESS)

    expect(page.locator("#witness")).to_have_value(SECRET)
    assert page.evaluate(FILLED) == []
    assert SECRET not in page.locator("main input:not(#witness)").evaluate_all("all => all.map(each => each.value)")
