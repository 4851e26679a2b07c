"""What is too large is refused before it is read: by whoever sends it, whatever it says it is."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from dashboard.middleware import STRANGERS_BYTES, UPLOAD_BYTES
from phones.models import Project
from tests.support.pages.pages import Answer, read, words

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
LOGIN = "/account/login/"
IMPORT = "/projects/aurora/plans/import/"
MULTIPART = "multipart/form-data; boundary=x"


class Unread(io.BytesIO):
    """A body of which nothing may be read."""

    def read(self, *_args: object) -> bytes:
        raise AssertionError("The body was read")

    readline = read


def send(client: Client, path: str, length: int | str, content_type: str = MULTIPART) -> tuple[int, str]:
    """Send a request with a body of this length, which must not be read; return the status and the words."""
    response = post(client, path, length, content_type)
    return response.status_code, words(read(response))


def post(client: Client, path: str, length: int | str, content_type: str = MULTIPART, htmx: str = "") -> Answer:
    """Return the answer to a request with a body of this length, which must not be read."""
    environ: dict[str, Any] = {"wsgi.input": Unread(), "CONTENT_LENGTH": str(length), "CONTENT_TYPE": content_type}
    return client.generic("POST", path, headers={"HX-Request": htmx}, **environ)


@pytest.mark.parametrize("content_type", [MULTIPART, "application/x-www-form-urlencoded", "text/plain", ""])
@pytest.mark.parametrize("length", [STRANGERS_BYTES + 1, 10**12, "-1", "1e3"])
def test_stranger_sends_no_more_than_a_form(length: int | str, content_type: str) -> None:
    client = Client(enforce_csrf_checks=True)

    status, said = send(client, LOGIN, length, content_type)

    assert (status, "That is more than can be sent at once" in said) == (413, True)


@pytest.mark.parametrize("who", ["viewer", "router"])
def test_others_send_no_more_than_the_largest_form(
    request: pytest.FixtureRequest, client_of: ClientOf, aurora: Project, who: str
) -> None:
    client, largest = client_of(request.getfixturevalue(who)), settings.DATA_UPLOAD_MAX_MEMORY_SIZE

    assert send(client, IMPORT, largest + 1)[0] == 413
    # Then it is the page that refuses.
    assert send(client, IMPORT, largest)[0] == 403


@pytest.mark.parametrize("who", ["lead", "admin", "superuser"])
def test_file_is_taken_of_those_who_may_upload_one(
    request: pytest.FixtureRequest, client_of: ClientOf, aurora: Project, who: str
) -> None:
    client = client_of(request.getfixturevalue(who))

    assert send(client, IMPORT, UPLOAD_BYTES + 1)[0] == 413
    with pytest.raises(AssertionError, match="The body was read"):
        send(client, IMPORT, UPLOAD_BYTES)


def test_refusal_is_a_message_for_htmx_and_ends_the_connection(client: Client) -> None:
    response = post(client, LOGIN, STRANGERS_BYTES + 1, htmx="true")

    assert (response.status_code, response["HX-Retarget"], response["Connection"]) == (413, "#problems", "close")


def test_all_chosen_numbers_fit_into_a_form() -> None:
    # 100,000 ids of 32 letters, each with an encoded comma.
    assert 100_000 * 35 < settings.DATA_UPLOAD_MAX_MEMORY_SIZE <= 4 * 1024 * 1024
