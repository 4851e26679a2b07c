"""Our own database is away: words instead of a stack trace, nothing sent, and it heals without a restart."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, close_old_connections, connection
from django.test import Client

from phones.diga.sandbox import Sandbox
from phones.models import Change, Phone
from tests.support.database.outages import IS_POSTGRES, database_away
from tests.support.desk.saving import sent
from tests.support.pages.pages import FOR_DRAWER, open_phone, read, url_of, words

pytestmark = pytest.mark.django_db(transaction=True)
ClientOf = Callable[[User], Client]


@pytest.fixture
def client(client_of: ClientOf, router: User) -> Client:
    """A browser that gets our error pages, as outside of tests."""
    client = client_of(router)
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize("path", ["/projects/aurora/phones/", "/account/", "/projects/aurora/"])
def test_page_says_that_the_database_is_away_and_comes_back(client: Client, sales_phone: Phone, path: str) -> None:
    with database_away():
        response = client.get(path)

    assert (response.status_code, response["Retry-After"]) == (503, "10")
    assert "Our database can’t be reached just now" in words(read(response))
    assert "Traceback" not in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert client.get(path).status_code == 200


def test_htmx_gets_a_message_for_the_place_of_problems(client: Client, sales_phone: Phone) -> None:
    url = url_of("phone_edit", sales_phone)

    with database_away():
        response = client.get(url, headers=FOR_DRAWER)

    assert (response.status_code, response["HX-Retarget"], response["HX-Reswap"]) == (503, "#problems", "innerHTML")
    assert read(response).get("class") == "guard is-bad"


@pytest.mark.parametrize("headers", [{}, FOR_DRAWER], ids=["page", "htmx"])
def test_save_without_a_database_sends_nothing_and_the_same_form_can_be_sent_later(
    client: Client, sandbox: Sandbox, sales_phone: Phone, headers: dict[str, str]
) -> None:
    form = open_phone(client, sales_phone)

    with database_away():
        response = form.send(nickname="Ventas", headers=headers)

    assert response.status_code == 503
    assert "Whether it was done is not known here." in words(read(response))
    assert sent(sandbox) == []
    assert not Change.objects.exists()
    assert form.send(nickname="Ventas", headers=headers).status_code == (200 if headers else 302)
    assert sent(sandbox) == [{"nickname": "Ventas"}]


@pytest.mark.skipif(not IS_POSTGRES, reason="SQLite has no connection that somebody could end")
def test_connection_that_was_ended_is_replaced_by_the_next_request(client: Client, sales_phone: Phone) -> None:
    with connection.cursor() as cursor, pytest.raises(OperationalError):
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    ended = client.get("/account/")
    # What Django does at the start of every request outside of tests.
    close_old_connections()

    assert ended.status_code == 503
    assert client.get("/account/").status_code == 200
