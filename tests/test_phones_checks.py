"""System checks: what is wrong is said with what to do."""

import sqlite3
from pathlib import Path

import django
import pytest
import requests
from cryptography.fernet import Fernet
from django.db import connection
from pytest_django import Settings

from phones.checks import check_data_dir, check_stored_keys, check_trigrams, check_versions
from phones.models import Project


def test_old_libraries_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    now = check_versions()
    monkeypatch.setattr(django, "VERSION", (5, 2, 7, "final", 0))
    monkeypatch.setattr(requests, "__version__", "2.32.3")

    assert now == []
    assert [found.id for found in check_versions()] == ["phones.E001", "phones.E002"]


def test_data_dir_open_to_all_is_warned_of(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    tmp_path.chmod(0o700)
    closed = check_data_dir()
    tmp_path.chmod(0o755)

    assert closed == []
    assert [(found.id, found.hint) for found in check_data_dir()] == [("phones.W001", f"chmod 700 {tmp_path}")]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="Only SQLite may be built without.")
def test_sqlite_without_trigrams_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Poor:
        def execute(self, statement: str) -> None:
            raise sqlite3.OperationalError("no such module: fts5")

        def close(self) -> None:
            pass

    now = check_trigrams()
    monkeypatch.setattr(sqlite3, "connect", lambda name: Poor())

    assert now == []
    assert [(found.id, "no such module: fts5" in found.msg) for found in check_trigrams()] == [("phones.E004", True)]


def test_absent_data_dir_is_refused(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path / "absent"

    assert [found.id for found in check_data_dir()] == ["phones.E003"]


def test_key_that_nothing_opens_is_named(aurora: Project, talleres: Project, settings: Settings) -> None:
    fine = check_stored_keys(databases=["default"])
    settings.TOKEN_KEYS = [Fernet.generate_key().decode()]

    found = check_stored_keys(databases=["default"])

    assert fine == []
    assert [warning.id for warning in found] == ["phones.W002", "phones.W002"]
    assert "Aurora" in found[0].msg
    assert "connect_project aurora" in str(found[0].hint)


def test_stored_keys_are_left_alone_without_a_database() -> None:
    assert check_stored_keys() == []
