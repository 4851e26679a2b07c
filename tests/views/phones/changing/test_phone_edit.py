"""Saving a phone from its form, with and without HTMX: status codes, what is sent, what the page says."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from phones.diga.sandbox import Fault, Sandbox
from phones.models import Change, Phone
from phones.services.editing import save as editing_save
from tests.support.database.tampering import alter
from tests.support.desk.saving import patches
from tests.support.pages.pages import (
    FOR_DRAWER,
    Answer,
    find,
    form_in,
    has,
    open_phone,
    read,
    result_of,
    texts,
    url_of,
    values_of,
    version_of,
    words,
)

ClientOf = Callable[[User], Client]
_SAVED = r"Saved\. Diga confirmed at \d\d:\d\d:\d\d Alias: Ventas Costa del Sol Ventas Málaga This change #%d"
SHAPES = pytest.mark.parametrize("headers", [{}, FOR_DRAWER], ids=["page", "htmx"])


@pytest.fixture
def client(client_of: ClientOf, router: User) -> Client:
    """The browser of somebody who may rename and re-route."""
    return client_of(router)


def _bodies(sandbox: Sandbox) -> list[object]:
    return [received.body for received in patches(sandbox)]


def _errors(response: Answer, field: str) -> list[str]:
    return texts(find(read(response), f"{field}-errors"), "./p")


def test_save_without_htmx_redirects_to_the_result(client: Client, sandbox: Sandbox, sales_phone: Phone) -> None:
    response = open_phone(client, sales_phone, "?q=ventas").send(nickname=" Ventas Málaga ")

    change = Change.objects.get()
    assert response.status_code == 302
    assert response["Location"] == url_of("phone_edit", sales_phone, f"?q=ventas&change={change.pk}")
    assert _bodies(sandbox) == [{"nickname": "Ventas Málaga"}]

    page = client.get(response["Location"])
    assert re.fullmatch(_SAVED % change.pk, result_of(page))
    assert form_in(client, page).values["nickname"] == "Ventas Málaga"
    assert texts(find(read(page), f"phone-{sales_phone.pk}"), ".//td[@class='c-alias']//span[@title]") == [
        "Ventas Málaga"
    ]
    assert result_of(client.get(url_of("phone_edit", sales_phone))) == ""


def test_save_with_htmx_answers_with_the_drawer_its_row_and_an_event(
    client: Client, sandbox: Sandbox, sales_phone: Phone
) -> None:
    response = open_phone(client, sales_phone).send(nickname="Ventas Málaga", headers=FOR_DRAWER)

    drawer = read(response)
    assert response.status_code == 200
    assert response["HX-Trigger"] == f'{{"phone-updated": {{"id": "{sales_phone.pk}"}}}}'
    assert drawer.get("id") == "drawer"
    assert re.match(r"Saved\. Diga confirmed at \d\d:\d\d:\d\d ", result_of(response))
    assert drawer.xpath(".//template/@data-row") == [f"phone-{sales_phone.pk}"]
    assert texts(drawer, ".//template//td[@class='c-alias']//span[@title]") == ["Ventas Málaga"]
    assert form_in(client, response).values["nickname"] == "Ventas Málaga"
    assert find(drawer, "phone-form").get("data-typed") is None
    assert sandbox.phones[sales_phone.pk].nickname == "Ventas Málaga"


def test_change_in_the_address_is_shown_for_its_own_phone_only(
    client: Client, sandbox: Sandbox, sales_phone: Phone, spare_phone: Phone
) -> None:
    open_phone(client, sales_phone).send(nickname="Otro")

    change = Change.objects.get()
    assert result_of(client.get(url_of("phone_edit", spare_phone, f"?change={change.pk}"))) == ""
    assert result_of(client.get(url_of("phone_edit", sales_phone, "?change=x"))) == ""


def test_nickname_can_be_emptied(client: Client, sandbox: Sandbox, sales_phone: Phone) -> None:
    open_phone(client, sales_phone).send(nickname="")

    assert _bodies(sandbox) == [{"nickname": None}]
    sales_phone.refresh_from_db()
    assert sales_phone.nickname is None


@SHAPES
def test_save_of_nothing_sends_nothing(
    client: Client, sandbox: Sandbox, sales_phone: Phone, headers: dict[str, str]
) -> None:
    response = open_phone(client, sales_phone).send(reason="Por probar", headers=headers)

    assert response.status_code == 200
    assert result_of(response) == "Nothing to save The number is already so. Nothing was sent. Change a field first."
    assert form_in(client, response).values["reason"] == "Por probar"
    assert patches(sandbox) == []
    assert not Change.objects.exists()


def test_agent_that_is_live_already_is_given_without_consent(
    client: Client, sandbox: Sandbox, spare_phone: Phone
) -> None:
    carla = str(version_of(sandbox, "Carla", 4))

    response = open_phone(client, spare_phone).send(inbound_version_id=carla, reason="Turno", ticket="SUP-1")

    change = Change.objects.get()
    assert response.status_code == 302
    assert _bodies(sandbox) == [{"inbound_version_id": carla}]
    assert (change.reason, change.ticket, change.actor_name) == ("Turno", "SUP-1", "Router Ruiz")


def test_both_directions_send_one_write(client: Client, sandbox: Sandbox, spare_phone: Phone) -> None:
    carla = str(version_of(sandbox, "Carla", 4))

    open_phone(client, spare_phone).send(inbound_version_id=carla, both_directions="on")

    assert _bodies(sandbox) == [{"inbound_version_id": carla, "outbound_version_id": carla}]


def test_both_directions_leave_a_lane_alone_that_is_so_already(
    client: Client, sandbox: Sandbox, sales_phone: Phone
) -> None:
    response = open_phone(client, sales_phone).send(both_directions="on", nickname="Ventas")

    assert response.status_code == 302
    assert _bodies(sandbox) == [{"nickname": "Ventas"}]


@SHAPES
@pytest.mark.parametrize("typed", [{"unassign_inbound": "on"}, {"publish": "Gema"}])
def test_consent_is_asked_for_and_the_form_kept(
    client: Client,
    sandbox: Sandbox,
    spare_phone: Phone,
    sales_phone: Phone,
    headers: dict[str, str],
    typed: dict[str, str],
) -> None:
    phone = spare_phone if "publish" in typed else sales_phone
    if "publish" in typed:
        typed = {"inbound_version_id": str(version_of(sandbox, "Gema", 1))}

    response = open_phone(client, phone).send(**typed, nickname="Aparte", headers=headers)

    form = form_in(client, response)
    assert response.status_code == 422
    assert _errors(response, "understood") == [
        "Read the box above, then tick that you understand it. Nothing was sent."
    ]
    assert typed.items() <= form.values.items()
    assert form.values["nickname"] == "Aparte"
    assert find(read(response), "phone-form").get("data-typed") is not None
    assert patches(sandbox) == []

    form.send(understood="on", headers=headers)
    assert len(patches(sandbox)) == 1


def test_unassigning_sends_null(client: Client, sandbox: Sandbox, sales_phone: Phone) -> None:
    asked = open_phone(client, sales_phone).send(unassign_inbound="on")
    response = form_in(client, asked).send(understood="on")

    assert response.status_code == 302
    assert _bodies(sandbox) == [{"inbound_version_id": None}]
    sales_phone.refresh_from_db()
    assert (sales_phone.inbound_agent_id, sales_phone.outbound_agent_id is None) == (None, False)


def test_tick_for_something_else_is_no_consent(
    client: Client, sandbox: Sandbox, sales_phone: Phone, spare_phone: Phone
) -> None:
    asked = open_phone(client, sales_phone).send(unassign_inbound="on")

    response = form_in(client, asked).send(unassign_outbound="on", understood="on")

    assert response.status_code == 422
    assert "understood" not in form_in(client, response).values
    assert patches(sandbox) == []


@SHAPES
def test_predicted_refusal_sends_nothing_and_links_the_numbers(
    client: Client, sandbox: Sandbox, spare_phone: Phone, headers: dict[str, str]
) -> None:
    newest = str(version_of(sandbox, "Alicia", 6))

    response = open_phone(client, spare_phone).send(inbound_version_id=newest, ticket="SUP-2", headers=headers)

    guard = find(read(response), "phone-guard")
    assert response.status_code == 422
    assert result_of(response).startswith("Not sent Diga would refuse this, so nothing was sent.")
    assert "Diga will refuse this: v5 of “Alicia · Recepción” is published and used by" in words(guard)
    assert len(guard.xpath(".//a[starts-with(@href, '/projects/aurora/phones/')]")) == 5
    kept = form_in(client, response).values
    assert (kept["inbound_version_id"], kept["ticket"]) == (newest, "SUP-2")
    assert patches(sandbox) == []
    assert not Change.objects.exists()


def test_without_scripts_the_first_save_shows_the_guard_and_the_second_sends(
    client: Client, sandbox: Sandbox, spare_phone: Phone
) -> None:
    carla = str(version_of(sandbox, "Carla", 4))

    review = open_phone(client, spare_phone, has_scripts=False).send(inbound_version_id=carla)

    assert review.status_code == 200
    assert "Nothing is published." in words(find(read(review), "phone-guard"))
    assert result_of(review).startswith("Not saved yet")
    assert patches(sandbox) == []

    form = form_in(client, review, has_scripts=False)
    assert form.values["review"] == "1"
    assert form.send().status_code == 302
    assert _bodies(sandbox) == [{"inbound_version_id": carla}]


def test_without_scripts_a_rename_is_sent_at_once(client: Client, sandbox: Sandbox, spare_phone: Phone) -> None:
    response = open_phone(client, spare_phone, has_scripts=False).send(nickname="Nueva")

    assert response.status_code == 302
    assert _bodies(sandbox) == [{"nickname": "Nueva"}]


def test_without_scripts_consent_is_given_on_the_reviewed_form(
    client: Client, sandbox: Sandbox, sales_phone: Phone
) -> None:
    review = open_phone(client, sales_phone, has_scripts=False).send(unassign_inbound="on")
    unticked = form_in(client, review, has_scripts=False).send()
    ticked = form_in(client, unticked, has_scripts=False).send(understood="on")

    assert [review.status_code, unticked.status_code, ticked.status_code] == [200, 422, 302]
    assert _bodies(sandbox) == [{"inbound_version_id": None}]


def test_guard_tells_what_the_form_would_do(client: Client, sandbox: Sandbox, spare_phone: Phone) -> None:
    values = open_phone(client, spare_phone).values | {"inbound_version_id": str(version_of(sandbox, "Gema", 1))}
    sandbox.journal.clear()

    response = client.get(url_of("phone_guard", spare_phone), values)

    guard = read(response)
    assert response.status_code == 200
    assert "Saving publishes v1 of “Gema · Fisioterapia”. It goes live now." in words(guard)
    assert values_of(guard)["reviewed"].startswith("inbound:will_publish:")
    assert has(guard, "id_understood")
    assert sandbox.journal == []


@pytest.mark.parametrize("typed", [{}, {"nickname": "x"}, {"inbound_version_id": "x"}, {"opened": "x"}])
def test_guard_is_empty_where_no_call_moves_or_nothing_can_be_read(
    client: Client, spare_phone: Phone, typed: dict[str, str]
) -> None:
    response = client.get(url_of("phone_guard", spare_phone), open_phone(client, spare_phone).values | typed)

    assert (response.status_code, response.content.strip()) == (200, b"")


@SHAPES
def test_mismatch_is_red_and_shows_both_values(
    client: Client, sandbox: Sandbox, sales_phone: Phone, headers: dict[str, str]
) -> None:
    sandbox.faults.add(Fault("stored_other", method="PATCH"))

    response = open_phone(client, sales_phone).send(nickname="Ventas", headers=headers)
    if response.status_code == 302:
        response = client.get(response["Location"])

    card = find(read(response), "drawer").xpath(".//*[@data-result]")[0]
    assert response.status_code == 200
    assert (card.get("class"), card.get("role")) == ("guard is-bad", "alert")
    assert texts(card, "./strong") == ["Diga stored something else"]
    assert texts(card, "./p")[1] == "Alias: asked for Ventas , Diga has Ventas (otro)"
    assert form_in(client, response).values["nickname"] == "Ventas (otro)"


def test_field_that_others_changed_meanwhile_is_left_and_named(
    client: Client, sandbox: Sandbox, spare_phone: Phone
) -> None:
    form = open_phone(client, spare_phone)
    sandbox.phones[spare_phone.pk].outbound_agent_id = sandbox.projects["aurora"].agent("Bruno").id

    response = form.send(nickname="Nueva", headers=FOR_DRAWER)

    assert response.status_code == 200
    assert "Meanwhile somebody else changed: Outbound agent. That was left as it is." in result_of(response)
    assert _bodies(sandbox) == [{"nickname": "Nueva"}]
    assert texts(read(response), ".//template//td[@class='c-out']//a[@title]") == ["Bruno · Ventas"]


@SHAPES
def test_same_form_twice_is_one_write(
    client: Client, sandbox: Sandbox, sales_phone: Phone, headers: dict[str, str]
) -> None:
    form = open_phone(client, sales_phone)

    answers = [form.send(nickname="Una vez", headers=headers) for _ in range(2)]

    assert answers[0].status_code == answers[1].status_code
    assert answers[0].get("Location") == answers[1].get("Location")
    assert len(patches(sandbox)) == 1


def test_form_that_is_being_sent_is_not_sent_again(
    client: Client, sandbox: Sandbox, sales_phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(editing_save, "WAITS_SECONDS", (0.1,))
    form = open_phone(client, sales_phone)
    form.send(nickname="Una vez")
    alter(Change.objects.all(), outcome="PENDING")

    response = form.send(nickname="Una vez")

    assert response.status_code == 409
    assert result_of(response).startswith("Already sent")
    assert form_in(client, response).values["nickname"] == "Una vez"
    assert len(patches(sandbox)) == 1
