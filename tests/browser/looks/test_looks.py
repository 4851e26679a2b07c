"""The list in every look: wide and narrow, with wider spacing of text, in contrast themes, and on paper."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import BrowserContext, Page, expect

from phones.models import Phone
from tests.fixtures.browser import drawer_of, link_of, open_alone, row_of

pytestmark = pytest.mark.browser
PageOf = Callable[[User], Page]
LIST = "/projects/aurora/phones/"
WIDTHS = (1920, 1440, 1024, 390, 320)
# WCAG 1.4.12. A sheet that a script makes is no inline style.
SPACED = """() => {
    const sheet = new CSSStyleSheet();
    const words = "letter-spacing: .12em !important; word-spacing: .16em !important;";
    sheet.replaceSync(`* { line-height: 1.5 !important; ${words} } p { margin-bottom: 2em !important; }`);
    document.adoptedStyleSheets = [sheet];
}"""
# The numbers that their cell, or the window, does not show whole; and rows without a readable alias or inbound agent.
CUT = """() => [...document.querySelectorAll("#phone-table tbody tr")].filter((row) => {
    const shows = (box) => box.width > 0 && box.right <= innerWidth && box.left >= 0;
    const link = row.querySelector("a.phone");
    const number = link.getBoundingClientRect();
    const cell = link.closest("td").getBoundingClientRect();
    const alias = row.querySelector(".c-alias .cut").getBoundingClientRect();
    const inbound = row.querySelector(".c-in > *").getBoundingClientRect();
    const isCut = link.scrollWidth > link.clientWidth + 1 && getComputedStyle(link).overflow !== "visible";
    const isSqueezed = alias.width < 60 && row.querySelector(".c-alias .cut").textContent.length > 12;
    return isCut || number.right > cell.right + 1 || ![number, alias, inbound].every(shows) || isSqueezed;
}).map((row) => row.textContent.trim())"""


@pytest.mark.parametrize("is_spaced", [False, True], ids=["as-is", "spaced"])
@pytest.mark.parametrize("locale", ["en", "es"])
def test_numbers_names_and_inbound_agents_are_whole_at_every_width(
    page_of: PageOf, lead: User, sales_phone: Phone, locale: str, is_spaced: bool
) -> None:
    page = page_of(lead)
    page.set_extra_http_headers({"Accept-Language": locale})
    cut = {}

    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(LIST)
        if is_spaced:
            page.evaluate(SPACED)
        cut[width] = page.evaluate(CUT)
        if width >= 1440:
            link_of(page, sales_phone).click()
            expect(drawer_of(page, sales_phone)).to_be_visible()
            cut[width] += page.evaluate(CUT)

    assert {width: rows for width, rows in cut.items() if rows} == {}


def test_rows_that_are_cut_are_seen(page_of: PageOf, lead: User, sales_phone: Phone) -> None:
    page = page_of(lead)
    page.goto(LIST)

    page.evaluate("() => { document.querySelector('a.phone').style.cssText = 'width: 40px; overflow: hidden'; }")

    assert len(page.evaluate(CUT)) == 1


def test_what_is_chosen_or_open_is_seen_in_contrast_themes(page_of: PageOf, lead: User, sales_phone: Phone) -> None:
    page = page_of(lead)
    page.emulate_media(forced_colors="active")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(LIST)
    row = row_of(page, sales_phone)
    box = row.get_by_role("checkbox")

    def look() -> tuple[bytes, bytes]:
        page.mouse.move(0, 0)
        return box.screenshot(), row.screenshot()

    plain = look()
    box.check()
    box.blur()
    ticked = look()
    box.uncheck()
    box.blur()
    link_of(page, sales_phone).click()
    expect(drawer_of(page, sales_phone)).to_be_visible()

    assert plain[0] != ticked[0]
    assert plain[1] != ticked[1]
    expect(row).to_have_css("outline-style", "dashed")
    current = page.get_by_role("navigation", name="Main").get_by_role("link", name="Phones")
    other = page.get_by_role("navigation", name="Main").get_by_role("link", name="Agents")
    background = "(link) => getComputedStyle(link).backgroundColor"
    assert current.evaluate(background) != other.evaluate(background)


def test_filters_fold_into_one_button_while_a_number_is_open(page_of: PageOf, lead: User, sales_phone: Phone) -> None:
    page = page_of(lead)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(LIST)
    status = page.get_by_role("combobox", name="Filter by status")
    expect(status).to_be_visible()

    link_of(page, sales_phone).click()
    expect(drawer_of(page, sales_phone)).to_be_visible()
    expect(status).to_be_hidden()
    page.get_by_role("checkbox", name="Filters").check()
    status.select_option("assigned")

    expect(page).to_have_url(re.compile("status=assigned"))
    expect(status).to_be_visible()


def test_agents_of_rows_lead_to_their_pages(page_of: PageOf, lead: User, sales_phone: Phone) -> None:
    page = page_of(lead)
    page.goto(LIST)

    row_of(page, sales_phone).get_by_role("link", name="Bruno · Ventas").first.click()

    expect(page.get_by_role("heading", name="Bruno · Ventas", level=1)).to_be_visible()


@pytest.mark.parametrize("address", [LIST, "/projects/aurora/changes/", "/projects/aurora/plans/"])
def test_paper_holds_what_is_read_and_nothing_to_press(page_of: PageOf, lead: User, address: str) -> None:
    page = page_of(lead)
    page.goto(address)

    page.emulate_media(media="print")

    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
    assert [button for button in page.locator(".btn, .btn-q").all() if button.is_visible()] == []


def test_walking_through_a_filter_is_one_step_back(page_of: PageOf, lead: User, sales_phone: Phone) -> None:
    page = page_of(lead)
    page.goto(LIST)
    steps = page.evaluate("history.length")
    page.get_by_role("combobox", name="Filter by status").focus()

    for code in ("assigned", "released"):
        page.get_by_role("combobox", name="Filter by status").select_option(code)
        expect(page).to_have_url(re.compile(f"status={code}"))
        expect(page.locator("#announcer")).to_have_text(re.compile("of 40 numbers"))

    assert page.evaluate("history.length") == steps + 1
    page.go_back()
    expect(page).to_have_url(re.compile(r"/phones/$"))


def test_focus_stays_on_what_checks_again(page_of: PageOf, router: User, sales_phone: Phone) -> None:
    page = page_of(router)
    again = open_alone(page, sales_phone).get_by_role("button", name="Check this number again")

    again.focus()
    with page.expect_response(re.compile("/reread/")):
        page.keyboard.press("Enter")

    expect(again).to_be_focused()
    save = drawer_of(page, sales_phone).get_by_role("button", name="Save changes")
    assert save.get_attribute("aria-describedby") == "phone-guard"


def test_failed_sign_in_leads_to_its_reason(page_of: PageOf, context: BrowserContext, viewer: User) -> None:
    page = page_of(viewer)
    context.clear_cookies()
    page.goto("/account/login/")
    page.get_by_label("Username").fill("nobody")
    page.get_by_label("Password").fill("wrong wrong wrong")

    page.keyboard.press("Enter")

    expect(page.get_by_role("alert").filter(has_text="not correct")).to_be_focused()


def test_undo_acts_in_place_by_keyboard(page_of: PageOf, router: User, sales_phone: Phone) -> None:
    page = page_of(router)
    page.goto(f"{LIST}{sales_phone.pk}/")
    drawer = drawer_of(page, sales_phone)
    drawer.get_by_label("Alias").fill("Otro nombre")
    page.keyboard.press("Enter")
    card = drawer.get_by_role("status").filter(has_text="Diga confirmed at")
    expect(card).to_contain_text("Otro nombre")

    card.get_by_role("button", name="Undo").focus()
    page.keyboard.press("Enter")

    expect(drawer.get_by_label("Alias")).to_have_value("Ventas Costa del Sol")
    expect(card).to_be_focused()
    expect(row_of(page, sales_phone)).to_contain_text("Ventas Costa del Sol")
