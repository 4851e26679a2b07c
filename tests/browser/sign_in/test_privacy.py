"""What a session leaves in the browser, and what the answers forbid it."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from phones.diga.sandbox import Sandbox
from phones.models import Phone
from tests.fixtures.browser import Complaints, drawer_of, open_beside

pytestmark = pytest.mark.browser
PageOf = Callable[[User], Page]
STORED = "() => ({...localStorage, ...sessionStorage})"


def test_session_leaves_nothing_in_the_browser_s_storage(
    page_of: PageOf, router: User, sandbox: Sandbox, reception_phone: Phone
) -> None:
    page = page_of(router)
    stored = []
    page.goto("/projects/aurora/phones/")
    stored.append(page.evaluate(STORED))
    page.get_by_role("searchbox", name="Search phones").fill("951 20 18 02")
    expect(page.get_by_text("1 of 40 numbers").first).to_be_visible()
    stored.append(page.evaluate(STORED))
    drawer = open_beside(page, reception_phone)
    drawer.get_by_label("Alias").fill("Recepción nueva")
    drawer.get_by_role("button", name="Save changes").click()
    expect(drawer.get_by_text("Diga confirmed at").first).to_be_visible()
    stored.append(page.evaluate(STORED))
    page.go_back()
    expect(drawer).to_have_count(0)
    stored.append(page.evaluate(STORED))

    page.locator("summary").filter(has_text="Account menu").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    stored.append(page.evaluate(STORED))

    assert stored == [{}] * 5
    page.go_back()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(drawer_of(page, reception_phone)).to_have_count(0)


def test_signing_out_leaves_the_language(page_of: PageOf, router: User, spanish: None) -> None:
    page = page_of(router)
    page.goto("/account/")
    page.get_by_role("button", name="Español").click()
    page.evaluate("() => localStorage.setItem('left', 'over')")

    page.get_by_role("button", name="Cerrar sesión").click()

    expect(page.get_by_role("button", name="Iniciar sesión")).to_be_visible()
    assert page.evaluate(STORED) == {}


def test_every_answer_carries_the_strict_policy(page_of: PageOf, router: User, reception_phone: Phone) -> None:
    page = page_of(router)
    policies: set[str] = set()
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    page.on("response", lambda answer: policies.add(answer.headers.get("content-security-policy", "none")))

    page.goto("/projects/aurora/phones/")
    open_beside(page, reception_phone)

    documents = {policy for policy in policies if policy != "none"}
    assert len(documents) == 1
    directives = dict(part.strip().partition(" ")[::2] for part in documents.pop().split(";") if part.strip())
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == directives["connect-src"] == "'self'"
    assert directives["frame-ancestors"] == directives["base-uri"] == "'none'"
    assert len(hosts) == 1


def test_request_to_another_host_is_noticed(page_of: PageOf, complaints: Complaints, stranger: User) -> None:
    page = page_of(stranger)
    page.goto("/account/")

    page.evaluate("() => { new Image().src = 'https://cdn.example.com/x.png'; }")
    page.evaluate("() => fetch('https://api.example.com/').catch(() => null)")

    page.wait_for_timeout(100)
    heard, complaints.texts = complaints.unexpected, []
    assert sum("Content Security Policy" in text for text in heard) >= 2
