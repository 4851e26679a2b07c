"""Undo in the drawer: sent at once through the one way, guarded as every save, answered with the drawer."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from lxml.html import HtmlElement

from phones.diga.sandbox import Sandbox
from phones.models import Change, Outcome, Phone, Project, Source
from phones.services.routing.edits import PhoneEdit
from tests.support.desk.saving import forget_waiting, held, patches, save, sent, target
from tests.support.pages.pages import FOR_DRAWER, Answer, find, read, url_of, words

ClientOf = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


@pytest.fixture
def client(client_of: ClientOf, router: User) -> Client:
    """The browser of somebody who may rename and re-route."""
    return client_of(router)


def undo_form(tree: HtmlElement) -> HtmlElement:
    """Return the form of the drawer that undoes a change."""
    (button,) = tree.xpath("//*[@data-undo]")
    return next(button.iterancestors("form"))


def card_after(client: Client, phone: Phone, change: Change) -> HtmlElement:
    """Return the drawer as it is after a save that came to a change."""
    return read(client.get(f"{url_of('phone_edit', phone)}?change={change.pk}", headers=FOR_DRAWER))


def press(client: Client, form: HtmlElement, **more: str) -> Answer:
    """Press Undo as htmx does."""
    values = {name: value for name, value in form.form_values() if value is not None}
    return client.post(form.get("hx-post"), values | more, headers=FOR_DRAWER)


def test_saved_says_what_and_undo_takes_it_back_in_place(client: Client, sandbox: Sandbox, sales_phone: Phone) -> None:
    change = save(sales_phone, PhoneEdit(nickname="Ventas")).change
    card = card_after(client, sales_phone, change)

    response = press(client, undo_form(card))

    back = Change.objects.latest("pk")
    assert "Alias: Ventas Costa del Sol Ventas" in words(find(card, f"result-{change.pk}"))
    assert (response.status_code, back.source, back.reverts, back.outcome) == (
        200,
        Source.REVERT,
        change,
        Outcome.CONFIRMED,
    )
    assert back.reason == f"Undoes change #{change.pk}"
    assert sent(sandbox)[-1] == {"nickname": "Ventas Costa del Sol"}
    tree = read(response)
    assert tree.get("id") == "drawer"
    assert "Alias: Ventas Ventas Costa del Sol" in words(find(tree, f"result-{back.pk}"))
    assert tree.xpath("//template/@data-row") == [f"phone-{sales_phone.pk}"]
    assert undo_form(tree).get("hx-post") == f"{url_of('phone_edit', sales_phone)}undo/{back.pk}/"


def test_second_click_sends_nothing_more(client: Client, sandbox: Sandbox, sales_phone: Phone) -> None:
    change = save(sales_phone, PhoneEdit(nickname="Ventas")).change
    form = undo_form(card_after(client, sales_phone, change))

    first, second = press(client, form), press(client, form)

    assert (first.status_code, second.status_code) == (200, 200)
    assert len(patches(sandbox)) == 2
    assert Change.objects.count() == 2


def test_undo_that_touches_live_calls_asks_first(
    client: Client, sandbox: Sandbox, aurora: Project, spare_phone: Phone
) -> None:
    change = save(spare_phone, PhoneEdit(inbound=target(aurora, "Carla", 4))).change

    asked = press(client, undo_form(card_after(client, spare_phone, change)))
    form = undo_form(read(asked))
    done = press(client, form, understood="on")

    assert asked.status_code == 422
    assert "Incoming calls to this number will no longer be answered by an agent." in words(form)
    assert form.xpath(".//input[@type='checkbox']/@name") == ["understood"]
    assert done.status_code == 200
    assert held(sandbox, spare_phone).inbound_agent_id is None
    assert len(patches(sandbox)) == 2


def test_undo_of_what_moved_on_sends_nothing(client: Client, sandbox: Sandbox, sales_phone: Phone) -> None:
    change = save(sales_phone, PhoneEdit(nickname="Ventas")).change
    form = undo_form(card_after(client, sales_phone, change))
    sandbox.projects["aurora"].phones[sales_phone.pk].nickname = "De Marta"

    response = press(client, form)

    assert response.status_code == 409
    assert len(patches(sandbox)) == 1
    assert read(response).xpath("//*[@data-undo]") == []


def test_without_scripts_the_page_asks_first(
    client: Client, sandbox: Sandbox, aurora: Project, spare_phone: Phone
) -> None:
    change = save(spare_phone, PhoneEdit(inbound=target(aurora, "Carla", 4))).change
    form = undo_form(card_after(client, spare_phone, change))

    page = client.post(form.get("action"), dict(form.form_values()))

    assert page.status_code == 200
    assert "press Undo again" in words(read(page))
    assert len(patches(sandbox)) == 1
