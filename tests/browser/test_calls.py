"""From “calls reach nobody” to the proof: the fix, the save, and the first call that shows it."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from phones.diga.sandbox import Sandbox
from phones.diga.sandbox.calls import place_call
from phones.models import Phone
from tests.fixtures.browser import bodies_sent, open_beside, version_id

pytestmark = pytest.mark.browser
LIST = "/projects/aurora/phones/"


@pytest.fixture
def page(page_of: Callable[[User], Page], router: User, aurora: object) -> Page:
    """The list before somebody who may re-route."""
    page = page_of(router)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(LIST)
    return page


def _ring(sandbox: Sandbox, phone: Phone) -> None:
    aurora = sandbox.projects["aurora"]
    place_call(aurora, sandbox.switches, aurora.phones[phone.pk], "inbound", created_at=timezone.now())


def test_number_that_reaches_nobody_is_fixed_and_proven_by_a_call(
    page: Page, sandbox: Sandbox, spare_phone: Phone
) -> None:
    drawer = open_beside(page, spare_phone)
    who, calls = drawer.get_by_label("Who answers"), drawer.get_by_role("region", name="Last calls")
    expect(who).to_contain_text("Calls to this number reach nobody: no agent answers it.")
    expect(calls).to_contain_text("reached nobody")

    who.get_by_role("link", name="Give it Alicia · Recepción v5").click()
    expect(who).to_contain_text("Chosen in the form below. Nothing is sent until you save.")
    expect(drawer.locator("#phone-guard")).to_contain_text("Nothing is published.")
    assert bodies_sent(sandbox) == []
    drawer.get_by_role("button", name="Save changes").click()

    expect(who).to_have_text(re.compile("Alicia · Recepción v5 answers."))
    proof = drawer.locator("#proof")
    expect(proof).to_contain_text("Waiting for the first call after the change of ")
    _ring(sandbox, spare_phone)
    expect(proof).to_contain_text(re.compile(r"First call after the change: .*, answered by Alicia · Recepción v5\."))
    expect(calls).to_contain_text("As configured: Alicia · Recepción v5 answered the last call")
    assert bodies_sent(sandbox) == [{"inbound_version_id": version_id(sandbox, "Alicia", 5)}]

    page.reload()
    expect(proof).to_contain_text("answered by Alicia · Recepción v5.")


def test_closed_drawer_asks_no_more(page: Page, sandbox: Sandbox, spare_phone: Phone) -> None:
    page.clock.install()
    page.goto(LIST)
    drawer = open_beside(page, spare_phone)
    drawer.get_by_label("Who answers").get_by_role("link").click()
    expect(drawer.locator("#phone-guard")).to_contain_text("Nothing is published.")
    drawer.get_by_role("button", name="Save changes").click()
    proof = drawer.locator("#proof")
    expect(proof).to_contain_text("Waiting")
    page.clock.run_for(5_000)
    expect(proof).to_have_attribute("hx-trigger", "every 6s")

    drawer.get_by_role("link", name="Close").click()
    expect(drawer).to_have_count(0)
    asked = len(sandbox.journal)
    page.clock.run_for(60_000)

    expect(page.locator("#drawer")).to_be_empty()
    assert len(sandbox.journal) == asked
