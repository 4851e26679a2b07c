"""Working without a mouse: renaming in the row, shortcuts, where the focus goes, and text that isn't saved."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import BrowserContext, Dialog, Page, expect

from phones.diga.sandbox import Fault, Sandbox
from phones.models import Phone
from tests.fixtures.browser import (
    Complaints,
    bodies_sent,
    link_of,
    open_alone,
    open_beside,
    row_of,
)

pytestmark = pytest.mark.browser
PageOf = Callable[[User], Page]
LIST = "/projects/aurora/phones/"
# The outline or ring of what has the focus, or of the label that stands for a hidden box; "" where there is none.
FOCUS = """() => {
    const element = document.activeElement;
    const shown = element.matches(".btn-check") ? element.nextElementSibling : element;
    const style = getComputedStyle(shown), box = shown.getBoundingClientRect();
    const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    const name = `${element.tagName} ${element.id || element.getAttribute("aria-label") || element.textContent.trim()}`;
    if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) return `no outline: ${name}`;
    if (!box.width || !shown.contains(hit)) return `hidden: ${name}`;
    return "";
}"""
# Two links may look alike, so it is the element that is remembered.
WAS_FOCUSED = """() => {
    const seen = (window.seenByTest ??= new Set()), was = seen.has(document.activeElement);
    seen.add(document.activeElement);
    return was;
}"""


@pytest.fixture
def page(page_of: PageOf, router: User, aurora: object) -> Page:
    """The list before somebody who may rename and re-route."""
    page = page_of(router)
    page.goto(LIST)
    return page


@pytest.fixture
def asked(page: Page) -> list[str]:
    """What the page has asked; every question is answered with no."""
    questions: list[str] = []

    def refuse(dialog: Dialog) -> None:
        questions.append(f"{dialog.type}: {dialog.message}")
        dialog.dismiss()

    page.on("dialog", refuse)
    return questions


def test_rename_with_the_keyboard_alone(page: Page, sandbox: Sandbox, sales_phone: Phone) -> None:
    row = row_of(page, sales_phone)
    link_of(page, sales_phone).focus()

    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("button", name=f"Copy {sales_phone.shown}")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("link", name="Rename Ventas Costa del Sol")).to_be_focused()
    page.keyboard.press("Enter")
    field = row.get_by_label("Alias")
    expect(field).to_be_focused()
    page.keyboard.type("Ventas Málaga")
    page.keyboard.press("Enter")

    pencil = page.get_by_role("link", name="Rename Ventas Málaga")
    expect(pencil).to_be_focused()
    expect(row.get_by_role("status")).to_have_text("Saved")
    expect(page.locator("#announcer")).to_have_text("Saved")
    assert bodies_sent(sandbox) == [{"nickname": "Ventas Málaga"}]


@pytest.mark.parametrize("way", ["Cancel", "Escape"])
def test_cancelled_rename_sends_nothing_and_returns_to_the_pencil(
    page: Page, asked: list[str], sandbox: Sandbox, sales_phone: Phone, way: str
) -> None:
    row = row_of(page, sales_phone)
    pencil = page.get_by_role("link", name="Rename Ventas Costa del Sol")
    pencil.focus()
    page.keyboard.press("Enter")
    expect(row.get_by_label("Alias")).to_be_focused()
    page.keyboard.type("Otro")

    if way == "Escape":
        page.keyboard.press("Escape")
    else:
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        expect(row.get_by_role("link", name="Cancel")).to_be_focused()
        page.keyboard.press("Enter")

    expect(pencil).to_be_focused()
    expect(row.locator(".c-alias")).to_have_text("Ventas Costa del Sol")
    assert bodies_sent(sandbox) == []
    assert asked == []


def test_refused_rename_keeps_the_text_and_says_why(
    page: Page, complaints: Complaints, sandbox: Sandbox, sales_phone: Phone
) -> None:
    complaints.expect(422, 502)
    row = row_of(page, sales_phone)
    sandbox.faults.add(Fault("status", status=400, method="PATCH"))
    page.get_by_role("link", name="Rename Ventas Costa del Sol").press("Enter")
    row.get_by_label("Alias").fill("Ventas Málaga")

    page.keyboard.press("Enter")

    expect(row.get_by_role("alert")).to_contain_text("Diga refused, nothing was changed.")
    expect(row.get_by_label("Alias")).to_have_value("Ventas Málaga")
    expect(row.get_by_label("Alias")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Rename Ventas Málaga")).to_be_focused()


def test_slash_focuses_the_finder(page: Page) -> None:
    finder = page.get_by_role("searchbox", name="Search phones")
    finder.fill("951")
    expect(page.get_by_text(re.compile(r"\d\d of 40 numbers")).first).to_be_visible()
    page.get_by_role("link", name="Clear all").focus()

    page.keyboard.press("/")
    page.keyboard.type("pediatria")

    expect(finder).to_be_focused()
    expect(finder).to_have_value("pediatria")
    expect(page.get_by_text("1 of 40 numbers").first).to_be_visible()


def test_slash_is_a_letter_while_typing(page: Page, sales_phone: Phone) -> None:
    drawer = open_beside(page, sales_phone)

    drawer.get_by_label("Reason").press_sequentially("1/2")

    expect(drawer.get_by_label("Reason")).to_have_value("1/2")


@pytest.mark.parametrize("menu", ["Switch project", "Account menu"])
def test_escape_closes_a_menu(page: Page, menu: str) -> None:
    summary = page.locator("summary").filter(has_text=menu)
    summary.focus()
    page.keyboard.press("Enter")
    entries = page.locator("details[open] .menu-list")
    expect(entries).to_be_visible()
    page.keyboard.press("Tab")

    page.keyboard.press("Escape")

    expect(entries).to_have_count(0)
    expect(summary).to_be_focused()


def test_escape_closes_the_drawer_and_returns_to_the_row(page: Page, sales_phone: Phone) -> None:
    link_of(page, sales_phone).focus()
    page.keyboard.press("Enter")
    heading = page.get_by_role("heading", name=sales_phone.shown)
    expect(heading).to_be_focused()

    page.keyboard.press("Escape")

    expect(heading).to_have_count(0)
    expect(link_of(page, sales_phone)).to_be_focused()
    expect(page).to_have_url(re.compile(rf"{LIST}$"))


def test_every_focus_can_be_seen(page: Page, sales_phone: Phone) -> None:
    open_beside(page, sales_phone)
    seen = []

    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate(WAS_FOCUSED):
            break
        seen.append(page.evaluate("() => document.activeElement.outerHTML.slice(0, 300)"))
        assert seen[-1].startswith("<body") or page.evaluate(FOCUS) == ""

    assert len(seen) > 60
    assert any("id_unassign_inbound" in mark for mark in seen)


def test_invisible_focus_is_noticed(page: Page) -> None:
    finder = page.get_by_role("searchbox", name="Search phones")
    finder.focus()
    assert page.evaluate(FOCUS) == ""

    finder.evaluate("finder => finder.style.setProperty('outline', 'none', 'important')")

    assert page.evaluate(FOCUS).startswith("no outline")


def test_skip_link_leads_to_the_content(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    assert page.evaluate(FOCUS) == ""

    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    expect(page.get_by_role("link", name="Find pasted numbers")).to_be_focused()


def test_unsaved_text_is_asked_about_before_another_number_opens(
    page: Page, asked: list[str], sales_phone: Phone, spare_phone: Phone
) -> None:
    drawer = open_beside(page, sales_phone)
    drawer.get_by_label("Alias").fill("Ventas Málaga")

    link_of(page, spare_phone).click()
    page.get_by_role("heading", name=sales_phone.shown).click()
    page.keyboard.press("Escape")

    assert asked == ["confirm: You have changes that are not saved."] * 2
    expect(drawer.get_by_label("Alias")).to_have_value("Ventas Málaga")


@pytest.mark.parametrize("way", ["Agents", "Sign out", "back"])
def test_unsaved_text_is_asked_about_before_the_page_is_left(
    page: Page, asked: list[str], sales_phone: Phone, way: str
) -> None:
    drawer = open_beside(page, sales_phone)
    drawer.get_by_label("Alias").fill("Ventas Málaga")

    if way == "Agents":
        page.get_by_role("link", name="Agents").click()
    elif way == "Sign out":
        page.locator("summary").filter(has_text="Account menu").click()
        page.get_by_role("button", name="Sign out").click()
    else:
        page.evaluate("history.back()")
    page.wait_for_timeout(300)

    assert [question.partition(":")[0] for question in asked] == ["beforeunload"]
    expect(drawer.get_by_label("Alias")).to_have_value("Ventas Málaga")


def test_unsaved_rename_is_asked_about_before_the_list_is_replaced(
    page: Page, asked: list[str], sales_phone: Phone, spare_phone: Phone
) -> None:
    page.get_by_role("link", name="Rename Ventas Costa del Sol").click()
    field = row_of(page, sales_phone).get_by_label("Alias")
    field.fill("Ventas Málaga")

    open_beside(page, spare_phone)
    assert asked == []
    page.get_by_role("checkbox", name="Filters").check()
    page.get_by_label("Filter by status").select_option("Reserved")
    page.wait_for_timeout(300)

    assert asked == ["confirm: You have changes that are not saved."]
    expect(field).to_have_value("Ventas Málaga")


def test_nothing_is_asked_when_nothing_is_lost(
    page: Page, asked: list[str], context: BrowserContext, sales_phone: Phone
) -> None:
    drawer = open_alone(page, sales_phone)
    drawer.get_by_label("Alias").fill("Ventas Málaga")
    drawer.get_by_role("button", name="Save changes").click()
    expect(drawer.get_by_text("Diga confirmed at").first).to_be_visible()
    drawer.get_by_label("Alias").fill("Otro")
    drawer.get_by_role("link", name="Discard").click()

    expect(drawer.get_by_label("Alias")).to_have_value("Ventas Málaga")
    page.get_by_role("link", name="Agents").click()
    expect(page.get_by_role("heading", name="Agents")).to_be_visible()
    assert asked == []
