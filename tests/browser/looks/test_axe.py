"""Every page through axe (WCAG 2.x A and AA, target size included): light, dark and contrast theme, desk and phone."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from phones.diga.sandbox import Fault, Sandbox
from phones.models import Change, Membership, Phone, Project, Source
from phones.services.audit.chain.heads import NUMBER_LENGTH, head_path
from phones.services.routing.edits import PhoneEdit
from tests.fixtures.browser import PAGES, ROOT, Complaints, open_alone, open_beside
from tests.support.desk.saving import save
from tests.support.pages.agent_picker import choose_version
from tests.support.pages.axe import violations

pytestmark = pytest.mark.browser
PageOf = Callable[[User], Page]


@pytest.fixture
def page(page_of: PageOf, admin: User) -> Page:
    """A page of somebody who may do everything in the project."""
    page = page_of(admin)
    page.set_viewport_size({"width": 1440, "height": 900})
    return page


@pytest.mark.parametrize("address", PAGES)
def test_page_has_no_violations(
    page: Page, complaints: Complaints, place_of: Callable[[str], str], address: str
) -> None:
    complaints.expect(404)

    page.goto(place_of(address))

    assert violations(page, with_all_rows=address == "/projects/aurora/phones/") == []


def test_violations_are_found(page: Page, sales_phone: Phone) -> None:
    page.goto("/projects/aurora/phones/")

    page.evaluate("""() => {
        document.documentElement.style.setProperty("--ink-2", "light-dark(#999, #eee)");
        document.getElementById("finder").removeAttribute("aria-label");
        document.getElementById("finder").removeAttribute("placeholder");
        document.querySelector("h1").style.cssText = "forced-color-adjust: none; color: #ccc; background: #ddd";
    }""")

    found = violations(page)
    assert any(text.startswith("light 1440 color-contrast") for text in found)
    assert [text for text in found if text.startswith("forced 1440 color-contrast: h1")]
    assert any("label: #finder" in text for text in found)


@pytest.mark.parametrize("address", ["/account/login/", "/account/2fa/", "/account/password/", "/invitation/x/"])
def test_page_around_sign_in_has_no_violations(
    page_of: PageOf, new_context: Any, complaints: Complaints, stranger: User, address: str
) -> None:
    complaints.expect(404, 410)
    page = new_context().new_page() if address == "/account/login/" else page_of(stranger)

    page.goto(address)

    assert violations(page) == []


def test_wrong_password_has_no_violations(new_page: Page) -> None:
    new_page.goto("/account/login/")
    new_page.get_by_label("Username").fill("nobody")
    new_page.get_by_label("Password").fill("wrong")
    new_page.get_by_role("button", name="Sign in").click()
    expect(new_page.get_by_role("alert").last).to_be_visible()

    assert violations(new_page) == []


@pytest.fixture
def new_page(new_context: Any) -> Page:
    """A page in which nobody is signed in."""
    page: Page = new_context().new_page()
    return page


def test_first_run_has_no_violations(page_of: PageOf, superuser: User, sandbox: Sandbox, diga_url: str) -> None:
    page = page_of(superuser)
    page.goto("/")
    found = violations(page)

    page.get_by_label("Project name").fill("Aurora")
    page.get_by_label("API key").fill(sandbox.key("aurora"))
    page.get_by_role("button", name="Check and save").click()
    expect(page.get_by_role("heading", name="First sync")).to_be_visible()

    assert found + violations(page) == []


def test_home_of_a_stranger_has_no_violations(page_of: PageOf, stranger: User) -> None:
    page = page_of(stranger)

    page.goto("/")

    assert violations(page) == []


def test_changes_have_no_violations(page: Page, admin: User, sandbox: Sandbox, sales_phone: Phone) -> None:
    sandbox.faults.add(Fault("stored_other", method="PATCH"))
    drawer = open_alone(page, sales_phone)
    drawer.get_by_label("Alias").fill("Ventas")
    drawer.get_by_label("Reason").fill("Nuevo nombre")
    drawer.get_by_role("button", name="Save changes").click()
    expect(drawer.get_by_role("alert").filter(has_text="Diga stored something else")).to_be_visible()
    found = violations(page)

    for address in ("changes/", f"changes/{Change.objects.get(source=Source.FORM).pk}/", ""):
        page.goto(f"/projects/aurora/{address}")
        found += violations(page)
    page.goto(f"/projects/aurora/settings/people/{Membership.objects.get(user=admin).pk}/")

    assert found + violations(page) == []


def test_drawer_with_guard_has_no_violations(
    page: Page, complaints: Complaints, sandbox: Sandbox, spare_phone: Phone
) -> None:
    complaints.expect(422)
    page.goto("/projects/aurora/phones/")
    drawer = open_beside(page, spare_phone)
    choose_version(drawer, "Inbound agent", sandbox, "Gema", 1)
    choose_version(drawer, "Outbound agent", sandbox, "Carla", 4)
    expect(drawer.get_by_label("I understand this goes live")).to_be_visible()
    found = violations(page)

    drawer.get_by_role("button", name="Save changes").click()
    expect(drawer.get_by_text("then tick that you understand it")).to_be_visible()

    assert found + violations(page) == []


def test_drawer_with_a_refusal_has_no_violations(
    page: Page, complaints: Complaints, sandbox: Sandbox, sales_phone: Phone
) -> None:
    complaints.expect(422)
    drawer = open_alone(page, sales_phone)
    drawer.get_by_text("Unassign", exact=True).last.click()
    choose_version(drawer, "Inbound agent", sandbox, "Alicia", 6)
    expect(drawer.get_by_text("Diga will refuse this")).to_be_visible()
    drawer.get_by_role("button", name="Save changes").click()
    expect(drawer.get_by_role("alert").filter(has_text="Not sent")).to_be_visible()

    assert violations(page) == []


def test_drawer_with_error_and_conflict_has_no_violations(
    page: Page, complaints: Complaints, sandbox: Sandbox, sales_phone: Phone
) -> None:
    complaints.expect(409, 502)
    drawer = open_alone(page, sales_phone)
    sandbox.faults.add(Fault("status", status=503, method="PATCH"))
    drawer.get_by_label("Alias").fill("Mío")
    drawer.get_by_role("button", name="Save changes").click()
    expect(drawer.get_by_role("status").filter(has_text="Not known yet")).to_be_visible()
    found = violations(page)

    sandbox.phones[sales_phone.pk].nickname = "De Marta"
    drawer.get_by_role("button", name="Save changes").click()
    expect(drawer.get_by_role("group", name="Alias")).to_be_visible()

    assert found + violations(page) == []


def test_note_being_written_by_two_has_no_violations(page: Page, complaints: Complaints, sales_phone: Phone) -> None:
    complaints.expect(409)
    drawer = open_alone(page, sales_phone)
    drawer.get_by_role("link", name="Add a note or tags").click()
    box = drawer.get_by_role("textbox", name="Note")
    expect(box).to_be_focused()
    box.fill("Mine")
    found = violations(page)

    Phone.objects.filter(pk=sales_phone.pk).update(note="Theirs, in the meantime")
    drawer.get_by_role("button", name="Save", exact=True).click()
    expect(drawer.get_by_text("Theirs, in the meantime")).to_be_visible()
    found += violations(page)

    drawer.get_by_role("button", name="Save", exact=True).click()
    expect(drawer.get_by_role("link", name="Edit note and tags")).to_be_focused()
    expect(page.locator(f"#phone-{sales_phone.pk} .noted")).to_have_attribute("title", "Mine")

    assert found + violations(page) == []


def test_row_being_renamed_and_menus_have_no_violations(page: Page, sales_phone: Phone) -> None:
    page.goto("/projects/aurora/phones/")
    page.get_by_role("link", name="Rename Ventas Costa del Sol").click()
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_visible()
    page.locator("summary").filter(has_text="Account menu").click()

    assert violations(page) == []


def test_read_only_and_disconnected_have_no_violations(page: Page, released_phone: Phone, aurora: Project) -> None:
    open_address = f"/projects/aurora/phones/{released_phone.pk}/"
    page.goto(open_address)
    expect(page.get_by_role("button", name="Save changes")).to_have_count(0)
    found = violations(page)

    Project.objects.update(token_state="REJECTED")
    page.goto(open_address)
    expect(page.get_by_text("Diga no longer accepts the API key")).to_be_visible()

    assert found + violations(page) == []


def test_broken_history_choice_of_a_sheet_and_findings_have_no_violations(
    page: Page, complaints: Complaints, sales_phone: Phone
) -> None:
    complaints.expect(409, 422)
    save(sales_phone, PhoneEdit(nickname="Ventas"))
    head = head_path(sales_phone.project_id)
    head.write_text(f"{9:0{NUMBER_LENGTH}} {'0' * 64}\n")
    page.goto("/projects/aurora/changes/")
    expect(page.get_by_role("alert", name="The history is not whole")).to_be_visible()
    found = violations(page)
    page.goto(f"/projects/aurora/changes/{Change.objects.get(source=Source.FORM).pk}/")
    expect(page.get_by_role("heading", name="This address does not tell what it means")).to_be_visible()
    found += violations(page)
    head.unlink()

    page.goto("/projects/aurora/plans/import/")
    page.locator("input[type=file]").set_input_files(ROOT / "tests/data/cases/i12-edited-copy-of-sheet.xlsx")
    page.get_by_label("Reason").fill("x")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("group", name="Which sheet?")).to_be_focused()
    found += violations(page)

    page.goto("/projects/aurora/find/")
    page.get_by_label("Text or numbers").fill("951 44 12 46, acaba en 1802, 951201800-951201809, 951 999 999, 12")
    page.get_by_role("button", name="Find", exact=True).click()
    expect(page.get_by_role("heading", name="Could be yours", exact=True)).to_be_visible()

    assert found + violations(page) == []
