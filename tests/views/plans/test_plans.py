"""The page of a plan in every state: the preview, the progress, the result, and the list of plans."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from lxml.html import HtmlElement

from bench.rig.plans import make_plan, phones_of
from phones.models import ItemState, Phone, Plan, PlanItem, PlanKind, Project
from phones.services.plans.create import create_plan
from phones.services.plans.drafts import Draft, LineProblem, PlannedRow, PlanRequest
from phones.services.routing.edits import PhoneEdit
from tests.support.desk.planned import big_plan
from tests.support.desk.saving import target
from tests.support.pages.htmx import outline
from tests.support.pages.pages import find, read, texts, words
from tests.support.pages.plan_pages import show, sums, url_of

ClientOf = Callable[[User], Client]


@pytest.fixture
def client(client_of: ClientOf, lead: User) -> Client:
    """The browser of somebody who may make plans and let them run."""
    return client_of(lead)


def reception_plan(project: Project, author: User, **more: Any) -> Plan:
    """Make a plan that lets Alicia v5 answer all phones of a project."""
    wanted = target(project, "Alicia", 5)
    plan = make_plan(
        author, list(Phone.objects.filter(project=project).order_by("number")), PhoneEdit(inbound=wanted), **more
    )
    plan.wish = {"inbound": {"how": "SET", "value": wanted.snapshot}}
    plan.save()
    return plan


def rows_of(tree: HtmlElement, group: str) -> list[list[str]]:
    """Return the rows of a group of the preview, as texts."""
    return [texts(row, "./td") for row in find(tree, f"group-{group}").xpath("./tr[td[@class='c-num']]")]


def test_preview_shows_what_would_happen_and_adds_up(client: Client, aurora: Project, lead: User) -> None:
    plan = reception_plan(aurora, lead, ticket="DESK-1044")

    page = show(client, plan)

    assert sums(page) == {
        "will change": 19,
        "already so": 17,
        "can’t be changed": 4,
        "need a look": 0,
        "in the plan": 40,
    }
    assert texts(page, ".//h1") == [f"Plan {plan.pk} · inbound to “Alicia · Recepción” v5"]
    assert (
        "Inbound agent: set to AAlicia · Recepciónv5 · Outbound agent: keep · Reason Autumn hours · DESK-1044"
        in words(page)
    )
    assert "Frozen list: exactly these 40 numbers, nothing that matches later" in words(page)
    (taken,) = page.xpath(".//ul[@aria-label='From whom numbers are taken']")
    assert words(taken).startswith("Incoming calls: ")
    assert sum(int(count) for count in re.findall(r"(\d+) from", words(taken))) == 19
    sales = ["+34 951 44 12 46", "Ventas Costa del Sol", "BBruno · Ventasv2", "AAlicia · Recepciónv5"]
    assert [*sales, "Joins v5, which is live."] in rows_of(show(client, plan, "?group=WILL_CHANGE"), "WILL_CHANGE")
    whole = words(find(show(client, plan, "?group=WILL_CHANGE"), "group-WILL_CHANGE"))
    assert "Nobody answered it so far. Joins v5, which is live." in whole
    released = "This number was given back and is in quarantine. Diga accepts no changes to it."
    assert released in texts(find(page, "group-CANNOT"), ".//td[5]")
    assert {tuple(row[2:4]) for row in rows_of(page, "CANNOT")} == {("No agent", "kept")}
    assert texts(page, ".//button[@id='plan-go']") == ["Apply 19 changes"]


def test_preview_says_what_it_does_to_live_calls(client: Client, aurora: Project, lead: User) -> None:
    plan = reception_plan(aurora, lead)

    (box,) = show(client, plan).xpath(".//section[@aria-label='What applying does']")

    assert words(box) == (
        "Nothing is published. The next call to each of 19 numbers is answered by “Alicia · Recepción” v5. That "
        "version is live already on 17 other numbers."
    )


def test_preview_says_what_is_published(client: Client, aurora: Project, lead: User) -> None:
    phones = phones_of(aurora, 3)
    gema = target(aurora, "Gema", 1)
    plan = make_plan(lead, phones, PhoneEdit(inbound=gema, outbound=None))

    boxes = texts(show(client, plan), ".//section[@aria-label='What applying does']")

    assert boxes[0].startswith(f"Applying publishes v1 of “{gema.agent.name}”. It goes live at once.")
    assert boxes[-1].startswith("What calls do then The next call to each of 3 numbers is answered by “Gema")
    assert "live already" not in " ".join(boxes)


def test_preview_of_unassigning_says_that_nobody_answers(client: Client, aurora: Project, lead: User) -> None:
    phones = [phone for phone in phones_of(aurora) if phone.inbound_agent_id][:2]
    plan = make_plan(lead, phones, PhoneEdit(inbound=None))

    page = show(client, plan)

    boxes = texts(page, ".//section[@aria-label='What applying does']")
    assert boxes[0].startswith("Incoming calls to 2 numbers will no longer be answered by an agent.")
    assert boxes[1:] == ["Nothing is published."]
    assert rows_of(page, "WILL_CHANGE")[0][-1] == "Incoming calls will no longer be answered by an agent."


def test_problems_of_the_file_stand_by_line(client: Client, aurora: Project, lead: User) -> None:
    rows = [PlannedRow(phone.pk, PhoneEdit(nickname="Ñ"), 7) for phone in phones_of(aurora, 1)]
    draft = Draft(rows, [LineProblem(3, "Two agents are called “<b>Ana</b>”.")])
    plan = create_plan(
        PlanRequest(project=aurora, author=lead, kind=PlanKind.IMPORT, draft=draft, reason="From the sheet"),
        clock=timezone.now,
    )

    page = show(client, plan)

    assert texts(page, ".//section[@aria-label='Lines of the file that can’t be read']//li") == [
        "Line 3: Two agents are called “<b>Ana</b>”."
    ]
    assert texts(page, ".//h1") == [f"Plan {plan.pk} · values from a file"]
    assert rows_of(page, "WILL_CHANGE")[0][-1] == "(line 7 of the file)"


def test_groups_open_by_pages_of_a_hundred(client: Client, aurora: Project, lead: User) -> None:
    plan = big_plan(aurora, lead, 250)
    page = show(client, plan)

    assert len(rows_of(page, "WILL_CHANGE")) == 10
    first = show(client, plan, _only_link(page, "Show the other 240"))
    second = show(client, plan, _only_link(first, "Show the next ones"))
    third = show(client, plan, _only_link(second, "Show the next ones"))

    shown = [rows_of(each, "WILL_CHANGE") for each in (first, second, third)]
    assert [len(rows) for rows in shown] == [100, 100, 50]
    assert len({row[0] for rows in shown for row in rows}) == 250
    assert rows_of(show(client, plan, _only_link(third, "Show the ones before")), "WILL_CHANGE") == shown[1]
    assert rows_of(show(client, plan, _only_link(first, "Show only the first ones")), "WILL_CHANGE") == shown[0][:10]


def _only_link(tree: HtmlElement, text: str) -> str:
    (url,) = tree.xpath(f".//*[@id='plan-table']//a[.='{text}']/@href")
    return "?" + str(url).partition("?")[2]


@pytest.mark.parametrize("state", ["PREVIEW", "PROPOSED", "DISCARDED", "RUNNING", "PAUSED", "STOPPED", "FINISHED"])
def test_page_is_there_in_every_state_for_everybody(
    client_of: ClientOf, aurora: Project, lead: User, viewer: User, state: str
) -> None:
    plan = big_plan(aurora, lead, 12)
    started = {"started_at": timezone.now(), "resumed_at": timezone.now()}
    Plan.objects.filter(pk=plan.pk).update(
        state=state, **({} if state in {"PREVIEW", "PROPOSED", "DISCARDED"} else started)
    )

    for person in (lead, viewer):
        page = show(client_of(person), plan)
        figures = list(sums(page).values())
        assert sum(figures[:-1]) == figures[-1] == 12
        acts = {
            form.get("action").rstrip("/").rpartition("/")[2] for form in page.xpath(".//main//form[@method='post']")
        }
        assert acts == (ACTS[state] if person == lead else set())


ACTS = {
    "PREVIEW": {"apply", "discard", "renew", "set"},
    "PROPOSED": {"return"},
    "DISCARDED": set(),
    "RUNNING": {"pause", "set"},
    "PAUSED": {"resume", "set"},
    "STOPPED": {"set"},
    "FINISHED": {"set"},
}


def _query_count(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


@pytest.mark.parametrize("state", ["PREVIEW", "RUNNING", "FINISHED"])
def test_queries_do_not_grow_with_the_plan(client: Client, aurora: Project, lead: User, state: str) -> None:
    large = big_plan(aurora, lead, 3000)
    small = Plan.objects.get(pk=large.pk)
    small.pk, small.form_token = None, None
    small.save()
    PlanItem.objects.bulk_create(
        PlanItem(
            plan=small,
            number=item.number,
            phone=item.phone,
            before=item.before,
            after=item.after,
            foreseen=item.foreseen,
            why=item.why,
            state=item.state,
        )
        for item in large.items.filter(number__lte=10).select_related("phone")
    )
    for plan in (small, large):
        if state == "FINISHED":
            plan.items.update(state=ItemState.DONE, finished_at=timezone.now())
        started = None if state == "PREVIEW" else timezone.now()
        Plan.objects.filter(pk=plan.pk).update(state=state, started_at=started, resumed_at=started, is_told=True)
    client.get(url_of(small))

    counts = [_query_count(client, url_of(plan)) for plan in (small, large)]

    assert counts[0] == counts[1] <= 20
    assert _query_count(client, url_of(large, "?group=WILL_CHANGE&state=ALL")) <= 20


def test_running_plan_shows_how_far_it_is(client: Client, aurora: Project, lead: User) -> None:
    plan = big_plan(aurora, lead, 20)
    now = timezone.now()
    plan.items.filter(number__lte=12).update(state=ItemState.DONE, finished_at=now)
    plan.items.filter(number=13).update(state=ItemState.SENDING)
    long_ago = now - timedelta(minutes=5)
    Plan.objects.filter(pk=plan.pk).update(state="RUNNING", started_at=long_ago, resumed_at=long_ago)

    page = show(client, plan)

    assert "12 of 20 tried" in words(page)
    assert "1.2 numbers per second · about 7 s left" in words(page)
    assert page.xpath(".//*[@id='plan-progress']//*[@class='meter']/@aria-label") == [
        "12 done, 1 being sent, 7 waiting"
    ]
    assert texts(page, ".//*[@id='plan-progress']//tbody/tr[1]/td")[2:4] == [
        "Being sent",
        "Read again, equal to the plan; being sent.",
    ]
    assert "You can close this page." in words(page)
    assert "Show all 20 rows" in words(page)
    assert page.xpath(".//*[@id='plan-progress']//*[@class='meter']/@viewbox") == ["0 0 20 10"]
    assert find(page, "plan-progress").get("hx-trigger") == "every 1s"


def test_progress_is_the_part_of_the_page_and_ends_with_the_card(client: Client, aurora: Project, lead: User) -> None:
    plan = big_plan(aurora, lead, 2)
    Plan.objects.filter(pk=plan.pk).update(state="RUNNING", started_at=timezone.now(), resumed_at=timezone.now())
    ask = {"HX-Request": "true", "HX-Target": "plan-progress"}

    going = client.get(url_of(plan, "progress/?seen=RUNNING"), headers=ask)
    page = show(client, plan)
    Plan.objects.filter(pk=plan.pk).update(state="FINISHED", finished_at=timezone.now())
    over = client.get(url_of(plan, "progress/?seen=RUNNING"), headers=ask)

    assert going.status_code == 200
    assert outline(read(going)) == outline(find(page, "plan-progress"))
    assert (over.status_code, over["HX-Retarget"], over["HX-Reswap"]) == (286, "#plan-card", "outerHTML")
    assert outline(read(over)) == outline(find(show(client, plan), "plan-card"))
    assert client.get(url_of(plan, "progress/")).status_code == 302


@pytest.mark.parametrize(
    ("cause", "text"),
    [
        ("", "Paused Nothing is sent while it is paused."),
        ("key_rejected", "Diga no longer accepts the API key."),
        ("forbidden", "The API key may not do this"),
        ("no_key", "This project has no API key that can be used."),
        ("unreachable", "Diga did not answer, or had a problem of its own, three times in a row."),
        ("same_refusal", "Diga refused ten numbers for the same reason."),
        ("no_right", "may no longer change many numbers in this project."),
        ("slow_down", "Diga asks us to wait for long."),
        ("not_recorded", "What happened could not be written down here"),
    ],
)
def test_paused_plan_says_why_and_what_to_do(
    client: Client, aurora: Project, lead: User, cause: str, text: str
) -> None:
    plan = big_plan(aurora, lead, 2)
    Plan.objects.filter(pk=plan.pk).update(
        state="PAUSED", started_at=timezone.now(), cause=cause, message="Phone is <b>not</b> active" if cause else ""
    )

    (box,) = show(client, plan).xpath(".//*[@id='plan-card']//div[@class='guard is-warn']")

    assert text in words(box)
    assert "esume" in words(box)
    assert ("Diga says: Phone is <b>not</b> active" in words(box)) == bool(cause)


def test_preview_that_only_unassigns_does_not_say_that_calls_stay_as_they_are(
    client: Client, aurora: Project, lead: User
) -> None:
    plan = make_plan(lead, phones_of(aurora, 5), PhoneEdit(inbound=None))

    boxes = show(client, plan).xpath(".//section[@aria-label='What applying does']")

    assert "will no longer be answered by an agent" in words(boxes[0])
    assert words(boxes[1]) == "Nothing is published."


def test_list_says_who_makes_plans_to_those_who_may_not(
    client: Client, client_of: ClientOf, router: User, admin: User
) -> None:
    url = "/projects/aurora/plans/"

    assert "Who can: Admin Ruiz, Lead Ruiz." in words(find(read(client_of(router).get(url)), "main"))
    assert "Who can" not in words(find(read(client.get(url)), "main"))
