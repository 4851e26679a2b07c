"""After a session has ended, signing in gives back what was there: the search, the ticks, the number that was open."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from phones.models import Phone, Project, Session
from tests.fixtures.browser import drawer_of, link_of, open_beside, row_of
from tests.fixtures.desk import PASSWORD

pytestmark = pytest.mark.browser
PageOf = Callable[[User], Page]
LIST = "/projects/aurora/phones/"


def _sign_in(page: Page, person: User) -> None:
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("Username").fill(person.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def _search(page: Page, text: str) -> None:
    page.goto(LIST)
    page.get_by_role("searchbox", name="Search phones").fill(text)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"\?q={text}"))


@pytest.mark.parametrize("click", ["Check this number again", "Change these…"])
def test_search_ticks_and_open_number_come_back(page_of: PageOf, lead: User, sales_phone: Phone, click: str) -> None:
    page = page_of(lead)
    _search(page, "951")
    box = row_of(page, sales_phone).get_by_role("checkbox")
    box.check()
    drawer = open_beside(page, sales_phone)
    Session.objects.all().delete()

    page.get_by_role("button", name=click).click()
    _sign_in(page, lead)

    expect(drawer_of(page, sales_phone)).to_be_visible()
    expect(drawer).to_be_visible()
    expect(page.get_by_role("searchbox", name="Search phones")).to_have_value("951")
    expect(box).to_be_checked()
    expect(page.get_by_text("1 selected")).to_be_visible()


@pytest.mark.browser_context_args(java_script_enabled=False)
def test_search_and_ticks_come_back_without_scripts(page_of: PageOf, lead: User, sales_phone: Phone) -> None:
    page = page_of(lead)
    _search(page, "951")
    row_of(page, sales_phone).get_by_role("checkbox").check()
    Session.objects.all().delete()

    page.get_by_role("button", name="Change those ticked…").click()
    _sign_in(page, lead)

    expect(page.get_by_role("searchbox", name="Search phones")).to_have_value("951")
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(1)
    expect(row_of(page, sales_phone).get_by_role("checkbox")).to_be_checked()


@pytest.mark.browser_context_args(java_script_enabled=False)
def test_search_and_number_come_back_without_scripts(page_of: PageOf, lead: User, sales_phone: Phone) -> None:
    page = page_of(lead)
    _search(page, "951")
    Session.objects.all().delete()

    link_of(page, sales_phone).click()
    _sign_in(page, lead)

    expect(drawer_of(page, sales_phone)).to_be_visible()
    expect(page.get_by_role("searchbox", name="Search phones")).to_have_value("951")


@pytest.mark.browser_context_args(java_script_enabled=False)
def test_act_after_the_session_leads_back_to_its_page(page_of: PageOf, lead: User, aurora: Project) -> None:
    page = page_of(lead)
    page.goto("/projects/aurora/agents/")
    Session.objects.all().delete()

    page.get_by_role("button", name="Refresh from Diga").click()
    _sign_in(page, lead)

    expect(page).to_have_url(re.compile("/projects/aurora/agents/$"))
    expect(page.get_by_role("heading", name="Agents", level=1)).to_be_visible()
