"""The session is over, or the form's token is: no text is lost, with scripts or without, and nothing is sent."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client

from phones.diga.sandbox import Sandbox
from phones.models import Phone, Project, Session
from tests.fixtures.desk import PASSWORD
from tests.support.desk.saving import sent
from tests.support.pages.pages import FOR_DRAWER, Answer, open_phone, read, sign_in, texts, url_of, words
from tests.support.pages.places import addresses, things_of

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


def _return_of(answer: Answer) -> str:
    """Return where the sign-in leads that an answer asks for."""
    where = urlsplit(answer.headers.get("HX-Redirect") or answer["Location"])
    assert where.path == "/account/login/"
    return parse_qs(where.query)["next"][0]


def test_no_sign_in_leads_to_an_address_that_can_only_be_sent_to(aurora: Project, superuser: User) -> None:
    own = things_of(aurora, superuser)
    visitor, root = Client(), sign_in(Client(), superuser)
    met = {}

    for address in addresses():
        url = address.url(own)
        here = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{url}"}
        for answer in (visitor.get(url), visitor.post(url), visitor.get("/account/", headers=here)):
            if "/account/login/?" in (answer.headers.get("HX-Redirect") or answer.headers.get("Location", "")):
                met[_return_of(answer)] = address.name

    refused = {path: name for path, name in met.items() if root.get(path).status_code == 405}
    assert refused == {}
    assert len(met) > 40


@pytest.mark.parametrize(
    ("act", "page"),
    [
        ("sync/", ""),
        ("settings/check/", "settings/"),
        ("plans/7/tick/?state=FAILED", "plans/7/?state=FAILED"),
        ("settings/people/invitations/3/", "settings/people/"),
    ],
)
def test_sign_in_after_an_act_leads_to_its_page(aurora: Project, act: str, page: str) -> None:
    assert _return_of(Client().post(f"/projects/aurora/{act}")) == f"/projects/aurora/{page}"


def test_sign_in_leads_back_to_where_a_form_was_sent_from(aurora: Project) -> None:
    here = "/projects/aurora/phones/?q=ventas&status=assigned"

    for referer, expected in (
        (f"http://testserver{here}", here),
        ("https://evil.example/projects/", "/projects/aurora/plans/choose/?q=x"),
        ("http://testserver//evil.example/", "/projects/aurora/plans/choose/?q=x"),
    ):
        answer = Client().post("/projects/aurora/plans/choose/?q=x", headers={"Referer": referer})
        assert _return_of(answer) == expected


def test_ticks_come_back_without_scripts(client_of: ClientOf, lead: User, sales_phone: Phone) -> None:
    client = client_of(lead)
    here = "/projects/aurora/phones/?q=ventas"
    Session.objects.all().delete()
    sent_from = OWN | {"Referer": f"http://testserver{here}"}

    answer = client.post("/projects/aurora/plans/choose/?q=ventas", {"phone": str(sales_phone.pk)}, headers=sent_from)

    page = read(sign_in(client, lead).get(_return_of(answer)))
    assert page.xpath("//input[@name='phone'][@checked]/@value") == [str(sales_phone.pk)]
    assert len(page.xpath("//input[@name='phone']")) > 1
    assert page.xpath("//input[@id='finder']/@value") == ["ventas"]


@pytest.mark.parametrize(
    ("headers", "ids"),
    [
        ({"Origin": "https://evil.example"}, [str(uuid4())]),
        (OWN, ["nonsense", "<b>"]),
        (OWN, [str(uuid4()) for _number in range(61)]),
    ],
)
def test_ticks_of_elsewhere_and_too_many_are_left_out(aurora: Project, headers: dict[str, str], ids: list[str]) -> None:
    sent_from = headers | {"Referer": "http://testserver/projects/aurora/phones/?q=x"}

    answer = Client().post("/projects/aurora/plans/choose/", {"phone": ids}, headers=sent_from)

    assert _return_of(answer) == "/projects/aurora/phones/?q=x"


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


@pytest.mark.parametrize("headers", [{}, FOR_DRAWER])
def test_cookies_that_are_off_are_said_to_be(headers: dict[str, str], stranger: User) -> None:
    client = Client(enforce_csrf_checks=True)
    token = read(client.get("/account/login/")).xpath("//input[@name='csrfmiddlewaretoken']/@value")[0]
    client.cookies.clear()
    typed = {"login": "stranger", "password": PASSWORD, "csrfmiddlewaretoken": token}

    response = client.post("/account/login/", typed, headers=OWN | headers)

    assert response.status_code == 403
    said = words(read(response))
    assert "Your browser sends us no cookies Without them nobody can sign in, and nothing can be saved." in said
    assert "too old" not in said
