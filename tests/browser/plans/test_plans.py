"""A plan in a real browser: seen beforehand, let run, held, watched to its end, and taken back."""

import re
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.db import connections
from playwright.sync_api import Page, expect
from pytest_django import Settings

from bench.rig.invariants import assert_invariants
from bench.rig.plans import make_plan, phones_of
from phones import tasks
from phones.diga.sandbox import Sandbox
from phones.models import Change, ItemState, Outcome, Phone, Plan, PlanKind, PlanState, Project
from tests.fixtures.browser import bodies_sent
from tests.fixtures.desk import PASSWORD
from tests.support.desk.planned import big_plan, renames

pytestmark = pytest.mark.browser
PageOf = Callable[[User], Page]
# A plan of thirty rows takes its time, on a busy machine more of it.
LONG = 30_000


@pytest.fixture(autouse=True)
def _workers(monkeypatch: pytest.MonkeyPatch, settings: Settings, sandbox: Sandbox) -> Iterator[None]:
    """Let each bell be answered by a worker beside the site, slow enough to be watched."""
    started: list[threading.Thread] = []
    work = tasks.run_plan.call_local
    settings.PLAN_CONCURRENCY = 2
    sandbox.switches.latency_ms = 150

    def answer(plan_id: int) -> None:
        try:
            work(plan_id)
        finally:
            connections.close_all()

    def ring(plan_id: int) -> None:
        started.append(threading.Thread(target=answer, args=(plan_id,)))
        started[-1].start()

    monkeypatch.setattr(tasks, "run_plan", ring)
    yield
    Plan.objects.filter(state=PlanState.RUNNING).update(state=PlanState.STOPPED)
    for thread in started:
        thread.join()


def _apply(page: Page, count: int) -> None:
    page.locator("#id_typed").fill(str(count))
    # The page is there; only when it is all there does htmx send the form.
    page.wait_for_load_state()
    page.get_by_role("button", name=f"Apply {count} changes").click()


def _await_end(plan: Plan) -> None:
    deadline = time.monotonic() + LONG / 1000
    while Plan.objects.filter(pk=plan.pk, state=PlanState.RUNNING).exists():
        assert time.monotonic() < deadline, "The plan did not end"
        time.sleep(0.1)


def test_plan_from_choosing_to_taking_back(page_of: PageOf, aurora: Project, lead: User, sandbox: Sandbox) -> None:
    phones = phones_of(aurora)
    count, names = len(phones), {phone.pk: phone.nickname for phone in phones}
    page = page_of(lead)

    page.goto("/projects/aurora/phones/?status=assigned")
    page.get_by_label("Select all on this page").check()
    page.get_by_role("button", name=f"Change all {count} matching…").click()
    page.get_by_text("Set to a pattern").click()
    page.get_by_label("Pattern", exact=True).fill("Line {n}")
    page.get_by_label("Reason").fill("Autumn hours")
    page.get_by_role("button", name="Preview").click()
    page.wait_for_url(re.compile(r"/plans/\d+-\w+/"))
    plan = Plan.objects.get()
    _apply(page, count)
    expect(page.get_by_text("You can close this page.")).to_be_visible()
    expect(page.get_by_role("heading", name="Progress")).to_be_focused()
    expect(page.get_by_role("row").filter(has_text="→ “Line").first).to_contain_text("Done")

    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Nothing is sent while it is paused.")).to_be_visible()
    expect(page.locator("#plan-progress[aria-busy]")).to_have_count(0)
    page.goto("/projects/aurora/")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Plans").click()
    page.get_by_role("link", name=f"Plan {plan.pk}").click()
    assert 0 < Change.objects.filter(plan=plan).count() < count
    page.get_by_role("button", name="Resume").click()

    expect(page.get_by_role("heading", name="Result")).to_be_visible(timeout=LONG)
    expect(page.locator(".sums > div").first).to_have_text(re.compile(rf"done\s*{count}"))
    expect(page.get_by_label("For the ticket", exact=True).last).to_contain_text(f"{count} numbers: {count} done")
    page.get_by_role("button", name="Undo this plan").click()

    expect(page.get_by_role("heading", name=f"undoes plan {plan.pk}")).to_be_visible()
    _apply(page, count)
    expect(page.get_by_text("You can close this page.")).to_be_visible()
    page.goto("/projects/aurora/")
    back = Plan.objects.get(kind=PlanKind.REVERT)
    _await_end(back)
    # The page it ended behind was closed: the next one says so.
    page.goto("/projects/aurora/phones/")
    expect(page.get_by_text(f"Plan {back.pk} has ended: {count} done")).to_be_visible()
    page.get_by_role("link", name="Show the plan").click()
    expect(page.get_by_role("heading", name="Result")).to_be_visible()
    assert {phone.pk: phone.nickname for phone in Phone.objects.filter(pk__in=names)} == names
    assert back.origin == plan
    assert len(bodies_sent(sandbox)) == 2 * count
    assert set(Change.objects.filter(plan__isnull=False).values_list("outcome", flat=True)) == {Outcome.CONFIRMED}
    assert_invariants(sandbox)


def test_stopping_asks_once_and_leaves_the_rest(page_of: PageOf, aurora: Project, lead: User) -> None:
    plan = make_plan(lead, phones_of(aurora, 30), renames("Line"))
    page = page_of(lead)
    page.goto(f"/projects/aurora/plans/{plan.pk}/")
    _apply(page, 30)

    page.get_by_role("link", name="Stop").click()
    page.get_by_role("button", name="Stop now: the rest is not attempted").click()

    expect(page.get_by_role("heading", name="Result")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("not attempted"))).to_be_visible()
    expect(page.locator("#plan-progress[aria-busy]")).to_have_count(0)
    assert not plan.items.filter(state=ItemState.WAITING).exists()


def test_double_click_is_one_start(page_of: PageOf, aurora: Project, lead: User, sandbox: Sandbox) -> None:
    plan = make_plan(lead, phones_of(aurora, 3), renames("Line"))
    page = page_of(lead)
    page.goto(f"/projects/aurora/plans/{plan.pk}/")

    page.get_by_role("button", name="Apply 3 changes").dblclick()

    expect(page.get_by_role("heading", name="Result")).to_be_visible()
    assert len(bodies_sent(sandbox)) == 3


def test_ticking_keeps_the_focus_and_moves_the_count(page_of: PageOf, aurora: Project, lead: User) -> None:
    plan = big_plan(aurora, lead, 4)
    plan.items.filter(number__gt=2).update(foreseen="NEEDS_LOOK", why="unknown_change", state=ItemState.LEFT_OUT)
    page = page_of(lead)
    page.goto(f"/projects/aurora/plans/{plan.pk}/")

    page.locator("#tick-3").focus()
    page.keyboard.press("Space")

    expect(page.get_by_role("button", name="Apply 3 changes")).to_be_visible()
    expect(page.locator("#tick-3")).to_be_checked()
    expect(page.locator("#tick-3")).to_be_focused()


@pytest.mark.browser_context_args(java_script_enabled=False)
def test_whole_flow_without_scripts(page: Page, aurora: Project, lead: User) -> None:
    plan = make_plan(lead, phones_of(aurora, 30), renames("Line"))
    page.goto(f"/projects/aurora/plans/{plan.pk}/")
    page.get_by_label("Username").fill(lead.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    page.get_by_role("link", name="Show the other 20").click()
    expect(page.locator("#group-WILL_CHANGE tr:has(td.c-num)")).to_have_count(30)
    _apply(page, 30)
    expect(page.get_by_text("You can close this page.")).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("link", name="Stop").click()
    page.get_by_role("button", name="Stop now: the rest is not attempted").click()

    expect(page.get_by_role("heading", name="Result")).to_be_visible()
    page.get_by_role("button", name=re.compile("not attempted")).click()
    expect(page.get_by_role("heading", name=f"the rest of plan {plan.pk}")).to_be_visible()
