"""The picker of agents in the drawer: by keyboard alone, by mouse, and in the colours of a contrast theme."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, expect

from phones.diga.sandbox import Sandbox
from phones.models import Phone, Project
from tests.fixtures.browser import bodies_sent, open_alone, open_beside, version_id
from tests.support.database.agents import add_agents
from tests.support.pages.agent_picker import agents_found, box_of, choose_version, versions_of
from tests.support.pages.axe import violations

pytestmark = pytest.mark.browser
PageOf = Callable[[User], Page]
LIST = "/projects/aurora/phones/"


@pytest.fixture
def page(page_of: PageOf, router: User) -> Page:
    """A page of somebody who may rename and re-route."""
    return page_of(router)


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_agent_is_found_chosen_and_saved_with_the_keyboard_alone(
    page: Page, sandbox: Sandbox, spare_phone: Phone
) -> None:
    page.goto(LIST)
    drawer = open_beside(page, spare_phone)
    box, versions = box_of(drawer, "Inbound agent"), versions_of(drawer, "Inbound agent")
    box.focus()

    page.keyboard.type("citas car")
    option = agents_found(drawer)
    expect(option).to_have_count(1)
    expect(option).to_contain_text("Carla · Citas")
    expect(box).to_have_attribute("aria-expanded", "true")
    press(page, "ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    expect(box).to_have_attribute("aria-activedescendant", option.get_attribute("id") or "")
    press(page, "Enter")

    expect(box).to_have_value("Carla · Citas")
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(versions).to_have_value(version_id(sandbox, "Carla", 4))
    expect(drawer.get_by_text("Nothing is published.")).to_be_visible()
    press(page, "Tab")
    expect(versions).to_be_focused()
    expect(versions.locator("option").first).to_have_text("v4 “Tono más breve” · published · joins")
    press(page, "Shift+Tab", "Enter")

    expect(drawer.get_by_role("status").filter(has_text="Diga confirmed at")).to_be_visible()
    assert bodies_sent(sandbox) == [{"inbound_version_id": version_id(sandbox, "Carla", 4)}]


def test_first_of_what_was_typed_is_taken_by_enter_alone(page: Page, sandbox: Sandbox, spare_phone: Phone) -> None:
    drawer = open_alone(page, spare_phone)
    box_of(drawer, "Inbound agent").focus()

    page.keyboard.type("gema")
    press(page, "Enter")

    expect(versions_of(drawer, "Inbound agent")).to_have_value(version_id(sandbox, "Gema", 1))
    expect(drawer.get_by_text("Saving publishes v1 of “Gema · Fisioterapia”. It goes live now.")).to_be_visible()
    assert bodies_sent(sandbox) == []


def test_escape_drops_what_was_typed(page: Page, sales_phone: Phone) -> None:
    drawer = open_alone(page, sales_phone)
    box = box_of(drawer, "Inbound agent")
    box.focus()
    press(page, "ArrowDown")
    expect(agents_found(drawer).first).to_be_visible()
    page.keyboard.type("carl")
    expect(agents_found(drawer)).to_have_count(1)

    press(page, "Escape")

    expect(box).to_have_value("Bruno · Ventas")
    expect(drawer.get_by_role("listbox")).to_be_hidden()
    expect(drawer.get_by_role("button", name="Save changes")).to_be_disabled()


def test_no_agent_is_the_last_of_all_and_unassigns(page: Page, sandbox: Sandbox, sales_phone: Phone) -> None:
    drawer = open_alone(page, sales_phone)
    box = box_of(drawer, "Inbound agent")
    box.focus()

    press(page, "ArrowDown")
    expect(agents_found(drawer).last).to_have_text("No agent")
    press(page, "ArrowUp", "Enter")

    expect(box).to_have_value("No agent")
    expect(versions_of(drawer, "Inbound agent")).to_be_hidden()
    expect(drawer.get_by_role("checkbox", name="Unassign: nobody answers incoming calls")).to_be_checked()
    drawer.get_by_label("I understand this goes live").check()
    drawer.get_by_role("button", name="Save changes").click()
    expect(drawer.get_by_role("status").filter(has_text="Diga confirmed at")).to_be_visible()
    assert bodies_sent(sandbox) == [{"inbound_version_id": None}]


def test_agent_chosen_after_unassigning_is_assigned(page: Page, sandbox: Sandbox, sales_phone: Phone) -> None:
    drawer = open_alone(page, sales_phone)
    drawer.get_by_text("Unassign", exact=True).first.click()
    expect(box_of(drawer, "Inbound agent")).to_have_value("No agent")

    choose_version(drawer, "Inbound agent", sandbox, "Carla", 4)
    drawer.get_by_role("button", name="Save changes").click()

    expect(drawer.get_by_role("status").filter(has_text="Diga confirmed at")).to_be_visible()
    assert bodies_sent(sandbox) == [{"inbound_version_id": version_id(sandbox, "Carla", 4)}]


def test_second_lane_follows_where_it_is_seen(page: Page, sandbox: Sandbox, spare_phone: Phone) -> None:
    drawer = open_alone(page, spare_phone)
    choose_version(drawer, "Inbound agent", sandbox, "Carla", 4)

    drawer.get_by_label("Use for outgoing calls too").check()

    expect(drawer.get_by_text("As for incoming calls: Carla · Citas · v4 “Tono más breve”")).to_be_visible()
    expect(box_of(drawer, "Outbound agent")).to_be_hidden()
    drawer.get_by_label("Use for outgoing calls too").uncheck()
    expect(box_of(drawer, "Outbound agent")).to_be_visible()
    expect(drawer.get_by_text("As for incoming calls:")).to_be_hidden()


def test_open_list_has_no_violations(page: Page, spare_phone: Phone) -> None:
    drawer = open_alone(page, spare_phone)
    box_of(drawer, "Inbound agent").click()
    expect(agents_found(drawer).first).to_be_visible()

    assert violations(page) == []


def test_active_option_is_told_apart_in_a_contrast_theme(page: Page, spare_phone: Phone) -> None:
    page.emulate_media(forced_colors="active")
    drawer = open_alone(page, spare_phone)
    box_of(drawer, "Inbound agent").focus()
    press(page, "ArrowDown")
    first, second = (agents_found(drawer).nth(place) for place in (0, 1))
    expect(second).to_be_visible()

    press(page, "ArrowDown")
    expect(first).to_have_attribute("aria-selected", "true")

    assert _outline(first) != _outline(second)


@pytest.fixture
def many_agents(aurora: Project) -> None:
    """So many agents that a select of them would be long."""
    add_agents(aurora, *(f"Equipo {place:02} · Tardes" for place in range(40)))
    aurora.agents_changed_at = None
    aurora.save()


@pytest.mark.usefixtures("many_agents")
def test_filter_finds_one_of_many_agents_by_keyboard(page: Page) -> None:
    page.goto(LIST)
    box = page.get_by_role("combobox", name="Filter by who answers")
    entries = page.evaluate("history.length")
    box.focus()

    page.keyboard.type("alicia")
    expect(agents_found(page)).to_have_count(1)
    press(page, "Enter")

    expect(page.locator("[data-total]")).to_contain_text(" of 40 numbers")
    expect(page).to_have_url(re.compile(r"[?&]inbound=[0-9a-f-]{36}"))
    expect(box).to_have_value("Alicia · Recepción")
    expect(box).to_be_focused()
    expect(page.get_by_text("Answers: Alicia · Recepción", exact=True)).to_be_visible()
    assert page.evaluate("history.length") == entries + 1
    assert violations(page) == []


@pytest.mark.usefixtures("many_agents")
def test_filter_is_taken_away_in_its_box(page: Page) -> None:
    page.goto(f"{LIST}?inbound=none")
    box = page.get_by_role("combobox", name="Filter by who answers")
    expect(box).to_have_value("No agent")
    box.focus()

    press(page, "ArrowDown")
    page.get_by_role("option", name="Every agent").click()

    expect(page.locator("[data-total]")).to_have_text("40 numbers")
    expect(box).to_have_value("")


@pytest.mark.usefixtures("many_agents")
def test_history_is_filtered_by_one_of_many_agents(page: Page) -> None:
    page.goto("/projects/aurora/changes/")
    box = page.get_by_role("combobox", name="Filter by agent")
    box.focus()

    page.keyboard.type("39 equipo")
    expect(agents_found(page)).to_have_text(re.compile("Equipo 39 · Tardes"))
    press(page, "Enter")

    expect(page.get_by_text("No change matches")).to_be_visible()
    expect(page.get_by_text("Agent: Equipo 39 · Tardes", exact=True)).to_be_visible()
    assert violations(page) == []


def _outline(option: Locator) -> str:
    style: str = option.evaluate("element => getComputedStyle(element).outlineStyle")
    return style
