"""What a plan came to: its result by state, its CSV, its changes; and the list of plans."""

import csv
import io
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from bench.rig.plans import make_plan, phones_of
from phones.models import Change, ItemState, Phone, Project
from phones.views.parts.permalinks import change_url, plan_page_url
from tests.support.database.history import add_changes
from tests.support.desk.planned import finish, renames
from tests.support.pages.pages import read, texts
from tests.support.pages.plan_pages import show, sums, url_of

ClientOf = Callable[[User], Client]


@pytest.fixture
def client(client_of: ClientOf, lead: User) -> Client:
    """The browser of somebody who may make plans and let them run."""
    return client_of(lead)


def test_result_adds_up_and_narrows_by_state(client: Client, aurora: Project, lead: User) -> None:
    phones = phones_of(aurora, 9)
    plan = finish(
        make_plan(lead, phones, renames("Line")),
        ItemState.DONE,
        ItemState.DONE,
        ItemState.CHANGED,
        ItemState.REFUSED,
        ItemState.FAILED,
        ItemState.MISMATCH,
        ItemState.UNKNOWN,
        ItemState.NOT_TRIED,
    )

    page = show(client, plan)
    failed = show(client, plan, "?state=FAILED")

    assert sums(page) == {
        "done": 2,
        "already so": 0,
        "skipped, changed meanwhile": 1,
        "refused": 1,
        "failed": 1,
        "stored otherwise": 1,
        "not known": 1,
        "not attempted": 2,
        "in the plan": 9,
    }
    assert len(page.xpath(".//*[@id='plan-table']//tbody/tr")) == 9
    assert texts(failed, ".//*[@id='plan-table']//tbody/tr/td[1]") == [phones[4].shown]
    assert texts(failed, ".//*[@id='plan-table']//a[@aria-current]") == ["failed 1"]
    change = Change.objects.get(plan=plan, phone=phones[0])
    (link,) = page.xpath(".//*[@id='plan-table']//tbody/tr[1]//a[@class='link']/@href")
    assert link == change_url(change, "aurora")


def test_result_offers_what_has_rows_only(client: Client, aurora: Project, lead: User) -> None:
    done = finish(make_plan(lead, phones_of(aurora, 2), renames("Line")), ItemState.DONE)
    mixed = finish(
        make_plan(lead, phones_of(aurora, 3), renames("Row")), ItemState.DONE, ItemState.FAILED, ItemState.NOT_TRIED
    )

    assert texts(show(client, done), ".//button[@name='kind']") == ["Undo this plan"]
    assert texts(show(client, mixed), ".//button[@name='kind']") == [
        "Retry 1 failed",
        "Run 1 that was not attempted",
        "Undo this plan",
    ]


def test_list_shows_plans_newest_first_by_pages(client: Client, aurora: Project, lead: User) -> None:
    plans = [make_plan(lead, phones_of(aurora, 2), renames(f"Line {n}")) for n in range(27)]
    finish(plans[-1], ItemState.DONE, ItemState.FAILED)

    first = read(client.get("/projects/aurora/plans/"))
    second = read(client.get(first.xpath(".//a[@rel='next']/@href")[0]))

    names = [f"Plan {plan.pk}" for plan in reversed(plans)]
    assert texts(first, ".//tbody//th") + texts(second, ".//tbody//th") == names
    assert texts(first, ".//tbody/tr[1]/td")[1:3] == ["Finished", "2 numbers: 1 done, 1 failed"]
    assert texts(first, ".//tbody/tr[2]/td")[1:3] == ["Preview", "2 numbers"]
    assert texts(read(client.get(second.xpath(".//a[@rel='prev']/@href")[0])), ".//tbody//th") == names[:25]


def test_list_starts_empty(client: Client, aurora: Project) -> None:
    assert texts(read(client.get("/projects/aurora/plans/")), ".//main//h2") == ["No plan yet"]


def test_export_has_every_row_as_it_was_resolved(client: Client, aurora: Project, lead: User) -> None:
    plan = finish(make_plan(lead, phones_of(aurora, 3), renames("=Line")), ItemState.DONE, ItemState.FAILED)

    response = client.get(url_of(plan, "export/"))
    text = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]

    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [row["result"] for row in rows] == ["DONE", "FAILED", "FAILED"]
    assert [row["nickname_after"] for row in rows] == ["'=Line 1", "'=Line 2", "'=Line 3"]
    assert rows[0]["number"] == phones_of(aurora, 1)[0].number
    assert rows[0]["change_id"] == str(Change.objects.get(plan=plan).pk)
    assert response["Content-Disposition"] == f'attachment; filename="aurora-plan-{plan.pk}.csv"'


def test_history_narrows_to_a_plan(client: Client, aurora: Project, lead: User, sales_phone: Phone) -> None:
    plan = finish(make_plan(lead, phones_of(aurora, 2), renames("Line")), ItemState.DONE)
    add_changes(sales_phone, 1)

    page = read(client.get(f"/projects/aurora/changes/?plan={plan.pk}"))

    assert len(page.xpath(".//ol[contains(@class, 'line')]/li")) == 2
    assert texts(page, ".//span[contains(@class, 'cond')]") == [f"Plan {plan.pk}"]
    change = Change.objects.filter(plan=plan)[0]
    detail = read(client.get(f"/projects/aurora/changes/{change.pk}/"))
    assert plan_page_url(plan, "aurora") in detail.xpath(".//dl[@class='facts']//a/@href")
