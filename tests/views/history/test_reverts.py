"""Taking back in pages: shown first, guarded, confirmed, sent through the one way, and linked both ways."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from lxml.html import HtmlElement
from pytest_django import DjangoAssertNumQueries

from phones.diga.sandbox import Fault, Sandbox
from phones.models import Agent, Change, LaneSnapshot, Outcome, Phone, Project, Source
from phones.services.routing.edits import PhoneEdit
from phones.views.parts.permalinks import change_url
from tests.support.database.history import add_changes
from tests.support.database.tampering import alter
from tests.support.desk.saving import forget_waiting, held, patches, save, sent, stored, target
from tests.support.pages.pages import Answer, OpenForm, form_of, read, result_of, texts, url_of, words

ClientOf = Callable[[User], Client]
CHANGES = "/projects/aurora/changes/"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


@pytest.fixture
def client(client_of: ClientOf, router: User) -> Client:
    """The browser of somebody who may rename and re-route."""
    return client_of(router)


def open_revert(client: Client, change: Change) -> OpenForm:
    """Open the page that takes a change back and return its form."""
    return form_of(client, client.get(f"{CHANGES}{change.pk}/revert/"))


def rows_of(response: Answer) -> list[list[str]]:
    """Return the rows of the page's table, cell by cell."""
    return [texts(row, "./*") for row in read(response).xpath("//main//tbody/tr")]


def revert_links(tree: HtmlElement) -> list[str]:
    """Return the links that take something back."""
    return [url for url in tree.xpath("//main//a/@href") if url.endswith(("/revert/", "/first-state/"))]


def test_rename_is_taken_back_and_linked_both_ways(client: Client, sandbox: Sandbox, sales_phone: Phone) -> None:
    change = save(sales_phone, PhoneEdit(nickname="Ventas")).change

    page = client.get(f"{CHANGES}{change.pk}/revert/")
    response = form_of(client, page).send(ticket="SUP-9")

    back = Change.objects.latest("pk")
    assert rows_of(page) == [["Alias", "Ventas", "Ventas Costa del Sol"]]
    assert (response.status_code, response["Location"]) == (302, change_url(back, "aurora"))
    assert sent(sandbox)[1:] == [{"nickname": "Ventas Costa del Sol"}]
    assert (back.source, back.reverts, back.outcome) == (Source.REVERT, change, Outcome.CONFIRMED)
    assert (back.reason, back.ticket, back.actor_name) == (f"Undoes change #{change.pk}", "SUP-9", "Router Ruiz")
    assert change_url(change, "aurora") in read(client.get(response["Location"])).xpath("//dl//a/@href")
    assert change_url(back, "aurora") in read(client.get(f"{CHANGES}{change.pk}/")).xpath("//dl//a/@href")


def test_taking_back_can_be_taken_back(client: Client, sandbox: Sandbox, sales_phone: Phone) -> None:
    change = save(sales_phone, PhoneEdit(nickname="Ventas")).change
    open_revert(client, change).send()
    back = Change.objects.latest("pk")

    open_revert(client, back).send()

    assert held(sandbox, sales_phone).nickname == "Ventas"
    assert Change.objects.latest("pk").reverts == back


def test_first_state_comes_back(client: Client, sandbox: Sandbox, sales_phone: Phone) -> None:
    save(sales_phone, PhoneEdit(nickname="Second"))
    save(sales_phone, PhoneEdit(nickname="Third"))
    seen = {"nickname": "First", "status": "reserved"}
    alter(Phone.objects.filter(pk=sales_phone.pk), first_seen=seen, first_seen_at=timezone.now())

    listed = read(client.get(f"{CHANGES}?phone={sales_phone.pk}"))
    url = url_of("phone_restore", sales_phone)
    response = form_of(client, client.get(url)).send()

    entry = listed.xpath("//ol[contains(@class, 'line')]/li")[-1]
    assert words(entry).startswith("First seen Alias First Status Reserved")
    assert entry.xpath(".//a/@href") == [url]
    assert response.status_code == 302
    assert held(sandbox, sales_phone).nickname == "First"
    assert (Change.objects.latest("pk").source, Change.objects.latest("pk").reverts) == (Source.REVERT, None)
    assert url not in revert_links(read(client.get(f"{CHANGES}?phone={sales_phone.pk}")))


def test_first_state_is_shown_on_the_last_page_of_the_phone_only(client: Client, sales_phone: Phone) -> None:
    alter(Phone.objects.filter(pk=sales_phone.pk), first_seen={"nickname": "First"}, first_seen_at=timezone.now())
    add_changes(sales_phone, 51)

    def has_entry(url: str) -> bool:
        return "First seen" in client.get(url).content.decode()

    first = read(client.get(f"{CHANGES}?phone={sales_phone.pk}"))
    assert not has_entry(f"{CHANGES}?phone={sales_phone.pk}")
    assert has_entry(first.xpath("//a[@rel='next']/@href")[0])
    assert not has_entry(f"{CHANGES}?phone={sales_phone.pk}&field=nickname")
    assert not has_entry(CHANGES)


def test_change_made_outside_is_put_back(client: Client, sandbox: Sandbox, sales_phone: Phone) -> None:
    now = timezone.now()
    (seen,) = add_changes(
        sales_phone,
        1,
        source=Source.OUTSIDE,
        outcome=Outcome.OBSERVED,
        actor_name="",
        before={"nickname": "Before"},
        after={"nickname": sales_phone.nickname},
        created_at=now,
        seen_from=now - timedelta(minutes=15),
    )

    line = read(client.get(CHANGES)).xpath("//ol[contains(@class, 'line')]/li")[0]
    open_revert(client, seen).send()

    assert re.search(r"[bB]etween .+ and .+ · outside this desk", words(line))
    assert held(sandbox, sales_phone).nickname == "Before"


def test_what_moved_on_is_left_alone_unless_ticked(
    client: Client, sandbox: Sandbox, aurora: Project, sales_phone: Phone
) -> None:
    change = save(sales_phone, PhoneEdit("Ventas", inbound=target(aurora, "Alicia", 5))).change
    held(sandbox, sales_phone).nickname = "Changed in Diga"

    form = open_revert(client, change)
    page = client.get(f"{CHANGES}{change.pk}/revert/")
    form.send()

    assert rows_of(page)[0][0] == "Alias Changed again since. It is left as it is unless you tick it."
    assert "take_nickname" not in form.values
    assert [set(body) for body in sent(sandbox)[1:]] == [{"inbound_version_id"}]  # type: ignore[call-overload]

    open_revert(client, change).send(take_nickname="on")
    assert sent(sandbox)[2:] == [{"nickname": "Ventas Costa del Sol"}]


def test_effect_must_be_read_and_ticked(client: Client, sandbox: Sandbox, aurora: Project, spare_phone: Phone) -> None:
    change = save(spare_phone, PhoneEdit(inbound=target(aurora, "Carla", 4))).change

    form = open_revert(client, change)
    refused = form.send()
    unread = form.send(reviewed="", understood="on")
    done = form_of(client, refused).send(understood="on")

    assert refused.status_code == 422
    assert len(patches(sandbox)) == 2
    assert "Incoming calls to this number will no longer be answered by an agent." in refused.content.decode()
    assert result_of(unread).startswith("Not sent yet")
    assert done.status_code == 302
    assert held(sandbox, spare_phone).inbound_agent_id is None


def test_version_that_is_not_published_any_more_is_replaced(
    client: Client, sandbox: Sandbox, aurora: Project, sales_phone: Phone
) -> None:
    alicia = target(aurora, "Alicia", 5)
    old = LaneSnapshot(alicia.agent.id, "Alicia de antes", target(aurora, "Alicia", 4).version.id, 4)
    (change,) = add_changes(sales_phone, 1, before={"inbound": old}, after={"inbound": None})

    page = client.get(f"{CHANGES}{change.pk}/revert/")
    review = form_of(client, page).send(take_inbound="on")
    form_of(client, review).send()

    assert sent(sandbox) == [{"inbound_version_id": str(alicia.version.id)}]
    row = rows_of(page)[0]
    assert "The same agent’s published version v5 is given instead." in row[0]
    assert row[2] == "Alicia · Recepciónv5"


def test_agent_that_is_gone_is_explained(client: Client, sandbox: Sandbox, aurora: Project, sales_phone: Phone) -> None:
    change = save(sales_phone, PhoneEdit(inbound=target(aurora, "Alicia", 5))).change
    Agent.objects.filter(project=aurora, name__startswith="Bruno").update(is_listed=False)
    aurora.agents_changed_at = timezone.now()
    aurora.save()

    page = client.get(f"{CHANGES}{change.pk}/revert/")

    assert "Diga no longer has “Bruno · Ventas”" in rows_of(page)[0][0]
    assert "Nothing can be undone" in page.content.decode()
    assert read(page).xpath("//main//form//button") == []


@pytest.mark.parametrize("nickname", ["Ventas Costa del Sol", None])
def test_nothing_to_take_back_is_not_offered(
    client: Client, sandbox: Sandbox, sales_phone: Phone, nickname: str | None
) -> None:
    (change,) = add_changes(sales_phone, 1, before={"nickname": nickname}, after={"nickname": "New"})
    held(sandbox, sales_phone).nickname = nickname
    Phone.objects.filter(pk=sales_phone.pk).update(nickname=nickname)

    page = client.get(f"{CHANGES}{change.pk}/revert/")
    again = form_of(client, page).send()

    assert "The number is already so." in page.content.decode()
    assert read(page).xpath("//main//form//button") == []
    assert (again.status_code, patches(sandbox)) == (422, [])
    for url in (CHANGES, f"{CHANGES}{change.pk}/", url_of("phone_edit", sales_phone)):
        assert [link for link in read(client.get(url)).xpath("//a/@href") if link.endswith("/revert/")] == []


def test_viewer_sees_the_entry_and_is_not_offered_to_take_it_back(
    client_of: ClientOf, viewer: User, labeller: User, aurora: Project, sales_phone: Phone
) -> None:
    rename = save(sales_phone, PhoneEdit(nickname="Ventas")).change
    route = save(sales_phone, PhoneEdit(inbound=target(aurora, "Alicia", 5))).change

    assert revert_links(read(client_of(viewer).get(CHANGES))) == []
    assert revert_links(read(client_of(labeller).get(CHANGES))) == [f"{CHANGES}{rename.pk}/revert/"]
    page = client_of(labeller).get(f"{CHANGES}{route.pk}/revert/")
    assert "Your role may not change this." in rows_of(page)[0][0]


def test_labeller_cannot_take_back_an_agent_by_hand(
    client_of: ClientOf, labeller: User, sandbox: Sandbox, aurora: Project, sales_phone: Phone
) -> None:
    route = save(sales_phone, PhoneEdit(inbound=target(aurora, "Alicia", 5))).change

    response = open_revert(client_of(labeller), route).send(take_inbound="on")

    assert response.status_code == 403
    assert len(patches(sandbox)) == 1


def test_status_that_closes_the_number_is_explained(client: Client, sandbox: Sandbox, sales_phone: Phone) -> None:
    change = save(sales_phone, PhoneEdit(nickname="Ventas")).change
    form = open_revert(client, change)
    held(sandbox, sales_phone).status = "released"

    response = form.send()
    page = client.get(f"{CHANGES}{change.pk}/revert/")

    assert response.status_code == 422
    assert "This number was given back and is in quarantine." in rows_of(page)[0][0]
    assert len(patches(sandbox)) == 1


def test_change_after_the_page_was_opened_is_a_conflict(client: Client, sandbox: Sandbox, sales_phone: Phone) -> None:
    change = save(sales_phone, PhoneEdit(nickname="Ventas")).change
    form = open_revert(client, change)
    held(sandbox, sales_phone).nickname = "Third"

    response = form.send(reason="Mine")

    assert (response.status_code, len(patches(sandbox))) == (409, 1)
    fresh = form_of(client, response)
    assert (fresh.values["reason"], "take_nickname" in fresh.values) == ("Mine", False)
    assert rows_of(response)[0][1] == "Third"


@pytest.mark.parametrize(("status", "shown"), [(409, 422), (503, 502)])
def test_failure_says_so_and_can_be_tried_again(
    client: Client, sandbox: Sandbox, sales_phone: Phone, status: int, shown: int
) -> None:
    change = save(sales_phone, PhoneEdit(nickname="Ventas")).change
    sandbox.faults.add(Fault("status", status=status, method="PATCH"))

    response = open_revert(client, change).send()
    again = form_of(client, response).send()

    assert response.status_code == shown
    assert result_of(response) != ""
    assert again.status_code == 302
    assert stored(sales_phone).nickname == "Ventas Costa del Sol"


def test_double_click_is_one_write(client: Client, sandbox: Sandbox, sales_phone: Phone) -> None:
    form = open_revert(client, save(sales_phone, PhoneEdit(nickname="Ventas")).change)

    first, second = form.send(), form.send()

    assert (first.status_code, second.status_code) == (302, 302)
    assert first["Location"] == second["Location"]
    assert len(patches(sandbox)) == 2
    assert Change.objects.count() == 2


def test_page_opens_while_diga_is_down(client: Client, sandbox: Sandbox, sales_phone: Phone) -> None:
    change = save(sales_phone, PhoneEdit(nickname="Ventas")).change
    sandbox.faults.add(Fault("status", status=503, method="GET", times=None))

    page = client.get(f"{CHANGES}{change.pk}/revert/")

    assert page.status_code == 200
    assert result_of(page).startswith("Not read from Diga")


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.UNKNOWN, Outcome.PENDING, Outcome.MISMATCH])
def test_change_that_has_not_come_about_has_no_such_page(client: Client, sales_phone: Phone, outcome: Outcome) -> None:
    (change,) = add_changes(sales_phone, 1, outcome=outcome)

    assert client.get(f"{CHANGES}{change.pk}/revert/").status_code == 404


def test_phone_without_a_first_state_has_no_such_page(client: Client, sales_phone: Phone) -> None:
    alter(Phone.objects.filter(pk=sales_phone.pk), first_seen={}, first_seen_at=None)

    assert client.get(url_of("phone_restore", sales_phone)).status_code == 404


def test_ticket_text_names_everything_and_its_link_opens_for_a_viewer(
    client: Client, client_of: ClientOf, viewer: User, router: User, aurora: Project, sales_phone: Phone
) -> None:
    change = save(sales_phone, PhoneEdit(inbound=target(aurora, "Alicia", 5)), user=router).change

    page = read(client.get(f"{CHANGES}{change.pk}/"))
    (text,) = page.xpath("//main//textarea/text()")

    assert page.xpath("//main//button/@data-copy") == [text]
    for part in ("+34 951 44 12 46", "“Bruno · Ventas” v2", "“Alicia · Recepción” v5", "Router Ruiz", "A reason"):
        assert part in text
    assert re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", text)
    link = re.search(r"https?://[^/]+(/\S+)$", text)
    assert link is not None
    assert words(read(client_of(viewer).get(link[1])).find(".//h1")) == f"Change #{change.pk}"


def test_ticket_text_is_there_after_saving(client: Client, sales_phone: Phone) -> None:
    change = save(sales_phone, PhoneEdit(nickname="Ventas")).change

    drawer = read(client.get(url_of("phone_edit", sales_phone, f"?change={change.pk}")))

    (result,) = drawer.xpath("//aside//*[@data-result]")
    assert [change_url(change, "aurora") in text for text in result.xpath(".//button/@data-copy")] == [True]
    assert result.xpath(".//form/@action") == [f"{CHANGES}{change.pk}/revert/"]


def test_queries_of_the_page_are_few(
    client: Client, sales_phone: Phone, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    (change,) = add_changes(sales_phone, 1, before={"nickname": "x"}, after={"nickname": sales_phone.nickname})
    url = f"{CHANGES}{change.pk}/revert/"
    client.get(url)

    # The session, the person, their projects, the change with its phone; and no row is written.
    with django_assert_num_queries(5):
        client.get(url)
