"""Renaming a phone where it stands in the list: the row, the page, and what goes wrong."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from phones.diga.sandbox import Fault, Sandbox
from phones.models import Change, Phone
from tests.support.desk.saving import patches
from tests.support.pages.pages import find, has, open_rename, plan, read, texts, url_of, words

ClientOf = Callable[[User], Client]


@pytest.fixture
def client(client_of: ClientOf, labeller: User) -> Client:
    """The browser of somebody who may rename, and no more."""
    return client_of(labeller)


def _for_row(phone: Phone) -> dict[str, str]:
    return {"HX-Request": "true", "HX-Target": f"phone-{phone.pk}"}


def test_rename_is_a_page_without_htmx(client: Client, sales_phone: Phone) -> None:
    tree = read(client.get(url_of("phone_rename", sales_phone, "?q=ventas")))

    assert words(tree.find(".//h1")) == "Rename +34 951 44 12 46"
    (form,) = tree.xpath("//main//form")
    assert form.get("action") == url_of("phone_rename", sales_phone, "?q=ventas")
    assert form.xpath(".//a/@href") == [url_of("phone_edit", sales_phone, "?q=ventas")]
    assert has(tree, f"rename-{sales_phone.pk}")


def test_rename_is_a_row_for_htmx(client: Client, sales_phone: Phone) -> None:
    row = read(client.get(url_of("phone_rename", sales_phone), headers=_for_row(sales_phone)))

    assert (row.tag, row.get("id"), row.get("class")) == ("tr", f"phone-{sales_phone.pk}", "is-editing")
    assert find(row, f"rename-{sales_phone.pk}").get("value") == "Ventas Costa del Sol"


def test_cancel_brings_the_row_back(client: Client, sales_phone: Phone) -> None:
    editing = read(client.get(url_of("phone_rename", sales_phone, "?q=ventas"), headers=_for_row(sales_phone)))
    (cancel,) = editing.xpath(".//a[text()='Cancel']/@hx-get")

    row = read(client.get(cancel, headers=_for_row(sales_phone)))

    listed = find(read(client.get("/projects/aurora/phones/?q=ventas")), f"phone-{sales_phone.pk}")
    assert row.get("class") is None
    assert words(row) == words(listed)
    assert row.xpath(".//@href") == listed.xpath(".//@href")


def test_rename_sends_one_key_and_returns_the_row(client: Client, sandbox: Sandbox, sales_phone: Phone) -> None:
    response = open_rename(client, sales_phone).send(nickname="Ventas Málaga", headers=_for_row(sales_phone))

    row = read(response)
    assert response.status_code == 200
    assert (row.tag, row.get("id")) == ("tr", f"phone-{sales_phone.pk}")
    assert words(row[2]) == "Ventas MálagaSaved"
    assert row.xpath(".//*[@data-announce]/@role") == ["status"]
    assert response["HX-Trigger"] == f'{{"phone-updated": {{"id": "{sales_phone.pk}"}}}}'
    assert [received.body for received in patches(sandbox)] == [{"nickname": "Ventas Málaga"}]
    sales_phone.refresh_from_db()
    assert sales_phone.nickname == "Ventas Málaga"


def test_rename_without_htmx_leads_to_the_phone_with_its_result(
    client: Client, sandbox: Sandbox, sales_phone: Phone
) -> None:
    response = open_rename(client, sales_phone, "?q=ventas").send(nickname="Ventas Málaga")

    change = Change.objects.get()
    assert response.status_code == 302
    assert response["Location"] == url_of("phone_edit", sales_phone, f"?q=ventas&change={change.pk}")
    assert "Diga confirmed at" in words(find(read(client.get(response["Location"])), "drawer"))


def test_rename_to_the_same_sends_nothing(client: Client, sandbox: Sandbox, sales_phone: Phone) -> None:
    response = open_rename(client, sales_phone).send(headers=_for_row(sales_phone))

    assert response.status_code == 200
    assert texts(read(response), ".//p[@role='alert']") == [
        "Nothing to save. The number is already so. Nothing was sent. Change a field first."
    ]
    assert patches(sandbox) == []


@pytest.mark.parametrize("is_htmx", [False, True], ids=["page", "htmx"])
@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ({"nickname": "x" * 256}, "Ensure this value has at most 255 characters (it has 256)."),
        ({"opened": "forged"}, "This form is too old."),
        ({"form_token": "no-uuid"}, "This form is too old."),
    ],
)
def test_rename_that_is_wrong_keeps_the_text(
    client: Client, sandbox: Sandbox, sales_phone: Phone, typed: dict[str, str], error: str, is_htmx: bool
) -> None:
    form = open_rename(client, sales_phone)
    sandbox.journal.clear()

    response = form.send(**({"nickname": "Mío"} | typed), headers=_for_row(sales_phone) if is_htmx else None)

    tree = read(response)
    assert response.status_code == 422
    assert find(tree, f"rename-{sales_phone.pk}").get("value") == (typed.get("nickname") or "Mío")
    said = texts(tree, ".//p[@role='alert']")
    assert len(said) == 1
    assert error in said[0]
    assert sandbox.journal == []


@pytest.mark.parametrize("is_htmx", [False, True], ids=["page", "htmx"])
@pytest.mark.parametrize(
    ("fault", "status", "sentence"),
    [
        (Fault("status", status=400, method="PATCH"), 422, "Diga refused, nothing was changed."),
        (Fault("status", status=429, method="PATCH"), 502, "Not saved, nothing was changed."),
        (Fault("status", status=403), 403, "Not saved."),
        (Fault("status", status=404), 404, "Diga does not know this number any more."),
    ],
)
def test_rename_that_diga_did_not_take_keeps_the_text(
    client: Client, sandbox: Sandbox, sales_phone: Phone, fault: Fault, status: int, sentence: str, is_htmx: bool
) -> None:
    form = open_rename(client, sales_phone)
    plan(sandbox, fault)

    response = form.send(nickname="Mío", headers=_for_row(sales_phone) if is_htmx else None)

    tree = read(response)
    assert response.status_code == status
    assert find(tree, f"rename-{sales_phone.pk}").get("value") == "Mío"
    assert sentence in " ".join(texts(tree, ".//p[@role='alert']"))
    assert sandbox.phones[sales_phone.pk].nickname == "Ventas Costa del Sol"


def test_rename_of_what_diga_validates_says_it_at_the_field(
    client: Client, sandbox: Sandbox, sales_phone: Phone
) -> None:
    body = {"detail": [{"loc": ["body", "nickname"], "msg": "Too rude", "type": "value_error"}]}
    sandbox.faults.add(Fault("status", status=422, method="PATCH", body=body))

    response = open_rename(client, sales_phone).send(nickname="Mío", headers=_for_row(sales_phone))

    field = find(read(response), f"rename-{sales_phone.pk}")
    assert response.status_code == 422
    assert "is-invalid" in (field.get("class") or "")
    assert "Too rude" in texts(find(read(response), field.get("aria-describedby") or ""), "./p")


def test_rename_that_somebody_else_did_first_is_a_conflict(
    client: Client, sandbox: Sandbox, sales_phone: Phone
) -> None:
    form = open_rename(client, sales_phone)
    sandbox.phones[sales_phone.pk].nickname = "De Marta"

    response = form.send(nickname="Mío", headers=_for_row(sales_phone))

    tree = read(response)
    assert response.status_code == 409
    assert "This number changed in Diga while you were editing." in words(tree)
    assert find(tree, f"rename-{sales_phone.pk}").get("value") == "Mío"
    assert patches(sandbox) == []


def test_rename_of_a_closed_phone_is_refused_with_the_reason(
    client: Client, sandbox: Sandbox, released_phone: Phone
) -> None:
    response = open_rename(client, released_phone).send(nickname="Mío", headers=_for_row(released_phone))

    assert response.status_code == 422
    assert "in quarantine" in words(read(response))
    assert patches(sandbox) == []
    assert not Change.objects.exists()


@pytest.mark.parametrize("method", ["get", "post"])
def test_viewer_may_not_rename(
    client_of: ClientOf, viewer: User, sandbox: Sandbox, sales_phone: Phone, method: str
) -> None:
    sandbox.journal.clear()

    response = getattr(client_of(viewer), method)(url_of("phone_rename", sales_phone), {"nickname": "Mío"})

    assert response.status_code == 403
    assert sandbox.journal == []
