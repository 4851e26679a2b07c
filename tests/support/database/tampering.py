"""What the product never does to the diary: another past for tests, and what somebody with the password could do."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from phones.models import Act, Change, ChangeSeal, NamedAgent
from phones.models.audit import append_only


def alter(rows: QuerySet[Any], **values: Any) -> None:
    """Update rows with the diary's triggers away."""
    append_only.remove_triggers()
    rows.update(**values)
    append_only.install_triggers()


def forget(changes: QuerySet[Change]) -> None:
    """Delete changes, and all that hangs on them, with the diary's triggers away."""
    append_only.remove_triggers()
    ids = list(changes.values_list("pk", flat=True))
    for hanging in (ChangeSeal, NamedAgent):
        hanging.objects.filter(change__in=ids).delete()
    changes.filter(pk__in=ids).delete()
    append_only.install_triggers()


def forget_chain() -> None:
    """Delete all acts and seals, with the diary's triggers away."""
    append_only.remove_triggers()
    ChangeSeal.objects.all().delete()
    Act.objects.all().delete()
    append_only.install_triggers()


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
