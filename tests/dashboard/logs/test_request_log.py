"""The log of requests: one line each, with what operators need, and nothing that somebody searched for or pasted."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from phones.diga.sandbox import Sandbox
from phones.models import Phone, Project
from tests.fixtures.desk import CANARY, Canary
from tests.fixtures.logs import Log
from tests.support.machine.serving import gunicorn, talk
from tests.support.pages.pages import open_phone

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]


def test_request_is_one_line(client_of: ClientOf, viewer: User, aurora: Project, log: Log) -> None:
    client = client_of(viewer)

    client.get("/projects/aurora/phones/?q=951", headers={"X-Forwarded-For": "203.0.113.7"})

    (line,) = log.requests
    assert line["milliseconds"] >= 0
    assert len(line.pop("request_id")) == 32
    assert {name: line[name] for name in line.keys() - {"milliseconds", "timestamp"}} == {
        "event": "request",
        "level": "info",
        "logger": "dashboard.requests",
        "method": "GET",
        "path": "/projects/aurora/phones/",
        "status": 200,
        "user_id": viewer.pk,
        "ip": "203.0.113.7",
        "diga_calls": 0,
        "diga_milliseconds": 0,
    }


def test_line_counts_what_was_asked_of_diga_and_how_long_that_took(
    client_of: ClientOf, router: User, sales_phone: Phone, sandbox: Sandbox, log: Log
) -> None:
    form = open_phone(client_of(router), sales_phone)
    sandbox.switches.latency_ms = 30
    sandbox.journal.clear()

    form.send(nickname="Ventas")

    line = log.requests[-1]
    assert line["diga_calls"] == len(sandbox.journal) >= 2
    assert 30 * line["diga_calls"] <= line["diga_milliseconds"] <= line["milliseconds"]


def test_all_that_is_logged_meanwhile_has_the_id_and_the_address_of_the_request(
    client_of: ClientOf, router: User, sales_phone: Phone, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(router)
    client.raise_request_exception = False
    form = open_phone(client, sales_phone)
    form.send(nickname="Ventas")
    client.get("/nowhere/")
    monkeypatch.setattr("phones.views.phones.find.read_paste", None)
    client.get("/go/")

    lines = log.lines
    by_request = {line["request_id"] for line in lines}
    assert {"phones.diga", "django.request", "dashboard.requests"} <= {line["logger"] for line in lines}
    assert len(by_request) == len(log.requests)
    assert {line["ip"] for line in lines} == {"127.0.0.1"}


def test_failure_is_a_line_too_with_its_traceback_beside_it(
    client_of: ClientOf, viewer: User, aurora: Project, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(viewer)
    client.raise_request_exception = False
    monkeypatch.setattr("phones.views.phones.find.read_paste", None)

    client.get(f"/go/?n={CANARY}")

    assert log.requests[-1]["status"] == 500
    assert log.requests[-1]["request_id"] in next(line for line in log.text.splitlines() if "TypeError" in line)
    assert Canary().found_in(log.text) == []


def test_refusals_are_lines_with_the_person_and_the_address(
    client_of: ClientOf, viewer: User, talleres: Project, log: Log
) -> None:
    client = client_of(viewer)
    for url in ("/projects/aurora/settings/", "/projects/talleres/phones/"):
        client.get(url, headers={"X-Forwarded-For": "203.0.113.7"})
    Client(enforce_csrf_checks=True).post("/account/login/")

    seen = [(line["level"], line["path"], line["status"], line["user_id"], line["ip"]) for line in log.requests]
    assert {line["timestamp"][-1] for line in log.requests} == {"Z"}
    assert seen == [
        ("warning", "/projects/aurora/settings/", 403, viewer.pk, "203.0.113.7"),
        ("warning", "/projects/talleres/phones/", 404, viewer.pk, "203.0.113.7"),
        ("warning", "/account/login/", 403, None, "127.0.0.1"),
    ]


def test_throttled_attempt_is_a_line_without_what_was_typed(viewer: User, log: Log) -> None:
    for _attempt in range(6):
        Client().post("/account/login/", {"login": "viewer", "password": f"wrong {CANARY}"})

    (line,) = log.of("dashboard.sign_in.throttles")
    assert (line["level"], line["event"]) == ("warning", "attempt refused by the throttle")
    assert (line["what"], line["ip"], line["request_id"]) == (
        "password",
        "127.0.0.1",
        log.requests[-1]["request_id"],
    )
    assert Canary().found_in(log.text) == []


@pytest.mark.parametrize(
    "forged", ["%0A", "%0D%0A", "%E2%80%A8", "%C2%9B2K", "%1B[2K", "%22,%22status%22:200,%22x%22:%22"]
)
def test_no_text_makes_a_second_line_or_field(log: Log, forged: str) -> None:
    Client().get(f'/nowhere{forged}{{"logger":"dashboard.requests"}}/', headers={"User-Agent": "x\ny"})

    (line,) = log.requests
    assert line["status"] == 404
    assert log.text.isascii()
    assert {char for char in log.text if not char.isprintable()} == {"\n"}


@pytest.mark.parametrize(
    ("method", "path", "data"),
    [
        ("GET", f"/go/?n={CANARY}", {}),
        ("GET", f"/projects/aurora/go/?n={CANARY}", {}),
        ("GET", f"/projects/aurora/phones/?q={CANARY}", {}),
        ("GET", f"/projects/aurora/phones/find/?text={CANARY}", {}),
        ("POST", "/projects/aurora/phones/find/", {"text": f"The key is {CANARY}."}),
        ("GET", f"/projects/aurora/changes/?q={CANARY}&ticket={CANARY}", {}),
        ("POST", "/projects/new/", {"name": "Aurora", "token": CANARY}),
        ("POST", "/projects/new/", {"name": CANARY, "token": "x"}),
        ("POST", f"/account/login/?next=/go/%3Fn={CANARY}", {"login": CANARY, "password": CANARY}),
        ("GET", f"/{CANARY}/", {}),
        ("GET", f"/projects/{CANARY}/", {}),
        ("GET", f"/projects/aurora/phones/{CANARY}/?n={CANARY}", {}),
        ("DELETE", f"/go/?n={CANARY}", {}),
        ("POST", f"/account/language/?{CANARY}", {"language": CANARY, "next": CANARY}),
    ],
)
def test_no_pasted_key_is_logged(
    client_of: ClientOf, admin: User, aurora: Project, log: Log, method: str, path: str, data: dict[str, str]
) -> None:
    page = f"http://testserver/go/?n={CANARY}"
    headers = {"Referer": page, "HX-Current-URL": page, "User-Agent": CANARY, "X-Request-Id": CANARY}

    for client in (client_of(admin), Client()):
        client.raise_request_exception = False
        client.generic(method, path, "", headers=headers)
        client.post(path, data, headers=headers)

    assert len(log.requests) == 4
    assert Canary().found_in(log.text) == []


@pytest.mark.parametrize("digits", ["951234567", "%2B34951234567"])
def test_no_number_that_was_searched_for_is_logged(
    client_of: ClientOf, viewer: User, aurora: Project, log: Log, digits: str
) -> None:
    client_of(viewer).get(f"/go/?n={digits}")
    Client().get(f"/go/?n={digits}", headers={"host": "elsewhere.example"})

    assert len(log.requests) == 2
    assert "951234567" not in log.text


def test_server_itself_logs_no_query(tmp_path: Path) -> None:
    said: list[str] = []
    with gunicorn(tmp_path, said, SITE_URL="http://127.0.0.1:8000", LOG_LEVEL="DEBUG") as url:
        talk(url, b"GET /health/?n=951234567 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        talk(url, b"GET /go/?n=951234567 HTTP/1.1\r\nHost: 127.0.0.1\r\nBad Header: x\r\n\r\n")
        talk(url, b"GET /go/?n=951234567 HTTP/9.9\r\nHost: 127.0.0.1\r\n\r\n")

    assert "dashboard.requests" in said[0], said
    assert "951234567" not in said[0]
