"""The pages of an upgrade: what will happen is read and ticked first, and what became of it is said afterwards."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from lxml.html import HtmlElement, tostring
from pytest_django import Settings

from bench.rig.invariants import assert_invariants
from phones import tasks
from phones.diga.sandbox import Fault, Sandbox
from phones.models import AgentUpgrade, Change, Membership, Phone, Plan, Project, Role
from phones.views.parts.permalinks import plan_page_url
from tests.fixtures.desk import Canary
from tests.support.desk.saving import forget_waiting, held, target
from tests.support.desk.upgraded import phones_of, publishings
from tests.support.pages.hostile import HOSTILE, harmless
from tests.support.pages.pages import Answer, find, plan, read, texts, values_of, words
from tests.support.pages.places import add_upgrade

pytestmark = pytest.mark.django_db(transaction=True)
ClientOf = Callable[[User], Client]
AGENTS = "/projects/aurora/agents/"
FOR_RUN = {"HX-Request": "true", "HX-Target": "upgrade-run"}


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
    return f"{AGENTS}{target(aurora, 'Alicia', 6).agent.id}/upgrade/"


def fill(page: Answer, **typed: str | None) -> dict[str, str]:
    """Return what a browser sends of the page's form, with what was typed; None leaves a field out."""
    (form,) = read(page).xpath("//main//form[.//input[@name='reason']]")
    given: dict[str, str | None] = {"reason": "Autumn hours", "understood": "on"}
    if form.xpath(".//input[@name='typed']"):
        given["typed"] = texts(read(page), "//label[@for='id_typed']")[0].split()[1].rstrip(",")
    return {name: value for name, value in (values_of(form) | given | typed).items() if value is not None}


def publish(client: Client, url: str, **typed: str | None) -> Answer:
    """Open the page, tick, type and send."""
    return client.post(url, fill(client.get(url)) | {name: value for name, value in typed.items() if value is not None})


def titles(page: Answer) -> list[str]:
    return texts(read(page), "descendant-or-self::*[contains(@class, 'guard')]/strong")


def test_agent_s_page_leads_those_who_may_to_publishing(
    client: Client, client_of: ClientOf, router: User, url: str
) -> None:
    agent_url = url.removesuffix("upgrade/")
    page = read(client.get(agent_url))
    guard = words(page.xpath("//main//p[contains(@class, 'guard')]")[0])

    assert "Diga refuses to move them one by one" in guard
    assert url in page.xpath("//main//a/@href")
    assert len(page.xpath("//main//table//a[contains(@href, 'upgrade/?version=')]")) == 5
    assert not [link for link in read(client_of(router).get(agent_url)).xpath("//a/@href") if "upgrade" in link]


def test_page_shows_exactly_what_will_happen_and_changes_nothing(
    client: Client, url: str, aurora: Project, sandbox: Sandbox
) -> None:
    phones = phones_of(aurora, "Alicia")

    page = client.get(url)

    tree = read(page)
    assert texts(tree, "//h1") == [f"Publish v6 for all {len(phones)} numbers"]
    assert titles(page) == [
        "Diga moves the numbers of an agent together",
        f"Publishing v6 moves all {len(phones)} numbers from v5, at once.",
    ]
    rows = tree.xpath("//main//tbody/tr")
    assert [words(row.find("th")) for row in rows] == [phone.shown for phone in phones]
    assert {words(row.findall("td")[2]).replace(" ", "") for row in rows} == {"v5v6"}
    assert (publishings(sandbox), AgentUpgrade.objects.count()) == ([], 0)


def test_page_shows_what_diga_has_now_and_not_our_copy(client: Client, url: str, sandbox: Sandbox) -> None:
    alicia = sandbox.projects["aurora"].agent("Alicia")
    alicia.published_id = alicia.version(4).id

    assert "from v4, at once." in titles(client.get(url))[1]

    plan(sandbox, Fault("status", status=503, method="GET", times=None))
    assert titles(client.get(url))[0] == "Not read from Diga"


def test_publishing_leads_to_the_page_that_reads_the_numbers_back(
    client: Client, url: str, aurora: Project, sandbox: Sandbox
) -> None:
    answer = publish(client, url, ticket="T-1")

    upgrade = AgentUpgrade.objects.get()
    assert answer["Location"] == f"{AGENTS}upgrades/{upgrade.pk}/"
    assert (upgrade.outcome, upgrade.reason, upgrade.ticket, len(publishings(sandbox))) == (
        "CONFIRMED",
        "Autumn hours",
        "T-1",
        1,
    )
    page = client.get(answer["Location"])
    assert titles(page)[0] == "Published: “Alicia · Recepción” runs v6"
    assert f"All its {upgrade.phone_count} numbers were read back and still have the agent." in words(read(page))
    change_url = read(page).xpath("//main//tbody/tr[1]//a[contains(@href, '/changes/')]/@href")[0]
    assert "new version of an agent" in words(read(client.get(change_url)))
    assert_invariants(sandbox)


def test_double_click_publishes_once(client: Client, url: str, sandbox: Sandbox) -> None:
    values = fill(client.get(url))

    first, second = client.post(url, values), client.post(url, values)

    assert (first.status_code, second.status_code, second["Location"]) == (302, 302, first["Location"])
    assert len(publishings(sandbox)) == 1


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ({"understood": None}, "Read the box above, then tick that you understand it."),
        ({"reason": ""}, "Say why; the history keeps it."),
        ({"typed": "3"}, "Type the count of these numbers, as it stands above."),
        ({"reviewed": None}, "This form is too old."),
        ({"version_id": "nonsense"}, "This form is too old."),
    ],
)
def test_incomplete_form_is_refused_and_keeps_what_was_typed(
    client: Client, url: str, aurora: Project, sandbox: Sandbox, missing: dict[str, str | None], said: str
) -> None:
    Project.objects.update(typed_above=3)

    answer = client.post(url, fill(client.get(url), **({"ticket": "T-77"} | missing)))

    assert answer.status_code == 422
    assert said in words(read(answer))
    assert read(answer).xpath("//input[@name='ticket']/@value") == ["T-77"]
    assert (publishings(sandbox), AgentUpgrade.objects.count()) == ([], 0)


def test_what_moved_meanwhile_is_shown_anew_with_nothing_ticked(
    client: Client, url: str, sandbox: Sandbox, spare_phone: Phone
) -> None:
    values = fill(client.get(url), ticket="T-77")
    alicia = sandbox.projects["aurora"].agent("Alicia")
    alicia.published_id = alicia.version(4).id
    held(sandbox, spare_phone).inbound_agent_id = alicia.id

    answer = client.post(url, values)

    assert answer.status_code == 409
    assert titles(answer)[0] == "Something has changed since you opened this page"
    tree = read(answer)
    assert spare_phone.shown in words(tree)
    assert tree.xpath("//input[@name='understood']/@checked") == []
    assert tree.xpath("//input[@name='ticket']/@value") == ["T-77"]
    assert publishings(sandbox) == []
    assert client.post(url, fill(answer)).status_code == 302
    assert AgentUpgrade.objects.get().before_label == "v4"


@pytest.mark.parametrize(("number", "said"), [(7, "This is a draft"), (5, "This version takes the calls already.")])
def test_version_that_is_not_offered_has_no_button(
    client: Client, url: str, aurora: Project, sandbox: Sandbox, number: int, said: str
) -> None:
    version_id = target(aurora, "Alicia", number).version.id
    page = client.get(f"{url}?version={version_id}")

    assert said in words(read(page))
    assert read(page).xpath("//main//form") == []
    answer = client.post(url, fill(client.get(url), version_id=str(version_id)))
    assert (answer.status_code, publishings(sandbox)) == (409, [])


@pytest.mark.parametrize(
    ("fault", "title", "quote"),
    [
        (Fault("status", status=403), "Diga refused, nothing was published", "A fault of the stand-in"),
        (Fault("status", status=409), "Diga refused, nothing was published", "A fault of the stand-in"),
        (Fault("status", status=502), "Not known yet", "A fault of the stand-in"),
        (Fault("stored_other"), "Diga published something else", ""),
        (Fault("close"), "Not known yet", ""),
        (Fault("status", status=429), "Not published", "A fault of the stand-in"),
        (Fault("close", when="after"), "Published: “Alicia · Recepción” runs v6", ""),
    ],
    ids=str,
)
def test_every_outcome_says_what_happened(
    client: Client, url: str, sandbox: Sandbox, fault: Fault, title: str, quote: str
) -> None:
    fault.method = "PATCH"
    plan(sandbox, fault)

    page = client.get(publish(client, url)["Location"])

    assert titles(page)[0] == title
    assert texts(read(page), "//main//q") == ([quote] if quote else [])
    assert len(publishings(sandbox)) == 1


def test_lost_numbers_are_shown_with_a_plan_that_gives_them_back(
    client: Client, url: str, aurora: Project, sandbox: Sandbox
) -> None:
    sandbox.switches.publish_without_phones = "detach"
    phones = phones_of(aurora, "Alicia")

    page = client.get(publish(client, url)["Location"])

    card = find(read(page), "lost-title").xpath("ancestor::section")[0]
    assert words(find(card, "lost-title")) == f"Diga detached {len(phones)} numbers"
    assert [words(link) for link in card.xpath(".//li/a")] == [phone.shown for phone in phones]
    assert card.get("role") == "alert"
    (form,) = card.xpath(".//form")
    answer = client.post(form.get("action"), values_of(form))
    made = Plan.objects.get()
    assert answer["Location"] == plan_page_url(made, "aurora")
    assert (made.items.count(), made.state, len(publishings(sandbox))) == (len(phones), "PREVIEW", 1)


def test_viewer_sees_what_became_of_it_and_can_do_nothing(
    client: Client, client_of: ClientOf, viewer: User, url: str, sandbox: Sandbox
) -> None:
    sandbox.switches.publish_without_phones = "detach"
    page_url = publish(client, url)["Location"]

    page = client_of(viewer).get(page_url)

    assert "Diga detached" in words(read(page))
    assert read(page).xpath("//main//form") == []


def test_page_polls_until_every_number_is_read_back(
    client: Client, url: str, sandbox: Sandbox, aurora: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "check_upgrade", lambda _upgrade_id: None)
    page_url = publish(client, url)["Location"]
    monkeypatch.undo()
    forget_waiting(monkeypatch)

    running, whole = client.get(page_url, headers=FOR_RUN), client.get(page_url)
    assert (running.status_code, b"every 1s" in running.content) == (200, True)
    assert element(running) == element(whole)
    tasks.check_upgrade(AgentUpgrade.objects.get().pk)
    done, whole = client.get(page_url, headers=FOR_RUN), client.get(page_url)

    assert (done.status_code, b"every 1s" in done.content) == (286, False)
    assert element(done) == element(whole)
    assert Change.objects.count() == AgentUpgrade.objects.get().phone_count


def element(answer: Answer) -> str:
    """Return the progress of an answer, without the tokens, which are others each time."""
    found: HtmlElement = find(read(answer), "upgrade-run")
    for token in found.xpath(".//input[@type='hidden']"):
        del token.attrib["value"]
    return str(tostring(found, with_tail=False, encoding="unicode"))


def test_numbers_that_wait_for_a_key_say_so(
    client: Client, url: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(sandbox, Fault("status", status=401, method="GET", path="/v1/phone/0", times=None))
    with monkeypatch.context() as patched:
        patched.setattr(tasks, "check_upgrade", lambda _upgrade_id: None)
        page_url = publish(client, url)["Location"]
    Project.objects.update(token_state="REJECTED")

    page = client.get(page_url)

    assert "The numbers can’t be read back without a key." in titles(page)
    assert b"every 1s" not in page.content


# A second person.


def test_proposal_is_approved_by_another_person(
    client: Client, client_of: ClientOf, admin: User, lead: User, url: str, sandbox: Sandbox
) -> None:
    Project.objects.update(approved_above=3)
    page = client.get(url)
    assert "A second person has to approve this" in titles(page)
    page_url = client.post(url, fill(page))["Location"]
    upgrade = AgentUpgrade.objects.get()

    own = client.get(page_url)
    assert titles(own)[0] == "Waiting for approval"
    assert [words(button) for button in read(own).xpath("//main//button")] == ["Discard this proposal"]
    assert client.post(f"{page_url}approve/", {"understood": "on"}).status_code == 409
    other = client_of(admin)
    assert other.post(f"{page_url}approve/").status_code == 422
    assert publishings(sandbox) == []
    done = other.post(f"{page_url}approve/", {"understood": "on"})

    upgrade.refresh_from_db()
    assert (done.status_code, upgrade.outcome, upgrade.approver, upgrade.actor) == (302, "CONFIRMED", admin, lead)
    assert len(publishings(sandbox)) == 1
    assert other.post(f"{page_url}approve/", {"understood": "on"}).status_code == 409
    assert "approved by Admin Ruiz" in words(read(other.get(page_url)))


def test_proposal_of_somebody_who_may_no_longer_is_not_approved(
    client: Client, client_of: ClientOf, admin: User, lead: User, url: str, sandbox: Sandbox
) -> None:
    Project.objects.update(approved_above=3)
    page_url = publish(client, url)["Location"]
    Membership.objects.filter(user=lead).update(role=Role.ROUTER)

    answer = client_of(admin).post(f"{page_url}approve/", {"understood": "on"})

    assert (answer.status_code, publishings(sandbox)) == (409, [])
    assert "may not change many numbers any more" in words(read(answer))


def test_proposal_that_is_out_of_date_can_only_be_discarded(
    client: Client, client_of: ClientOf, admin: User, url: str, sandbox: Sandbox, spare_phone: Phone
) -> None:
    Project.objects.update(approved_above=3)
    page_url = publish(client, url)["Location"]
    held(sandbox, spare_phone).inbound_agent_id = sandbox.projects["aurora"].agent("Alicia").id
    other = client_of(admin)

    answer = other.post(f"{page_url}approve/", {"understood": "on"})

    assert (answer.status_code, titles(answer)[0]) == (409, "This proposal is out of date")
    assert [words(button) for button in read(answer).xpath("//main//button")] == ["Discard this proposal"]
    assert other.post(f"{page_url}discard/").status_code == 302
    assert titles(other.get(page_url))[0] == "Discarded"
    assert publishings(sandbox) == []


# Whatever is said stays text, and the key stays where it is.


@pytest.mark.parametrize("text", [" ".join(HOSTILE[start : start + 4]) for start in range(0, len(HOSTILE), 4)])
def test_names_reasons_and_diga_s_words_stay_text(client: Client, aurora: Project, text: str) -> None:
    def shape(value: str) -> list[tuple[str, list[str]]]:
        upgrade = add_upgrade(
            aurora, agent_name=value, reason=value, ticket=value, actor_name=value, message=value, outcome="REFUSED"
        )
        page = read(client.get(f"{AGENTS}upgrades/{upgrade.pk}/"))
        return [(each.tag, sorted(each.attrib)) for each in page.iter()]

    assert shape(text) == shape(harmless(text))


@pytest.mark.parametrize("status", [200, 400, 401, 403, 409, 500])
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
        plan(sandbox, Fault("status", status=status, body=body, method="PATCH"))

    with caplog.at_level("DEBUG"):
        pages = [client.get(client.post(url, values)["Location"]), client.get(url)]

    said = "".join(page.content.decode() for page in pages) + caplog.text
    assert "published_version" in caplog.text
    assert canary.found_in(said) == []
    assert_invariants(sandbox, said=said)
