"""The health page: open to monitors, silent about everything else."""

import json
from threading import Event

import pytest
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from dashboard.monitoring.health import Probes, Readiness
from dashboard.monitoring.readiness import Fault
from tests.support.machine.disks import let_be_free


@pytest.fixture(autouse=True)
def _room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be room on the disk, whatever there is on this machine."""
    let_be_free(monkeypatch, 0.5)


def test_health_is_up_without_sign_in(db: None, client: Client) -> None:
    answer = client.get("/health/")

    assert answer.status_code == 200
    assert answer.json() == {"database": "up", "disk": "ok"}


def test_health_is_down_without_a_database(db: None, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OperationalError("connection to server at 10.1.2.3 failed: password of phone_desk")

    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", refuse)

        answer = client.get("/health/")

    assert answer.status_code == 503
    assert answer.json() == {"database": "down", "disk": "ok"}


def test_health_tells_of_a_full_disk_and_is_up(db: None, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    let_be_free(monkeypatch, 0.04)

    answer = client.get("/health/")

    assert answer.status_code == 200
    assert answer.json() == {"database": "up", "disk": "low"}


def test_health_refuses_to_be_written_to(client: Client) -> None:
    answer = client.post("/health/")

    assert answer.status_code == 405


@pytest.mark.parametrize("host", ["10.1.2.3:8000", "web-1", "evil.example", "[fd00::1]"])
@pytest.mark.django_db(transaction=True)
def test_probes_answer_by_any_name_and_address(client: Client, host: str, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True

    live, ready = (client.get(f"/health/{name}", headers={"host": host}) for name in ("live", "ready/"))

    assert (live.status_code, live.json()) == (200, {"status": "live"})
    assert (ready.status_code, ready.json()["status"], ready["Cache-Control"]) == (200, "ready", "no-store")
    assert client.get("/health/", headers={"host": host}).status_code in {301, 400}


def test_live_asks_no_database(client: Client) -> None:
    assert client.get("/health/live").status_code == 200


def test_ready_tells_what_is_wrong_and_nothing_else(settings: Settings) -> None:
    settings.VERSION = "9.8.7"

    def look() -> list[Fault]:
        return [Fault("diary_key", "DIARY_KEY is not the key …", is_wrong_key=True)]

    probes = Probes(lambda _request: HttpResponse())
    probes.readiness = Readiness(look)

    answer = probes(RequestFactory().get("/health/ready"))

    assert answer.status_code == 503
    assert json.loads(answer.content) == {  # type: ignore[attr-defined]
        "status": "not ready",
        "version": "9.8.7",
        "database": "ok",
        "migrations": "ok",
        "token_keys": "ok",
        "diary_key": "wrong",
        "cache": "ok",
        "static": "ok",
        "translations": "ok",
        "settings": "ok",
    }


def test_database_that_hangs_is_told_and_holds_one_thread() -> None:
    answers, looks = Event(), []

    def look() -> list[Fault]:
        looks.append(1)
        answers.wait(10)
        return []

    readiness = Readiness(look, seconds=0.01)

    assert [fault.what for _time in range(5) for fault in readiness.faults()] == ["database"] * 5
    assert len(looks) == 1
    answers.set()
    readiness = Readiness(look, seconds=10)
    assert readiness.faults() == []
