"""System checks: before the site starts, and of the tables by `manage.py check --database default`."""

import os
import sqlite3
import stat
from collections.abc import Sequence
from typing import Any

import django
import requests
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 - Django's name for it.
from django.db import DatabaseError, connection

from phones.models import NoKey, Project

# Earlier versions have known vulnerabilities: CVE-2025-64459 in Django, CVE-2024-47081 in requests.
SAFE_DJANGO = (5, 2, 8)
SAFE_REQUESTS = (2, 32, 4)


def check_versions(**kwargs: Any) -> list[CheckMessage]:
    """Refuse library versions with known vulnerabilities."""
    found: list[CheckMessage] = []
    if django.VERSION[:3] < SAFE_DJANGO:
        found.append(Error("Django is older than 5.2.8.", hint="Run make setup.", id="phones.E001"))
    if tuple(int(part) for part in requests.__version__.split(".")[:3]) < SAFE_REQUESTS:
        found.append(Error("requests is older than 2.32.4.", hint="Run make setup.", id="phones.E002"))
    return found


def check_data_dir(**kwargs: Any) -> list[CheckMessage]:
    """Require that the folder of the secrets and the database is writable, and closed to other users."""
    folder = settings.DATA_DIR
    if not os.access(folder, os.W_OK | os.X_OK):
        hint = "Give it to the user that runs Phone Desk."
        return [Error(f"DATA_DIR ({folder}) can’t be written to.", hint=hint, id="phones.E003")]
    if folder.stat().st_mode & (stat.S_IROTH | stat.S_IXOTH):
        hint = f"chmod 700 {folder}"
        return [Warning(f"Everybody on this machine can read DATA_DIR ({folder}).", hint=hint, id="phones.W001")]
    return []


def check_trigrams(**kwargs: Any) -> list[CheckMessage]:
    """Require SQLite's FTS5 with the trigram tokenizer, which the search uses and some builds lack."""
    if connection.vendor != "sqlite":
        return []
    memory = sqlite3.connect(":memory:")
    try:
        memory.execute("CREATE VIRTUAL TABLE search USING fts5(text, tokenize = 'trigram')")
    except sqlite3.OperationalError as error:
        hint = "Use a Python with SQLite 3.34 or newer built with FTS5, or PostgreSQL by DATABASE_URL."
        return [Error(f"SQLite {sqlite3.sqlite_version} can’t index trigrams: {error}.", hint=hint, id="phones.E004")]
    finally:
        memory.close()
    return []


def check_stored_keys(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Name the projects whose API key TOKEN_KEYS can't decrypt."""
    if not databases:
        return []
    try:
        projects = list(
            Project.objects.exclude(sealed_token="").only("name", "slug", "sealed_token").order_by("name", "id")
        )
    except DatabaseError:
        # Before the first migration there is no table.
        return []
    return [
        Warning(
            f"No key of TOKEN_KEYS opens the API key of {project.name}.",
            hint=f"Put the old key back into TOKEN_KEYS, or enter the API key again: connect_project {project.slug}",
            id="phones.W002",
        )
        for project in projects
        if not _opens(project)
    ]


def register_all() -> None:
    """Register the checks for `manage.py check` and every start."""
    register(check_versions, Tags.security)
    register(check_data_dir, Tags.files)
    register(check_trigrams, Tags.compatibility)
    register(check_stored_keys, Tags.database)


def _opens(project: Project) -> bool:
    try:
        project.open_token()
    except NoKey:
        return False
    return True
