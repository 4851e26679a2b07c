"""A database without a table in the place of the one that tests use, for tests that migrate."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from django.db import connection

from tests.support.database.outages import IS_POSTGRES


@contextmanager
def empty_database(folder: Path) -> Iterator[None]:
    """Put a database without a table in the place of the one that tests use; SQLite's is in the folder."""
    parts = connection.settings_dict
    kept = parts["NAME"]
    name = f"{kept}_migrated" if IS_POSTGRES else str(folder / "desk.sqlite3")
    connection.close()
    if IS_POSTGRES:
        admin = psycopg.connect(host=parts["HOST"], port=parts["PORT"], user=parts["USER"], autocommit=True)
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    parts["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        parts["NAME"] = kept
        if IS_POSTGRES:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
            admin.close()
