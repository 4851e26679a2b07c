"""A phone's width, and a window zoomed to 200 %: nothing runs over the edge, everything can be reached."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, expect

from phones.diga.sandbox import Sandbox
from phones.models import Membership, Phone, Project, Role
from tests.fixtures.browser import (
    PAGES,
    Complaints,
    bodies_sent,
    drawer_of,
    link_of,
    open_alone,
    row_of,
    shown_problem,
)
from tests.support.pages.agent_picker import choose_version
from tests.support.pages.cramped import CRAMPED

pytestmark = [pytest.mark.browser, pytest.mark.browser_context_args(viewport={"width": 380, "height": 760})]
PageOf = Callable[[User], Page]
LIST = "/projects/aurora/phones/"
ZOOMED = {"width": 720, "height": 450}


@pytest.mark.parametrize("size", [{"width": 380, "height": 760}, ZOOMED], ids=["phone", "zoomed"])
def test_no_page_is_wider_than_the_window(
    page_of: PageOf, complaints: Complaints, admin: User, place_of: Callable[[str], str], size: dict[str, int]
) -> None:
    complaints.expect(404)
    page = page_of(admin)
    page.set_viewport_size(size)  # type: ignore[arg-type]
    cramped = {}

    for address in PAGES:
        page.goto(place_of(address))
        cramped[address] = page.evaluate(CRAMPED)

    assert {address: found for address, found in cramped.items() if found} == {}


def test_cramped_things_are_noticed(page_of: PageOf, viewer: User, aurora: Project) -> None:
    page = page_of(viewer)
    page.goto(LIST)

    page.evaluate("() => { document.querySelector('h1').style.minWidth = '600px'; }")

    assert page.evaluate(CRAMPED)[0].startswith("scrolls: ")


@pytest.mark.parametrize("size", [{"width": 380, "height": 760}, ZOOMED], ids=["phone", "zoomed"])
def test_main_job(
    page_of: PageOf, router: User, sandbox: Sandbox, reception_phone: Phone, size: dict[str, int]
) -> None:
    page = page_of(router)
    page.set_viewport_size(size)  # type: ignore[arg-type]
    page.goto(LIST)
    page.get_by_role("searchbox", name="Search phones").fill("951 20 18 02")
    expect(page.get_by_text("1 of 40 numbers").first).to_be_visible()
    link_of(page, reception_phone).click()

    drawer = drawer_of(page, reception_phone)
    expect(drawer).to_be_visible()
    assert drawer.bounding_box() == {"x": 0, "y": 0, "width": size["width"], "height": size["height"]}
    drawer.get_by_label("Alias").fill("Recepción nueva")
    choose_version(drawer, "Inbound agent", sandbox, "Gema", 1)
    drawer.get_by_label("I understand this goes live").check()
    save = drawer.get_by_role("button", name="Save changes")
    save.scroll_into_view_if_needed()
    assert shown_problem(save) == ""
    assert page.evaluate(CRAMPED) == []
    save.click()

    result = drawer.get_by_role("status").filter(has_text="Diga confirmed at")
    expect(result).to_be_in_viewport()
    drawer.get_by_role("link", name="Close").click()
    expect(row_of(page, reception_phone).locator(".c-alias")).to_have_text("Recepción nueva")
    expect(row_of(page, reception_phone).locator(".c-in")).to_contain_text("Gema · Fisioterapia")
    assert len(bodies_sent(sandbox)) == 1


def test_bar_of_the_selection_stands_above_the_tabs(page_of: PageOf, lead: User) -> None:
    page = page_of(lead)
    page.set_viewport_size({"width": 320, "height": 700})
    page.goto(LIST)

    page.get_by_role("checkbox", name="Select +34").first.check()

    bar, tabs = _box(page.locator(".selbar")), _box(page.get_by_role("navigation", name="Main"))
    assert bar["y"] + bar["height"] <= tabs["y"]
    assert page.evaluate("() => document.documentElement.scrollWidth") == 320


def test_rename_in_the_row(page_of: PageOf, router: User, sandbox: Sandbox, sales_phone: Phone) -> None:
    page = page_of(router)
    page.goto(LIST)
    row = row_of(page, sales_phone)

    page.get_by_role("link", name="Rename Ventas Costa del Sol").click()
    expect(row.get_by_label("Alias")).to_be_in_viewport()
    buttons = [row.get_by_role("button", name="Save"), row.get_by_role("link", name="Cancel")]
    tops = {round(_box(button)["y"]) for button in buttons}
    row.get_by_label("Alias").fill("Ventas Málaga")
    buttons[0].click()

    expect(row.locator(".c-alias")).to_contain_text("Ventas Málaga")
    assert len(tops) == 1, "Save and Cancel stand side by side"
    assert bodies_sent(sandbox) == [{"nickname": "Ventas Málaga"}]


def test_what_lies_under_the_drawer_cannot_be_reached(page_of: PageOf, router: User, reception_phone: Phone) -> None:
    page = page_of(router)
    drawer = open_alone(page, reception_phone)
    outside = set()

    for _ in range(20):
        page.keyboard.press("Tab")
        where = "() => document.activeElement.closest('#drawer, body > .skip') ? '' : document.activeElement.outerHTML"
        outside.add(page.evaluate(where)[:80])

    assert {text for text in outside if not text.startswith("<body")} == {""}
    drawer.get_by_role("link", name="Close").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    expect(link_of(page, reception_phone)).to_be_focused()


def _box(element: Locator) -> dict[str, float]:
    box = element.bounding_box()
    assert box is not None
    return {"x": box["x"], "y": box["y"], "width": box["width"], "height": box["height"]}


def test_conflict_shows_all_three_values_without_scrolling_sideways(
    page_of: PageOf, complaints: Complaints, router: User, sandbox: Sandbox, sales_phone: Phone
) -> None:
    complaints.expect(409)
    page = page_of(router)
    drawer = open_alone(page, sales_phone)
    sandbox.phones[sales_phone.pk].nickname = "De Marta"
    drawer.get_by_label("Alias").fill("Mío")
    drawer.get_by_role("button", name="Save changes").click()

    choice = drawer.get_by_role("group", name="Alias")
    for value in ("Ventas Costa del Sol", "De Marta", "Mío"):
        cell = choice.get_by_text(value, exact=True)
        box = _box(cell)
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 380


def test_other_project_can_be_reached(page_of: PageOf, router: User, aurora: Project, talleres: Project) -> None:
    Membership.objects.create(project=talleres, user=router, role=Role.VIEWER)
    page = page_of(router)
    page.goto(LIST)

    page.locator("summary:visible").filter(has_text="Account menu").click()
    page.get_by_role("link", name="Talleres").click()

    expect(page.get_by_text("Taller Bilbao")).to_be_visible()
