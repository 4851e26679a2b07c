"""What somebody with the database's password could do to the diary, past its triggers and constraints."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from phones.models import append_only


@contextmanager
def unguarded() -> Iterator[None]:
    """Let everything be done to the tables: no trigger, no foreign key. Both are back afterwards."""
    is_sqlite = connection.vendor == "sqlite"
    if is_sqlite:
        append_only.remove_triggers()
    run_sql("PRAGMA foreign_keys = OFF" if is_sqlite else "SET session_replication_role = replica")
    try:
        yield
    finally:
        run_sql("PRAGMA foreign_keys = ON" if is_sqlite else "SET session_replication_role = origin")
        if is_sqlite:
            append_only.install_triggers()


def run_sql(statement: str, *values: str | int | None) -> int:
    """Run a statement, and return how many rows it met."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


def tamper(statement: str, *values: str | int | None) -> None:
    """Run a statement past every guard; it must do something."""
    with unguarded():
        assert run_sql(statement, *values) > 0
