"""A conflict in a real browser: chosen by keyboard, in a narrow window, in the list, and never by accident."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, expect

from phones.diga.sandbox import Sandbox
from phones.models import Phone
from tests.fixtures.browser import Complaints, bodies_sent, open_alone, open_beside, row_of
from tests.support.pages.agent_picker import choose_version

pytestmark = pytest.mark.browser
PageOf = Callable[[User], Page]
LIST = "/projects/aurora/phones/"


@pytest.fixture
def page(page_of: PageOf, router: User) -> Page:
    """A page of somebody who may rename and re-route."""
    return page_of(router)


def _in_conflict(page: Page, complaints: Complaints, sandbox: Sandbox, phone: Phone) -> Locator:
    complaints.expect(409)
    drawer = open_alone(page, phone)
    sandbox.phones[phone.pk].nickname = "De Marta"
    drawer.get_by_label("Alias", exact=True).fill("Mío")
    drawer.get_by_role("button", name="Save changes").click()
    expect(drawer.get_by_role("group", name="Alias")).to_be_visible()
    return drawer


def test_choice_is_made_by_keyboard(page: Page, complaints: Complaints, sandbox: Sandbox, sales_phone: Phone) -> None:
    drawer = _in_conflict(page, complaints, sandbox, sales_phone)
    expect(drawer.get_by_role("alert").filter(has_text="Nothing was sent")).to_be_focused()

    page.keyboard.press("Tab")
    expect(drawer.get_by_role("radio").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(drawer.get_by_role("radio", name=re.compile("^Yours"))).to_be_checked()
    page.keyboard.press("Enter")

    expect(drawer.get_by_role("status").filter(has_text="Diga confirmed at")).to_be_visible()
    assert bodies_sent(sandbox) == [{"nickname": "Mío"}]


def test_nothing_is_sent_without_a_choice_and_the_browser_says_where_it_is_missing(
    page: Page, complaints: Complaints, sandbox: Sandbox, sales_phone: Phone
) -> None:
    drawer = _in_conflict(page, complaints, sandbox, sales_phone)

    drawer.get_by_role("button", name="Save changes").click()

    expect(drawer.get_by_role("radio").first).to_be_focused()
    assert bodies_sent(sandbox) == []


def test_what_is_typed_further_shows_beside_the_choice(
    page: Page, complaints: Complaints, sandbox: Sandbox, sales_phone: Phone
) -> None:
    drawer = _in_conflict(page, complaints, sandbox, sales_phone)

    drawer.get_by_label("Alias", exact=True).fill("De los dos")
    drawer.get_by_role("radio", name=re.compile("^Yours De los dos")).check()
    drawer.get_by_role("button", name="Save changes").click()

    expect(drawer.get_by_role("status").filter(has_text="Diga confirmed at")).to_be_visible()
    assert bodies_sent(sandbox) == [{"nickname": "De los dos"}]


def test_guard_follows_the_choice_of_an_agent(
    page: Page, complaints: Complaints, sandbox: Sandbox, spare_phone: Phone
) -> None:
    complaints.expect(409)
    drawer = open_alone(page, spare_phone)
    sandbox.phones[spare_phone.pk].inbound_agent_id = sandbox.projects["aurora"].agent("Bruno").id
    choose_version(drawer, "Inbound agent", sandbox, "Carla", 4)
    drawer.get_by_role("button", name="Save changes").click()
    guard = drawer.get_by_role("status", name="What saving does")
    expect(drawer.get_by_role("radio", name=re.compile("^In Diga now"))).to_be_visible()
    expect(guard).to_have_count(0)

    drawer.get_by_role("radio", name=re.compile("^Yours")).check()
    expect(guard).to_contain_text("“Carla · Citas” is live already")
    drawer.get_by_role("radio", name=re.compile("^In Diga now")).check()
    expect(guard).to_have_count(0)
    drawer.get_by_role("button", name="Save changes").click()

    expect(drawer.get_by_role("status").filter(has_text="You kept what Diga has.")).to_be_visible()
    assert bodies_sent(sandbox) == []


@pytest.mark.parametrize("width", [1440, 380])
def test_rename_in_the_list_asks_in_its_row(
    page: Page, complaints: Complaints, sandbox: Sandbox, sales_phone: Phone, width: int
) -> None:
    complaints.expect(409)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(LIST + "?q=ventas")
    row = row_of(page, sales_phone)
    row.get_by_role("link", name=re.compile("^Rename")).click()
    sandbox.phones[sales_phone.pk].nickname = "De Marta"
    row.get_by_role("textbox", name="Alias").fill("Mío")
    row.get_by_role("button", name="Save", exact=True).click()

    choice = row.get_by_role("group", name="Alias")
    expect(choice).to_be_visible()
    box = choice.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    choice.get_by_role("radio", name=re.compile("^Yours")).check()
    row.get_by_role("button", name="Save", exact=True).click()

    expect(row.locator(".c-alias")).to_contain_text("Mío")
    assert bodies_sent(sandbox) == [{"nickname": "Mío"}]


def test_title_of_the_window_follows_the_number_that_is_open(page: Page, sales_phone: Phone) -> None:
    page.goto(LIST)
    drawer = open_beside(page, sales_phone)
    expect(page).to_have_title("+34 951 44 12 46 · Aurora · Phone Desk")

    drawer.get_by_role("link", name="Close").click()

    expect(page).to_have_title("Phones · Aurora · Phone Desk")
