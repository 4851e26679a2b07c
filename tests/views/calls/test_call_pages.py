"""The pages of calls, of a number and of an agent: filters, paging, faults."""

from collections.abc import Callable
from datetime import datetime, time
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml.html import HtmlElement

from phones.diga.sandbox import CallRow, Fault, Sandbox
from phones.models import Phone, Project
from phones.views.calls import pages
from tests.support.pages.pages import Answer, find, read, texts, url_of, words

ClientOf = Callable[[User], Client]
FOR_TABLE = {"HX-Request": "true", "HX-Target": "call-table"}


@pytest.fixture
def client(client_of: ClientOf, viewer: User) -> Client:
    """The browser of somebody who may only look."""
    return client_of(viewer)


def _expected(sandbox: Sandbox, keep: Callable[[CallRow], bool]) -> int:
    return sum(map(keep, sandbox.projects["aurora"].calls))


def _rows(response: Answer) -> list[HtmlElement]:
    return list(read(response).xpath(".//tbody/tr"))


def test_page_of_a_number_lists_its_calls_without_who_called(
    client: Client, sales_phone: Phone, sandbox: Sandbox
) -> None:
    response = client.get(url_of("phone_calls", sales_phone))
    own = [call for call in sandbox.projects["aurora"].calls if call.phone_id == sales_phone.pk]

    assert len(_rows(response)) == len(own) > 2
    assert [call.contact for call in own if call.contact[-9:] in response.content.decode()] == []
    assert {words(row.xpath("./td")[1]) for row in _rows(response)} == {"Bruno · Ventas v2"}


def test_filters_narrow_what_is_asked_for(client: Client, sales_phone: Phone, sandbox: Sandbox) -> None:
    calls = [call for call in sandbox.projects["aurora"].calls if call.phone_id == sales_phone.pk]
    day = timezone.localtime(calls[len(calls) // 2].created_at).date()
    midnight = timezone.make_aware(datetime.combine(day, time.min))
    wanted = {"direction": "inbound", "status": "completed", "since": day.isoformat()}
    expected = _expected(
        sandbox,
        lambda call: (
            (call.phone_id, call.type, call.status) == (sales_phone.pk, "inbound", "completed")
            and call.created_at >= midnight
        ),
    )

    response = client.get(url_of("phone_calls", sales_phone, f"?{urlencode(wanted)}"), headers=FOR_TABLE)

    assert len(_rows(response)) == expected
    assert response["HX-Push-Url"].endswith(f"?{urlencode(wanted)}")
    assert read(response).get("id") == "call-table"


@pytest.mark.parametrize("query", ["?direction=odd", "?status=odd", "?since=odd", "?after=odd", "?since=9999-99-99"])
def test_odd_filter_does_not_filter(client: Client, sales_phone: Phone, query: str) -> None:
    plain, odd = (client.get(url_of("phone_calls", sales_phone, each)) for each in ("", query))

    assert len(_rows(odd)) == len(_rows(plain))


def test_pages_go_on_and_back(
    client: Client, sales_phone: Phone, monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox
) -> None:
    monkeypatch.setattr(pages, "PAGE_SIZE", 2)
    url, seen = url_of("phone_calls", sales_phone, "?direction=inbound"), 0
    while url:
        page = client.get(url)
        seen += len(_rows(page))
        older = read(page).xpath(".//a[@rel='next']/@href")
        url = older[0] if older else ""

    expected = _expected(sandbox, lambda call: (call.phone_id, call.type) == (sales_phone.pk, "inbound"))
    assert seen == expected
    assert texts(read(page), ".//nav[@class='foot']/a") == ["Newest"]


def test_page_of_an_agent_names_the_numbers(client: Client, aurora: Project, sandbox: Sandbox) -> None:
    bruno = sandbox.projects["aurora"].agent("Bruno")

    response = client.get(reverse("agent_calls", args=["aurora", bruno.id]))

    links = read(response).xpath(".//tbody//a/@href")
    assert len(_rows(response)) == min(50, _expected(sandbox, lambda call: call.agent_id == bruno.id))
    assert {link.split("/")[3] for link in links} == {"phones"}
    assert texts(read(response), ".//thead//th")[2] == "Number"


@pytest.mark.parametrize("address", ["phone_calls", "agent_calls"])
def test_page_says_what_it_would_show_without_the_right(
    client: Client, client_of: ClientOf, admin: User, sales_phone: Phone, sandbox: Sandbox, address: str
) -> None:
    Project.objects.update(can_read_calls=False)
    sandbox.journal.clear()
    thing = sales_phone.pk if address == "phone_calls" else sales_phone.inbound_agent_id
    url = reverse(address, args=["aurora", thing])

    table = find(read(client.get(url)), "call-table")
    settings = find(read(client_of(admin).get(url)), "call-table").xpath(".//a[text()='Settings']/@href")

    assert "The API key may not read calls. With that right, this place shows the last calls" in words(table)
    assert (settings, sandbox.journal) == (["/projects/aurora/settings/"], [])


@pytest.mark.parametrize("kind", ["status", "html"])
def test_fault_is_told_on_the_page(client: Client, sales_phone: Phone, sandbox: Sandbox, kind: str) -> None:
    sandbox.faults.add(Fault("html" if kind == "html" else "status", path="/v1/call/", times=None))

    response = client.get(url_of("phone_calls", sales_phone))

    assert response.status_code == 502
    assert "The calls could not be read." in words(find(read(response), "call-table"))
    assert Project.objects.get().is_open
