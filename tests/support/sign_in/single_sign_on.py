"""The way to the stand-in provider and back, as a browser takes it."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from tests.support.pages.pages import read, words
from tests.support.sign_in.provider import Provider
from tests.support.sign_in.sessions import let_in

LOGIN, CALLBACK, LINK = "/account/sso/login/", "/account/sso/callback/", "/account/sso/"
FAILED = "The sign-in with Example ID did not work. Try again, or tell an administrator of this server."


def local(address: str) -> str:
    """Return an address of the site without the site."""
    return address.removeprefix(settings.SITE_URL)


def go(client: Client, provider: Provider, **typed: str) -> Any:
    """Go to the provider and come back; return what the way back answers."""
    page = read(client.post(LOGIN, typed))
    (there,) = page.xpath("//main//a/@href")
    return client.get(local(provider.back(there)))


def link(person: User, provider: Provider) -> None:
    """Link a person's account with that of Eva Mora."""
    assert go(let_in(Client(), person), provider, process="connect", next=LINK)["Location"] == LINK


def said(client: Client) -> str:
    """Return the words of the sign-in page, messages included."""
    return words(read(client.get("/account/login/")))


def is_in(client: Client) -> bool:
    """Say whether somebody is signed in."""
    return client.get("/account/").status_code == 200
