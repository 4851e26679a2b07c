"""One sync in a process of its own, the product's or a script's; prints time, memory and counts as JSON.

Run as `python -m bench.once.sync MODE [PAGES]` with `DJANGO_SETTINGS_MODULE=bench.lab.settings`. Modes: `empty` deletes
the phones that no change refers to; `sync` syncs; `fetch` reads all pages and stores nothing; `script` is a plain loop:
one page after the other, each written by the ORM, PAGES of them.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Mapping
from typing import Any

import django
import requests

from bench.lab.prepare import TOKEN

COLUMNS = ("number", "telephony_provider", "status", "nickname", "inbound_agent_id", "outbound_agent_id")
SYNCED = (*COLUMNS, "region_codes", "shown", "digits", "search_text", "fetched_at")


def main() -> None:
    """Run the mode of the command line."""
    django.setup()
    from phones.models import Project

    mode, pages = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else sys.maxsize
    project = Project.objects.get()
    started_at, cpu_at = time.perf_counter(), time.process_time()
    found: Mapping[str, Any] = MODES[mode](project, pages)
    figures: dict[str, Any] = {
        "seconds": time.perf_counter() - started_at,
        "cpu_seconds": time.process_time() - cpu_at,
        "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    sys.stdout.write(json.dumps({**figures, **found}))


def _empty(_project: Any, _pages: int) -> Mapping[str, Any]:
    from django.db import connection

    from phones.models import Change, Phone

    doomed = Phone.objects.exclude(pk__in=Change.objects.values("phone"))
    count = doomed._raw_delete(doomed.db)
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM phones_search WHERE rowid IN"
                " (SELECT key FROM phones_searchkey WHERE phone_id NOT IN (SELECT id FROM phones_phone))"
            )
            cursor.execute("DELETE FROM phones_searchkey WHERE phone_id NOT IN (SELECT id FROM phones_phone)")
    return {"phones": count}


def _sync(project: Any, _pages: int) -> Mapping[str, Any]:
    from django.utils import timezone

    from phones.services.sync import passes

    run = passes.sync_project(project=project, clock=timezone.now)
    if not run.is_complete:
        raise SystemExit(f"The sync stopped: {run.cause}")
    return {"phones": run.phone_count, "written": run.written_count}


def _fetch(project: Any, _pages: int) -> Mapping[str, Any]:
    from django.conf import settings

    from phones.services.projects.clients import client_for

    walk = client_for(project).walk_phones(walkers=settings.SYNC_WALKERS)
    count = sum(len(page.data) for page in walk)
    return {"phones": count, "requests": walk.request_count}


def _script(project: Any, pages: int) -> Mapping[str, Any]:
    from django.utils import timezone

    from phones.models import Phone
    from phones.services.phone_numbers import digits_of, folded, shown_number

    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {TOKEN}"
    after: dict[str, str] = {}
    count = 0
    for _ in range(pages):
        answer = session.get(f"{os.environ['DIGA_API_URL']}/v1/phone/", params={"limit": "100", **after}, timeout=60)
        page = answer.json()
        rows = [
            Phone(
                id=row["id"],
                project=project,
                region_codes=row["region_codes"],
                shown=shown_number(row["number"]),
                digits=digits_of(row["number"]),
                search_text=folded(f"{row['number']} {row['nickname'] or ''} "),
                fetched_at=timezone.now(),
                **{name: row[name] for name in COLUMNS},
            )
            for row in page["data"]
        ]
        Phone.objects.bulk_create(rows, update_conflicts=True, unique_fields=["id"], update_fields=SYNCED)
        count += len(rows)
        if not page["has_more"]:
            break
        after = {"after": page["last_id"]}
    return {"phones": count}


MODES = {"empty": _empty, "sync": _sync, "fetch": _fetch, "script": _script}

if __name__ == "__main__":
    main()
