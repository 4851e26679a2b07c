"""Every page for somebody whose browser asks for Spanish: no word of English is left on it."""

import re
from collections.abc import Callable
from typing import Any, cast

import pytest
from django.contrib.auth.models import User
from django.test import Client
from lxml import html

from phones.diga.sandbox import Sandbox
from phones.models import Change, Membership, Phone, Project, SyncRun
from tests.fixtures.spanish import SPANISH, Check

PAGES = {
    "phones": ("lead", "phones/", 200, "Números"),
    "phones for a viewer": ("viewer", "phones/", 200, "Agente entrante"),
    "no match": ("lead", "phones/?q=nobody", 200, "Ningún número coincide"),
    "filters": ("lead", "phones/?status=released&provider=netelip", 200, "Quitar el filtro: En cuarentena"),
    "phone": ("router", "phones/{sales_phone.pk}/", 200, "Atiende las llamadas entrantes"),
    "phone for a viewer": ("viewer", "phones/{sales_phone.pk}/", 200, "Tu rol permite ver los números, pero no"),
    "phone without agents": ("router", "phones/{spare_phone.pk}/", 200, "Sin agente"),
    "reserved phone": ("router", "phones/{reserved_phone.pk}/", 200, "Este número está reservado"),
    "pending phone": ("router", "phones/{pending_phone.pk}/", 200, "todavía lo está verificando"),
    "released phone": ("router", "phones/{released_phone.pk}/", 200, "está en cuarentena"),
    "finished phone": ("router", "phones/{finished_phone.pk}/", 200, "Este número está finalizado"),
    "orphan phone": ("router", "phones/{orphan_phone.pk}/", 200, "Agente desconocido"),
    "rename": ("labeller", "phones/{sales_phone.pk}/nickname/", 200, "Cambiar alias"),
    "columns": (
        "lead",
        "phones/?cols=number,assigned,age&sort=-assigned&size=25",
        200,
        "ordenados por fecha de asignación, descendente",
    ),
    "other order": ("lead", "phones/?sort=nickname", 200, "Números de teléfono, ordenados por alias"),
    "more filters": (
        "lead",
        "phones/?health=no_inbound&assigned_from=2026-01-02&assigned_to=2026-12-31",
        200,
        "Asignado desde el",
    ),
    "find": ("lead", "find/", 200, "Texto o números"),
    "go nowhere": ("lead", "go/?n=600123456", 404, "Ningún número como"),
    "go without a number": ("lead", "/go/", 404, "¿Qué número?"),
    "no views": ("viewer", "views/", 200, "Aún no hay vistas guardadas"),
    "view of a filter": ("lead", "views/?status=assigned", 200, "Guardar este filtro"),
    "changes of nobody": (
        "lead",
        "changes/?person=0&q=zzz&source=OUTSIDE&outcome=UNKNOWN&field=status&from=2026-01-02&to=2026-12-31",
        200,
        "Ningún cambio coincide",
    ),
    "first state": ("router", "phones/{sales_phone.pk}/first-state/", 200, "Volver al primer estado"),
    "agent": ("lead", "agents/{sales_phone.inbound_agent_id}/", 200, "atiende las llamadas"),
    "overview": ("lead", "", 200, "Resumen"),
    "agents": ("lead", "agents/", 200, "Otras versiones"),
    "no changes": ("lead", "changes/", 200, "Aún no se ha cambiado nada"),
    "settings": ("admin", "settings/", 200, "Clave de API"),
    "disconnect": ("admin", "settings/disconnect/", 200, "¿Desconectar"),
    "people": ("admin", "settings/people/", 200, "Qué puede hacer cada rol"),
    "person": ("admin", "settings/people/{membership.pk}/", 200, "¿Quitar a"),
    "sync": ("lead", "sync/{run.pk}/", 200, "Primera sincronización"),
    "role too low": ("viewer", "settings/", 403, "Tu rol no permite esto"),
    "not a member": ("stranger", "phones/", 404, "Aquí no hay nada para ti"),
    "account": ("viewer", "/account/", 200, "Tu cuenta"),
    "password": ("viewer", "/account/password/", 200, "Contraseña actual"),
    "second factor": ("viewer", "/account/2fa/", 200, "Verificación en dos pasos"),
    "sign out": ("viewer", "/account/logout/", 200, "¿Cerrar sesión?"),
    "connect": ("superuser", "/connect/", 200, "Conectar un proyecto de Diga"),
    "no project": ("stranger", "/", 200, "Aún no eres miembro de ningún proyecto"),
    "nowhere": ("viewer", "/nowhere/", 404, "Aquí no hay nada para ti"),
}


@pytest.mark.parametrize("name", PAGES)
def test_page_is_spanish_for_a_spanish_browser(
    name: str,
    request: pytest.FixtureRequest,
    aurora: Project,
    client_of: Callable[[User], Client],
    assert_spanish: Check,
) -> None:
    who, path, status, words = PAGES[name]
    person = request.getfixturevalue(who)
    wanted = {key: request.getfixturevalue(key) for key in re.findall(r"\{(\w+_phone)\.", path)}
    path = path.format(membership=Membership.objects.first(), run=SyncRun.objects.first(), **wanted)
    address = path if path.startswith("/") else f"/projects/{aurora.slug}/{path}"

    answer = client_of(person).get(address, headers=SPANISH)

    assert answer.status_code == status
    assert_spanish(answer.content, words)


def _all(page: html.HtmlElement, path: str) -> list[Any]:
    return cast(list[Any], page.xpath(path))


def _filled(page: html.HtmlElement) -> dict[str, str]:
    """Return what the phone form would send as it stands."""
    form = page.get_element_by_id("phone-form")
    return {name: value for name, value in form.form_values() if value}


def test_guard_result_and_history_are_spanish(
    aurora: Project,
    router: User,
    sales_phone: Phone,
    spare_phone: Phone,
    client_of: Callable[[User], Client],
    assert_spanish: Check,
) -> None:
    client, address = client_of(router), f"/projects/{aurora.slug}/phones/{spare_phone.pk}/"
    asked = _filled(html.fromstring(client.get(address, headers=SPANISH).content)) | {"picker": "list"}
    page = assert_spanish(client.post(address, asked, headers=SPANISH).content, "Qué significan versión, publicada")
    shown: dict[str, tuple[html.HtmlElement, dict[str, str]]] = {}

    for version in _all(page, '//select[@id="id_inbound_version_id"]//option[@value!=""]/@value'):
        sent = _filled(page) | {"inbound_version_id": version}
        answer = client.post(address, sent | {"review": "1"}, headers=SPANISH)
        guard = _all(
            html.fromstring(answer.content), '//form[@id="phone-form"]//section[contains(@class, "guard")]/@class'
        )[0]
        if guard not in shown:
            shown[guard] = assert_spanish(answer.content, "Aún no se ha guardado"), sent
    assert set(shown) == {"guard is-ok", "guard is-warn", "guard is-bad"}

    page, sent = shown["guard is-warn"]
    reviewed = _all(page, '//input[@name="reviewed"]/@value')[0]
    saved = client.post(address, sent | {"reviewed": reviewed, "understood": "on"}, headers=SPANISH, follow=True)
    assert_spanish(saved.content, "Guardado. Diga lo confirmó a las")
    odd = client.post(address, sent | {"inbound_version_id": "v9"}, headers=SPANISH)
    assert_spanish(odd.content, "Esta versión no está disponible para este número.")
    change = Change.objects.latest("pk")
    assert_spanish(client.get(f"/projects/{aurora.slug}/changes/{change.pk}/", headers=SPANISH).content, "Resultado")
    assert_spanish(client.get(f"/projects/{aurora.slug}/changes/", headers=SPANISH).content, "Cambios")


def test_invitation_and_its_end_are_spanish(
    aurora: Project, admin: User, client_of: Callable[[User], Client], assert_spanish: Check
) -> None:
    people = f"/projects/{aurora.slug}/settings/people/"
    wanted = {"username": "nuria", "full_name": "Nuria Sanz", "role": "ROUTER"}

    answer = client_of(admin).post(people, wanted, headers=SPANISH)
    link = assert_spanish(answer.content, "Invitación para nuria").xpath("string(//textarea)").strip()
    address = link[link.index("/invitation/") :]

    assert_spanish(Client().get(address, headers=SPANISH).content, "Elige una contraseña y tu cuenta estará lista.")
    differing = {"password1": "una frase de paso", "password2": "otra"}
    assert_spanish(Client().post(address, differing, headers=SPANISH).content, "Las dos contraseñas no coinciden.")
    chosen = differing | {"password2": "una frase de paso"}
    assert_spanish(Client().post(address, chosen, headers=SPANISH, follow=True).content, "Tu cuenta está lista.")
    assert_spanish(Client().get(address, headers=SPANISH).content, "Ya se ha usado: la cuenta existe.")


def test_key_that_is_refused_is_explained_in_spanish(
    aurora: Project,
    admin: User,
    viewer: User,
    sandbox: Sandbox,
    client_of: Callable[[User], Client],
    assert_spanish: Check,
) -> None:
    settings_url = f"/projects/{aurora.slug}/settings/"
    client = client_of(admin)
    short, unknown = {"key": "x"}, {"key": "an-unknown-key-that-is-long-enough-1234"}

    assert_spanish(client.post(settings_url, short, headers=SPANISH).content, "No puede ser una clave de API de Diga")
    assert_spanish(client.post(settings_url, unknown, headers=SPANISH).content, "Esta clave no sirve")
    sandbox.keys.clear()
    client.post(f"{settings_url}check/", headers=SPANISH)
    listed = client_of(viewer).get(f"/projects/{aurora.slug}/phones/", headers=SPANISH)
    assert_spanish(listed.content, "Diga ya no acepta la clave de API de este proyecto.")
    assert_spanish(client.get(settings_url, headers=SPANISH).content, "Rechazada por Diga")


@pytest.mark.usefixtures("db")
def test_sign_in_and_its_failure_are_spanish(assert_spanish: Check) -> None:
    wrong = {"login": "nuria", "password": "wrong"}

    assert_spanish(Client().get("/account/login/", headers=SPANISH).content, "Iniciar sesión")
    assert_spanish(Client().post("/account/login/", wrong, headers=SPANISH).content, "El usuario y/o la contraseña")
