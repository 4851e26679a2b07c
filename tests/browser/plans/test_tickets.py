"""From a pasted ticket to the saved change, by keys that are counted, and the sentence on the clipboard."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import BrowserContext, Page, expect

from phones.diga.sandbox import Sandbox
from phones.models import Change, Phone, Plan
from tests.fixtures.browser import bodies_sent, version_id
from tests.support.pages.axe import violations

pytestmark = pytest.mark.browser
PageOf = Callable[[User], Page]
TICKET = "Hola, pasad el 951 44 12 46 a Alicia. Ref 4471"
KEYS = 5


class Hands:
    """A keyboard that counts its key presses; a chord is one."""

    def __init__(self, page: Page) -> None:
        self.page, self.count = page, 0

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            self.count += 1
            self.page.keyboard.press(key)


@pytest.fixture
def page(page_of: PageOf, lead: User, context: BrowserContext, aurora: object) -> Page:
    """The overview before a lead, with a clipboard that pages may write and the test may read."""
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = page_of(lead)
    page.goto("/projects/aurora/")
    return page


@pytest.fixture
def hands(page: Page) -> Hands:
    """The counted keyboard of the page."""
    return Hands(page)


def _paste(hands: Hands, text: str) -> None:
    hands.page.evaluate("text => navigator.clipboard.writeText(text)", text)
    hands.press("ControlOrMeta+k")
    expect(hands.page.get_by_role("combobox")).to_be_focused()
    hands.press("ControlOrMeta+v")
    expect(hands.page.locator("[data-ticket]")).to_be_visible()


def test_ticket_is_saved_and_its_sentence_is_on_the_clipboard(
    page: Page, hands: Hands, sales_phone: Phone, sandbox: Sandbox
) -> None:
    _paste(hands, TICKET)

    hands.press("Enter")

    expect(page).to_have_url(re.compile(rf"/phones/{sales_phone.pk}/\?change=\d+$"))
    expect(page.locator("#announcer")).to_have_text("Copied for the ticket")
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert hands.count <= KEYS
    assert bodies_sent(sandbox) == [{"inbound_version_id": version_id(sandbox, "Alicia", 5)}]
    assert "“Bruno · Ventas” v2 to “Alicia · Recepción” v5. Confirmed by Diga. Ticket: 4471." in copied


def test_what_goes_live_is_ticked_first(page: Page, hands: Hands, sales_phone: Phone, sandbox: Sandbox) -> None:
    _paste(hands, "Move 951441246 to Gema v1")

    hands.press("Enter")
    expect(page.get_by_label("I understand this goes live")).to_be_focused()
    assert bodies_sent(sandbox) == []
    hands.press("Space", "Enter")

    expect(page).to_have_url(re.compile(r"\?change=\d+$"))
    assert hands.count <= KEYS
    assert bodies_sent(sandbox) == [{"inbound_version_id": version_id(sandbox, "Gema", 1)}]


def test_several_numbers_become_a_plan(page: Page, hands: Hands, aurora: object) -> None:
    _paste(hands, "Pasad el 951 44 12 46 y el 951 20 18 02 a Carla. Ref 4471")

    hands.press("Enter")

    expect(page).to_have_url(re.compile(r"/plans/\d+-\w+/$"))
    assert hands.count <= KEYS
    assert (Plan.objects.get().ticket, Change.objects.filter(source="FORM").count()) == ("4471", 0)


def test_enter_before_the_ticket_is_read_saves_nothing(page: Page, hands: Hands, sandbox: Sandbox) -> None:
    page.evaluate("text => navigator.clipboard.writeText(text)", TICKET)
    hands.press("ControlOrMeta+k", "ControlOrMeta+v", "Enter")

    expect(page.locator("[data-ticket]")).to_be_visible()
    expect(page.locator("#palette-said")).to_have_text("Ticket read: see what Enter does")
    assert bodies_sent(sandbox) == []


def test_which_agent_is_chosen_by_the_person(page: Page, hands: Hands, sandbox: Sandbox) -> None:
    _paste(hands, "Pasad el 951 44 12 46 a Elena")
    hands.press("Enter")
    expect(page.locator("#palette-said")).to_have_text("The agent has no such version live. Which one is meant?")
    assert bodies_sent(sandbox) == []

    hands.press("ArrowDown", "Enter")

    expect(page.get_by_text("Saving publishes v3 of “Elena · Urgencias”")).to_be_visible()
    expect(page.get_by_role("combobox")).to_be_focused()
    assert violations(page) == []
