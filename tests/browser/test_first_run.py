"""From an empty installation to the phones, between projects, and out again."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from phones.diga.sandbox import Sandbox
from phones.models import Membership, Phone, Project, Role
from tests.fixtures.browser import Complaints, open_alone

pytestmark = pytest.mark.browser
PageOf = Callable[[User], Page]


def test_first_run_from_key_to_phones(page_of: PageOf, superuser: User, sandbox: Sandbox, diga_url: str) -> None:
    page = page_of(superuser)

    page.goto("/")
    expect(page.get_by_role("heading", name="Connect a Diga project")).to_be_visible()
    expect(page.get_by_role("complementary", name="Steps").get_by_role("listitem")).to_have_count(4)
    page.get_by_label("Project name").fill("Aurora")
    page.get_by_label("API key").fill(f"  Bearer {sandbox.key('aurora')} ")
    page.get_by_role("button", name="Check and save").click()

    progress = page.get_by_role("region", name="Progress")
    expect(progress).to_contain_text("Complete")
    expect(progress.locator("dl > div").first).to_have_text(re.compile(r"numbers read\s*40"))
    expect(page.get_by_text("40 numbers visible")).to_be_visible()
    expect(page.get_by_text(sandbox.key("aurora"))).to_have_count(0)

    page.get_by_role("link", name="Open the phones").click()
    expect(page.get_by_role("table", name="Phones").get_by_role("row")).to_have_count(41)
    assert {received.method for received in sandbox.journal} == {"GET"}


def test_key_that_diga_rejects_is_explained_and_never_shown(
    page_of: PageOf, complaints: Complaints, superuser: User, sandbox: Sandbox, diga_url: str
) -> None:
    complaints.expect(422)
    page = page_of(superuser)
    page.goto("/connect/")
    field = page.get_by_label("API key")
    expect(field).to_have_attribute("type", "password")

    page.get_by_label("Project name").fill("Aurora")
    field.fill("wrong-key-of-0123456789abcdef")
    page.get_by_role("button", name="Check and save").click()

    expect(page.get_by_role("alert").filter(has_text="This key can’t be used")).to_be_visible()
    expect(page.get_by_label("Project name")).to_have_value("Aurora")
    expect(field).to_have_value("")
    assert "wrong-key-of-0123456789abcdef" not in page.content()


def test_project_switcher_leads_to_the_other_project(
    page_of: PageOf, router: User, aurora: Project, talleres: Project
) -> None:
    Membership.objects.create(project=talleres, user=router, role=Role.VIEWER)
    page = page_of(router)
    page.goto("/projects/aurora/phones/")

    page.locator("summary").filter(has_text="Switch project").click()
    projects = page.get_by_role("list", name="Projects")
    expect(projects.get_by_role("link")).to_have_text(["Aurora", "Talleres"])
    projects.get_by_role("link", name="Talleres").click()

    expect(page).to_have_url(re.compile(r"/projects/talleres/phones/$"))
    expect(page.locator("summary").filter(has_text="Talleres")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("^Rename"))).to_have_count(0)


def test_menu_closes_on_a_click_elsewhere(page_of: PageOf, router: User, aurora: Project) -> None:
    page = page_of(router)
    page.goto("/projects/aurora/phones/")
    page.locator("summary").filter(has_text="Account menu").click()
    expect(page.get_by_role("link", name="Your account")).to_be_visible()

    page.get_by_role("heading", name="Phones").click()

    expect(page.get_by_role("link", name="Your account")).to_be_hidden()


def test_account_menu_leads_to_the_account_and_out(page_of: PageOf, router: User, reception_phone: Phone) -> None:
    page = page_of(router)
    open_alone(page, reception_phone)

    page.locator("summary").filter(has_text="Account menu").click()
    page.get_by_role("link", name="Your account").click()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    page.get_by_role("link", name="Back to the phones").click()
    page.locator("summary").filter(has_text="Account menu").click()
    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto(f"/projects/aurora/phones/{reception_phone.pk}/")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_language_of_the_account_is_kept(page_of: PageOf, router: User, aurora: Project, spanish: None) -> None:
    page = page_of(router)
    page.goto("/account/")

    page.get_by_role("button", name="Español").click()
    expect(page.locator("html")).to_have_attribute("lang", "es")
    page.goto("/projects/aurora/phones/")

    expect(page.get_by_role("searchbox", name="Buscar números")).to_be_visible()


def test_refresh_reads_everything_anew_and_says_so(
    page_of: PageOf, router: User, sandbox: Sandbox, reception_phone: Phone
) -> None:
    page = page_of(router)
    page.goto("/projects/aurora/phones/")
    sandbox.phones[reception_phone.pk].nickname = "De Marta"

    with page.expect_response(lambda answer: answer.url.endswith("/sync/")):
        page.get_by_role("button", name="Refresh from Diga").click()

    expect(page.locator("#freshness")).to_contain_text("Updated just now")
    page.reload()
    expect(page.get_by_text("De Marta")).to_be_visible()
