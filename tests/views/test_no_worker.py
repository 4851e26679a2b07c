"""Pages that wait for a worker say so when none runs, since when, and go on without a swap that tells nothing."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from huey.contrib.djhuey import HUEY

from bench.rig.plans import make_plan, phones_of
from phones.diga.sandbox import Fault, Sandbox
from phones.models import Change, Phone, Plan, PlanState, Project
from phones.services import heartbeat
from phones.services.sync import passes
from phones.views.plans.query import plan_url
from tests.support.desk.planned import renames
from tests.support.desk.saving import forget_waiting
from tests.support.pages.pages import FOR_DRAWER, open_phone, read, words

YESTERDAY = timedelta(days=1)
SAID = {
    "en": "No worker has been seen since {time}: nothing runs in the background.",
    "es": "No se ha visto ningún proceso desde {time}: nada se ejecuta en segundo plano.",
}
NEVER = {
    "en": "No worker has been seen yet: nothing runs in the background.",
    "es": "Todavía no se ha visto ningún proceso: nada se ejecuta en segundo plano.",
}


@pytest.fixture
def client(client_of: Callable[[User], Client], lead: User, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A lead's browser, while work in the background is for a worker and not for whoever asks for it."""
    client = client_of(lead)
    monkeypatch.setattr(HUEY, "_immediate", False)
    return client


def see_worker(ago: timedelta) -> datetime:
    moment = timezone.now() - ago
    cache.set(heartbeat.KEY, moment.isoformat(), timeout=None)
    return timezone.localtime(moment)


def running_plan(aurora: Project, lead: User) -> Plan:
    plan = make_plan(lead, phones_of(aurora, 3), renames("Línea"))
    now = timezone.now()
    Plan.objects.filter(pk=plan.pk).update(state=PlanState.RUNNING, started_at=now, resumed_at=now)
    return Plan.objects.get(pk=plan.pk)


@pytest.fixture(params=["overview", "plan", "sync"])
def address(request: pytest.FixtureRequest, aurora: Project, lead: User) -> str:
    """The address of a page that waits for a worker."""
    if request.param == "plan":
        return plan_url("plan_detail", running_plan(aurora, lead), "aurora")
    if request.param == "sync":
        return f"/projects/aurora/sync/{passes.claim_sync(project=aurora, now=timezone.now()).pk}/"
    return "/projects/aurora/"


@pytest.mark.parametrize("language", ["en", "es"])
def test_page_says_since_when_no_worker_was_seen(client: Client, address: str, language: str) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    never = words(read(client.get(address)))
    day_ago = see_worker(YESTERDAY)
    old = words(read(client.get(address)))
    see_worker(timedelta(seconds=90))
    fresh = words(read(client.get(address)))

    assert NEVER[language] in never
    assert SAID[language].format(time=f"{day_ago:%Y-%m-%d %H:%M:%S %Z}") in old
    assert NEVER[language][-30:] not in fresh


def test_time_of_today_is_told_without_its_day(
    client_of: Callable[[User], Client], lead: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    noon = timezone.localtime().replace(hour=12, minute=5)
    monkeypatch.setattr(heartbeat, "database_now", lambda clock: noon)
    monkeypatch.setattr(HUEY, "_immediate", False)

    with time_machine.travel(noon, tick=False):
        see_worker(timedelta(minutes=3))
        page = words(read(client_of(lead).get("/projects/aurora/")))

    assert SAID["en"].format(time="12:02") in page


def test_save_that_waits_for_a_worker_says_that_there_is_none(
    client: Client, sandbox: Sandbox, sales_phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_waiting(monkeypatch)
    sandbox.faults.add(Fault("status", status=504, method="PATCH", when="late"))
    open_phone(client, sales_phone).send(nickname="Mostrador", headers=FOR_DRAWER)
    change = Change.objects.get()
    url = f"/projects/aurora/changes/{change.pk}/outcome/?seen={change.outcome}"
    headers = {"HX-Request": "true", "HX-Target": f"result-{change.pk}"}

    see_worker(timedelta(0))
    waiting = client.get(url, headers=headers)
    since = see_worker(YESTERDAY)
    alone = client.get(url, headers=headers)

    assert waiting.status_code == 204
    assert alone.status_code == 200
    assert SAID["en"].format(time=f"{since:%Y-%m-%d %H:%M:%S %Z}") in words(read(alone))


def test_plan_that_is_over_waits_for_nobody(client: Client, aurora: Project, lead: User) -> None:
    plan = running_plan(aurora, lead)
    Plan.objects.filter(pk=plan.pk).update(state=PlanState.STOPPED, finished_at=timezone.now())
    see_worker(YESTERDAY)

    assert "No worker" not in words(read(client.get(plan_url("plan_detail", plan, "aurora"))))
