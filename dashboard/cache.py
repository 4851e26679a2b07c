"""The cache: a table of JSON texts. Django's own stores pickles, and a write access to one means code execution."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.db import DatabaseCache
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
PUT = """
    INSERT INTO "cache" (cache_key, value, expires) VALUES (%s, %s, %s)
    ON CONFLICT (cache_key) DO UPDATE SET value = excluded.value, expires = excluded.expires
"""
DROP = 'DELETE FROM "cache" WHERE cache_key IN (SELECT cache_key FROM "cache" ORDER BY expires LIMIT %s)'
WRITES = {
    "set": PUT,
    "add": f'{PUT} WHERE "cache".expires <= %s',
    "touch": 'UPDATE "cache" SET expires = %s WHERE cache_key = %s AND expires > %s',
}


class JsonCache(DatabaseCache):
    """A cache of JSON values: numbers, texts, True, None, and lists and objects of those.

    Its table is `cache`, created by a migration. A write is one statement.
    """

    def get_many(self, keys: Iterable[str], version: int | None = None) -> dict[str, Any]:
        """Return the values of the keys that exist and have not expired. One query."""
        asked = {self.make_and_validate_key(key, version=version): key for key in keys}
        if not asked:
            return {}
        places = ", ".join(["%s"] * len(asked))
        with connection.cursor() as cursor:
            # The formatted text contains only placeholders.
            cursor.execute(
                f'SELECT cache_key, value FROM "cache" WHERE cache_key IN ({places}) AND expires > %s',  # noqa: S608
                [*asked, _stored(timezone.now())],
            )
            return {asked[key]: json.loads(value) for key, value in cursor.fetchall()}

    def _base_set(self, mode: str, key: str, value: object, timeout: float | None = DEFAULT_TIMEOUT) -> bool:
        """Write one entry, and return whether it was written: `add` keeps an existing entry, `touch` creates none."""
        ends_at = self.get_backend_timeout(timeout)
        expires = _stored(NEVER if ends_at is None else datetime.fromtimestamp(ends_at, tz=UTC))
        now = timezone.now()
        text = json.dumps(value)
        values: dict[str, list[str | datetime | None]] = {
            "set": [key, text, expires],
            "add": [key, text, expires, _stored(now)],
            "touch": [expires, key, _stored(now)],
        }
        with connection.cursor() as cursor:
            if _count(cursor) > self._max_entries:
                cursor.execute('DELETE FROM "cache" WHERE expires <= %s', [_stored(now)])
                # Culling deletes the entries that expire first, so that the table is bounded.
                cursor.execute(DROP, [max(0, _count(cursor) - self._max_entries)])
            cursor.execute(WRITES[mode], values[mode])
            return bool(cursor.rowcount == 1)


def _count(cursor: CursorWrapper) -> int:
    cursor.execute('SELECT count(*) FROM "cache"')
    count: int = cursor.fetchone()[0]
    return count


def _stored(moment: datetime) -> str | datetime | None:
    """Return a time in the form that the database compares."""
    return connection.ops.adapt_datetimefield_value(moment)
