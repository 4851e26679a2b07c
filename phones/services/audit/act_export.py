"""Acts as CSV: one row an act, stable column codes, times with their offset."""

import json
from collections.abc import Iterator

from django.db.models import QuerySet

from phones.models import Act
from phones.services.clock import local_iso
from phones.services.tables.cell_guard import guarded
from phones.services.tables.csv_writer import csv_stream

CHUNK = 2000
COLUMNS = (
    "act_id",
    "at",
    "kind",
    "person",
    "username",
    "to_person",
    "to_username",
    "details",
    "address",
    "is_of_the_site",
)


def act_lines(acts: QuerySet[Act]) -> Iterator[str]:
    """Yield the acts as lines of CSV with a header, in batches; memory does not grow with their number."""
    yield from csv_stream(COLUMNS, (_cells(act) for act in acts.iterator(chunk_size=CHUNK)))


def _cells(act: Act) -> list[str]:
    values = (
        act.pk,
        local_iso(act.at),
        act.kind,
        act.actor_name,
        act.actor_username,
        act.subject_name,
        act.subject_username,
        json.dumps(act.details, ensure_ascii=False, sort_keys=True),
        act.address,
        "" if act.project_id else "yes",
    )
    return [guarded(str(value)) for value in values]
