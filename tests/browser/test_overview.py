"""The overview in a real browser: counts go down while it stays open, and it works without scripts."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from phones.models import Phone
from tests.fixtures.browser import open_alone

pytestmark = pytest.mark.browser
PageOf = Callable[[User], Page]


def test_count_goes_down_in_an_open_tab_when_another_saves(page_of: PageOf, router: User, spare_phone: Phone) -> None:
    overview = page_of(router)
    overview.goto("/projects/aurora/")
    card = overview.get_by_role("link", name="Same alias")
    expect(card).to_contain_text("Show 1 number")

    other = overview.context.new_page()
    drawer = open_alone(other, spare_phone)
    drawer.get_by_label("Alias").fill("Centralita nueva")
    drawer.get_by_role("button", name="Save changes").click()
    expect(drawer.get_by_role("status").filter(has_text="Diga confirmed").first).to_be_visible()

    expect(card).not_to_contain_text("Show 1 number")
    expect(overview.get_by_role("listitem").filter(has_text="Same alias")).to_contain_text("0")


@pytest.mark.browser_context_args(java_script_enabled=False)
def test_counts_and_charts_are_links_without_scripts(page_of: PageOf, viewer: User, spare_phone: Phone) -> None:
    page = page_of(viewer)
    page.goto("/projects/aurora/")

    page.get_by_role("link", name="Same alias").click()
    expect(page.get_by_text("1 of 40 numbers").first).to_be_visible()

    page.go_back()
    page.get_by_role("table", name="Numbers by agent").get_by_role("link", name="Alicia · Recepción").click()
    expect(page.get_by_role("heading", name="Alicia · Recepción")).to_be_visible()
