"""Verifies an audit log of many changes, and reads the same rows without verifying, in one process.

Run as `python -m bench.once.verify COUNT`, with `DJANGO_SETTINGS_MODULE=bench.lab.settings`. Prints seconds and memory.
"""

import json
import resource
import sys
import time
from collections import deque
from typing import Any

import django

BATCH = 5000
CHUNK = 2000


def main(count: int) -> None:
    """Fill the first project's audit log up to so many changes, then time both."""
    django.setup()
    from phones.models import Project
    from phones.services.audit.chain.verification import verify_log

    project = Project.objects.order_by("slug")[0]
    _fill(project, count)
    reading = min(_seconds_of(lambda: _read(project)) for _ in range(2))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started_at = time.perf_counter()
    verdict = verify_log(project=project)
    seconds = time.perf_counter() - started_at
    if verdict.faults or verdict.change_count < count:
        raise SystemExit(f"{verdict.change_count} changes, {verdict.faults[:3]}")
    found = {
        "seconds": seconds,
        "reading": reading,
        "changes": verdict.change_count,
        "seals": verdict.seal_count,
        "megabytes": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
    }
    sys.stdout.write(json.dumps(found))


def _seconds_of(act: Any) -> float:
    started_at = time.perf_counter()
    act()
    return time.perf_counter() - started_at


def _read(project: Any) -> None:
    from phones.models import Change, ChangeSeal
    from phones.services.audit.chain.hashing import EVERY_FIELD

    changes = Change.objects.filter(project=project).order_by("pk").values_list(*EVERY_FIELD)
    seals = ChangeSeal.objects.filter(chain=project.pk).order_by("number").values_list()
    for rows in (changes, seals):
        deque(rows.iterator(chunk_size=CHUNK), maxlen=0)


def _fill(project: Any, count: int) -> None:
    """Write entries as saves do: begun and settled, with both lanes."""
    from django.db import transaction
    from django.utils import timezone

    from phones.models import Change, LaneSnapshot, Outcome, Phone, SealKind, Source
    from phones.services.audit import log

    phone = Phone.objects.filter(project=project).order_by("pk")[0]
    lane = LaneSnapshot(phone.pk, "Alicia, recepción", phone.pk, 5)
    values: dict[str, Any] = {"nickname": "Recepción Málaga", "inbound": lane, "outbound": None}
    for start in range(Change.objects.filter(project=project).count(), count, BATCH):
        now = timezone.now()
        changes = [
            Change(
                project=project,
                phone=phone,
                number=phone.shown,
                source=Source.FORM,
                actor_name="Rita Robles",
                reason="Moved to the evening shift",
                before=values,
                after=values | {"nickname": f"Number {number}"},
                outcome=Outcome.CONFIRMED,
                http_status=200,
                created_at=now,
                settled_at=now,
                duration_ms=120,
            )
            for number in range(start, min(start + BATCH, count))
        ]
        with transaction.atomic():
            Change.objects.bulk_create(changes)
            for kind in (SealKind.BEGUN, SealKind.SETTLED):
                log._seal(project, [(change, kind) for change in changes])


if __name__ == "__main__":
    main(int(sys.argv[1]))
