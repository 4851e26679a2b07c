"""The page that plans to publish a version: what it would do is read first, and nothing is sent from it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from bench.rig.invariants import assert_invariants
from phones.diga.sandbox import Fault, Sandbox
from phones.models import Phone, Plan, Project
from phones.views.parts.permalinks import plan_page_url
from tests.fixtures.desk import Canary
from tests.support.desk.published import phones_of, publishings
from tests.support.desk.saving import forget_waiting, held, target
from tests.support.pages.pages import Answer, plan, read, texts, values_of, words
from tests.support.pages.places import add_publishing, upgrade_id_of

pytestmark = pytest.mark.django_db(transaction=True)
ClientOf = Callable[[User], Client]
AGENTS = "/projects/aurora/agents/"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


@pytest.fixture
def client(client_of: ClientOf, lead: User) -> Client:
    """The browser of a lead."""
    return client_of(lead)


@pytest.fixture
def url(aurora: Project) -> str:
    """The page that publishes a version of Alicia, of which v5 is live and v6 is saved."""
    return f"{AGENTS}{target(aurora, 'Alicia', 6).agent.id}/publish/"


def fill(page: Answer, **typed: str | None) -> dict[str, str]:
    """Return what a browser sends of the page's form, with what was typed; None leaves a field out."""
    (form,) = read(page).xpath("//main//form[.//input[@name='reason']]")
    given: dict[str, str | None] = {"reason": "Autumn hours"}
    return {name: value for name, value in (values_of(form) | given | typed).items() if value is not None}


def titles(page: Answer) -> list[str]:
    return texts(read(page), "descendant-or-self::*[contains(@class, 'guard')]/strong")


def test_agent_s_page_leads_those_who_may_to_publishing(
    client: Client, client_of: ClientOf, router: User, url: str
) -> None:
    agent_url = url.removesuffix("publish/")
    page = read(client.get(agent_url))
    guard = words(page.xpath("//main//p[contains(@class, 'guard')]")[0])

    assert "Diga refuses to move them one by one" in guard
    assert url in page.xpath("//main//a/@href")
    assert len(page.xpath("//main//table//a[contains(@href, 'publish/?version=')]")) == 5
    assert not [link for link in read(client_of(router).get(agent_url)).xpath("//a/@href") if "publish" in link]


def test_page_says_what_will_happen_and_changes_nothing(
    client: Client, url: str, aurora: Project, sandbox: Sandbox
) -> None:
    count = len(phones_of(aurora, "Alicia"))

    page = client.get(url)

    assert texts(read(page), "//h1") == [f"Publish v6 for all {count} numbers"]
    assert titles(page) == [
        "Diga moves the numbers of an agent together",
        f"Publishing v6 moves all {count} numbers from v5, at once.",
    ]
    assert (publishings(sandbox), Plan.objects.count()) == ([], 0)


def test_older_version_is_said_to_be_one(client: Client, url: str, aurora: Project) -> None:
    pages = [client.get(f"{url}?version={target(aurora, 'Alicia', number).version.id}") for number in (4, 6)]

    assert ["It is an older version" in words(read(page)) for page in pages] == [True, False]


def test_page_shows_what_diga_has_now_and_not_our_copy(client: Client, url: str, sandbox: Sandbox) -> None:
    alicia = sandbox.projects["aurora"].agent("Alicia")
    alicia.published_id = alicia.version(4).id

    assert "from v4, at once." in titles(client.get(url))[1]

    plan(sandbox, Fault("status", status=503, method="GET", times=None))
    assert titles(client.get(url))[0] == "Not read from Diga"


def test_form_makes_a_plan_and_leads_to_it(client: Client, url: str, lead: User, sandbox: Sandbox) -> None:
    answer = client.post(url, fill(client.get(url), ticket="T-1"))

    made = Plan.objects.get()
    assert answer["Location"] == plan_page_url(made, "aurora")
    assert (made.kind, made.state, made.author, made.reason, made.ticket) == (
        "PUBLISH",
        "PREVIEW",
        lead,
        "Autumn hours",
        "T-1",
    )
    assert publishings(sandbox) == []
    assert_invariants(sandbox)


def test_double_click_makes_one_plan(client: Client, url: str) -> None:
    values = fill(client.get(url))

    first, second = client.post(url, values), client.post(url, values)

    assert (first.status_code, second.status_code, second["Location"]) == (302, 302, first["Location"])
    assert Plan.objects.count() == 1


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ({"reason": ""}, "Say why; the history keeps it."),
        ({"form_token": None}, "This form is too old."),
        ({"version_id": "nonsense"}, "This form is too old."),
    ],
)
def test_incomplete_form_is_refused_and_keeps_what_was_typed(
    client: Client, url: str, missing: dict[str, str | None], said: str
) -> None:
    answer = client.post(url, fill(client.get(url), **({"ticket": "T-77"} | missing)))

    assert (answer.status_code, Plan.objects.count()) == (422, 0)
    assert said in words(read(answer))
    assert read(answer).xpath("//input[@name='ticket']/@value") == ["T-77"]


def test_plan_is_about_what_has_moved_since_the_page_was_opened(
    client: Client, url: str, sandbox: Sandbox, spare_phone: Phone
) -> None:
    values = fill(client.get(url))
    alicia = sandbox.projects["aurora"].agent("Alicia")
    alicia.published_id = alicia.version(4).id
    held(sandbox, spare_phone).inbound_agent_id = alicia.id

    page = client.get(client.post(url, values)["Location"])

    assert "from v4, at once." in words(read(page))
    assert Plan.objects.get().items.filter(phone=spare_phone).exists()


@pytest.mark.parametrize(("number", "said"), [(7, "This is a draft"), (5, "This version takes the calls already.")])
def test_version_that_is_not_offered_has_no_button(
    client: Client, url: str, aurora: Project, number: int, said: str
) -> None:
    version_id = target(aurora, "Alicia", number).version.id
    page = client.get(f"{url}?version={version_id}")

    assert said in words(read(page))
    assert read(page).xpath("//main//form") == []
    answer = client.post(url, fill(client.get(url), version_id=str(version_id)))
    assert (answer.status_code, Plan.objects.count()) == (409, 0)


def test_read_that_fails_makes_no_plan_and_keeps_what_was_typed(client: Client, url: str, sandbox: Sandbox) -> None:
    values = fill(client.get(url), ticket="T-77")
    plan(sandbox, Fault("status", status=503, method="GET", times=None))

    answer = client.post(url, values)

    assert (answer.status_code, Plan.objects.count()) == (502, 0)
    assert "Nothing was sent" in words(read(answer))
    assert read(answer).xpath("//input[@name='ticket']/@value") == ["T-77"]


def test_agent_s_page_lists_what_was_published_from_here(client: Client, url: str, aurora: Project) -> None:
    agent_url = url.removesuffix("publish/")
    client.post(url, fill(client.get(url)))
    waiting = Plan.objects.get()
    agent_id = target(aurora, "Alicia", 6).agent.id
    refused = add_publishing(aurora, outcome="REFUSED", agent_id=agent_id, wish=waiting.wish)

    lines = texts(read(client.get(agent_url)), "//section[@aria-labelledby='publishings-title']//li")

    assert [re.sub(r" \d\d:\d\d ·.*", "", line) for line in lines] == ["v5 → v6 Refused by Diga", "v5 → v6 Preview"]
    assert plan_page_url(refused, "aurora") in read(client.get(agent_url)).xpath("//a/@href")


# As the addresses once were.


def test_old_address_of_the_page_leads_to_the_new_one(client: Client, url: str) -> None:
    answer = client.get(url.replace("/publish/", "/upgrade/") + "?version=1")

    assert (answer.status_code, answer["Location"]) == (302, f"{url}?version=1")


def test_old_address_of_an_upgrade_leads_to_the_plan_that_was_made_of_it(client: Client, aurora: Project) -> None:
    made = add_publishing(aurora)

    answers = [client.get(f"{AGENTS}upgrades/{number}/") for number in (upgrade_id_of(made), made.pk + 1, 10**20)]

    assert answers[0]["Location"] == plan_page_url(made, "aurora")
    assert [answer.status_code for answer in answers] == [302, 404, 404]


@pytest.mark.parametrize("status", [200, 401, 403, 500])
def test_key_is_on_no_page_and_in_no_row(
    client: Client,
    url: str,
    canary: Canary,
    sandbox: Sandbox,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    status: int,
) -> None:
    body: dict[str, Any] = {"message": f"Unknown key: Authorization: Bearer {canary.token}"}
    values = fill(client.get(url))
    if status != 200:
        plan(sandbox, Fault("status", status=status, body=body, method="GET", times=None))

    with caplog.at_level("DEBUG"):
        pages = [client.post(url, values, follow=True), client.get(url)]

    said = "".join(page.content.decode() for page in pages) + caplog.text
    assert "versions-dropdown" in caplog.text
    assert canary.found_in(said) == []
    assert_invariants(sandbox, said=said)
