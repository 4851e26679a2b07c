"""What holds for the answer of every address: its type, its way out, who may read it, and what it never echoes."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from phones.models import Project
from tests.support.pages.pages import Answer, read, texts
from tests.support.pages.places import addresses, things_of

ClientOf = Callable[[User], Client]
# Formats with an encoding of their own.
BINARY = {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/json"}


@pytest.fixture
def client(client_of: ClientOf, superuser: User) -> Client:
    """The browser of somebody to whom every page opens."""
    return client_of(superuser)


@pytest.fixture
def urls(aurora: Project, superuser: User) -> list[str]:
    """Every address of the site but the one that signs out, with things of Aurora."""
    own = things_of(aurora, superuser)
    return [address.url(own) for address in addresses() if address.name != "account_logout"]


def test_body_has_its_type_and_its_encoding(client: Client, urls: list[str]) -> None:
    types = set()

    for url in urls:
        for answer in (client.get(url), client.post(url)):
            if answer.getvalue():
                name, _semicolon, encoding = answer["Content-Type"].partition("; charset=")
                assert (encoding == "utf-8") != (name in BINARY), url
                assert (b"<" in answer.getvalue()[:9]) <= (name == "text/html"), url
                types.add(name)

    assert types == {"text/html", "text/csv", *BINARY}


def test_every_page_leads_out(client: Client, urls: list[str]) -> None:
    ways: dict[str, object] = {}

    for url in urls:
        answer = client.get(url)
        if answer.status_code == 200 and b"<body" in answer.getvalue():
            page = read(answer)
            here = texts(page, "//form[@action='/account/logout/'][@method='post'][@data-signs-out]//button")
            # Pages of the account lead back, step by step, to the one that signs out.
            back = page.xpath("//a[starts-with(@href, '/account/')]/@href")
            ways[url] = here or back

    # Invitations are open to everybody.
    assert [url for url, found in ways.items() if not found and not url.startswith("/invitation/")] == []
    assert len(ways) > 15


def test_no_other_site_may_read_an_answer(client: Client, urls: list[str]) -> None:
    asking = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}

    allowed = [
        (url, name)
        for url in urls
        for answer in (client.get(url, headers=asking), client.options(url, headers=asking))
        for name in answer.headers
        if name.startswith("Access-Control")
    ]

    assert allowed == []


def test_trace_echoes_nothing(client: Client, urls: list[str]) -> None:
    for url in urls:
        answer: Answer = client.trace(url, headers={"X-Secret": "echo-of-this"})

        assert answer.status_code in {302, 403, 404, 405}, url
        assert b"echo-of-this" not in answer.getvalue(), url


@pytest.mark.parametrize(
    "path",
    [
        *("/.git/config", "/.env", "/manage.py", "/var/secret_key", "/requirements/run.lock", "/static/../.env"),
        *("/static/", "/static/desk/", "/media/", "/admin/", "/metrics", "/docs/", "/server-status", "/debug/"),
    ],
)
def test_nothing_lies_beside_the_pages(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_query_is_no_form(client: Client, aurora: Project) -> None:
    url = f"/projects/{aurora.slug}/settings/people/"

    in_query = client.post(f"{url}?username=eva&full_name=Eva&role=ADMIN")
    in_body = client.post(f"{url}?username=name-in-the-query", {"username": "eva", "full_name": "Eva", "role": "ADMIN"})

    assert in_query.status_code == 422
    assert b"eva" not in in_query.content
    assert (in_body.status_code, b"name-in-the-query" in in_body.content) == (200, False)


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "htmx"])
def test_bug_of_ours_is_told_without_its_details(
    client: Client, aurora: Project, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("password of phone_desk in SELECT")

    monkeypatch.setattr("phones.views.phones.find.read_paste", fail)
    client.raise_request_exception = False

    answer = client.post(f"/projects/{aurora.slug}/find/", {"text": "951201802"}, headers=headers)

    assert answer.status_code == 500
    assert [
        word for word in ("RuntimeError", "SELECT", "phone_desk", "Traceback", ".py") if word in str(answer.content)
    ] == []
    assert "Something went wrong" in " ".join(texts(read(answer), "descendant-or-self::*"))
