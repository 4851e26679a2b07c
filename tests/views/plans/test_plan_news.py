"""News of a plan for its author, until they have seen it; and how many plans are under way."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from bench.rig.plans import make_plan, phones_of, start
from phones.models import ItemState, Plan, Project
from phones.services.plans import lifecycle
from tests.support.desk.planned import finish, renames
from tests.support.pages.pages import find, read, texts, values_of, words
from tests.support.pages.plan_pages import press, show, url_of

ClientOf = Callable[[User], Client]


@pytest.fixture
def client(client_of: ClientOf, lead: User) -> Client:
    """The browser of somebody who may make plans and let them run."""
    return client_of(lead)


def test_author_is_told_once_how_a_plan_ended(
    client: Client, client_of: ClientOf, aurora: Project, lead: User, other_lead: User
) -> None:
    plan = finish(
        make_plan(lead, phones_of(aurora, 4), renames("Line")),
        ItemState.DONE,
        ItemState.CHANGED,
        ItemState.REFUSED,
        ItemState.FAILED,
    )
    news = f"Plan {plan.pk} has ended: 1 done, 1 skipped, 1 refused, 1 failed"

    assert news in words(find(read(client.get("/projects/aurora/")), "plan-news"))
    assert news not in words(find(read(client_of(other_lead).get("/projects/aurora/")), "plan-news"))
    show(client_of(other_lead), plan)
    assert news in words(find(read(client.get("/projects/aurora/phones/")), "plan-news"))
    assert words(find(show(client, plan), "plan-news")) == ""
    assert words(find(read(client.get("/projects/aurora/")), "plan-news")) == ""


def test_end_is_news_to_somebody_who_has_seen_the_pause(
    client: Client, aurora: Project, lead: User, bells: list[int]
) -> None:
    plan = start(make_plan(lead, phones_of(aurora, 1), renames("Line")), lead)
    press(client, plan, "pause")
    show(client, plan)
    press(client, plan, "resume")
    plan.items.update(state=ItemState.DONE)

    lifecycle.finish_if_done(plan, clock=timezone.now)

    page = read(client.get("/projects/aurora/"))
    assert f"Plan {plan.pk} has ended: 1 done" in words(find(page, "plan-news"))


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"state": "PAUSED", "cause": "unreachable"}, "has paused by itself: 0"),
        ({"state": "STOPPED"}, "was stopped: 0"),
        ({"state": "PAUSED", "cause": ""}, ""),
        ({"state": "RUNNING"}, ""),
        ({"state": "DISCARDED"}, ""),
    ],
)
def test_news_are_an_end_or_a_pause_by_itself(
    client: Client, aurora: Project, lead: User, values: dict[str, str], text: str
) -> None:
    plan = make_plan(lead, phones_of(aurora, 1), renames("Line"))
    plan.items.all().delete()
    Plan.objects.filter(pk=plan.pk).update(**values)

    shown = words(find(read(client.get("/projects/aurora/changes/")), "plan-news"))

    assert (text in shown) if text else (shown == "")


def test_news_are_dismissed(client: Client, aurora: Project, lead: User) -> None:
    plan = finish(make_plan(lead, phones_of(aurora, 1), renames("Line")), ItemState.DONE)
    page = read(client.get("/projects/aurora/phones/?q=ventas"))
    (form,) = find(page, "plan-news").xpath(".//form")

    response = client.post(form.get("action"), values_of(form))

    assert response["Location"] == "/projects/aurora/phones/?q=ventas"
    assert words(find(read(client.get("/projects/aurora/phones/")), "plan-news")) == ""
    elsewhere = client.post(url_of(plan, "seen/"), {"next": "https://example.com/"})
    assert elsewhere["Location"] == "/projects/aurora/plans/"


def test_sidebar_counts_plans_that_are_under_way(
    client: Client, aurora: Project, talleres: Project, lead: User
) -> None:
    for number, state in enumerate(["RUNNING", "PAUSED", "PREVIEW", "FINISHED"]):
        plan = make_plan(lead, phones_of(aurora, 1), renames(f"Line {number}"))
        Plan.objects.filter(pk=plan.pk).update(state=state, is_told=True)
    Plan.objects.filter(pk=make_plan(lead, phones_of(talleres, 1), renames("Line")).pk).update(state="RUNNING")

    page = read(client.get("/projects/aurora/phones/"))

    assert texts(page, ".//nav//a[@href='/projects/aurora/plans/']") == ["Plans2"]
