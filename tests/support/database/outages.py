"""Our own database is away."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

IS_POSTGRES = connection.vendor == "postgresql"
UNREACHABLE = {"HOST": "127.0.0.1", "PORT": "1"} if IS_POSTGRES else {"NAME": "/nowhere/at/all.sqlite3"}


@contextmanager
def database_away() -> Iterator[None]:
    """Let every new connection to the database fail."""
    connection.close()
    kept = {name: connection.settings_dict[name] for name in UNREACHABLE}
    connection.settings_dict.update(UNREACHABLE)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(kept)
