"""The state of a pace in a row of PostgreSQL, for all machines while Redis is down.

Callers may be in a transaction that is rolled back, and threads that call Diga have no connection. So the rows are
written by one more connection of this process, in transactions of three statements each.
"""

import os
import threading
from typing import Any

from django.db import DatabaseError, InterfaceError, connection
from django.db.backends.base.base import BaseDatabaseWrapper

from phones.diga.pace import Change, StoreUnusable, decoded_state, encoded_state
from phones.models import PaceState

TABLE = PaceState._meta.db_table
# A commit need not reach the disk; nobody waits for long for a machine that hangs while it holds the row.
BEGIN = "BEGIN; SET LOCAL synchronous_commit = off; SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = '2s'"
INSERT = f"INSERT INTO {TABLE} (name, state) VALUES (%s, '') ON CONFLICT DO NOTHING"  # noqa: S608 - our name.
SELECT = f"SELECT state FROM {TABLE} WHERE name = %s FOR UPDATE"  # noqa: S608 - our name.
UPDATE = f"UPDATE {TABLE} SET state = %s WHERE name = %s"  # noqa: S608 - our name.

_lock = threading.Lock()
_own: tuple[int, BaseDatabaseWrapper] | None = None
# Those opened before a fork are the parent's, and must be neither used nor closed.
_inherited: list[BaseDatabaseWrapper] = []


class PaceRow:
    """The state in the row of a name. The row's lock (`FOR UPDATE`) puts the processes of all machines in turn."""

    def __init__(self, name: str) -> None:
        self._name = name

    def update(self, change: Change) -> float:
        """See `phones.diga.pace.Store`."""
        with _lock:
            try:
                with _connection().cursor() as cursor:
                    cursor.execute(BEGIN)
                    state, answer = change(decoded_state(self._text(cursor)))
                    cursor.execute(UPDATE, [encoded_state(state), self._name])
                    cursor.execute("COMMIT")
            except (DatabaseError, InterfaceError) as error:
                _close()
                raise StoreUnusable(f"The pace in the database is unusable: {type(error).__name__}") from error
        return answer

    def _text(self, cursor: Any) -> str:
        """Return the text of the row, which is then locked; "" from a new one."""
        cursor.execute(SELECT, [self._name])
        row = cursor.fetchone()
        if row is None:
            cursor.execute(INSERT, [self._name])
            cursor.execute(SELECT, [self._name])
            row = cursor.fetchone()
        return str(row[0])


def close() -> None:
    """Close this process's connection, if it has one."""
    with _lock:
        _close()


def _connection() -> BaseDatabaseWrapper:
    """Return this process's connection, in autocommit mode, for all of its threads."""
    global _own
    if _own and _own[0] != os.getpid():
        _inherited.append(_own[1])
        _own = None
    if _own is None:
        made = connection.copy()
        made.inc_thread_sharing()
        _own = os.getpid(), made
    return _own[1]


def _close() -> None:
    """Close the connection: the database ends its transaction."""
    global _own
    if _own and _own[0] == os.getpid():
        _own[1].close()
        _own = None
