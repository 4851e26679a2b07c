"""Clients of Diga with the key and the pace of a project."""

from functools import cache, lru_cache
from pathlib import Path

import requests
from django.conf import settings
from django.db import connection
from django.views.decorators.debug import sensitive_variables

from phones import diga
from phones.models import Project
from phones.services.projects.pace_rows import PaceRow


@cache
def session() -> requests.Session:
    """Return the session, with one pool of kept connections, of the process."""
    return diga.new_session(proxy_url=settings.DIGA_PROXY_URL)


@lru_cache(maxsize=256)
def pace_of(name: str, per_second: float, folder: Path, redis_url: str | None) -> diga.Pace:
    """Return the pace of a name, one for each in this process: shared by Redis, or by a file of `folder`.

    While Redis is down a row of the database takes its place. SQLite is on one machine, whose processes share the file,
    and a pace in its database would wait for its only writer.
    """
    second = PaceRow(name) if redis_url and connection.vendor == "postgresql" else None
    return diga.make_pace(name, per_second, sqlite_path=folder / "pace.sqlite3", redis_url=redis_url, second=second)


@sensitive_variables("token")
def client_with(token: str, pace_name: str) -> diga.DigaClient:
    """Return a client with a key that no project has yet; clients of the same pace name share their pace."""
    pace = pace_of(pace_name, settings.DIGA_REQUESTS_PER_SECOND, settings.DATA_DIR, settings.REDIS_URL)
    return diga.DigaClient(token, base_url=settings.DIGA_API_URL, session=session(), pace=pace)


def client_for(project: Project) -> diga.DigaClient:
    """Return a client with the project's key and its pace.

    Callers store what its answers say about the key (`note_of_key`) by way of the same `project` instance, which
    knows the key.

    :raises NoKey: the project has no usable key.
    """
    return client_with(project.open_token(), str(project.pk))
