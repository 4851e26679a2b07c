"""What a day at the desk is made of, from page to page: a pasted ticket, a sorted list, a saved view, taking back."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from phones.diga.sandbox import Sandbox
from phones.models import Phone
from tests.fixtures.browser import drawer_of, link_of, open_beside

pytestmark = pytest.mark.browser
LIST = "/projects/aurora/phones/"


@pytest.fixture
def page(page_of: Callable[[User], Page], router: User, aurora: object) -> Page:
    """The list before somebody who may rename and re-route."""
    page = page_of(router)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(LIST)
    return page


def open_menu(page: Page, name: str) -> None:
    """Open a menu of the list."""
    page.locator("main summary").filter(has_text=name).click()


def test_pasted_ticket_becomes_a_list(page: Page, sales_phone: Phone, reception_phone: Phone) -> None:
    page.get_by_role("link", name="Find pasted numbers").click()
    page.get_by_label("Text or numbers").fill(f"Hola: {sales_phone.number[3:]} y {reception_phone.shown}. DESK-7")
    page.get_by_role("button", name="Find", exact=True).click()

    page.get_by_role("link", name="Show these 2 in the list").click()

    expect(page.get_by_text("2 of 40 numbers").first).to_be_visible()
    expect(link_of(page, sales_phone)).to_be_visible()
    page.locator(".chip").get_by_role("link").click()
    expect(page.get_by_text("40 numbers", exact=True)).to_be_visible()


def test_order_and_columns_last_through_a_visit_and_back(page: Page, sales_phone: Phone) -> None:
    open_menu(page, "Columns and rows")
    page.get_by_role("checkbox", name="Provider").uncheck()
    page.get_by_role("button", name="Show").click()
    nickname = page.get_by_role("columnheader", name="Alias")
    nickname.get_by_role("link").click()
    expect(nickname).to_have_attribute("aria-sort", "ascending")

    open_beside(page, sales_phone)
    page.go_back()

    expect(drawer_of(page, sales_phone)).to_have_count(0)
    expect(nickname).to_have_attribute("aria-sort", "ascending")
    expect(page.get_by_role("columnheader", name="Number")).to_be_visible()
    expect(page.get_by_role("columnheader", name="Provider")).to_have_count(0)


def test_filter_is_saved_as_a_view_and_opened(page: Page) -> None:
    page.get_by_label("Filter by status").select_option("reserved")
    counted = page.locator("[data-total]").filter(has_text=re.compile(r"\d+ of 40 numbers"))
    shown = counted.inner_text()
    open_menu(page, "Views")
    page.get_by_role("link", name="Save this filter").click()
    page.get_by_label("Name").fill("Held back")
    page.get_by_role("button", name="Save").click()
    page.goto(LIST)

    open_menu(page, "Views")
    page.get_by_role("link", name="Held back").click()

    expect(counted).to_have_text(shown)
    expect(page.get_by_label("Filter by status")).to_have_value("reserved")


def test_save_is_taken_back_from_its_result(page: Page, sandbox: Sandbox, sales_phone: Phone) -> None:
    drawer = open_beside(page, sales_phone)
    drawer.get_by_label("Alias").fill("Otro nombre")
    drawer.get_by_role("button", name="Save changes").click()
    result = drawer.get_by_role("status").filter(has_text="Diga confirmed at")
    expect(result.get_by_role("button", name="Copy for ticket")).to_be_visible()

    result.get_by_role("button", name="Undo").click()

    expect(drawer.get_by_label("Alias")).to_have_value("Ventas Costa del Sol")
    assert sandbox.phones[sales_phone.pk].nickname == "Ventas Costa del Sol"


def test_go_opens_the_number(page: Page, reception_phone: Phone) -> None:
    page.goto(f"/go/?n={reception_phone.number[3:]}")

    expect(drawer_of(page, reception_phone)).to_be_visible()


def test_export_downloads_what_is_shown(page: Page, sales_phone: Phone) -> None:
    page.goto(f"{LIST}?q={sales_phone.number[3:]}")
    open_menu(page, "Export")

    with page.expect_download() as download:
        page.get_by_role("link", name="Everything, for editing: CSV").click()

    _heading, *rows = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert [sales_phone.number in row for row in rows] == [True]
