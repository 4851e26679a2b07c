"""Acts as CSV: one row an act, stable column codes, times with their offset."""

import json
from collections.abc import Iterator
from typing import Any

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
    """Yield acts of `matching_acts` as lines of CSV with a header, in batches; memory does not grow with their number.

    Who is not of the project has no name in them, and no address.
    """
    yield from csv_stream(COLUMNS, (_cells(act) for act in acts.iterator(chunk_size=CHUNK)))


def _cells(act: Any) -> list[str]:
    actor = ("", "", "") if act.hides_actor else (act.actor_name, act.actor_username, act.address)
    subject = ("", "") if act.hides_subject else (act.subject_name, act.subject_username)
    values = (
        act.pk,
        local_iso(act.at),
        act.kind,
        *actor[:2],
        *subject,
        json.dumps(act.details, ensure_ascii=False, sort_keys=True),
        actor[2],
        "" if act.project_id else "yes",
    )
    return [guarded(str(value)) for value in values]
