"""The page of a plan in every state: the preview, the progress, the result, and the list of plans."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from lxml.html import HtmlElement
from pytest_django import DjangoAssertNumQueries

from phones.diga.sandbox import Sandbox
from phones.models import Change, Foreseen, ItemState, Phone, Plan, PlanItem, PlanKind, PlanState, Project
from phones.services import steering
from phones.services.intention import Intention, frozen_lane
from phones.services.planned import Draft, LineProblem, PlannedRow
from phones.services.planning import create_plan
from tests.pages import find, has, read, texts, words
from tests.planned import make_plan, phones_of, renames, start
from tests.saving import target
from tests.test_views_changes import add_changes

ClientOf = Callable[[User], Client]


@pytest.fixture
def client(client_of: ClientOf, lead: User) -> Client:
    """The browser of somebody who may make plans and let them run."""
    return client_of(lead)


def url_of(plan: Plan, rest: str = "") -> str:
    """Return an address of a plan."""
    return f"/projects/{plan.project.slug}/plans/{plan.pk}/{rest}"


def show(client: Client, plan: Plan, rest: str = "") -> HtmlElement:
    """Return a plan's page."""
    response = client.get(url_of(plan, rest))
    assert response.status_code == 200
    return read(response)


def sums(tree: HtmlElement) -> dict[str, int]:
    """Return the figures of a page by their words; the last one is what the others add up to."""
    (box,) = tree.xpath(".//dl[@class='sums']")
    return {words(pair[0]): int(words(pair[1]).removeprefix("= ").replace(",", "")) for pair in box}


def reception_plan(project: Project, author: User, **more: Any) -> Plan:
    """Make a plan that lets Alicia v5 answer all phones of a project."""
    wanted = target(project, "Alicia", 5)
    plan = make_plan(author, list(Phone.objects.filter(project=project)), Intention(inbound=wanted), **more)
    lane = frozen_lane(wanted.agent, wanted.version, wanted.agent.id)
    plan.wish = {"inbound": {"how": "SET", "value": lane}}
    plan.save()
    return plan


def finish(plan: Plan, *ends: ItemState, **more: Any) -> Plan:
    """Let a plan have run: its rows end so, in their order, the last end for all that are left."""
    now = timezone.now()
    for place, item in enumerate(plan.items.filter(state=ItemState.WAITING).order_by("number")):
        item.state, item.finished_at = ends[min(place, len(ends) - 1)], now
        if item.state == ItemState.DONE:
            item.change = add_changes(item.phone, 1, before=item.before, after=item.after, plan=plan, source="PLAN")[0]
        item.save()
    values = {"state": PlanState.FINISHED, "started_at": now, "finished_at": now, "resumed_at": None} | more
    Plan.objects.filter(pk=plan.pk).update(**values)
    plan.refresh_from_db()
    return plan


def test_preview_shows_what_would_happen_and_adds_up(client: Client, aurora: Project, lead: User) -> None:
    plan = reception_plan(aurora, lead, ticket="DESK-1044")

    page = show(client, plan)

    figures = list(sums(page).values())
    assert sum(figures[:-1]) == figures[-1] == 40
    assert all(figures[:3])
    assert f"Plan {plan.pk} · inbound to “Alicia · Recepción” v5" in words(page.xpath(".//h1")[0])
    print(words(page.xpath(".//main")[0]))
