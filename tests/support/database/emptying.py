"""Empty the tables after a test that commits, much quicker than Django’s flush: only those with rows, row by row.

Flush truncates every table, which on PostgreSQL makes the files under it anew, and sends `post_migrate`, which asks
for every permission and puts every trigger back.
"""

from functools import cache

from django.db import connection, transaction

from phones.models import SITE_CHAIN
from phones.models.audit import append_only
from phones.services.audit.chain.heads import head_path
from tests.support.database.tampering import unguarded

# What `migrate` filled; no test changes it.
KEPT = {"django_content_type", "auth_permission"}
# SQLite's index of the phones, which no model knows.
SEARCH = {"phones_search", "phones_searchkey", "phones_searchproject"}
GUARDED = set(append_only.TABLES)


def empty_tables() -> None:
    """Delete every row but those of `migrate`, and put the diary's triggers back if the test took one away.

    The site's chain begins anew, too: other than those of projects, it has the same file in each test.
    """
    head_path(SITE_CHAIN).unlink(missing_ok=True)
    full = filled_tables()
    if connection.vendor == "sqlite" and not GUARDED.intersection(full):
        _delete_from(full)
    else:
        with unguarded():
            _delete_from(full)
    if append_only.missing_triggers() or append_only.altered_triggers():
        append_only.remove_triggers()
        append_only.install_triggers()


def filled_tables() -> list[str]:
    """Return the names of the tables with rows that a test wrote."""
    with connection.cursor() as cursor:
        cursor.execute(_question())
        return [name for (name,) in cursor.fetchall()]


@cache
def _question() -> str:
    """Return the query for the tables with rows: one for all of them."""
    names = set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - KEPT
    if connection.vendor == "sqlite":
        names |= SEARCH
    quote = connection.ops.quote_name
    return " UNION ALL ".join(
        f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {quote(name)})"  # noqa: S608 - our names.
        for name in sorted(names)
    )


def _delete_from(tables: list[str]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for name in tables:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(name)}")  # noqa: S608 - our names.
