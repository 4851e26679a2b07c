"""SQLite's trigram index of the phones: a table of FTS5, written by whoever writes phones.

Rows of such a table are known by integers. A phone's id is none, and the `rowid` that SQLite gives it may change with a
VACUUM, so `phones_searchkey` keeps an integer a phone; the integers of one project lie between `place << 32` and
`place + 1 << 32`, which lets a search, and the count of its hits, stay inside a project. PostgreSQL has an index of
trigrams on `Phone.search_text` itself (pg_trgm), and none of this.
"""

import uuid
from collections.abc import Sequence

from django.db import connection
from django.db.models import IntegerField
from django.db.models.expressions import RawSQL

# A trigram index knows nothing shorter.
TRIGRAM = 3

_PLACE = "INSERT OR IGNORE INTO phones_searchproject (project_id) VALUES (%s)"
_KEYS = """INSERT INTO phones_searchkey (key, phone_id)
SELECT row_number() OVER () + (
    SELECT max(place << 32, coalesce((SELECT max(key) FROM phones_searchkey WHERE key < place + 1 << 32), 0))
    FROM phones_searchproject WHERE project_id = %s
), id FROM phones_phone
WHERE id IN ({ids}) AND NOT EXISTS (SELECT 1 FROM phones_searchkey WHERE phone_id = phones_phone.id)
"""
# By rising keys, as FTS5 writes what it has gathered before a smaller one.
_TEXTS = """INSERT OR REPLACE INTO phones_search (rowid, search_text)
SELECT key, phones_phone.search_text FROM phones_searchkey
JOIN phones_phone ON phones_phone.id = phone_id LEFT JOIN phones_search AS kept ON kept.rowid = key
WHERE phone_id IN ({ids}) AND kept.search_text IS NOT phones_phone.search_text ORDER BY key
"""
_HITS = """SELECT rowid FROM phones_search WHERE phones_search MATCH %s
AND rowid > (SELECT place << 32 FROM phones_searchproject WHERE project_id = %s)
AND rowid < (SELECT place + 1 << 32 FROM phones_searchproject WHERE project_id = %s)
"""
_COUNT = f"SELECT count(*) FROM ({_HITS} LIMIT %s)"  # noqa: S608 - constants only.
_PHONES = f"SELECT phone_id FROM phones_searchkey WHERE key IN ({_HITS})"  # noqa: S608

# Ways to match a text, each of which is words that all have to be in it.
Terms = Sequence[Sequence[str]]


def index_phones(project_id: str, phone_ids: Sequence[str]) -> None:
    """Write the texts of these phones into the index, in the transaction that wrote the rows. Ids are hexadecimal."""
    if connection.vendor != "sqlite" or not phone_ids:
        return
    marks = ", ".join(["%s"] * len(phone_ids))
    with connection.cursor() as cursor:
        cursor.execute(_PLACE, [project_id])
        cursor.execute(_KEYS.format(ids=marks), [project_id, *phone_ids])
        cursor.execute(_TEXTS.format(ids=marks), phone_ids)


def can_answer(terms: Terms) -> bool:
    """Say whether the index is there, and knows words as short as these."""
    return connection.vendor == "sqlite" and all(len(word) >= TRIGRAM for words in terms for word in words)


def hit_count(project_id: uuid.UUID, terms: Terms, *, limit: int = -1) -> RawSQL:
    """Return how many phones of the project match, counted up to the limit, as a part of a query."""
    return RawSQL(_COUNT, (*_parameters(project_id, terms), limit), output_field=IntegerField())  # noqa: S611


def hits(project_id: uuid.UUID, terms: Terms) -> RawSQL:
    """Return the ids of the phones of the project that match, as a part of a query."""
    return RawSQL(_PHONES, _parameters(project_id, terms), output_field=IntegerField())  # noqa: S611


def _parameters(project_id: uuid.UUID, terms: Terms) -> tuple[str, str, str]:
    ways = (" AND ".join(f'"{word.replace(chr(34), chr(34) * 2)}"' for word in words) for words in terms)
    return " OR ".join(f"({way})" for way in ways), project_id.hex, project_id.hex
