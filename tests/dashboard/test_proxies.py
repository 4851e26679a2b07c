"""Who sent a request: the proxies that are named are believed, and nobody else, whatever headers there are."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from dashboard.proxies import TOLD, Proxies, TrueClient
from tests.support.machine.serving import ask, gunicorn

OURS = ["127.0.0.1", "::1", "10.9.0.0/16"]


@pytest.mark.parametrize(
    ("peer", "told", "client"),
    [
        # Nobody's word but a proxy's.
        ("203.0.113.7", "", "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("10.8.0.1", "198.51.100.1", "10.8.0.1"),
        # One proxy, two, and what the client wrote itself before them.
        ("127.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("::1", "203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "203.0.113.7, 10.9.3.4", "203.0.113.7"),
        ("127.0.0.1", "198.51.100.1,203.0.113.7,10.9.3.4,10.9.0.1", "203.0.113.7"),
        # Called by a proxy itself, or by this machine without one.
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "10.9.3.4", "10.9.3.4"),
        # As different proxies write them.
        ("127.0.0.1", "203.0.113.7:4711", "203.0.113.7"),
        ("127.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"),
        ("127.0.0.1", "2001:db8::7", "2001:db8::7"),
        ("127.0.0.1", " ::ffff:203.0.113.7 ", "203.0.113.7"),
        ("::ffff:127.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "fe80::1%eth0", "fe80::1"),
        # What is no address ends the chain at whoever wrote it.
        ("127.0.0.1", "203.0.113.7, unknown", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.7, ' OR 1=1, 10.9.3.4", "10.9.3.4"),
        ("127.0.0.1", ",, ,", "127.0.0.1"),
        # A socket in the file system.
        ("", "203.0.113.7", "203.0.113.7"),
        ("", "", "127.0.0.1"),
    ],
)
def test_address_is_the_last_that_is_no_proxy_of_ours(peer: str, told: str, client: str) -> None:
    assert Proxies(OURS).client(peer, told) == client


def test_anybody_means_the_one_who_sends_to_us_and_nobody_behind() -> None:
    proxies = Proxies(["*"])

    assert proxies.client("172.18.0.1", "203.0.113.7") == "203.0.113.7"
    assert proxies.client("172.18.0.1", "198.51.100.1, 203.0.113.7") == "203.0.113.7"


@pytest.mark.parametrize("text", ["proxy", "10.9.0.0/99", "10.9.0.1/16", ""])
def test_what_is_no_address_is_no_proxy(text: str) -> None:
    with pytest.raises(ValueError, match=r"IPv4 or IPv6|host bits"):
        Proxies([text])


def test_nothing_behind_sees_what_a_client_claims(settings: Settings) -> None:
    settings.FORWARDED_ALLOW_IPS = OURS
    seen: list[HttpRequest] = []

    def answer(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return HttpResponse()

    claims: dict[str, Any] = dict.fromkeys(TOLD, "198.51.100.1")
    TrueClient(answer)(RequestFactory().get("/", REMOTE_ADDR="203.0.113.7", **claims))
    TrueClient(answer)(RequestFactory().get("/", REMOTE_ADDR="10.9.0.1", **claims))

    assert [request.META["REMOTE_ADDR"] for request in seen] == ["203.0.113.7", "198.51.100.1"]
    assert [set(TOLD) & request.META.keys() for request in seen] == [set(), set()]


@pytest.mark.parametrize(
    ("peer", "told", "is_secure"),
    [
        ("10.9.0.1", "https", True),
        ("", "https", True),
        ("203.0.113.7", "https", False),
        ("10.9.0.1", "http", False),
        ("10.9.0.1", "https, http", False),
    ],
)
def test_scheme_is_told_by_the_proxy_under_any_server(
    settings: Settings, peer: str, told: str, is_secure: bool
) -> None:
    settings.FORWARDED_ALLOW_IPS = OURS
    request = RequestFactory().get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_PROTO=told)

    TrueClient(lambda _request: HttpResponse())(request)

    assert request.is_secure() is is_secure


@pytest.mark.parametrize(("proxies", "is_believed"), [("127.0.0.1", True), ("10.9.0.0/16", False)])
def test_scheme_is_believed_of_the_same_proxies_and_no_header_moves_the_site(
    tmp_path: Path, proxies: str, is_believed: bool
) -> None:
    headers = {"Host": "desk.example.com", "X-Forwarded-Proto": "https"}
    with gunicorn(tmp_path, FORWARDED_ALLOW_IPS=proxies) as url:
        health = ask(f"{url}/health/", headers)
        moved = ask(f"{url}/health/", {**headers, "SCRIPT_NAME": "/health", "Script-Name": "/health"})

    if is_believed:
        assert (health[0], json.loads(health[1])["disk"]) == (200, "ok")
    else:
        assert health == (301, "https://desk.example.com/health/")
    assert moved == health
