"""Shortcuts: the whole job by counted keys, rows as one Tab stop each, and nothing once they are turned off."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from phones.diga.sandbox import Sandbox
from phones.models import Phone, Preference
from tests.fixtures.browser import bodies_sent, drawer_of, link_of, open_beside, row_of, version_id
from tests.support.pages.axe import violations

pytestmark = pytest.mark.browser
PageOf = Callable[[User], Page]
LIST = "/projects/aurora/phones/"
KEYS = 12
UNDONE = re.compile(r"Carla · Citas\s*v4\s*Bruno · Ventas\s*v2")
# What Tab reaches in the list, and in which row each is.
TAB_STOPS = """() => [...document.querySelectorAll("#phone-table tbody tr")].map((row) =>
    [...row.querySelectorAll("a[href], button, input")].filter((each) => each.tabIndex === 0).length)"""


@pytest.fixture
def page(page_of: PageOf, lead: User, aurora: object) -> Page:
    """The list before somebody who may also change many numbers."""
    page = page_of(lead)
    page.goto(LIST)
    return page


def test_find_reassign_and_undo_take_few_keys(page: Page, sales_phone: Phone, sandbox: Sandbox) -> None:
    count = 0

    def press(key: str) -> None:
        nonlocal count
        count += 1
        page.keyboard.press(key)

    press("/")
    page.keyboard.type(sales_phone.number)
    press("Enter")
    drawer = drawer_of(page, sales_phone)
    expect(drawer.get_by_text("Checked with Diga just now")).to_be_visible()
    press("r")
    expect(drawer.get_by_label("Inbound agent", exact=True)).to_be_focused()
    page.keyboard.type("Carla")
    press("Enter")
    expect(drawer.get_by_text("Nothing is published.")).to_be_visible()
    press("ControlOrMeta+Enter")
    expect(drawer.locator("[data-result]")).to_be_focused()
    press("u")
    expect(drawer.locator("[data-result]")).to_contain_text(UNDONE)

    assert count <= KEYS
    wanted = [version_id(sandbox, "Carla", 4), version_id(sandbox, "Bruno", 2)]
    assert bodies_sent(sandbox) == [{"inbound_version_id": each} for each in wanted]


def test_row_is_one_tab_stop(page: Page, sales_phone: Phone) -> None:
    stops = page.evaluate(TAB_STOPS)
    assert len(stops) == 40
    assert set(stops) == {1}

    link_of(page, sales_phone).focus()
    page.keyboard.press("ArrowRight")
    expect(row_of(page, sales_phone).get_by_role("button", name=f"Copy {sales_phone.shown}")).to_be_focused()
    page.keyboard.press("Tab")

    expect(row_of(page, sales_phone).locator(":focus")).to_have_count(0)
    expect(page.locator("#phone-table tbody :focus")).to_have_count(1)
    assert set(page.evaluate(TAB_STOPS)) == {1}


def test_rows_of_a_new_list_are_one_tab_stop_too(page: Page) -> None:
    page.locator("#finder").fill("citas")
    expect(page.get_by_text(re.compile(r"of 40 numbers")).first).to_be_visible()

    assert set(page.evaluate(TAB_STOPS)) == {1}


def test_arrow_leads_from_the_search_into_the_rows_and_j_k_on(page: Page) -> None:
    links = page.locator("#phone-table a.phone")
    page.keyboard.press("/")

    page.keyboard.press("ArrowDown")
    expect(links.nth(0)).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    expect(links.nth(2)).to_be_focused()
    page.keyboard.press("k")

    expect(links.nth(1)).to_be_focused()


def test_enter_opens_nothing_where_there_are_several_hits(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("citas")
    page.keyboard.press("Enter")

    expect(page.get_by_text(re.compile(r"of 40 numbers")).first).to_be_visible()
    expect(page.locator("#drawer > *")).to_have_count(0)


def test_search_of_another_page_opens_the_only_hit(page: Page, sales_phone: Phone) -> None:
    page.goto("/projects/aurora/agents/")
    page.keyboard.press("/")
    page.keyboard.type("951441246")
    page.keyboard.press("Enter")

    expect(drawer_of(page, sales_phone)).to_be_visible()


def test_row_is_chosen_renamed_copied_and_opened(page: Page, sales_phone: Phone) -> None:
    row = row_of(page, sales_phone)
    link_of(page, sales_phone).focus()

    page.keyboard.press("x")
    expect(row.get_by_role("checkbox")).to_be_checked()
    page.keyboard.press("o")
    expect(page.get_by_role("heading", name=sales_phone.shown)).to_be_focused()
    page.keyboard.press("e")
    expect(drawer_of(page, sales_phone).get_by_label("Alias")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("ControlOrMeta+k")
    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog", name="Palette")).to_be_hidden()


def test_e_renames_in_the_row_where_nothing_is_open(page: Page, sales_phone: Phone) -> None:
    link_of(page, sales_phone).focus()

    page.keyboard.press("e")

    expect(row_of(page, sales_phone).get_by_label("Alias")).to_be_focused()


@pytest.mark.parametrize(("key", "path"), [("o", ""), ("p", "phones/"), ("a", "agents/"), ("c", "changes/")])
def test_g_goes_to_a_page(page: Page, key: str, path: str) -> None:
    page.goto("/projects/aurora/plans/")

    page.keyboard.press("g")
    page.keyboard.press(key)

    expect(page).to_have_url(re.compile(f"/projects/aurora/{path}$"))


def test_question_mark_lists_them(page: Page, sales_phone: Phone) -> None:
    open_beside(page, sales_phone)

    page.keyboard.press("?")
    shortcuts = page.get_by_role("dialog", name="Shortcuts")
    expect(shortcuts.get_by_text("Give it another agent")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")

    expect(shortcuts).to_be_hidden()
    expect(drawer_of(page, sales_phone)).to_be_visible()


def test_letters_are_text_while_typing(page: Page, sales_phone: Phone) -> None:
    drawer = open_beside(page, sales_phone)

    drawer.get_by_label("Reason").press_sequentially("jerx?u")

    expect(drawer.get_by_label("Reason")).to_have_value("jerx?u")


def test_turned_off_they_do_nothing(page: Page, lead: User, sales_phone: Phone) -> None:
    page.goto("/account/")
    page.get_by_role("region", name="Keyboard").get_by_role("button", name="Turn off").click()
    expect(page.get_by_text("Single keys do nothing.", exact=True)).to_be_visible()
    assert Preference.objects.get(user=lead).has_shortcuts is False
    page.goto(LIST)
    link_of(page, sales_phone).focus()

    for key in ("e", "r", "x", "o", "c", "?", "/", "g", "a"):
        page.keyboard.press(key)
    page.wait_for_timeout(300)

    expect(link_of(page, sales_phone)).to_be_focused()
    expect(row_of(page, sales_phone).get_by_role("checkbox")).not_to_be_checked()
    expect(page.locator("dialog[open], #drawer > *, tr.is-editing")).to_have_count(0)
    expect(page).to_have_url(re.compile(f"{LIST}$"))
    page.keyboard.press("ControlOrMeta+k")
    expect(page.get_by_role("combobox", name="Find a number, agent")).to_be_focused()
