"""Every row of every table, to compare before and after."""

from typing import Any

from django.db import connection

# Sessions come and go by themselves, and the cache counts requests.
UNCOUNTED = {"phones_session", "cache"}


def dump() -> dict[str, list[Any]]:
    """Return every row of every table but sessions and cache."""
    tables = sorted(set(connection.introspection.table_names()) - UNCOUNTED)
    rows = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)} ORDER BY 1")  # noqa: S608 - our names.
            rows[table] = cursor.fetchall()
    return rows
