"""Answers of a provider that are refused, and how that is said."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.contrib.auth.models import User
from django.test import Client

from tests.support.pages.pages import read
from tests.support.sign_in.provider import CLIENT_ID, SECRET, Provider
from tests.support.sign_in.single_sign_on import CALLBACK, FAILED, LOGIN, go, is_in, link, local, said

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sso")]
Configure = Callable[..., None]
ClientOf = Callable[[User], Client]


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"nonce": "another"}, id="nonce"),
        pytest.param({"nonce": None}, id="no nonce"),
        pytest.param({"iss": "https://evil.example"}, id="issuer"),
        pytest.param({"aud": "another-client"}, id="audience"),
        pytest.param({"aud": [CLIENT_ID, "another-client"]}, id="audiences"),
        pytest.param({"azp": "another-client"}, id="authorised party"),
        pytest.param({"exp": int(time.time()) - 3600}, id="expired"),
        pytest.param({"iat": int(time.time()) + 3600}, id="from tomorrow"),
        pytest.param({"exp": None}, id="no end"),
        pytest.param({"sub": None}, id="nobody"),
        pytest.param({"sub": ""}, id="empty"),
    ],
)
def test_token_with_a_wrong_claim_opens_nothing(
    viewer: User, provider: Provider, client: Client, claims: dict[str, Any]
) -> None:
    link(viewer, provider)
    provider.claims = claims

    assert go(client, provider)["Location"] == "/account/login/"
    assert not is_in(client)
    assert FAILED in said(client)


@pytest.mark.parametrize("kind", ["another key", "shared secret", "none"])
def test_token_that_the_provider_did_not_sign_opens_nothing(
    viewer: User, provider: Provider, client: Client, kind: str
) -> None:
    link(viewer, provider)
    if kind == "another key":
        provider.signing_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    else:
        provider.algorithm, provider.signing_key = {"shared secret": ("HS256", SECRET), "none": ("none", None)}[kind]

    assert go(client, provider)["Location"] == "/account/login/"
    assert not is_in(client)


def test_answer_without_a_question_opens_nothing(viewer: User, provider: Provider, client: Client) -> None:
    link(viewer, provider)
    other = Client()
    (there,) = read(other.post(LOGIN)).xpath("//main//a/@href")
    stolen = local(provider.back(there))

    assert client.get(stolen)["Location"] == "/account/login/"
    assert client.get(f"{CALLBACK}?code=0&state=guessed")["Location"] == "/account/login/"
    assert client.get(CALLBACK)["Location"] == "/account/login/"
    assert not is_in(client)


def test_answer_works_once(viewer: User, provider: Provider, client: Client) -> None:
    link(viewer, provider)
    (there,) = read(client.post(LOGIN)).xpath("//main//a/@href")
    back = local(provider.back(there))
    client.get(back)
    assert is_in(client)
    client.post("/account/logout/")

    client.get(back)

    assert not is_in(client)


def test_cancelled_sign_in_is_said(provider: Provider, client: Client) -> None:
    provider.error = "access_denied"

    assert go(client, provider)["Location"] == "/account/login/"
    assert "The sign-in with Example ID was cancelled." in said(client)


@pytest.mark.parametrize(
    "config",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": "http://evil.example/keys"},
        {"authorization_endpoint": None},
    ],
)
def test_provider_that_leads_elsewhere_is_not_followed(
    provider: Provider, client: Client, config: dict[str, str]
) -> None:
    provider.config = config

    assert client.post(LOGIN)["Location"] == "/account/login/"
    assert FAILED in said(client)


def test_provider_that_is_down_is_said(client: Client, sso: Configure) -> None:
    sso(issuer="http://127.0.0.1:9")

    assert client.post(LOGIN)["Location"] == "/account/login/"
    assert FAILED in said(client)


def test_refused_code_is_said_and_no_secret_is_logged(
    provider: Provider, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    provider.token_status = 400

    assert go(client, provider)["Location"] == "/account/login/"
    assert "sso_failed" in caplog.text
    assert SECRET not in caplog.text
    assert "invalid_grant" not in caplog.text
