"""Single sign-on in a real browser: on to the provider and back, through our Content-Security-Policy."""

import re
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from tests.fixtures.browser import Complaints
from tests.support.pages.axe import violations
from tests.support.sign_in.provider import Provider
from tests.support.sign_in.single_sign_on import link

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("sso")]


@pytest.fixture(autouse=True)
def _site(settings: Settings, live_server: LiveServer) -> None:
    settings.SITE_URL = live_server.url


def sign_in(page: Page) -> None:
    """Sign in by the button."""
    page.goto("/account/login/?next=/projects/aurora/phones/")
    page.get_by_role("button", name="Go on with Example ID").click()


def test_button_leads_to_the_provider_and_back(page: Page, viewer: User, provider: Provider) -> None:
    link(viewer, provider)

    sign_in(page)

    expect(page).to_have_url(re.compile(r"^[^?]*/projects/aurora/phones/$"))


@pytest.fixture
def without_scripts(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """A page of a browser without scripts."""
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_so_it_does_without_scripts(without_scripts: Page, viewer: User, provider: Provider) -> None:
    link(viewer, provider)

    sign_in(without_scripts)

    expect(without_scripts).to_have_url(re.compile(r"^[^?]*/projects/aurora/phones/$"))


def test_account_is_linked_and_unlinked(page_of: Callable[[User], Page], viewer: User, complaints: Complaints) -> None:
    page = page_of(viewer)
    page.goto("/account/")
    page.get_by_role("link", name="Single sign-on").click()

    page.get_by_role("button", name="Go on with Example ID").click()

    expect(page.get_by_text("You sign in with Example ID as eva.")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Remove the link").click()
    expect(page.get_by_text("The link is removed.")).to_be_visible()


def test_unknown_person_is_told_what_to_do(page: Page, complaints: Complaints) -> None:
    complaints.expect(403)

    sign_in(page)

    expect(page.get_by_role("heading", name="No account here")).to_be_visible()
    assert violations(page) == []
