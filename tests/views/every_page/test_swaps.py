"""What a swap leaves on the page is what a reload would show."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from lxml.html import HtmlElement

from phones.diga.sandbox import Fault, Sandbox
from phones.models import Phone, Project
from tests.support.desk.saving import forget_waiting, patches
from tests.support.pages.htmx import Browser, outline
from tests.support.pages.pages import find, has, plan, texts, url_of, version_of, words

LIST = "/projects/aurora/phones/"
ClientOf = Callable[[User], Client]


@pytest.fixture
def window(client_of: ClientOf, router: User) -> Browser:
    """The browser of somebody who may rename and re-route; without a valid token it is refused."""
    client = Client(enforce_csrf_checks=True)
    client.cookies = client_of(router).cookies
    return Browser(client)


def _open_drawer(window: Browser, phone: Phone, query: str = "") -> Browser:
    window.open(LIST + query)
    window.click(_link(window, phone))
    return window


def _link(window: Browser, phone: Phone, of: str = "phone") -> HtmlElement:
    return window.element(f"//tr[@id='phone-{phone.pk}']//a[@class='{of}']")


def assert_like_reloaded(window: Browser) -> None:
    """Compare the page with what its address shows when it is opened anew."""
    assert outline(find(window.tree, "main")) == outline(find(window.reloaded().tree, "main"))
    assert outline(window.element("//body")) == outline(window.reloaded().element("//body"))


@pytest.mark.parametrize("query", ["", "?q=ventas&status=assigned"])
def test_opening_a_drawer(window: Browser, sales_phone: Phone, query: str) -> None:
    _open_drawer(window, sales_phone, query)

    assert window.url == url_of("phone_edit", sales_phone, query)
    assert has(window.tree, "phone-form")
    assert_like_reloaded(window)


def test_opening_another_drawer(window: Browser, sales_phone: Phone, released_phone: Phone) -> None:
    _open_drawer(window, sales_phone)

    window.click(_link(window, released_phone))

    assert window.url == url_of("phone_edit", released_phone)
    assert_like_reloaded(window)


@pytest.mark.parametrize("query", ["", "?q=ventas"])
def test_closing_a_drawer(window: Browser, sales_phone: Phone, query: str) -> None:
    _open_drawer(window, sales_phone, query)

    window.click(window.element("//*[@id='drawer']//a[@data-close]"))

    assert window.url == LIST + query
    assert len(find(window.tree, "drawer")) == 0
    assert_like_reloaded(window)


def test_filtering(window: Browser, aurora: Project) -> None:
    window.open(LIST)

    window.submit(find(window.tree, "filters"), status="assigned", provider="custom")
    assert window.url == LIST + "?status=assigned&provider=custom"
    assert_like_reloaded(window)

    window.submit(find(window.tree, "filters"), provider="", inbound="none")
    assert window.url == LIST + "?status=assigned&inbound=none"
    assert_like_reloaded(window)


def test_searching_keeps_the_filters(window: Browser, aurora: Project) -> None:
    window.open(LIST + "?status=assigned")

    window.submit(find(window.tree, "finder-form"), q="  citas ")
    find(window.tree, "finder").set("value", "citas")

    assert window.url == LIST + "?q=citas&status=assigned"
    assert_like_reloaded(window)


def test_filtering_keeps_the_search(window: Browser, aurora: Project) -> None:
    window.open(LIST + "?q=citas")

    window.submit(find(window.tree, "filters"), status="finished")

    assert window.url == LIST + "?q=citas&status=finished"
    assert texts(window.tree, "//tbody//a[contains(@class, 'phone')]") == ["+34 942 32 87 48"]
    assert_like_reloaded(window)


def test_search_that_finds_nothing(window: Browser, aurora: Project) -> None:
    window.open(LIST)

    window.submit(find(window.tree, "finder-form"), q="zzz")
    find(window.tree, "finder").set("value", "zzz")

    assert texts(find(window.tree, "phone-table"), ".//h2") == ["No number matches"]
    assert_like_reloaded(window)


@pytest.mark.parametrize("query", ["", "?q=951"])
def test_saving(window: Browser, sandbox: Sandbox, sales_phone: Phone, query: str) -> None:
    _open_drawer(window, sales_phone, query)

    window.submit(find(window.tree, "phone-form"), nickname="Ventas Málaga")

    assert len(patches(sandbox)) == 1
    assert window.events == ["phone-updated"]
    assert words(find(window.tree, f"phone-{sales_phone.pk}")[2]) == "Ventas Málaga"
    assert_like_reloaded(window)


def test_saving_an_agent(window: Browser, sandbox: Sandbox, spare_phone: Phone) -> None:
    _open_drawer(window, spare_phone)

    window.submit(
        find(window.tree, "phone-form"),
        inbound_version_id=str(version_of(sandbox, "Carla", 4)),
        both_directions="on",
    )

    assert len(patches(sandbox)) == 1
    assert_like_reloaded(window)


def test_saving_with_consent(window: Browser, sandbox: Sandbox, sales_phone: Phone) -> None:
    _open_drawer(window, sales_phone)

    window.submit(find(window.tree, "phone-form"), unassign_inbound="on")
    assert patches(sandbox) == []
    window.submit(find(window.tree, "phone-form"), understood="on")

    assert len(patches(sandbox)) == 1
    assert_like_reloaded(window)


def test_saving_that_fails_changes_nothing_but_the_drawer(
    window: Browser, sandbox: Sandbox, sales_phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_waiting(monkeypatch)
    _open_drawer(window, sales_phone)
    plan(sandbox, Fault("status", status=429, method="PATCH"))

    window.submit(find(window.tree, "phone-form"), nickname="Mío")

    assert find(window.tree, "id_nickname").get("value") == "Mío"
    assert window.events == []
    before, after = window, window.reloaded()
    assert outline(find(before.tree, "main")) == outline(find(after.tree, "main"))
    find(window.tree, "phone-form").getparent().remove(find(window.tree, "phone-form"))
    find(after.tree, "phone-form").getparent().remove(find(after.tree, "phone-form"))
    assert outline(find(before.tree, "drawer")) == outline(find(after.tree, "drawer"))


def test_guard(window: Browser, sandbox: Sandbox, sales_phone: Phone) -> None:
    _open_drawer(window, sales_phone)
    find(window.tree, "id_unassign_inbound").set("checked", "")

    window.fire(find(window.tree, "phone-guard"))

    guard = find(window.tree, "phone-guard")
    assert "Incoming calls to this number will no longer be answered by an agent." in words(guard)
    window.submit(find(window.tree, "phone-form"), understood="on")
    assert len(patches(sandbox)) == 1


@pytest.mark.parametrize("query", ["", "?q=ventas"])
def test_renaming(window: Browser, sandbox: Sandbox, sales_phone: Phone, query: str) -> None:
    window.open(LIST + query)
    window.click(window.element(f"//tr[@id='phone-{sales_phone.pk}']//a[starts-with(@aria-label, 'Rename')]"))

    (form,) = find(window.tree, f"phone-{sales_phone.pk}").xpath(".//form")
    window.submit(form, nickname="Ventas Málaga")

    row = find(window.tree, f"phone-{sales_phone.pk}")
    assert words(row[2]) == "Ventas MálagaSaved"
    assert window.events == ["phone-updated"]
    assert_like_reloaded(window)


def test_cancelling_a_rename(window: Browser, sales_phone: Phone) -> None:
    window.open(LIST + "?q=ventas")
    window.click(window.element(f"//tr[@id='phone-{sales_phone.pk}']//a[starts-with(@aria-label, 'Rename')]"))

    window.click(window.element("//a[text()='Cancel']"))

    assert_like_reloaded(window)


def test_rename_stands_while_the_drawer_reads_its_phone(window: Browser, sales_phone: Phone) -> None:
    _open_drawer(window, sales_phone)
    window.click(window.element(f"//tr[@id='phone-{sales_phone.pk}']//a[starts-with(@aria-label, 'Rename')]"))

    window.fire(window.element("//*[@id='read-again']"))

    assert has(window.tree, f"rename-{sales_phone.pk}")


@pytest.mark.parametrize("query", ["", "?q=951"])
def test_rereading(window: Browser, sandbox: Sandbox, sales_phone: Phone, query: str) -> None:
    _open_drawer(window, sales_phone, query)

    window.fire(window.element("//*[@id='read-again']"))

    assert len([request for request in sandbox.journal if request.path.endswith(str(sales_phone.pk))]) == 2
    assert_like_reloaded(window)


def test_rereading_what_has_moved_says_so_and_brings_the_row(
    window: Browser, sandbox: Sandbox, sales_phone: Phone
) -> None:
    window.open(LIST)
    sandbox.phones[sales_phone.pk].nickname = "De Marta"

    window.click(_link(window, sales_phone))

    assert "Diga has other values now than this form shows. Show them" in words(find(window.tree, "read-state"))
    assert find(window.tree, "id_nickname").get("value") == "Ventas Costa del Sol"
    after = window.reloaded()
    assert outline(find(window.tree, "main")) == outline(find(after.tree, "main"))
    assert window.element("//*[@id='read-state']//a").get("href") == window.url
    assert find(after.tree, "id_nickname").get("value") == "De Marta"
    assert "Diga has other values" not in words(find(after.tree, "read-state"))


def test_signed_out_browser_goes_to_the_sign_in_page_and_back(window: Browser, sales_phone: Phone) -> None:
    window.open(LIST + "?q=ventas")
    window.client.logout()

    answer = window.client.get(
        url_of("phone_edit", sales_phone),
        headers={"HX-Request": "true", "HX-Target": "drawer", "HX-Current-URL": f"http://testserver{window.url}"},
    )

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["HX-Redirect"] == "/account/login/?next=/projects/aurora/phones/%3Fq%3Dventas"


def test_refusal_is_a_message_and_leaves_the_rest(window: Browser, router: User, sales_phone: Phone) -> None:
    _open_drawer(window, sales_phone)
    router.memberships.update(role="VIEWER")

    window.submit(find(window.tree, "phone-form"), nickname="Mío")

    assert "Your role doesn’t allow this" in words(find(window.tree, "problems"))
    assert has(window.tree, "phone-form")
