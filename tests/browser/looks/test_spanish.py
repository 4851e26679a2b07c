"""The main job in Spanish, which the browser asks for."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Dialog, Page, expect

from phones.diga.sandbox import Sandbox
from phones.models import Phone
from tests.fixtures.browser import PAGES, Complaints, bodies_sent, row_of
from tests.fixtures.desk import PASSWORD
from tests.fixtures.spanish import ENGLISH, NAMES
from tests.support.pages.agent_picker import choose_version

pytestmark = [
    pytest.mark.browser,
    pytest.mark.browser_context_args(locale="es-ES"),
    pytest.mark.usefixtures("spanish"),
]
PageOf = Callable[[User], Page]


def test_main_job(page: Page, router: User, sandbox: Sandbox, reception_phone: Phone) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="Iniciar sesión")).to_be_visible()
    page.get_by_label("Usuario").fill(router.username)
    page.get_by_label("Contraseña").fill(PASSWORD)
    page.get_by_role("button", name="Iniciar sesión").click()
    page.get_by_role("navigation", name="Principal").get_by_role("link", name="Números").click()
    page.get_by_role("searchbox", name="Buscar números").fill("951 20 18 02")
    expect(page.get_by_text("1 de 40 números").first).to_be_visible()

    page.get_by_role("link", name=reception_phone.shown, exact=True).click()
    drawer = page.get_by_role("complementary", name=reception_phone.shown)
    drawer.get_by_label("Alias").fill("Recepción nueva")
    choose_version(drawer, "Agente entrante", sandbox, "Gema", 1, word="Versión")
    expect(drawer.get_by_text("Al guardar se publica v1 de “Gema · Fisioterapia”. Se activa ya.")).to_be_visible()
    drawer.get_by_label("Entiendo que se activa ya").check()
    drawer.get_by_role("button", name="Guardar cambios").click()

    expect(drawer.get_by_role("status").filter(has_text="Diga lo confirmó a las")).to_be_focused()
    expect(row_of(page, reception_phone).locator(".c-alias")).to_contain_text("Recepción nueva")
    assert len(bodies_sent(sandbox)) == 1


def test_browser_s_own_questions_are_spanish(page_of: PageOf, router: User, sales_phone: Phone) -> None:
    page = page_of(router)
    page.goto("/projects/aurora/phones/")
    asked: list[str] = []

    def refuse(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", refuse)
    with page.expect_response(lambda answer: "/reread/" in answer.url):
        page.get_by_role("link", name=sales_phone.shown, exact=True).click()
    field = page.get_by_role("textbox", name="Alias")
    field.fill("Otro")

    page.get_by_role("link", name="Cerrar").click()

    expect(field).to_have_value("Otro")
    assert asked == ["Tienes cambios sin guardar."]


@pytest.mark.parametrize("width", [1440, 380])
def test_no_english_is_left_and_nothing_runs_over(
    page_of: PageOf, complaints: Complaints, admin: User, place_of: Callable[[str], str], width: int
) -> None:
    complaints.expect(404)
    page = page_of(admin)
    page.set_viewport_size({"width": width, "height": 800})
    english, wide = {}, []

    for address in PAGES:
        page.goto(place_of(address))
        text = NAMES.sub("", page.locator("body").inner_text())
        english[address] = sorted({match[0] for match in ENGLISH.finditer(text)})
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wide.append(address)

    assert {address: found for address, found in english.items() if found} == {}
    assert wide == []
