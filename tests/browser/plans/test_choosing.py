"""Choosing many numbers in a real browser: ranges, over pages and filters, all that match, and without JavaScript."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Dialog, Locator, Page, expect

from phones.diga.sandbox import Sandbox
from phones.models import Phone, Plan, PlanItem, Project, Selection
from phones.views.parts.permalinks import plan_page_url
from tests.fixtures.browser import Complaints, link_of, open_beside, row_of, shown_problem, version_id
from tests.support.database.crowds import crowd
from tests.support.pages.agent_picker import choose_version
from tests.support.pages.axe import violations
from tests.support.pages.cramped import CRAMPED

pytestmark = pytest.mark.browser
PageOf = Callable[[User], Page]
LIST = "/projects/aurora/phones/"
KEPT = "() => sessionStorage.getItem('chosen:aurora')"


@pytest.fixture
def page(page_of: PageOf, lead: User) -> Page:
    """A page of somebody who may change many numbers."""
    return page_of(lead)


def boxes(page: Page) -> Locator:
    return page.get_by_role("table", name="Phones").locator("tbody").get_by_role("checkbox")


def bar(page: Page) -> Locator:
    return page.get_by_role("form", name="Selection")


def ticked(page: Page) -> list[int]:
    """Return the places of the rows that are ticked, from 0 on."""
    return [place for place, box in enumerate(boxes(page).all()) if box.is_checked()]


def expect_bar(page: Page, words: str) -> None:
    expect(bar(page).get_by_text(words, exact=True)).to_be_visible()


def test_shift_click_ticks_and_clears_what_lies_between(page: Page, aurora: Project) -> None:
    page.goto(LIST)
    expect(bar(page).get_by_role("button")).to_have_count(0)

    boxes(page).nth(2).click()
    boxes(page).nth(6).click(modifiers=["Shift"])
    assert ticked(page) == [2, 3, 4, 5, 6]
    expect_bar(page, "5 selected · 5 on this page")
    expect(page.locator("#announcer")).to_have_text("5 selected · 5 on this page")

    boxes(page).nth(4).click()
    boxes(page).nth(3).click(modifiers=["Shift"])
    assert ticked(page) == [2, 5, 6]
    boxes(page).nth(0).click()
    boxes(page).nth(1).click(modifiers=["Shift"])
    assert ticked(page) == [0, 1, 2, 5, 6]


def test_keyboard_ticks_a_box(page: Page, sales_phone: Phone) -> None:
    page.goto(LIST)

    page.get_by_role("checkbox", name=f"Select {sales_phone.shown}").focus()
    page.keyboard.press("Space")

    expect(page.get_by_role("checkbox", name=f"Select {sales_phone.shown}")).to_be_checked()
    expect_bar(page, "1 selected · 1 on this page")


def test_head_ticks_the_page_and_says_when_only_some_are(page: Page, aurora: Project) -> None:
    page.goto(LIST + "?size=25")
    head = page.get_by_role("checkbox", name="Select all on this page")

    head.check()
    expect_bar(page, "25 selected · 25 on this page")
    boxes(page).nth(0).click()
    assert head.evaluate("box => box.indeterminate") is True
    expect(head).not_to_be_checked()
    boxes(page).nth(0).click()
    expect(head).to_be_checked()
    head.uncheck()

    expect(bar(page).get_by_role("button")).to_have_count(0)
    assert page.evaluate(KEPT) is None


def test_choice_outlives_pages_filters_orders_phones_and_reloads(page: Page, aurora: Project) -> None:
    crowd(aurora, 30)
    page.goto(LIST + "?size=25")
    boxes(page).nth(0).click()
    boxes(page).nth(2).click(modifiers=["Shift"])

    page.get_by_role("link", name="Next").click()
    expect_bar(page, "3 selected · 0 on this page")
    boxes(page).nth(1).click()
    expect_bar(page, "4 selected · 1 on this page")
    page.get_by_role("link", name="Previous").click()
    expect_bar(page, "4 selected · 3 on this page")
    page.get_by_role("link", name="Alias").click()
    expect(page).to_have_url(re.compile("sort=nickname"))
    expect(bar(page).get_by_text("4 selected")).to_be_visible()
    page.get_by_label("Filter by status").select_option("Finished")
    expect(page).to_have_url(re.compile("status=finished"))
    expect(bar(page).get_by_text("4 selected")).to_be_visible()
    page.get_by_role("searchbox", name="Search phones").fill("zzz")
    expect_bar(page, "4 selected · 0 on this page")
    page.goto(LIST + "?size=25")
    expect_bar(page, "4 selected · 3 on this page")
    page.reload()
    assert ticked(page) == [0, 1, 2]
    page.go_back()
    expect(bar(page).get_by_text("4 selected")).to_be_visible()

    bar(page).get_by_role("button", name="Clear").click()
    assert page.evaluate(KEPT) is None
    expect(page.get_by_role("checkbox", name="Select all on this page")).to_be_focused()


def test_row_that_is_swapped_keeps_its_tick(page: Page, sales_phone: Phone) -> None:
    page.goto(LIST)
    box = page.get_by_role("checkbox", name=f"Select {sales_phone.shown}")
    box.check()

    drawer = open_beside(page, sales_phone)
    expect(box).to_be_checked()
    drawer.get_by_label("Alias").fill("Ventas Málaga")
    drawer.get_by_role("button", name="Save changes").click()
    expect(row_of(page, sales_phone).locator(".c-alias")).to_have_text("Ventas Málaga")
    expect(box).to_be_checked()
    drawer.get_by_role("link", name="Close").click()
    page.get_by_role("link", name="Rename Ventas Málaga").click()
    expect(box).to_be_checked()
    row_of(page, sales_phone).get_by_role("link", name="Cancel").click()

    expect(page.get_by_role("link", name="Rename Ventas Málaga")).to_be_visible()
    expect(box).to_be_checked()
    expect_bar(page, "1 selected · 1 on this page")


def test_choice_is_sent_over_all_pages(page: Page, aurora: Project) -> None:
    page.goto(LIST + "?size=25")
    boxes(page).nth(0).click()
    page.get_by_role("link", name="Next").click()
    expect_bar(page, "1 selected · 0 on this page")
    boxes(page).nth(0).click()

    bar(page).get_by_role("button", name="Change these…").click()

    expect(page.get_by_role("heading", name="Change 2 numbers")).to_be_visible()
    phones = list(Phone.objects.filter(project=aurora).order_by("number"))
    assert Selection.objects.get().phone_ids == [phones[0].pk.hex, phones[25].pk.hex]
    page.get_by_role("link", name="Back to the list").click()
    expect(page).to_have_url(re.compile(r"\?size=25&after="))
    expect_bar(page, "2 selected · 1 on this page")


def test_all_that_match_are_refused_when_their_count_has_changed(
    page: Page, complaints: Complaints, aurora: Project, sales_phone: Phone
) -> None:
    complaints.expect(409)
    page.goto(LIST + "?q=citas&status=assigned")
    boxes(page).nth(0).click()
    gone = [str(boxes(page).nth(place).get_attribute("value")) for place in (1, 2)]
    Phone.objects.filter(pk__in=gone).update(status="reserved")

    bar(page).get_by_role("button", name="Change all 8 matching…").click()

    said = "The list is not as you saw it: it holds 6 numbers now. Nothing was chosen: look again."
    expect(page.get_by_text(said)).to_be_visible()
    assert not Selection.objects.exists()
    expect(bar(page).get_by_text("1 selected")).to_be_visible()

    bar(page).get_by_role("button", name="Change all 6 matching…").click()

    expect(page.get_by_role("heading", name="Change 6 numbers")).to_be_visible()
    assert len(Selection.objects.get().phone_ids) == 6


def test_all_of_several_pages_are_chosen_by_one_press(page: Page, aurora: Project) -> None:
    crowd(aurora, 30)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method) if "/plans/choose/" in request.url else None)
    page.goto(LIST + "?size=25")
    assert asked == []

    boxes(page).nth(0).click()
    bar(page).get_by_role("button", name="Change all 70 matching…").click()

    expect(page.get_by_role("heading", name="Change 70 numbers")).to_be_visible()
    assert len(Selection.objects.get().phone_ids) == 70
    assert asked == ["GET", "POST"]


def test_choice_is_the_person_s_and_goes_with_them(
    page: Page, page_of: PageOf, admin: User, sales_phone: Phone
) -> None:
    page.goto(LIST)
    boxes(page).nth(0).click()
    expect_bar(page, "1 selected · 1 on this page")
    other = page_of(admin)
    page.goto(LIST)
    expect(link_of(page, sales_phone)).to_be_visible()
    expect(bar(page).get_by_role("button")).to_have_count(0)
    other.close()

    boxes(page).nth(0).click()
    page.locator("summary").filter(has_text="Account menu").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()

    assert page.evaluate("() => sessionStorage.length") == 0


def test_more_than_a_plan_takes_is_said_before_it_is_sent(page: Page, aurora: Project) -> None:
    page.goto(LIST)
    boxes(page).nth(0).click()
    boxes(page).nth(1).click()
    page.evaluate("() => { document.getElementById('choosing').dataset.limit = '1'; }")

    bar(page).get_by_role("button", name="Change these…").click()

    expect_bar(page, "More than 1 numbers can’t be changed at once.")
    assert page.url.endswith(LIST)


# The panel.


def test_panel_makes_a_plan_and_uses_the_choice_up(page: Page, sandbox: Sandbox, sales_phone: Phone) -> None:
    page.goto(LIST + "?q=citas&status=assigned")
    page.get_by_role("checkbox", name="Select all on this page").check()
    bar(page).get_by_role("button", name="Change these…").click()
    preview = page.get_by_role("button", name="Preview")
    expect(preview).to_be_disabled()
    expect(page.get_by_text("Choose what to change first.")).to_be_visible()

    nickname, inbound, outbound = (
        page.get_by_role("group", name=name) for name in ("Alias", "Inbound agent", "Outbound agent")
    )
    expect(inbound.get_by_role("combobox")).to_have_count(0)
    inbound.get_by_text("Set to", exact=True).click()
    choose_version(inbound, "Inbound agent to set", sandbox, "Carla", 4)
    expect(preview).to_be_enabled()
    nickname.get_by_text("Set to a pattern").click()
    nickname.get_by_role("textbox").fill("Citas {n:02}")
    expect(nickname.get_by_role("status").get_by_text("Citas 01")).to_be_visible()
    outbound.get_by_text("Unassign", exact=True).click()
    expect(page.get_by_text("Unassign: nobody makes outgoing calls")).to_be_visible()
    outbound.get_by_text("Keep", exact=True).click()
    page.get_by_label("Reason").fill("Autumn hours")
    with page.expect_response(lambda answer: answer.request.method == "POST") as sent:
        preview.click()

    plan = Plan.objects.get()
    assert sent.value.headers["location"] == plan_page_url(plan, "aurora")
    items = PlanItem.objects.filter(plan=plan).order_by("number")
    assert [item.after["nickname"] for item in items] == [f"Citas {place:02}" for place in range(1, 9)]
    assert {tuple(item.after) for item in items} == {("nickname", "inbound")}
    page.goto(LIST)
    expect(bar(page).get_by_role("button")).to_have_count(0)


def test_panel_asks_before_what_was_chosen_is_lost(page: Page, sales_phone: Phone) -> None:
    page.goto(LIST)
    boxes(page).nth(0).click()
    bar(page).get_by_role("button", name="Change these…").click()
    page.get_by_label("Reason").fill("Autumn hours")
    asked: list[str] = []

    def accept(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", accept)

    page.get_by_role("navigation", name="Main").get_by_role("link", name="Agents").click()
    expect(page.get_by_role("heading", name="Agents")).to_be_visible()

    assert asked == ["beforeunload"]


def test_bar_and_panel_have_no_violations(page: Page, complaints: Complaints, sandbox: Sandbox) -> None:
    complaints.expect(422)
    page.goto(LIST + "?q=citas")
    boxes(page).nth(0).click()
    boxes(page).nth(1).click()
    found = violations(page)
    bar(page).get_by_role("button", name="Change these…").click()
    page.get_by_text("Set to a pattern").click()
    page.get_by_role("textbox", name="Pattern").fill("Citas {x}")
    expect(page.get_by_text("“{x}” stands for nothing.")).to_be_visible()
    page.get_by_role("group", name="Inbound agent").get_by_text("Set to", exact=True).click()
    page.get_by_role("group", name="Outbound agent").get_by_text("Unassign", exact=True).click()
    found += violations(page)
    page.get_by_label("Reason").fill("x")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("Choose an agent, or Keep.")).to_be_visible()

    assert found + violations(page) == []


@pytest.mark.parametrize("width", [380, 720, 1100])
def test_bar_covers_nothing_that_has_the_focus(page: Page, aurora: Project, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 700})
    page.goto(LIST)
    boxes(page).nth(0).click()
    page.locator("h1").click()

    covered = set()
    for _step in range(60):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if not focused.count():
            break
        if focused.evaluate("element => !!element.closest('tbody')"):
            covered.add(shown_problem(focused))

    assert covered == {""}
    assert width > 720 or page.evaluate(CRAMPED) == []
    for button in bar(page).get_by_role("button").all():
        assert shown_problem(button) == ""


# Without JavaScript.


@pytest.mark.browser_context_args(java_script_enabled=False)
def test_ticks_of_a_page_are_sent_without_scripts(page: Page, sandbox: Sandbox, sales_phone: Phone) -> None:
    page.goto(LIST + "?q=ventas")
    expect(page.locator("#select-page")).to_be_hidden()
    page.get_by_role("checkbox", name=f"Select {sales_phone.shown}").check()
    page.get_by_role("button", name="Change those ticked…").click()

    expect(page.get_by_role("heading", name="Change 1 number")).to_be_visible()
    page.get_by_role("group", name="Inbound agent").get_by_text("Set to", exact=True).click()
    page.get_by_role("button", name="Choose another agent · Inbound agent to set").click()
    page.get_by_role("combobox", name="Inbound agent to set").select_option(version_id(sandbox, "Carla", 4))
    page.get_by_label("Reason").fill("Autumn hours")
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.get_by_role("button", name="Preview").click()

    item = PlanItem.objects.get()
    assert (item.phone_id, list(item.after)) == (sales_phone.pk, ["inbound"])


@pytest.mark.browser_context_args(java_script_enabled=False)
def test_nothing_and_all_without_scripts(page: Page, complaints: Complaints, aurora: Project) -> None:
    complaints.expect(422)
    page.goto(LIST + "?q=citas&status=assigned")
    page.get_by_role("button", name="Change those ticked…").click()
    expect(page.get_by_text("No number of this project is chosen.")).to_be_visible()

    page.get_by_role("button", name="Change all 8 matching…").click()
    expect(page.get_by_role("heading", name="Change 8 numbers")).to_be_visible()
    page.get_by_label("Reason").fill("Autumn hours")
    page.get_by_role("button", name="Preview").click()

    expect(page.get_by_text("Nothing is to be changed: every field is kept.")).to_be_visible()
    expect(page.get_by_label("Reason")).to_have_value("Autumn hours")
    assert not Plan.objects.exists()
