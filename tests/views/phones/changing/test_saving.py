"""A save that takes long: the page is told so within seconds, goes on looking, and says how it ended."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from phones.diga.sandbox import Sandbox
from phones.models import Change, Outcome, Phone
from phones.services.editing import save as editing_save
from tests.support.database.tampering import alter
from tests.support.desk.saving import patches
from tests.support.pages.pages import (
    FOR_DRAWER,
    Answer,
    OpenForm,
    find,
    form_in,
    open_phone,
    open_rename,
    read,
    result_of,
    words,
)

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(editing_save, "WAITS_SECONDS", (0.1,))


@pytest.fixture
def client(client_of: ClientOf, router: User) -> Client:
    """The browser of somebody who may save."""
    return client_of(router)


def under_way(client: Client, phone: Phone) -> OpenForm:
    """Return a form whose save is under way."""
    form = open_phone(client, phone)
    form.send(nickname="Ventas Nerja")
    alter(Change.objects.all(), outcome=Outcome.PENDING, settled_at=None)
    return form


def asks(answer: Answer, element_id: str) -> str:
    """Return the address that a page asks again by itself, "" if it doesn't."""
    return str(find(read(answer), element_id).get("hx-get", ""))


def test_second_send_of_a_form_is_followed_to_its_result(client: Client, sandbox: Sandbox, sales_phone: Phone) -> None:
    form = under_way(client, sales_phone)
    place = f"saving-{sales_phone.pk}"

    refused = form.send(nickname="Ventas Nerja", headers=FOR_DRAWER)
    waiting = client.get(asks(refused, place), headers=HTMX)
    alter(Change.objects.all(), outcome=Outcome.CONFIRMED, settled_at=timezone.now())
    over = client.get(asks(waiting, place), headers=HTMX)

    assert (refused.status_code, waiting.status_code, over.status_code) == (409, 200, 286)
    assert result_of(refused).startswith("Already sent")
    assert words(read(refused).xpath(f".//*[@id='{place}']")[0]) == ""
    assert words(read(waiting)) == "Still being saved. Diga has not answered yet. This page goes on looking."
    assert words(read(over)).startswith("Saved.")
    assert asks(over, place) == ""
    assert read(over).xpath(".//a/@href")[0].startswith(f"/projects/aurora/changes/{Change.objects.get().pk}")
    assert len(patches(sandbox)) == 1


def test_save_of_somebody_else_is_waited_for_and_the_text_is_kept(
    client: Client, client_of: ClientOf, lead: User, sandbox: Sandbox, sales_phone: Phone
) -> None:
    form = open_phone(client, sales_phone)
    under_way(client_of(lead), sales_phone)
    place = f"saving-{sales_phone.pk}"
    form.values["opened"] = open_phone(client, sales_phone).values["opened"]

    refused = form.send(nickname="Ventas Málaga", headers=FOR_DRAWER)
    waiting = client.get(asks(refused, place), headers=HTMX)
    alter(Change.objects.all(), outcome=Outcome.CONFIRMED, settled_at=timezone.now())
    over = client.get(asks(waiting, place), headers=HTMX)

    assert (refused.status_code, waiting.status_code, over.status_code) == (409, 200, 286)
    assert "Somebody else’s change of this number was sent" in result_of(refused)
    assert form_in(client, refused).values["nickname"] == "Ventas Málaga"
    assert words(read(over)).startswith("Nothing is being saved any more. Save again")
    assert len(patches(sandbox)) == 1


def test_row_that_is_renamed_goes_on_looking_where_it_stands(client: Client, sales_phone: Phone) -> None:
    under_way(client, sales_phone)
    place = f"rename-saving-{sales_phone.pk}"

    refused = open_rename(client, sales_phone).send(nickname="Ventas Málaga", headers=HTMX)
    waiting = client.get(asks(refused, place), headers=HTMX | {"HX-Target": place})

    assert (refused.status_code, waiting.status_code) == (409, 200)
    assert asks(waiting, place) == asks(refused, place)


def test_dead_sender_is_not_waited_for(client: Client, sales_phone: Phone) -> None:
    form = under_way(client, sales_phone)
    url = asks(form.send(nickname="Ventas Nerja", headers=FOR_DRAWER), f"saving-{sales_phone.pk}")
    alter(Change.objects.all(), created_at=timezone.now() - timedelta(minutes=2))

    over = client.get(url, headers=HTMX)

    assert over.status_code == 286
    assert words(read(over)).startswith("Not known yet. The process that was saving ended before it knew")


@pytest.mark.parametrize("query", ["", "?sent=nonsense", "?sent=00000000-0000-0000-0000-000000000000"])
def test_any_address_is_answered(client: Client, sales_phone: Phone, query: str) -> None:
    url = f"/projects/aurora/phones/{sales_phone.pk}/saving/{query}"

    assert client.get(url, headers=HTMX).status_code == 286
    assert client.get(url)["Location"] == f"/projects/aurora/phones/{sales_phone.pk}/"
