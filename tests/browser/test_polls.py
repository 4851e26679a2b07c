"""A page that waits for news asks more and more seldom while there is none, and at once again when there is."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from bench.rig.plans import make_plan, phones_of
from phones.models import ItemState, Phone, Plan, PlanState, Project
from phones.services.routing.edits import PhoneEdit
from tests.support.desk.planned import renames
from tests.support.desk.scheduled import change_for_a_time

pytestmark = pytest.mark.browser


def pass_seconds(page: Page, count: int, asked: list[str]) -> list[int]:
    """Let so many seconds go by, one by one; return in which of them the page asked."""
    seconds = []
    for second in range(count):
        before = len(asked)
        page.clock.run_for(1000)
        # An answer is awaited in real time.
        page.evaluate("() => fetch('/health/').then(answer => answer.text())")
        if len(asked) > before:
            seconds.append(second)
    return seconds


def test_page_without_news_asks_more_and_more_seldom(
    page_of: Callable[[User], Page], aurora: Project, lead: User
) -> None:
    plan = make_plan(lead, phones_of(aurora, 3), renames("Línea"))
    now = timezone.now()
    Plan.objects.filter(pk=plan.pk).update(state=PlanState.RUNNING, started_at=now, resumed_at=now)
    page = page_of(lead)
    page.clock.install()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/progress/" in request.url else None)
    page.goto(f"/projects/aurora/plans/{plan.pk}/")

    seconds = pass_seconds(page, 90, asked)
    plan.items.filter(number=1).update(state=ItemState.CHANGED, finished_at=timezone.now())
    pass_seconds(page, 15, asked)
    after_news = pass_seconds(page, 10, asked)

    assert len([second for second in seconds if second < 15]) >= 6
    assert len([second for second in seconds if second >= 60]) <= 6
    assert len(after_news) >= 3


def test_polls_are_told_from_what_a_person_asks_for(
    page_of: Callable[[User], Page], aurora: Project, lead: User
) -> None:
    plan = make_plan(lead, phones_of(aurora, 3), renames("Línea"))
    now = timezone.now()
    Plan.objects.filter(pk=plan.pk).update(state=PlanState.RUNNING, started_at=now, resumed_at=now)
    page = page_of(lead)
    page.goto(f"/projects/aurora/plans/{plan.pk}/")

    with page.expect_request("**/progress/**") as polled:
        pass
    page.goto("/projects/aurora/phones/")
    with page.expect_request("**/phones/?*") as asked:
        page.get_by_role("searchbox", name="Search phones").fill("951")

    assert polled.value.headers.get("x-poll") == "true"
    assert asked.value.headers.get("hx-request") == "true"
    assert "x-poll" not in asked.value.headers


def test_countdown_goes_on_by_itself(page_of: Callable[[User], Page], sales_phone: Phone, router: User) -> None:
    due_at = timezone.now() + timedelta(minutes=62, seconds=30)
    change_for_a_time(sales_phone, PhoneEdit(nickname="Lunch"), router, due_at)
    page = page_of(router)
    page.clock.install()
    for url in (f"/projects/aurora/phones/{sales_phone.pk}/", "/projects/aurora/"):
        page.goto(url)
        left = page.locator("time[data-left]")
        expect(left).to_have_text("in 1 h")
        page.clock.run_for(180_000)
        expect(left).to_have_text("in 60 min")
        page.clock.fast_forward(3600_000)
        expect(left).to_have_text("now")
