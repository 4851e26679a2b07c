"""One plan in a process of its own, or a script in place of one; prints figures as JSON.

Run as `python -m bench.once.plan MODE COUNT` with `DJANGO_SETTINGS_MODULE=bench.lab.settings`. Modes: `preview` makes a
plan of COUNT renames; `run` makes one and works at it; `start` makes one and lets it run; `work` works at the newest
one; `first` starts one and waits for a worker of the queue to end its first row; `script` reads and writes the phones
one after the other; `pool` does so with as many threads as a plan has.
"""

import json
import resource
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import django
import requests

from bench.lab.prepare import MEMBER, TOKEN

Figures = Mapping[str, float]


def main() -> None:
    """Do what the command line asks for."""
    django.setup()
    mode, count = sys.argv[1], int(sys.argv[2])
    # Connections, templates and code are loaded before the clock starts.
    work = MODES[mode](count)
    started_at, cpu_at = time.perf_counter(), time.process_time()
    found = work()
    figures = {
        "seconds": time.perf_counter() - started_at,
        "cpu_ms": (time.process_time() - cpu_at) * 1000 / count,
        "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    sys.stdout.write(json.dumps(figures | dict(found)))


def _phone_ids(count: int, *, is_last: bool = False) -> list[uuid.UUID]:
    """Return the first phones, or the last ones, of the half that belongs to this database.

    Two databases share a stand-in, and a plan leaves alone what others have changed.
    """
    from django.db import connection

    from phones.models import Phone

    phones = Phone.objects.filter(status="assigned", missing_since=None).order_by("number")
    ids = list(phones.values_list("pk", flat=True))
    half = ids[: len(ids) // 2] if connection.vendor == "sqlite" else ids[len(ids) // 2 :]
    return half[-count:] if is_last else half[:count]


def _make(count: int) -> Any:
    from django.contrib.auth.models import User
    from django.utils import timezone

    from phones.models import PlanKind, Project
    from phones.services.plans.create import create_plan
    from phones.services.plans.drafts import Draft, PlannedRow, PlanRequest
    from phones.services.routing.edits import PhoneEdit

    word = uuid.uuid4().hex[:6]
    rows = [
        PlannedRow(phone_id, PhoneEdit(nickname=f"Bench {word} {place}"))
        for place, phone_id in enumerate(_phone_ids(count))
    ]
    author = User.objects.get(username=MEMBER)
    request = PlanRequest(Project.objects.get(), author, PlanKind.CHANGE, Draft(rows), "A benchmark")
    return create_plan(request, clock=timezone.now)


def _apply(plan: Any) -> None:
    from django.utils import timezone

    from phones.models import ItemState
    from phones.services.plans import lifecycle
    from phones.services.plans.forecasts.fingerprint import fingerprint_of
    from phones.services.plans.totals import totals_of

    typed = str(totals_of(plan)[ItemState.WAITING])
    lifecycle.apply_plan(plan=plan, by=plan.author, reviewed=fingerprint_of(plan), typed=typed, clock=timezone.now)


def _work(plan: Any) -> None:
    from django.utils import timezone

    from phones.models import Plan
    from phones.services.running import runner

    fresh = Plan.objects.select_related("project").get(pk=plan.pk)
    runner.run_plan(plan=fresh, clock=timezone.now, may_run=lambda _plan: True)


def _preview(count: int) -> Callable[[], Figures]:
    def work() -> Figures:
        _make(count)
        return {}

    return work


def _run(count: int) -> Callable[[], Figures]:
    plan = _make(count)
    _apply(plan)

    def work() -> Figures:
        _work(plan)
        return {"done": plan.items.filter(state="DONE").count()}

    return work


def _start(count: int) -> Callable[[], Figures]:
    def work() -> Figures:
        _apply(_make(count))
        return {}

    return work


def _work_at_newest(_count: int) -> Callable[[], Figures]:
    from phones.models import Plan

    plan = Plan.objects.latest("pk")

    def work() -> Figures:
        _work(plan)
        plan.refresh_from_db()
        ran = (plan.finished_at - plan.started_at).total_seconds() if plan.finished_at and plan.started_at else 0.0
        return {"done": plan.items.filter(state="DONE").count(), "ran": ran}

    return work


def _first(count: int) -> Callable[[], Figures]:
    from phones import tasks
    from phones.models import OPEN_ITEMS

    plan = _make(count)

    def work() -> Figures:
        _apply(plan)
        started_at = time.perf_counter()
        tasks.run_plan(plan.pk)
        while not plan.items.exclude(state__in=OPEN_ITEMS).exists():
            time.sleep(0.01)
        return {"first": time.perf_counter() - started_at}

    return work


def _script(count: int) -> Callable[[], Figures]:
    # Other phones than the plans', which would find theirs changed meanwhile.
    session, ids = _session(), _phone_ids(count, is_last=True)

    def work() -> Figures:
        for phone_id in ids:
            _read_and_write(session, phone_id)
        return {}

    return work


def _pool(count: int) -> Callable[[], Figures]:
    from django.conf import settings

    # Other phones than the plans', which would find theirs changed meanwhile.
    session, ids = _session(), _phone_ids(count, is_last=True)

    def work() -> Figures:
        with ThreadPoolExecutor(settings.PLAN_CONCURRENCY) as pool:
            list(pool.map(lambda phone_id: _read_and_write(session, phone_id), ids))
        return {}

    return work


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=64))
    session.headers["Authorization"] = f"Bearer {TOKEN}"
    return session


def _read_and_write(session: requests.Session, phone_id: uuid.UUID) -> None:
    from django.conf import settings

    address = f"{settings.DIGA_API_URL}/v1/phone/{phone_id}"
    session.get(address, timeout=60).raise_for_status()
    session.patch(address, json={"nickname": uuid.uuid4().hex}, timeout=60).raise_for_status()


MODES: dict[str, Callable[[int], Callable[[], Figures]]] = {
    "preview": _preview,
    "run": _run,
    "start": _start,
    "work": _work_at_newest,
    "first": _first,
    "script": _script,
    "pool": _pool,
}

if __name__ == "__main__":
    main()
