"""The reason and the ticket of a save, in the form of the next number until somebody clears them."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from phones.diga.sandbox import Fault, Sandbox
from phones.models import Change, Membership, Phone, Project, Role
from tests.support.desk.saving import patches
from tests.support.pages.pages import FOR_DRAWER, find, form_in, open_phone, plan, read, sign_in, texts, version_of

ClientOf = Callable[[User], Client]
SHAPES = pytest.mark.parametrize("headers", [{}, FOR_DRAWER], ids=["page", "htmx"])
GIVEN = {"reason": "Elena is on leave", "ticket": "SUP-4471"}


@pytest.fixture
def client(client_of: ClientOf, router: User) -> Client:
    """The browser of somebody who may rename and re-route."""
    return client_of(router)


def _shown(client: Client, phone: Phone, query: str = "") -> tuple[str, str]:
    values = open_phone(client, phone, query).values
    return values["reason"], values["ticket"]


def _save(client: Client, phone: Phone, **typed: str) -> None:
    assert open_phone(client, phone).send(headers=None, **typed).status_code == 302


@SHAPES
def test_reason_and_ticket_stay_for_the_next_number(
    client: Client, sandbox: Sandbox, sales_phone: Phone, spare_phone: Phone, headers: dict[str, str]
) -> None:
    open_phone(client, sales_phone).send(nickname="Ventas Málaga", headers=headers, **GIVEN)

    version = version_of(sandbox, "Alicia", 2)
    assert _shown(client, spare_phone) == _shown(client, spare_phone, f"?give={version}") == tuple(GIVEN.values())
    _save(client, spare_phone, nickname="Reserva")
    assert [(change.reason, change.ticket) for change in Change.objects.all()] == [tuple(GIVEN.values())] * 2


def test_fresh_form_with_a_kept_reason_is_not_typed_text(client: Client, sales_phone: Phone) -> None:
    answer = open_phone(client, sales_phone).send(nickname="Ventas Málaga", headers=FOR_DRAWER, **GIVEN)

    assert form_in(client, answer).values["reason"] == GIVEN["reason"]
    assert find(read(answer), "phone-form").get("data-typed") is None


def test_only_a_save_that_is_stored_keeps_them(client: Client, sandbox: Sandbox, sales_phone: Phone) -> None:
    plan(sandbox, Fault("status", method="PATCH", status=400))

    open_phone(client, sales_phone).send(headers=None, nickname="Ventas Málaga", **GIVEN)

    assert _shown(client, sales_phone) == ("", "")


def test_save_without_either_ends_them(client: Client, sales_phone: Phone, spare_phone: Phone) -> None:
    _save(client, sales_phone, nickname="Ventas Málaga", **GIVEN)
    _save(client, sales_phone, nickname="Ventas Costa", reason="", ticket="")

    assert _shown(client, spare_phone) == ("", "")


@SHAPES
def test_clear_empties_both_and_keeps_what_else_was_typed(
    client: Client, sandbox: Sandbox, sales_phone: Phone, spare_phone: Phone, headers: dict[str, str]
) -> None:
    _save(client, sales_phone, nickname="Ventas Málaga", **GIVEN)
    form = open_phone(client, spare_phone)

    answer = form.send(nickname="Reserva", forget="1", headers=headers)

    left = form_in(client, answer).values
    assert (answer.status_code, left["nickname"], left["reason"], left["ticket"]) == (200, "Reserva", "", "")
    assert find(read(answer), "phone-form").get("data-typed") is not None
    assert texts(read(answer), ".//button[@name='forget']") == []
    assert _shown(client, spare_phone) == ("", "")
    assert len(patches(sandbox)) == 1


def test_clear_in_a_form_that_nobody_touched_leaves_a_fresh_one(client: Client, sales_phone: Phone) -> None:
    _save(client, sales_phone, nickname="Ventas Málaga", **GIVEN)

    answer = open_phone(client, sales_phone).send(forget="1", headers=FOR_DRAWER)

    assert find(read(answer), "phone-form").get("data-typed") is None


def test_clear_stands_in_the_form_only_while_something_is_kept(client: Client, sales_phone: Phone) -> None:
    def offered() -> list[str]:
        form = find(read(client.get(f"/projects/aurora/phones/{sales_phone.pk}/")), "phone-form")
        # Enter in a field presses the first button.
        assert form.xpath("(.//button)[1]/@name") == []
        return texts(form, ".//button[@name='forget']")

    before = offered()
    _save(client, sales_phone, nickname="Ventas Málaga", **GIVEN)

    assert (before, offered()) == ([], ["Clear · Reason and ticket"])


def test_kept_reasons_are_of_one_project(client: Client, router: User, sales_phone: Phone, talleres: Project) -> None:
    Membership.objects.create(project=talleres, user=router, role=Role.ROUTER)
    _save(client, sales_phone, nickname="Ventas Málaga", **GIVEN)

    assert _shown(client, Phone.objects.filter(project=talleres).earliest("number")) == ("", "")
    assert _shown(client, sales_phone) == tuple(GIVEN.values())


def test_kept_reasons_are_of_one_person(client_of: ClientOf, router: User, lead: User, sales_phone: Phone) -> None:
    browser = client_of(router)
    _save(browser, sales_phone, nickname="Ventas Málaga", **GIVEN)

    assert _shown(client_of(lead), sales_phone) == ("", "")
    browser.post("/account/logout/")
    sign_in(browser, lead)
    assert _shown(browser, sales_phone) == ("", "")


def test_viewer_has_nothing_to_clear(client_of: ClientOf, viewer: User, sales_phone: Phone) -> None:
    answer = client_of(viewer).post(f"/projects/aurora/phones/{sales_phone.pk}/", {"forget": "1"})

    assert answer.status_code == 403
