"""The health page: open to monitors, silent about everything else."""

import pytest
from django.db import OperationalError, connection
from django.test import Client

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
