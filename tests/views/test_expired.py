"""The session is over, or the form's token is: no text is lost, with scripts or without, and nothing is sent."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from phones.diga.sandbox import Sandbox
from phones.models import Phone, Session
from tests.support.desk.saving import sent
from tests.support.pages.pages import FOR_DRAWER, open_phone, read, sign_in, texts, url_of, words

ClientOf = Callable[[User], Client]
OWN = {"Origin": "http://testserver"}
TYPED = {"nickname": "Mío <b>", "reason": "Por qué", "ticket": "SUP-9"}


@pytest.fixture
def client(client_of: ClientOf, router: User) -> Client:
    """The browser of somebody who may rename and re-route."""
    return client_of(router)


def test_form_without_scripts_shows_its_text_and_the_way_back(
    client: Client, sandbox: Sandbox, sales_phone: Phone
) -> None:
    form = open_phone(client, sales_phone, has_scripts=False)
    Session.objects.all().delete()

    response = form.send(headers=OWN, **TYPED)

    page = read(response)
    assert response.status_code == 403
    assert texts(page, "//*[@role='alert']/strong") == ["You were signed out, so this was not saved"]
    assert texts(page, "//dl//dd") == list(TYPED.values())
    assert page.xpath("//main//a/@href") == [f"/account/login/?next={url_of('phone_edit', sales_phone)}"]
    assert sent(sandbox) == []


def test_htmx_is_sent_to_sign_in_and_the_scripts_are_told_to_keep_the_text(
    client: Client, sandbox: Sandbox, sales_phone: Phone
) -> None:
    form = open_phone(client, sales_phone)
    Session.objects.all().delete()
    here = url_of("phone_edit", sales_phone)

    response = form.send(headers=FOR_DRAWER | {"HX-Current-URL": f"http://testserver{here}"}, **TYPED)

    assert (response["HX-Redirect"], response["HX-Trigger"]) == (
        f"/account/login/?next={here}",
        '{"form-expired": {}}',
    )
    assert "Mío" not in response.content.decode()
    assert sent(sandbox) == []


@pytest.mark.parametrize("origin", [None, "https://evil.example", "null"])
def test_text_from_elsewhere_is_not_repeated(sales_phone: Phone, origin: str | None) -> None:
    headers = {"Origin": origin} if origin else {}

    response = Client().post(url_of("phone_edit", sales_phone), TYPED, headers=headers)

    assert response.status_code == 302
    assert response["Location"].startswith("/account/login/")


def test_only_free_text_is_repeated(sales_phone: Phone) -> None:
    posted = TYPED | {
        "password": "geheim-1",
        "token": "geheim-2",
        "opened": "geheim-3",
        "inbound_version_id": "geheim-4",
    }

    response = Client().post(url_of("phone_edit", sales_phone), posted, headers=OWN)

    assert response.status_code == 403
    assert "geheim" not in response.content.decode()


@pytest.fixture
def strict(router: User) -> Client:
    """A browser that checks tokens."""
    return sign_in(Client(enforce_csrf_checks=True), router)


def test_form_with_an_old_token_shows_its_text(strict: Client, sandbox: Sandbox, sales_phone: Phone) -> None:
    form = open_phone(strict, sales_phone, has_scripts=False)
    strict.cookies["csrf"] = "x" * 32

    response = form.send(headers=OWN, **TYPED)

    page = read(response)
    assert response.status_code == 403
    assert "This form is too old" in words(page)
    assert texts(page, "//dl//dd") == list(TYPED.values())
    assert sent(sandbox) == []


def test_htmx_form_with_an_old_token_says_that_its_text_comes_back(
    strict: Client, sandbox: Sandbox, sales_phone: Phone
) -> None:
    form = open_phone(strict, sales_phone)
    strict.cookies["csrf"] = "x" * 32

    response = form.send(headers=FOR_DRAWER | OWN, **TYPED)

    assert (response.status_code, response["HX-Trigger"]) == (403, '{"form-expired": {}}')
    assert "Reload the page: your text comes back into the form, then save again." in words(read(response))
    assert sent(sandbox) == []
