"""What a worker logs: each line names project and task, and each end of a sync or plan is a line."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from bench.rig.plans import make_plan, phones_of
from phones import tasks
from phones.diga.sandbox import Fault, Sandbox
from phones.models import Membership, Plan, PlanState, Project, Role
from phones.services.plans.forecasts.fingerprint import fingerprint_of
from phones.services.plans.lifecycle import apply_plan
from phones.services.routing.edits import PhoneEdit
from phones.services.sync import passes
from tests.fixtures.desk import Canary
from tests.fixtures.logs import Log

pytestmark = pytest.mark.django_db(transaction=True)


def started(plan: Plan) -> Plan:
    """Let a plan be RUNNING, as its author's click does; no worker is rung for."""
    assert plan.author
    apply_plan(plan=plan, by=plan.author, reviewed=fingerprint_of(plan), typed="", clock=timezone.now)
    return plan


def fields(line: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(line[name] for name in names)


def test_end_of_a_sync_is_a_line(aurora: Project, log: Log) -> None:
    run = passes.claim_sync(project=aurora, now=timezone.now())

    tasks.run_claimed_sync(run.pk)

    (line,) = log.of("phones.tasks")
    assert fields(line, "event", "level", "task", "project") == ("sync", "info", "run_claimed_sync", "aurora")
    assert fields(line, "outcome", "cause", "phone_count", "agent_count") == ("COMPLETE", "", 40, 7)
    assert line["seconds"] >= 0


def test_failed_sync_is_a_line_with_its_cause_and_no_key(
    aurora: Project, canary: Canary, sandbox: Sandbox, log: Log
) -> None:
    Project.objects.update(sync_tried_at=timezone.now() - timedelta(hours=1))
    sandbox.faults.add(Fault("status", status=403, path="/v1/phone/", times=None))

    tasks.sync_if_free(str(aurora.pk))

    (line,) = log.of("phones.tasks")
    assert fields(line, "level", "task", "project") == ("warning", "sync_if_free", "aurora")
    assert fields(line, "outcome", "cause") == ("FAILED", "forbidden")
    assert canary.found_in(log.text) == []


def test_what_is_logged_meanwhile_names_project_and_task(aurora: Project, sandbox: Sandbox, log: Log) -> None:
    run = passes.claim_sync(project=aurora, now=timezone.now())

    tasks.run_claimed_sync(run.pk)

    lines = log.of("phones.diga")
    assert any("GET /v1/phone/" in line["event"] for line in lines)
    assert {fields(line, "project", "task") for line in lines} == {("aurora", "run_claimed_sync")}


def test_end_of_a_plan_is_a_line_and_its_calls_name_it(lead: User, aurora: Project, log: Log) -> None:
    plan = started(make_plan(lead, phones_of(aurora, 3), PhoneEdit(nickname="Ventas")))

    tasks.run_plan(plan.pk)

    (line,) = log.of("phones.plans")
    assert fields(line, "event", "level", "task", "project") == ("plan", "info", "run_plan", "aurora")
    assert fields(line, "plan", "outcome", "cause", "rows") == (plan.pk, "FINISHED", "", {"DONE": 3})
    patches = [line for line in log.of("phones.diga") if "PATCH" in line["event"]]
    assert [fields(line, "project", "task", "plan") for line in patches] == 3 * [("aurora", "run_plan", plan.pk)]


def test_plan_that_pauses_by_itself_is_a_line_with_its_cause(lead: User, aurora: Project, log: Log) -> None:
    plan = started(make_plan(lead, phones_of(aurora, 3), PhoneEdit(nickname="Ventas")))
    Membership.objects.filter(user=lead).update(role=Role.VIEWER)

    tasks.run_plan(plan.pk)

    plan.refresh_from_db()
    (line,) = log.of("phones.plans")
    assert (plan.state, line["outcome"]) == (PlanState.PAUSED, "PAUSED")
    assert line["cause"] == plan.cause != ""
    assert line["rows"] == {"WAITING": 3}


def test_names_of_one_task_are_not_those_of_the_next(aurora: Project, log: Log) -> None:
    tasks.run_claimed_sync(passes.claim_sync(project=aurora, now=timezone.now()).pk)
    tasks.delete_old()

    line = log.of("phones.tasks")[-1]
    assert (line["task"], "project" in line) == ("delete_old", False)
