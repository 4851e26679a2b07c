"""The health page: open to monitors, silent about everything else."""

import pytest
from django.db import OperationalError, connection
from django.test import Client


def test_health_is_up_without_sign_in(db: None, client: Client) -> None:
    answer = client.get("/health/")

    assert answer.status_code == 200
    assert answer.json() == {"database": "up"}


def test_health_is_down_without_a_database(db: None, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OperationalError("connection to server at 10.1.2.3 failed: password of phone_desk")

    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", refuse)

        answer = client.get("/health/")

    assert answer.status_code == 503
    assert answer.json() == {"database": "down"}


def test_health_refuses_to_be_written_to(client: Client) -> None:
    answer = client.post("/health/")

    assert answer.status_code == 405
