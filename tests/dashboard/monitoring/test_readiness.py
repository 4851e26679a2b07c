"""What an installation lacks is told in a sentence: at the start, by commands, and to monitors."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from pytest_django import Settings

from dashboard.monitoring.readiness import faults
from dashboard.queue import SqliteQueue
from tests.support.database.migrating import empty_database
from tests.support.machine.settings import KEYS, ROOT


def _told() -> dict[str, str]:
    return {fault.what: fault.sentence for fault in faults()}


@pytest.fixture
def _empty(transactional_db: None, tmp_path: Path, settings: Settings) -> Iterator[None]:
    settings.DATA_DIR = tmp_path
    with empty_database(tmp_path):
        yield


def test_installation_that_is_whole_has_no_faults(db: None) -> None:
    assert _told() == {}


@pytest.mark.usefixtures("_empty")
def test_missing_tables_are_told_everywhere_until_migrate_has_run(client: Client, tmp_path: Path) -> None:
    client.raise_request_exception = False
    sentence = _told()["migrations"]
    assert sentence.endswith("Run: manage.py migrate")
    with pytest.raises(CommandError, match=r"tables are not up to date"):
        call_command("sync_phones")
    with pytest.raises(CommandError, match=r"tables are not up to date"):
        SqliteQueue("worker", filename=str(tmp_path / "queue")).create_consumer(workers=1)
    page = client.post("/account/login/", {"login": "viewer", "password": "a password"})
    assert (page.status_code, "Phone Desk is being set up" in page.content.decode()) == (503, True)
    assert client.get("/health/ready").json()["migrations"] == "wrong"

    call_command("migrate", "phones", "0005_plans", verbosity=0)
    assert list(_told()) == ["migrations"]

    # That is all it takes: the table of the cache is there, too.
    call_command("migrate", verbosity=0)
    assert _told() == {}
    with connection.cursor() as cursor:
        assert "cache" in connection.introspection.table_names(cursor)


@pytest.mark.django_db
def test_wrong_key_stops_commands_and_says_which_setting(settings: Settings, tmp_path: Path) -> None:
    assert _told() == {}
    settings.TOKEN_KEYS = [Fernet.generate_key().decode()]

    with pytest.raises(CommandError, match=r"No key of TOKEN_KEYS opens what this database has sealed.*accept_keys"):
        call_command("sync_phones")
    with pytest.raises(CommandError, match="TOKEN_KEYS"):
        SqliteQueue("worker", filename=str(tmp_path / "queue")).create_consumer(workers=1)

    call_command("accept_keys", verbosity=0)
    assert _told() == {}
    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("accept_keys")


@pytest.mark.usefixtures("_empty")
def test_wrong_key_is_told_half_way_too(settings: Settings) -> None:
    call_command("migrate", verbosity=0)
    assert _told() == {}
    MigrationRecorder(connection).record_unapplied("phones", "0023_confirmed_reads")

    assert list(_told()) == ["migrations"]
    settings.DIARY_KEY = "another key of the tests, with which nothing was sealed"
    assert list(_told()) == ["diary_key", "migrations"]


def test_missing_files_are_told(db: None, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "locale/es/LC_MESSAGES").mkdir(parents=True)
    (tmp_path / "locale/es/LC_MESSAGES/django.po").touch()
    settings.LOCALE_PATHS = [tmp_path / "locale"]
    settings.STATIC_ROOT = tmp_path / "static"
    manifest = {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": manifest}

    told = _told()

    assert list(told) == ["static", "translations"]
    assert told["static"].endswith("manage.py collectstatic")
    assert told["translations"].startswith("Translations are not compiled (es).")


def _web(folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Load the web's application as a server does."""
    return subprocess.run(
        [sys.executable, "-c", "import dashboard.wsgi; print('loaded')"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(folder), **KEYS, **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_web_starts_without_tables_and_not_with_another_key(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    unready = _web(folder)
    assert (unready.returncode, unready.stdout) == (0, "loaded\n")
    assert "The tables are not up to date" in unready.stderr

    env = {"PATH": os.environ["PATH"], "DATA_DIR": str(folder), **KEYS}
    migrated = subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=env, capture_output=True, check=False
    )
    assert migrated.returncode == 0, migrated.stderr
    assert _web(folder).returncode == 0

    refused = _web(folder, DIARY_KEY="another key of the tests, with which nothing was sealed")

    assert (refused.returncode, refused.stdout) == (1, "")
    assert "DIARY_KEY is not the key that has sealed the history" in refused.stderr.strip().splitlines()[-1]
    assert "Traceback" not in refused.stderr
