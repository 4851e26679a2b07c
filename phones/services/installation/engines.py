"""The database as one file, and back: SQLite by its backup interface, PostgreSQL by its own programs."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.backends.postgresql.client import DatabaseClient

Query = Callable[[str], list[tuple[Any, ...]]]


class ProgramMissing(Exception):
    """A program of PostgreSQL is not on this machine; the text is its name."""


class ProgramFailed(Exception):
    """A program, or SQLite itself, has refused; the text is what it said last."""


@contextmanager
def dumped(path: Path) -> Iterator[Query]:
    """Write the database to a file while others go on writing; query what it holds, as of the same moment."""
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        with closing(sqlite3.connect(path)) as copy:
            connection.connection.backup(copy)
            # Else it would be read by two files more.
            copy.execute("PRAGMA journal_mode=DELETE")
            yield partial(_fetched, copy)
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        [(snapshot,)] = _fetched(cursor, "SELECT pg_export_snapshot()")
        with path.open("wb") as file:
            what = ("--no-owner", "--no-privileges", "--no-comments", f"--snapshot={snapshot}")
            _run("pg_dump", *what, stdout=file)
        yield partial(_fetched, cursor)


def _fetched(place: Any, sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query, from a cursor of Django or a connection of SQLite."""
    return list(place.execute(sql).fetchall())


def load(path: Path, after: str) -> None:
    """Let a file that `dumped` wrote be the database, with the statements `after`; all of it, or nothing.

    :raises ProgramFailed: the database is as it was.
    """
    if connection.vendor == "sqlite":
        _load_sqlite(path, after)
    else:
        _load_postgres(path, after)
    connection.close()


def _load_sqlite(path: Path, after: str) -> None:
    connection.ensure_connection()
    try:
        with closing(sqlite3.connect(path)) as copy:
            [(said,)] = copy.execute("PRAGMA quick_check(1)").fetchall()
            if said != "ok":
                raise ProgramFailed(said)
            copy.executescript(after)
            copy.backup(connection.connection)
    except sqlite3.DatabaseError as error:
        raise ProgramFailed(str(error)) from None


def _load_postgres(path: Path, after: str) -> None:
    script = path.with_name("script.sql")
    with script.open("wb") as whole, path.open("rb") as dump:
        whole.write(EMPTY.encode())
        shutil.copyfileobj(dump, whole)
        # The dump has set an empty search path.
        whole.write(f"\nSET search_path TO public;\n{after}\n".encode())
    with script.open("rb") as file:
        _run("psql", "--quiet", "--no-psqlrc", "--single-transaction", "--set=ON_ERROR_STOP=1", stdin=file)


# Tables and functions go, with what hangs on them; extensions and the rights on the schema stay.
EMPTY = """
SET client_min_messages TO warning;
DO $$ DECLARE found record; BEGIN
  FOR found IN SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE 'DROP TABLE IF EXISTS ' || found.name || ' CASCADE';
  END LOOP;
  FOR found IN SELECT p.oid::regprocedure AS name FROM pg_proc p WHERE pronamespace = 'public'::regnamespace
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') LOOP
    EXECUTE 'DROP FUNCTION IF EXISTS ' || found.name || ' CASCADE';
  END LOOP;
END $$;
"""


def _run(program: str, *options: str, stdin: Any = subprocess.DEVNULL, stdout: Any = subprocess.DEVNULL) -> None:
    """Run a program of PostgreSQL on our database. The password is in its environment, not among its arguments.

    :raises ProgramMissing: it is not installed.
    :raises ProgramFailed: it failed.
    """
    path = shutil.which(program)
    if path is None:
        raise ProgramMissing(program)
    (_name, *arguments), more = DatabaseClient.settings_to_cmd_args_env(connection.settings_dict, list(options))
    done = subprocess.run(  # noqa: S603 - our own arguments.
        [path, *arguments],
        env=os.environ | (more or {}),
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise ProgramFailed(f"{program}: {(done.stderr.strip().splitlines() or ['it failed'])[-1]}")
