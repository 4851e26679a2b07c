"""The palette by keyboard: opening, typing, moving, taking a hit, and what a screen reader is told."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, Route, expect

from phones.models import Phone
from tests.support.pages.axe import violations

pytestmark = pytest.mark.browser
PageOf = Callable[[User], Page]
OVERVIEW = "/projects/aurora/"


@pytest.fixture
def page(page_of: PageOf, lead: User, aurora: object) -> Page:
    """The overview before somebody who may also change many numbers."""
    page = page_of(lead)
    page.goto(OVERVIEW)
    return page


def _open(page: Page) -> None:
    page.keyboard.press("ControlOrMeta+k")
    expect(page.get_by_role("option", name="Overview")).to_be_visible()


def _first(page: Page) -> Locator:
    """Return the hit that Enter takes while none is chosen."""
    return page.locator("#palette [data-combobox-option-default]")


def test_first_hit_is_taken_by_enter(page: Page, sales_phone: Phone) -> None:
    _open(page)

    page.keyboard.type(sales_phone.number)
    expect(_first(page)).to_contain_text(sales_phone.shown)
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(f"/phones/{sales_phone.pk}/$"))
    expect(page.get_by_role("heading", name=sales_phone.shown)).to_be_visible()


def test_enter_waits_for_the_hits_of_what_was_typed(page: Page, sales_phone: Phone) -> None:
    held: list[Route] = []
    _open(page)
    page.route(re.compile(r"/palette/\?q=951441246"), lambda route: held.append(route))
    page.keyboard.type("951441246")

    page.keyboard.press("Enter")
    expect(_first(page)).to_have_count(0)
    while not held:
        page.wait_for_timeout(20)
    expect(page).to_have_url(re.compile(f"{OVERVIEW}$"))
    held[0].continue_()

    expect(page).to_have_url(re.compile(f"/phones/{sales_phone.pk}/$"))


def test_arrows_move_among_hits_and_around(page: Page) -> None:
    _open(page)
    box = page.get_by_role("combobox")
    selected = page.get_by_role("option", selected=True)

    page.keyboard.press("ArrowDown")
    expect(selected).to_contain_text("Overview")
    page.keyboard.press("ArrowDown")
    expect(selected).to_contain_text("Phones")
    expect(box).to_have_attribute("aria-activedescendant", selected.get_attribute("id") or "")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(selected).to_have_count(0)
    page.keyboard.press("ArrowUp")
    expect(selected).to_have_text("Export all numbers: CSV")

    expect(box).to_be_focused()


def test_action_is_done_by_enter(page: Page) -> None:
    _open(page)
    page.keyboard.type("refresh")
    expect(page.get_by_role("option")).to_have_text(["Refresh from Diga"])

    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(r"/sync/\d+/$"))


def test_screen_reader_hears_how_many_there_are(page: Page) -> None:
    _open(page)
    said = page.locator("#palette-said")

    page.keyboard.type("agents")
    expect(said).to_have_text("1 hit")
    page.keyboard.type("zzz")

    expect(said).to_have_text("Nothing found")
    expect(page.get_by_role("combobox")).to_have_attribute("aria-expanded", "false")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.locator("[data-palette-open]").click()
    page.keyboard.type("alicia")
    expect(page.get_by_role("option", name="Alicia · Recepción live: v5")).to_be_visible()

    assert violations(page) == []


def test_escape_gives_the_focus_back(page: Page) -> None:
    opener = page.locator("[data-palette-open]")
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox")).to_be_focused()

    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog", name="Palette")).to_be_hidden()
    expect(opener).to_be_focused()


def test_lines_of_a_pasted_text_stay_apart(page: Page) -> None:
    _open(page)
    page.get_by_role("combobox").evaluate(
        """(box, text) => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            box.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }""",
        "951 44 12 46\r\n951 20 18 02\n",
    )

    expect(page.get_by_role("combobox")).to_have_value("951 44 12 46; 951 20 18 02")
    expect(page.get_by_role("option")).to_have_count(2)
