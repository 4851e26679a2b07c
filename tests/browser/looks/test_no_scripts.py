"""Everything of the main job with JavaScript switched off."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from phones.diga.sandbox import Sandbox
from phones.models import Change, Phone, Project
from tests.fixtures.browser import Complaints, bodies_sent, drawer_of, link_of, row_of, version_id
from tests.fixtures.desk import PASSWORD
from tests.support.database.agents import add_agents

pytestmark = [pytest.mark.browser, pytest.mark.browser_context_args(java_script_enabled=False)]
PageOf = Callable[[User], Page]
LIST = "/projects/aurora/phones/"


def test_main_job(page: Page, router: User, sandbox: Sandbox, reception_phone: Phone) -> None:
    page.goto("/")
    page.get_by_label("Username").fill(router.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Phones").click()
    page.get_by_role("searchbox", name="Search phones").fill("951 20 18 02")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 of 40 numbers").first).to_be_visible()
    link_of(page, reception_phone).click()

    drawer = drawer_of(page, reception_phone)
    drawer.get_by_label("Alias").fill("Recepción nueva")
    drawer.get_by_role("button", name="Choose another agent · Inbound agent").click()
    drawer.get_by_role("combobox", name="Inbound agent").select_option(version_id(sandbox, "Gema", 1))
    drawer.get_by_role("button", name="Save changes").click()

    expect(drawer.get_by_role("status").filter(has_text="Not saved yet")).to_be_visible()
    expect(drawer.get_by_text("Saving publishes v1 of “Gema · Fisioterapia”. It goes live now.")).to_be_visible()
    expect(drawer.get_by_label("Alias")).to_have_value("Recepción nueva")
    assert bodies_sent(sandbox) == []

    drawer.get_by_label("I understand this goes live").check()
    drawer.get_by_role("button", name="Save changes").click()

    expect(drawer.get_by_role("status").filter(has_text="Diga confirmed at")).to_be_visible()
    expect(row_of(page, reception_phone).locator(".c-alias")).to_have_text("Recepción nueva")
    expect(page).to_have_url(re.compile(r"\?q=951\+20\+18\+02&change=\d+$"))
    assert bodies_sent(sandbox) == [
        {"nickname": "Recepción nueva", "inbound_version_id": version_id(sandbox, "Gema", 1)}
    ]
    drawer.get_by_role("link", name="Close").click()
    expect(drawer).to_have_count(0)
    expect(page.get_by_text("1 of 40 numbers").first).to_be_visible()


def test_predicted_refusal_sends_nothing(
    page_of: PageOf, complaints: Complaints, router: User, sandbox: Sandbox, spare_phone: Phone
) -> None:
    complaints.expect(422)
    page = page_of(router)
    page.goto(f"{LIST}{spare_phone.pk}/")
    drawer = drawer_of(page, spare_phone)

    drawer.get_by_role("button", name="Choose another agent · Inbound agent").click()
    drawer.get_by_role("combobox", name="Inbound agent").select_option(version_id(sandbox, "Dora", 2))
    drawer.get_by_role("button", name="Save changes").click()
    expect(drawer.get_by_text("Diga will refuse this")).to_be_visible()
    drawer.get_by_role("button", name="Save changes").click()

    expect(drawer.get_by_role("alert").filter(has_text="Not sent")).to_be_visible()
    assert bodies_sent(sandbox) == []

    drawer.get_by_label("Ticket").fill("SUP-7")
    drawer.get_by_role("button", name="Use v1").click()
    expect(drawer.get_by_role("status").filter(has_text="v1 is chosen")).to_be_visible()
    expect(drawer.get_by_label("Ticket")).to_have_value("SUP-7")
    drawer.get_by_role("button", name="Save changes").click()
    expect(drawer.get_by_role("status").filter(has_text="Diga confirmed at")).to_be_visible()
    assert bodies_sent(sandbox) == [{"inbound_version_id": version_id(sandbox, "Dora", 1)}]


def test_double_click_is_one_write(page_of: PageOf, router: User, sandbox: Sandbox, sales_phone: Phone) -> None:
    page = page_of(router)
    page.goto(f"{LIST}{sales_phone.pk}/")
    drawer = drawer_of(page, sales_phone)

    drawer.get_by_label("Alias").fill("Una vez")
    drawer.get_by_role("button", name="Save changes").dblclick()

    expect(drawer.get_by_role("status").filter(has_text="Diga confirmed at")).to_be_visible()
    assert bodies_sent(sandbox) == [{"nickname": "Una vez"}]
    assert Change.objects.count() == 1


def test_rename_page(page_of: PageOf, router: User, sandbox: Sandbox, sales_phone: Phone) -> None:
    page = page_of(router)
    page.goto(LIST)

    page.get_by_role("link", name="Rename Ventas Costa del Sol").click()
    expect(page.get_by_role("heading", name=f"Rename {sales_phone.shown}")).to_be_visible()
    page.get_by_label("Alias").fill("Ventas Málaga")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(drawer_of(page, sales_phone).get_by_text("Diga confirmed at").first).to_be_visible()
    expect(row_of(page, sales_phone).locator(".c-alias")).to_have_text("Ventas Málaga")
    assert bodies_sent(sandbox) == [{"nickname": "Ventas Málaga"}]


def test_filters_have_a_button_and_keep_the_search(page_of: PageOf, router: User, aurora: object) -> None:
    page = page_of(router)
    page.goto(f"{LIST}?q=citas")

    page.get_by_label("Filter by status").select_option("Finished")
    page.get_by_role("button", name="Filter").click()

    expect(page.get_by_text("1 of 40 numbers").first).to_be_visible()
    expect(page).to_have_url(re.compile(r"status=finished.*q=citas"))
    page.get_by_role("link", name="Clear all").click()
    expect(page.get_by_text("40 numbers", exact=True)).to_be_visible()


def test_reading_anew_returns_to_the_number(
    page_of: PageOf, router: User, sandbox: Sandbox, sales_phone: Phone
) -> None:
    sandbox.phones[sales_phone.pk].nickname = "De Marta"
    page = page_of(router)
    page.goto(f"{LIST}{sales_phone.pk}/")
    drawer = drawer_of(page, sales_phone)
    expect(drawer.get_by_label("Alias")).to_have_value("Ventas Costa del Sol")

    drawer.get_by_role("button", name="Check this number again").click()

    expect(drawer.get_by_label("Alias")).to_have_value("De Marta")


def test_first_run(page_of: PageOf, superuser: User, sandbox: Sandbox, diga_url: str) -> None:
    page = page_of(superuser)
    page.goto("/")
    page.get_by_label("Project name").fill("Aurora")
    page.get_by_label("API key").fill(sandbox.key("aurora"))
    page.get_by_role("button", name="Check and save").click()

    expect(page.get_by_role("region", name="Progress")).to_contain_text("Complete")
    page.get_by_role("link", name="Open the phones").click()

    expect(page.get_by_role("table", name="Phones").get_by_role("row")).to_have_count(41)


def test_menus_open_and_sign_out_works(page_of: PageOf, router: User, aurora: object) -> None:
    page = page_of(router)
    page.goto(LIST)

    page.locator("summary").filter(has_text="Account menu").click()
    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_filter_of_many_agents_is_a_select_of_those_with_most_numbers(
    page_of: PageOf, router: User, aurora: Project
) -> None:
    add_agents(aurora, *(f"Equipo {place:02} · Tardes" for place in range(40)))
    aurora.agents_changed_at = None
    aurora.save()
    page = page_of(router)
    page.goto(LIST)
    (select,) = page.get_by_role("combobox", name="Filter by who answers").all()

    select.select_option(label="Alicia · Recepción")
    page.get_by_role("button", name="Filter", exact=True).click()

    expect(page.get_by_text("Answers: Alicia · Recepción", exact=True)).to_be_visible()
    expect(select).to_have_value(re.compile("[0-9a-f-]{36}"))
    expect(select.get_by_role("option", disabled=True)).to_have_text("27 more: see Agents")
