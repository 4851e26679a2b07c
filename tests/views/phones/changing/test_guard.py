"""A foreseen refusal in the phone's form: whether Diga was asked, and the ways out of it as controls."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from lxml.html import HtmlElement

from bench.rig import plans
from phones.diga.sandbox import Fault, Sandbox
from phones.models import Phone, Project
from phones.services.routing.edits import PhoneEdit
from tests.support.desk.published import phones_of
from tests.support.desk.saving import forget_waiting, held, sent, target
from tests.support.pages.pages import (
    FOR_DRAWER,
    Answer,
    find,
    form_in,
    open_phone,
    read,
    result_of,
    texts,
    url_of,
    version_of,
    words,
)

ClientOf = Callable[[User], Client]
SHAPES = pytest.mark.parametrize("headers", [{}, FOR_DRAWER], ids=["page", "htmx"])


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


@pytest.fixture
def client(client_of: ClientOf, router: User) -> Client:
    """The browser of somebody who may rename and re-route."""
    return client_of(router)


def guard_in(response: Answer) -> HtmlElement:
    return find(read(response), "phone-guard")


def forecast(client: Client, phone: Phone, **typed: str) -> HtmlElement:
    """Return what the form is told while it is filled in."""
    values = {name: value for name, value in open_phone(client, phone).values.items() if name != "csrfmiddlewaretoken"}
    return read(client.get(url_of("phone_guard", phone), values | typed))


def test_forecast_says_that_it_is_one(client: Client, sandbox: Sandbox, sales_phone: Phone, spare_phone: Phone) -> None:
    refused = words(forecast(client, spare_phone, inbound_version_id=str(version_of(sandbox, "Dora", 2))))
    published = words(forecast(client, spare_phone, inbound_version_id=str(version_of(sandbox, "Gema", 1))))
    unassigned = words(forecast(client, sales_phone, unassign_inbound="on"))

    assert refused.startswith("By our copy, Diga will refuse this: v1 of “Dora · Encuestas” is published and used by 2")
    assert refused.endswith("Foreseen from our copy. Saving asks Diga first; if it is so, nothing is sent.")
    assert "Foreseen from our copy. I understand" in published
    assert "copy" not in unassigned


@SHAPES
def test_refusal_names_what_diga_has_now(
    client: Client, sandbox: Sandbox, aurora: Project, spare_phone: Phone, headers: dict[str, str]
) -> None:
    form = open_phone(client, spare_phone)
    alicia = sandbox.projects["aurora"].agent("Alicia")
    alicia.published_id = alicia.version(4).id
    gone, *others = phones_of(aurora, "Alicia")
    held(sandbox, gone).inbound_agent_id = held(sandbox, gone).outbound_agent_id = None

    response = form.send(inbound_version_id=str(version_of(sandbox, "Alicia", 6)), headers=headers)

    said = words(guard_in(response))
    assert response.status_code == 422
    assert f"Diga will refuse this: v4 of “Alicia · Recepción” is published and used by {len(others)} other" in said
    assert "Diga was asked just now." in said
    assert "copy" not in said
    assert sent(sandbox) == []


@SHAPES
def test_consent_is_asked_for_to_what_diga_has_now(
    client: Client, sandbox: Sandbox, aurora: Project, spare_phone: Phone, headers: dict[str, str]
) -> None:
    form = open_phone(client, spare_phone)
    for phone in phones_of(aurora, "Dora"):
        held(sandbox, phone).inbound_agent_id = held(sandbox, phone).outbound_agent_id = None

    response = form.send(inbound_version_id=str(version_of(sandbox, "Dora", 2)), headers=headers)

    assert (response.status_code, sent(sandbox)) == (422, [])
    assert "No other number uses this agent." in words(guard_in(response))
    form_in(client, response).send(understood="on", headers=headers)
    assert len(sent(sandbox)) == 1


@SHAPES
def test_refusal_that_could_not_be_checked_is_told_as_such(
    client: Client, sandbox: Sandbox, spare_phone: Phone, headers: dict[str, str]
) -> None:
    form = open_phone(client, spare_phone)
    sandbox.faults.add(Fault("status", status=503, method="GET", path="/v1/phone/", is_exact=True, times=None))

    response = form.send(inbound_version_id=str(version_of(sandbox, "Dora", 2)), headers=headers)

    assert response.status_code == 502
    assert result_of(response).startswith(
        "Not saved By our copy Diga would refuse this, but that could not be checked. Nothing was sent. Diga has"
    )
    assert words(guard_in(response)).startswith("By our copy, Diga will refuse this:")
    assert sent(sandbox) == []


@SHAPES
@pytest.mark.parametrize("typed", [{}, {"both_directions": "on"}], ids=["one lane", "both"])
def test_published_version_can_be_used_instead(
    client: Client, sandbox: Sandbox, spare_phone: Phone, headers: dict[str, str], typed: dict[str, str]
) -> None:
    wanted, live = (str(version_of(sandbox, "Alicia", number)) for number in (6, 5))
    refused = open_phone(client, spare_phone).send(
        inbound_version_id=wanted, nickname="Aparte", headers=headers, **typed
    )
    (button,) = guard_in(refused).xpath(".//button[@name]")
    assert words(button) == "Use v5 · Alicia · Recepción"

    response = form_in(client, refused).send(
        **{button.get("name"): button.get("value"), "ticket": "SUP-3"}, headers=headers
    )

    form = form_in(client, response)
    assert (response.status_code, sent(sandbox)) == (200, [])
    assert result_of(response) == "v5 is chosen Nothing was sent. Look at the agents below, then save."
    assert typed.items() <= form.values.items()
    assert [form.values[name] for name in ("inbound_version_id", "nickname", "ticket")] == [live, "Aparte", "SUP-3"]
    assert texts(guard_in(response), ".//strong") == ["Nothing is published."] * (1 + len(typed))

    form.send(headers=headers)
    lanes = ["inbound_version_id", *(["outbound_version_id"] if typed else [])]
    assert sent(sandbox) == [{"nickname": "Aparte"} | dict.fromkeys(lanes, live)]


def test_refusal_of_both_lanes_offers_its_ways_once(client: Client, sandbox: Sandbox, spare_phone: Phone) -> None:
    wanted = str(version_of(sandbox, "Alicia", 6))

    guard = forecast(client, spare_phone, inbound_version_id=wanted, both_directions="on")

    assert (len(guard.xpath(".//section")), len(guard.xpath(".//button[@name='use']"))) == (2, 1)


@pytest.mark.parametrize("version_id", ["", "no id", "00000000-0000-0000-0000-000000000001"])
def test_version_that_is_not_there_is_not_chosen(
    client: Client, sandbox: Sandbox, spare_phone: Phone, version_id: str
) -> None:
    wanted = str(version_of(sandbox, "Alicia", 6))

    response = open_phone(client, spare_phone).send(inbound_version_id=wanted, use=version_id)

    assert (response.status_code, result_of(response), sent(sandbox)) == (200, "", [])
    assert form_in(client, response).values["inbound_version_id"] == wanted


def test_version_is_chosen_by_those_only_who_may_route(
    client_of: ClientOf, labeller: User, sandbox: Sandbox, spare_phone: Phone
) -> None:
    response = open_phone(client_of(labeller), spare_phone).send(use=str(version_of(sandbox, "Alicia", 5)))

    assert response.status_code == 403


def test_enter_in_a_field_saves(client: Client, sandbox: Sandbox, spare_phone: Phone) -> None:
    response = open_phone(client, spare_phone).send(inbound_version_id=str(version_of(sandbox, "Alicia", 6)))

    # With scripts and without: what stands first is for both.
    first, *others = find(read(response), "phone-form").xpath(".//button")
    assert first.xpath("ancestor::noscript") == []
    assert (first.get("name"), first.get("aria-hidden"), first.get("tabindex")) == (None, "true", "-1")
    submits = [button for button in others if button.get("type") == "submit" and not button.xpath("ancestor::noscript")]
    seen = [words(button) for button in submits if not button.get("aria-hidden")]
    assert seen == ["Use v5 · Alicia · Recepción", "Save changes"]


def test_leads_are_led_to_publishing_for_all(
    client_of: ClientOf, lead: User, aurora: Project, sandbox: Sandbox, spare_phone: Phone
) -> None:
    client, version_id = client_of(lead), version_of(sandbox, "Alicia", 6)
    count = len(phones_of(aurora, "Alicia"))

    (link,) = forecast(client, spare_phone, inbound_version_id=str(version_id)).xpath(".//a[contains(@class, 'btn')]")

    assert words(link) == f"Publish v6 for all {count}… · Alicia · Recepción"
    page = client.get(link.get("href"))
    assert texts(read(page), "//h1") == [f"Publish v6 for all {count} numbers"]


def test_number_that_has_the_agent_is_one_of_those_it_would_be_published_for(
    client_of: ClientOf, lead: User, aurora: Project, sandbox: Sandbox
) -> None:
    first, *_others = users = phones_of(aurora, "Alicia")
    lane = "inbound" if first.inbound_agent_id == sandbox.projects["aurora"].agent("Alicia").id else "outbound"

    guard = forecast(client_of(lead), first, **{f"{lane}_version_id": str(version_of(sandbox, "Alicia", 6))})

    assert texts(guard, ".//a[contains(@class, 'btn')]") == [f"Publish v6 for all {len(users)}… · Alicia · Recepción"]


def test_others_are_not_led_to_what_they_may_not_do(client: Client, sandbox: Sandbox, spare_phone: Phone) -> None:
    guard = forecast(client, spare_phone, inbound_version_id=str(version_of(sandbox, "Alicia", 6)))

    assert guard.xpath(".//a[contains(@class, 'btn')]") == []


def test_plan_leads_from_refused_rows_to_publishing_for_all(
    client_of: ClientOf, lead: User, router: User, aurora: Project, sandbox: Sandbox
) -> None:
    agent_id, version_id = sandbox.projects["aurora"].agent("Alicia").id, version_of(sandbox, "Alicia", 6)
    phones = [phone for phone in plans.phones_of(aurora) if phone.inbound_agent_id != agent_id][:3]
    both = target(aurora, "Alicia", 6)
    plan = plans.make_plan(lead, phones, PhoneEdit(inbound=both, outbound=both))

    page, of_another = (client_of(person).get(f"/projects/aurora/plans/{plan.pk}/") for person in (lead, router))

    (link,) = find(read(page), "group-CANNOT").xpath(".//a[contains(@class, 'btn')]")
    assert words(link) == "Publish v6 of “Alicia · Recepción” for all its numbers…"
    assert link.get("href") == f"/projects/aurora/agents/{agent_id}/publish/?version={version_id}"
    assert find(read(of_another), "group-CANNOT").xpath(".//a[contains(@class, 'btn')]") == []
