"""The page of a plan: its end and its start are set there, and what is set is shown."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from bench.rig.plans import make_plan, phones_of
from phones.models import Phone, Plan, Project, Schedule, ScheduleKind
from phones.views.parts.permalinks import plan_page_url
from tests.support.desk.planned import renames
from tests.support.pages.pages import find, read, texts, values_of, words


@pytest.fixture
def client(client_of: Callable[[User], Client], lead: User) -> Client:
    """The browser of somebody who may change many numbers."""
    return client_of(lead)


@pytest.fixture
def plan(aurora: Project, sales_phone: Phone, lead: User) -> Plan:
    """A plan that renames three numbers."""
    return make_plan(lead, phones_of(aurora, 3), renames("Fair"))


NOON = timedelta(days=3)


def send(client: Client, plan: Plan, place: str, **typed: str) -> str:
    """Fill in one of the two forms of the page, send it, and return what the page says then."""
    page = read(client.get(plan_page_url(plan, "aurora")))
    (form,) = page.xpath(f"//form[.//input[@id='plan-{place}']]")
    moment = (timezone.localtime() + NOON).strftime("%Y-%m-%dT12:00")
    response = client.post(form.get("action"), values_of(form) | {"due_at": moment} | typed)
    assert response["Location"] == plan_page_url(plan, "aurora")
    return words(find(read(client.get(response["Location"])), "messages"))


@pytest.mark.parametrize(
    ("place", "kind", "title"),
    [("end", ScheduleKind.PUT_BACK_PLAN, "Put back plan"), ("start", ScheduleKind.START_PLAN, "Start plan")],
)
def test_plan_is_set_for_a_time(client: Client, plan: Plan, lead: User, place: str, kind: str, title: str) -> None:
    assert send(client, plan, place).startswith("It is set:")

    schedule = Schedule.objects.get()
    assert (schedule.kind, schedule.plan, schedule.author, schedule.reason) == (kind, plan, lead, plan.reason)
    page = read(client.get(plan_page_url(plan, "aurora")))
    assert texts(page, f"//*[@data-schedule='{schedule.pk}']/strong") == [f"{title} {plan.pk}"]
    assert page.xpath(f"//input[@id='plan-{place}']") == []


def test_moment_that_has_passed_sets_nothing(client: Client, plan: Plan) -> None:
    assert send(client, plan, "end", due_at="2020-01-01T08:00") == "This time has passed. Choose a later one."
    assert not Schedule.objects.exists()


def test_plan_that_is_not_as_it_was_shown_is_not_set(client: Client, plan: Plan) -> None:
    assert send(client, plan, "start", reviewed="another").startswith("The plan is not as it was shown")
    assert send(client, plan, "start", what="never") == "Nothing was changed."
    assert not Schedule.objects.exists()


def test_count_has_to_be_typed_for_a_start_too(client: Client, plan: Plan) -> None:
    Project.objects.update(typed_above=1)

    assert send(client, plan, "start", typed="2") != ""
    assert not Schedule.objects.exists()
    assert send(client, plan, "start", typed="3").startswith("It is set:")


def test_router_sees_what_is_set_and_steers_nothing(
    client: Client, client_of: Callable[[User], Client], router: User, plan: Plan
) -> None:
    send(client, plan, "end")
    page = read(client_of(router).get(plan_page_url(plan, "aurora")))

    assert len(page.xpath("//*[@data-schedule]")) == 1
    assert page.xpath("//*[@data-schedule]//button | //input[@id='plan-start']") == []
    pk = Schedule.objects.get().pk
    assert client_of(router).post(f"/projects/aurora/schedules/{pk}/cancel/").status_code == 403
