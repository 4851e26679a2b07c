"""The main job in a real browser: sign in, find a number, open it, change it, see what Diga confirmed."""

import re
from collections.abc import Callable
from typing import Literal

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import BrowserContext, Page, expect

from phones.diga.sandbox import Sandbox
from phones.models import Phone, Project
from tests.fixtures.browser import (
    bodies_sent,
    drawer_of,
    link_of,
    open_alone,
    open_beside,
    row_of,
    version_id,
)
from tests.fixtures.desk import PASSWORD
from tests.support.pages.agent_picker import choose_version

pytestmark = pytest.mark.browser
PageOf = Callable[[User], Page]
LIST = "/projects/aurora/phones/"
# Badges and agents that run over the edge of the table.
STICKING_OUT = """() => [...document.querySelectorAll("#phone-table td:not([hidden]) :is(.state, .agent)")]
    .filter(part => part.getBoundingClientRect().right > part.closest("table").getBoundingClientRect().right)
    .map(part => `${innerWidth} ${part.textContent}`)"""


def _sign_in(page: Page, person: User) -> None:
    page.goto("/")
    page.get_by_label("Username").fill(person.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_main_job(page: Page, router: User, sandbox: Sandbox, reception_phone: Phone) -> None:
    _sign_in(page, router)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Phones").click()
    page.get_by_role("searchbox", name="Search phones").press_sequentially("951 20 18 02")
    expect(page.get_by_text("1 of 40 numbers").first).to_be_visible()

    found = page.url
    drawer = open_beside(page, reception_phone)
    expect(drawer).to_be_visible()
    assert re.search(rf"/phones/{reception_phone.pk}/\?q=951\+20\+18\+02$", page.url)

    save = drawer.get_by_role("button", name="Save changes")
    expect(save).to_be_disabled()
    drawer.get_by_label("Alias").fill("Recepción nueva")
    expect(save).to_be_enabled()
    choose_version(drawer, "Inbound agent", sandbox, "Gema", 1)
    expect(drawer.get_by_text("Saving publishes v1 of “Gema · Fisioterapia”. It goes live now.")).to_be_visible()
    drawer.get_by_label("I understand this goes live").check()
    drawer.get_by_label("Reason").fill("Cambio de turno")
    save.click()

    result = drawer.get_by_role("status").filter(has_text="Diga confirmed at")
    expect(result).to_have_text(re.compile(r"Saved\. Diga confirmed at \d\d:\d\d:\d\d"))
    expect(result).to_be_focused()
    row = row_of(page, reception_phone)
    expect(row.locator(".c-alias")).to_have_text("Recepción nueva")
    expect(row.locator(".c-in")).to_contain_text("Gema · Fisioterapia")
    assert bodies_sent(sandbox) == [
        {"nickname": "Recepción nueva", "inbound_version_id": version_id(sandbox, "Gema", 1)}
    ]

    page.reload()
    expect(drawer.get_by_label("Alias")).to_have_value("Recepción nueva")
    expect(row.locator(".c-in")).to_contain_text("Gema · Fisioterapia")
    expect(drawer.get_by_text("Cambio de turno")).to_be_visible()

    page.go_back()
    expect(page).to_have_url(found)
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    expect(row).to_be_visible()
    expect(drawer).to_have_count(0)


def test_back_button_closes_the_drawer_and_forward_opens_it(
    page_of: PageOf, router: User, reception_phone: Phone
) -> None:
    page = page_of(router)
    page.goto(LIST)
    drawer = open_beside(page, reception_phone)

    page.go_back()

    expect(drawer).to_have_count(0)
    expect(page).to_have_url(re.compile(rf"{LIST}$"))
    expect(page.get_by_role("row")).to_have_count(41)
    expect(page.get_by_role("searchbox", name="Search phones")).to_be_visible()

    # Back reads the page anew; until its scripts run, nothing hears of Forward.
    page.wait_for_load_state("load")
    page.go_forward()
    expect(drawer.get_by_label("Alias")).to_have_value("Recepción Málaga centro")
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()


@pytest.mark.parametrize("key", ["ControlOrMeta", "Shift"])
def test_number_opens_in_a_new_tab_or_window(
    page_of: PageOf,
    context: BrowserContext,
    router: User,
    reception_phone: Phone,
    key: Literal["ControlOrMeta", "Shift"],
) -> None:
    page = page_of(router)
    page.goto(LIST)

    with context.expect_page() as opened:
        link_of(page, reception_phone).click(modifiers=[key])

    tab = opened.value
    expect(drawer_of(tab, reception_phone).get_by_label("Alias")).to_have_value("Recepción Málaga centro")
    expect(tab.get_by_role("navigation", name="Main")).to_be_visible()
    expect(drawer_of(page, reception_phone)).to_have_count(0)
    expect(page).to_have_url(re.compile(rf"{LIST}$"))


def test_close_returns_to_the_list_it_was_opened_from(page_of: PageOf, router: User, reception_phone: Phone) -> None:
    page = page_of(router)
    page.goto(f"{LIST}?q=recepcion&status=assigned")
    drawer = open_beside(page, reception_phone)

    drawer.get_by_role("link", name="Close").click()

    expect(drawer).to_have_count(0)
    expect(page).to_have_url(re.compile(r"\?q=recepcion&status=assigned$"))
    expect(link_of(page, reception_phone)).to_be_focused()
    expect(row_of(page, reception_phone)).not_to_have_attribute("aria-selected", "true")


def test_open_number_is_marked_in_the_list_and_stays_in_sight(
    page_of: PageOf, router: User, sales_phone: Phone
) -> None:
    page = page_of(router)
    page.goto(LIST)

    open_beside(page, sales_phone)

    row = row_of(page, sales_phone)
    expect(row).to_have_attribute("aria-selected", "true")
    expect(row).to_be_in_viewport()


SPANISH = pytest.param("es", marks=pytest.mark.browser_context_args(locale="es-ES"))


@pytest.mark.parametrize("language", ["en", SPANISH])
def test_badges_stay_inside_the_table(
    page_of: PageOf, router: User, sales_phone: Phone, spanish: None, language: str
) -> None:
    page = page_of(router)
    page.goto(f"{LIST}{sales_phone.pk}/")
    beside = []
    for width in (1200, 1440, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        beside += page.evaluate(STICKING_OUT)
    page.goto(LIST)
    for width in (380, 600, 720, 992, 1100, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        beside += page.evaluate(STICKING_OUT)

    expect(page.locator("html")).to_have_attribute("lang", language)
    assert beside == []


def test_filters_narrow_the_list_and_are_in_the_address(page_of: PageOf, router: User, aurora: Project) -> None:
    page = page_of(router)
    page.goto(LIST)

    page.get_by_label("Filter by status").select_option("Reserved")
    expect(page.get_by_text("1 of 40 numbers").first).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?status=reserved$"))
    page.get_by_role("link", name="Remove filter: Reserved").click()

    expect(page.get_by_text("40 numbers", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile(rf"{LIST}$"))
    page.go_back()
    expect(page.get_by_text("1 of 40 numbers").first).to_be_visible()


def test_second_search_takes_the_place_of_the_first(page_of: PageOf, router: User, aurora: Project) -> None:
    page = page_of(router)
    page.goto(LIST)
    finder = page.get_by_role("searchbox", name="Search phones")

    finder.fill("951 20 18 02")
    expect(page.get_by_text("1 of 40 numbers").first).to_be_visible()
    finder.fill("citas")
    expect(page).to_have_url(re.compile(r"\?q=citas$"))
    expect(page.get_by_text("Citas Palma")).to_be_visible()
    page.get_by_label("Filter by status").select_option("Finished")
    expect(page.get_by_text("1 of 40 numbers").first).to_be_visible()

    expect(page).to_have_url(re.compile(r"\?q=citas&status=finished$"))
    finder.fill("zzz")
    expect(page.get_by_role("heading", name="No number matches")).to_be_visible()


def test_copy_says_what_was_copied(
    page_of: PageOf, context: BrowserContext, router: User, reception_phone: Phone
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = page_of(router)
    page.goto(LIST)

    page.get_by_role("button", name=f"Copy {reception_phone.shown}").click()

    expect(page.get_by_role("status").filter(has_text="Copied: +34951201802")).to_have_count(1)
    assert page.evaluate("navigator.clipboard.readText()") == "+34951201802"


def test_viewer_sees_everything_and_changes_nothing(page_of: PageOf, viewer: User, reception_phone: Phone) -> None:
    page = page_of(viewer)
    drawer = open_alone(page, reception_phone)

    expect(drawer.get_by_text("Your role shows numbers but doesn’t change them.")).to_be_visible()
    expect(drawer.get_by_role("link", name="Alicia · Recepción")).to_be_visible()
    expect(page.get_by_role("button", name="Save changes")).to_have_count(0)
    expect(page.get_by_role("link", name=re.compile("^Rename"))).to_have_count(0)


def test_logged_out_meanwhile_leads_to_sign_in_and_back(
    page_of: PageOf, context: BrowserContext, router: User, reception_phone: Phone
) -> None:
    page = page_of(router)
    page.goto(LIST)
    context.clear_cookies()

    link_of(page, reception_phone).click()

    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("Username").fill(router.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile(rf"{LIST}$"))
