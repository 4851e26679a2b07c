"""Passwords: what may be one, how it is typed, compared and kept, and what somebody does who has forgotten theirs."""

from collections.abc import Callable

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.hashers import identify_hasher, make_password
from django.contrib.auth.management.commands import changepassword
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from lxml.html import HtmlElement
from pytest_django import Settings

from dashboard import settings as site
from tests.fixtures.desk import PASSWORD
from tests.support.pages.pages import read

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
LOGIN = "/account/login/"
ODD = {
    "letters alone": "only letters and blanks",
    "digits alone": "739164028557193",
    "long": " ".join(f"quartz otter {number * 7919}" for number in range(12)),
    "other letters": "contraseña 漢字 😀 ßẞ",
    "blanks around it": "  blanks around it  ",
}


def leads_to(client: Client, password: str, username: str = "stranger") -> str:
    """Return where signing in leads, "" if it is refused."""
    return client.post(LOGIN, {"login": username, "password": password}).headers.get("Location", "")


def change(client: Client, new: str) -> int:
    """Choose another password; return the status."""
    values = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    return client.post("/account/password/", values).status_code


@pytest.mark.parametrize("new", ODD.values(), ids=ODD)
def test_password_is_any_text_and_compared_as_it_was_typed(client_of: ClientOf, stranger: User, new: str) -> None:
    assert change(client_of(stranger), new) == 302

    others = {new[:-1], new[:64], new.upper(), new.strip(), new.casefold()} - {new}
    assert [leads_to(Client(), other) for other in others] == [""] * len(others)
    assert leads_to(Client(), new) == "/"


def test_password_has_twelve_letters_and_the_old_one_is_asked_for(client_of: ClientOf, stranger: User) -> None:
    client = client_of(stranger)
    new = "zq4 kvw9 xmp"

    without = client.post("/account/password/", {"password1": new, "password2": new})

    assert [change(client, new[:11]), without.status_code] == [200, 200]
    assert stranger.check_password(PASSWORD)
    assert change(client, new) == 302


def test_password_fields_hide_what_is_typed_and_managers_may_fill_them(client_of: ClientOf, stranger: User) -> None:
    client = client_of(stranger)
    pages = [Client().get(LOGIN), client.get("/account/password/"), client.get("/account/reauthenticate/")]

    fields = [field for page in pages for field in read(page).xpath("//input[contains(@name, 'password')]")]

    assert [_look(field) for field in fields] == [
        ("password", "password", "current-password"),
        ("oldpassword", "password", "current-password"),
        ("password1", "password", "new-password"),
        ("password2", "password", "new-password"),
        ("password", "password", "current-password"),
    ]
    assert [field.attrib for field in fields if "onpaste" in field.attrib or "readonly" in field.attrib] == []


def _look(field: HtmlElement) -> tuple[str | None, str | None, str | None]:
    return field.get("name"), field.get("type"), field.get("autocomplete")


def test_password_is_kept_as_argon2id(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = site.PASSWORD_HASHERS

    kept = make_password(PASSWORD)

    # OWASP's least: 19 MiB and two passes.
    decoded = identify_hasher(kept).decode(kept)
    assert (decoded["variety"], decoded["memory_cost"] >= 19_456, decoded["time_cost"] >= 2) == ("argon2id", True, True)
    assert PASSWORD not in kept


def test_new_installation_has_no_accounts() -> None:
    assert not User.objects.exists()


def test_forgotten_password_that_an_operator_replaces_leaves_the_second_factor(
    stranger: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    TOTP.activate(stranger, generate_totp_secret())
    monkeypatch.setattr(changepassword.Command, "_get_pass", lambda *_args, **_kwargs: "quartz otter lemon piano")

    call_command("changepassword", "stranger", verbosity=0)

    assert (leads_to(Client(), PASSWORD), leads_to(Client(), "quartz otter lemon piano")) == (
        "",
        "/account/2fa/authenticate/",
    )
