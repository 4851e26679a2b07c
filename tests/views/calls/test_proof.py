"""After a save the drawer waits for the first call: by itself, seldom, over a reload, and not for ever."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from lxml import html
from lxml.html import HtmlElement

from phones.diga.sandbox import Fault, Sandbox
from phones.diga.sandbox.calls import place_call
from phones.models import Phone, Project
from phones.services.answering.proof import READ_LIMIT
from tests.support.pages.pages import FOR_DRAWER, Answer, find, has, open_phone, read, url_of, version_of, words

ClientOf = Callable[[User], Client]
FOR_PROOF = {"HX-Request": "true", "HX-Target": "proof"}


@pytest.fixture
def client(client_of: ClientOf, router: User) -> Client:
    """The browser of somebody who may re-route."""
    return client_of(router)


@pytest.fixture
def saved(client: Client, spare_phone: Phone, sandbox: Sandbox) -> HtmlElement:
    """The drawer after the number was given Alicia v5."""
    form = open_phone(client, spare_phone)
    values = form.values | {"inbound_version_id": str(version_of(sandbox, "Alicia", 5))}
    response = client.post(url_of("phone_edit", spare_phone), values, headers=FOR_DRAWER)
    assert response.status_code == 200
    return find(read(response), "drawer")


def _ring(sandbox: Sandbox, phone: Phone) -> None:
    aurora = sandbox.projects["aurora"]
    place_call(aurora, sandbox.switches, aurora.phones[phone.pk], "inbound", created_at=timezone.now())


def _parts(response: Answer) -> HtmlElement:
    return html.fragment_fromstring(response.content.decode(), create_parent="div")


def test_save_waits_and_the_first_call_proves_it(
    client: Client, saved: HtmlElement, spare_phone: Phone, sandbox: Sandbox
) -> None:
    waiting = find(saved, "proof")
    first = client.get(waiting.get("hx-get"), headers=FOR_PROOF)
    _ring(sandbox, spare_phone)

    proven = client.get(find(read(first), "proof").get("hx-get"), headers=FOR_PROOF)
    reloaded = find(read(client.get(url_of("phone_edit", spare_phone))), "proof")

    assert waiting.get("hx-trigger") == "every 4s"
    assert (first.status_code, find(read(first), "proof").get("hx-trigger")) == (200, "every 6s")
    assert words(waiting).startswith("Waiting for the first call after the change of ")
    assert proven.status_code == 286
    told, calls = (find(_parts(proven), each) for each in ("proof", "last-calls"))
    assert words(told).startswith("First call after the change: ")
    assert words(told).endswith(", answered by Alicia · Recepción v5.")
    assert words(reloaded) == words(told)
    assert (calls.get("hx-swap-oob"), calls.get("hx-trigger")) == ("true", "load")
    assert (reloaded.get("hx-get"), reloaded.get("role")) == (None, "status")


def test_reload_goes_on_where_it_was_and_reading_ends(
    client: Client, saved: HtmlElement, spare_phone: Phone, sandbox: Sandbox
) -> None:
    url = url_of("phone_proof", spare_phone)
    sandbox.journal.clear()
    for _ in range(3):
        client.get(url, headers=FOR_PROOF)
    reloaded = find(read(client.get(url_of("phone_edit", spare_phone))), "proof")

    statuses = [client.get(url, headers=FOR_PROOF).status_code for _ in range(READ_LIMIT)]

    assert reloaded.get("hx-trigger") == "every 11s"
    assert [received.path for received in sandbox.journal] == ["/v1/call/"] * READ_LIMIT
    assert statuses == [200] * (READ_LIMIT - 4) + [286] * 4


def test_fault_is_asked_again_later(client: Client, saved: HtmlElement, spare_phone: Phone, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault("html", path="/v1/call/", times=None))
    _ring(sandbox, spare_phone)

    broken = client.get(url_of("phone_proof", spare_phone), headers=FOR_PROOF)
    sandbox.faults.clear()
    good = client.get(url_of("phone_proof", spare_phone), headers=FOR_PROOF)

    assert (broken.status_code, good.status_code) == (200, 286)
    assert find(read(broken), "proof").get("hx-trigger") == "every 6s"


def test_nothing_is_waited_for_without_the_right(
    client: Client, saved: HtmlElement, spare_phone: Phone, sandbox: Sandbox
) -> None:
    Project.objects.update(can_read_calls=False)
    sandbox.journal.clear()

    opened = find(read(client.get(url_of("phone_edit", spare_phone))), "proof")
    polled = client.get(url_of("phone_proof", spare_phone), headers=FOR_PROOF)

    assert (opened.get("hidden"), opened.get("hx-get")) == ("", None)
    assert (polled.status_code, read(polled).get("hidden")) == (286, "")
    assert sandbox.journal == []


def test_rename_waits_for_nothing(client: Client, spare_phone: Phone) -> None:
    form = open_phone(client, spare_phone)
    response = client.post(url_of("phone_edit", spare_phone), form.values | {"nickname": "Otra"}, headers=FOR_DRAWER)

    assert has(read(response), "proof")
    assert find(read(response), "proof").get("hx-get") is None
