"""Two webs and two workers on machines of their own: no folder is shared, and one clock is five minutes ahead."""

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import requests
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone

from bench.rig.crashing import ROOT, database_url, own_redis_url, wait_until
from bench.rig.plans import make_plan, phones_of, start
from phones.diga.sandbox import Sandbox
from phones.models import Instance, Plan, Project, SyncRun
from phones.services.plans import lifecycle
from phones.services.routing.edits import PhoneEdit
from tests.support.machine.cabling import needs_redis
from tests.support.machine.serving import gunicorn
from tests.support.sign_in.sessions import let_in

# Loaded by every Python before anything else: what this process takes for now is so much later.
AHEAD = """
import datetime, time_machine
time_machine.travel(datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=5)).start()
"""
ROWS = 24


class Machines:
    """Machines with a folder each. They have the database and Redis in common, and their settings."""

    def __init__(self, folder: Path, diga_url: str, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        (folder / "ahead").mkdir()
        (folder / "ahead/sitecustomize.py").write_text(AHEAD)
        self._shared = {
            "SITE_URL": "http://127.0.0.1:8000",
            "DATABASE_URL": database_url(),
            "REDIS_URL": own_redis_url(),
            "DIGA_API_URL": diga_url,
            "DIGA_REQUESTS_PER_SECOND": "1000",
            "TOKEN_KEYS": ",".join(settings.TOKEN_KEYS),
            "DIARY_KEY": settings.DIARY_KEY,
            "SECRET_KEY": settings.SECRET_KEY,
            # Pages without collected static files.
            "DEBUG": "true",
        }
        self.folders: list[Path] = []

    def _new(self, name: str, *, is_ahead: bool) -> tuple[Path, dict[str, str]]:
        folder = self._folder / name
        folder.mkdir(mode=0o700)
        self.folders.append(folder)
        return folder, self._shared | ({"PYTHONPATH": str(self._folder / "ahead")} if is_ahead else {})

    def web(self, name: str, *, is_ahead: bool = False) -> str:
        """Start a web, and return its address."""
        folder, env = self._new(name, is_ahead=is_ahead)
        return self._stack.enter_context(gunicorn(folder, None, cwd=ROOT, **env))

    def worker(self, name: str, *, is_ahead: bool = False) -> None:
        """Start a worker."""
        folder, env = self._new(name, is_ahead=is_ahead)
        with (folder / "said").open("wb") as said:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "run_huey"],
                cwd=ROOT,
                env={**env, "PATH": os.environ["PATH"], "DATA_DIR": str(folder)},
                stderr=said,
            )
        self._stack.callback(process.wait, timeout=60)
        self._stack.callback(process.terminate)


@pytest.fixture
def machines(transactional_db: None, diga_url: str, tmp_path: Path) -> Iterator[Machines]:
    """Start nothing yet; end what was started."""
    if connection.vendor != "postgresql":
        pytest.skip("Several machines need PostgreSQL; this run has SQLite.")
    with ExitStack() as stack:
        yield Machines(tmp_path, diga_url, stack)


def signed_in(person: User) -> requests.Session:
    """Return a browser of a person who has signed in at some machine."""
    session = requests.Session()
    session.trust_env = False
    name = settings.SESSION_COOKIE_NAME
    session.cookies.set(name, let_in(Client(), person).cookies[name].value, domain="127.0.0.1")
    return session


def post(session: requests.Session, page: str, action: str) -> requests.Response:
    """Send a form that a page has shown, to another machine maybe."""
    shown = session.get(page, timeout=30)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', shown.text)
    assert token, shown.text[:500]
    return session.post(action, {"csrfmiddlewaretoken": token[1]}, timeout=30, allow_redirects=False)


@needs_redis
def test_two_webs_and_two_workers_share_no_folder(
    machines: Machines, aurora: Project, lead: User, sandbox: Sandbox
) -> None:
    webs = [machines.web("web-1"), machines.web("web-2", is_ahead=True)]
    machines.worker("worker-1")
    machines.worker("worker-2", is_ahead=True)
    wait_until(lambda: Instance.objects.count() == 2, "The second worker")
    # As the first worker does at the next full minute: see `test_running_worker_admits_a_further_machine`.
    Instance.objects.filter(admitted_at=None).update(admitted_at=timezone.now())
    sandbox.switches.latency_ms = 100

    # Their settings are the same, and their clocks are no fault.
    told = [requests.get(f"{web}/health/ready", timeout=30).json() for web in webs]
    assert {name for each in told for name, found in each.items() if found != "ok"} == {"status", "version"}
    # A sign-in at one counts at the other, whatever their clocks say.
    browser = signed_in(lead)
    pages = [browser.get(f"{web}/projects/aurora/", timeout=30, allow_redirects=False) for web in webs]
    assert [page.status_code for page in pages] == [200, 200]
    # A form of one is taken by the other, and a worker does what it asks for.
    started = post(browser, f"{webs[0]}/projects/aurora/", f"{webs[1]}/projects/aurora/sync/")
    assert started.status_code == 302
    run = SyncRun.objects.filter(project=aurora).latest("pk")
    wait_until(lambda: SyncRun.objects.get(pk=run.pk).is_complete, "The sync")
    # A plan is worked at once a row, and its end is seen everywhere.
    phones = phones_of(aurora, ROWS)
    plan = start(make_plan(lead, phones, lambda place: PhoneEdit(nickname=f"Row {place}")), lead)
    lifecycle.pause_plan(plan=plan, by=lead, clock=timezone.now)
    page = f"/projects/aurora/plans/{plan.pk}/"
    assert post(browser, webs[0] + page, f"{webs[1]}{page}resume/").status_code == 302
    wait_until(lambda: Plan.objects.get(pk=plan.pk).is_over, "The plan")
    patched = Counter(UUID(each.path.rpartition("/")[2]) for each in sandbox.journal if each.method == "PATCH")
    assert patched == Counter(phone.pk for phone in phones)
    assert dict.fromkeys(plan.items.values_list("state", flat=True)) == {"DONE": None}
    for web in webs:
        shown = browser.get(web + page, timeout=30).text
        assert f"{ROWS}" in shown
        assert "No worker has been seen" not in shown
    # By the clock of the database, whichever worker wrote it.
    assert Plan.objects.filter(pk=plan.pk, finished_at__lt=timezone.now() + timedelta(seconds=1)).exists()

    # Nothing of the work was in a folder: what is there is each machine's own.
    kept = {folder.name: {path.name for path in folder.iterdir()} for folder in machines.folders}
    assert {name for names in kept.values() for name in names} <= {"instance", "diary-heads", "said", "metrics"}
    assert not any(
        "Traceback" in (folder / "said").read_text() for folder in machines.folders if "worker" in folder.name
    )
