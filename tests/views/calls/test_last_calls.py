"""The last calls beside a number: read after it was opened, and what each fault makes of them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import html
from lxml.html import HtmlElement

from phones.diga.sandbox import Fault, Sandbox
from phones.diga.sandbox.calls import place_call
from phones.diga.sandbox.faults.planned import Kind
from phones.models import Phone, Project
from phones.services.upstream.bulkhead import place_for_calls, place_to_read
from tests.support.database.history import add_changes
from tests.support.pages.pages import FOR_DRAWER, Answer, find, has, read, texts, url_of, words

ClientOf = Callable[[User], Client]
CALLS = "/v1/call/"
FOR_CALLS = {"HX-Request": "true", "HX-Target": "last-calls"}


@pytest.fixture
def client(client_of: ClientOf, viewer: User) -> Client:
    """The browser of somebody who may only look."""
    return client_of(viewer)


def _asked(sandbox: Sandbox) -> list[str]:
    return [received.path for received in sandbox.journal if not received.path.startswith("/v1/phone/")]


def _last(client: Client, phone: Phone, query: str = "") -> Answer:
    return client.get(url_of("phone_calls_last", phone, query), headers=FOR_CALLS)


def _parts(response: Answer) -> HtmlElement:
    return html.fragment_fromstring(response.content.decode(), create_parent="div")


def _calls(response: Answer) -> HtmlElement:
    return find(_parts(response), "last-calls")


def _ring(sandbox: Sandbox, phone: Phone, kind: str = "inbound", *, minutes: int = 0) -> None:
    aurora, at = sandbox.projects["aurora"], timezone.now() + timedelta(minutes=minutes)
    place_call(aurora, sandbox.switches, aurora.phones[phone.pk], kind, created_at=at)


def test_opening_a_number_asks_nothing_about_calls(client: Client, sales_phone: Phone, sandbox: Sandbox) -> None:
    sandbox.journal.clear()
    url = url_of("phone_edit", sales_phone)

    for headers in ({}, FOR_DRAWER):
        place = find(read(client.get(url, headers=headers)), "last-calls")
        assert (place.get("hx-get"), place.get("hx-trigger")) == (f"{url}calls/last/", "load")
        assert place.xpath(".//a[text()='All calls of this number']/@href") == [f"{url}calls/"]

    assert sandbox.journal == []


def test_last_five_calls_stand_with_what_they_show(client: Client, sales_phone: Phone, sandbox: Sandbox) -> None:
    _ring(sandbox, sales_phone)
    _ring(sandbox, sales_phone, "outbound")

    calls = _calls(_last(client, sales_phone))

    assert len(calls.xpath(".//ol[@class='calls']/li")) == 5
    assert [text.partition(",")[0] for text in texts(calls, "./p")] == [
        "As configured: Bruno · Ventas v2 answered the last call",
        "As configured: Bruno · Ventas v2 made the last outgoing call",
    ]
    assert calls.get("hx-get") is None


def test_calls_are_read_once_a_minute_for_everybody(
    client: Client, client_of: ClientOf, lead: User, sales_phone: Phone, sandbox: Sandbox
) -> None:
    sandbox.journal.clear()
    answers = [_last(each, sales_phone) for each in (client, client_of(lead), client)]

    assert _asked(sandbox) == [CALLS, "/v1/billing/subscription/"]
    assert len({answer.content for answer in answers}) == 1


def test_mismatch_is_told_in_words_and_is_a_problem_of_the_project(
    client: Client, sales_phone: Phone, sandbox: Sandbox
) -> None:
    sandbox.projects["aurora"].phones[sales_phone.pk].inbound_agent_id = sandbox.projects["aurora"].agent("Hugo").id
    _ring(sandbox, sales_phone, minutes=5)

    told = texts(_calls(_last(client, sales_phone)), "./p")[0]
    listed = read(client.get(reverse("phone_list", args=["aurora"]) + "?health=answered_otherwise"))

    assert told.startswith("Not as configured: Hugo · Cobros v7 answered the last call, ")
    assert told.endswith("It should be Bruno · Ventas v2.")
    assert listed.xpath(".//tr[starts-with(@id, 'phone-')]/@id") == [f"phone-{sales_phone.pk}"]


def test_call_before_the_last_change_proves_nothing(client: Client, sales_phone: Phone, sandbox: Sandbox) -> None:
    _ring(sandbox, sales_phone, minutes=-5)
    add_changes(sales_phone, 1, created_at=timezone.now(), settled_at=None, after={"inbound": None})

    told = texts(_calls(_last(client, sales_phone)), "./p")[0]

    assert told == "Incoming calls: not proven yet by a call since the last change."


def test_call_of_an_unknown_version_is_told_as_such(client: Client, sales_phone: Phone, sandbox: Sandbox) -> None:
    sandbox.switches.calls_of_unknown_version = True
    _ring(sandbox, sales_phone, minutes=5)

    told = texts(_calls(_last(client, sales_phone)), "./p")[0]

    assert told.startswith(
        "Not as configured: Bruno · Ventas, in a version that we don’t know answered the last call, "
    )


def test_nothing_is_asked_without_the_right_and_the_place_says_so(
    client: Client, client_of: ClientOf, admin: User, sales_phone: Phone, sandbox: Sandbox
) -> None:
    Project.objects.update(can_read_calls=False)
    sandbox.journal.clear()

    places = [
        find(read(each.get(url_of("phone_edit", sales_phone))), "last-calls") for each in (client, client_of(admin))
    ]
    asked = [_calls(_last(client, sales_phone)), *places]

    assert [place.get("hx-get") for place in asked] == [None] * 3
    assert all("The API key may not read calls." in words(place) for place in asked)
    assert [place.xpath(".//a[text()='Settings']/@href") for place in places] == [[], ["/projects/aurora/settings/"]]
    assert sandbox.journal == []


def test_right_that_is_taken_away_is_noted(client: Client, sales_phone: Phone, sandbox: Sandbox) -> None:
    sandbox.switches.refused_permission = "calls.view"
    sandbox.journal.clear()

    first, second = _last(client, sales_phone), _last(client, sales_phone)

    assert [answer.status_code for answer in (first, second)] == [200, 200]
    assert "The API key may not read calls." in words(_calls(second))
    assert _asked(sandbox) == [CALLS]


@pytest.mark.parametrize("kind", ["status", "html", "close"])
def test_broken_calls_are_told_and_break_nothing_else(
    client: Client, sales_phone: Phone, sandbox: Sandbox, kind: Kind
) -> None:
    sandbox.faults.add(Fault(kind, path=CALLS, times=None))

    broken = _last(client, sales_phone)

    assert broken.status_code == 502
    assert words(_calls(broken)).startswith("Last calls All calls of this number The calls could not be read.")
    assert Project.objects.get().is_open
    assert client.get(url_of("phone_edit", sales_phone)).status_code == 200


def test_only_one_thread_waits_for_calls_and_others_try_again(
    client: Client, aurora: Project, sales_phone: Phone, sandbox: Sandbox
) -> None:
    sandbox.journal.clear()
    with place_for_calls(aurora):
        with place_to_read(aurora):
            pass
        answers = [_last(client, sales_phone, query) for query in ("", "?tries=1", "?tries=3", "?tries=x")]

    triggers = [_calls(answer).get("hx-trigger") for answer in answers]
    assert triggers == ["load delay:3s", "load delay:3s", None, "load delay:3s"]
    assert [answer.status_code for answer in answers] == [200, 200, 502, 200]
    assert _calls(answers[1]).get("hx-get", "").endswith("?tries=2")
    assert _asked(sandbox) == []


def test_minutes_that_are_used_up_change_the_sentence(client: Client, sales_phone: Phone, sandbox: Sandbox) -> None:
    sandbox.switches.minutes_used_up = True

    parts = _parts(_last(client, sales_phone))
    opened = find(read(client.get(url_of("phone_edit", sales_phone))), "who-answers")

    told = find(parts, "who-answers")
    assert told.get("hx-swap-oob") == "true"
    assert words(told) == words(opened) == "Calls to this number reach nobody: the minutes of the plan are used up."


def test_own_number_says_how_it_reaches_diga(client: Client, sip_phone: Phone, sandbox: Sandbox) -> None:
    sandbox.journal.clear()

    first, kept = (texts(_calls(_last(client, sip_phone)), "./p")[0] for _ in range(2))

    assert first == kept
    assert first == (
        "Own number: its provider has to forward calls to sip.diga.io; Diga takes them from 192.0.2.0/24 only. "
        "It dials by pbx.example.es."
    )
    assert [received.path for received in sandbox.journal].count(f"/v1/phone/{sip_phone.pk}") == 1


def test_own_number_whose_settings_cannot_be_read_shows_its_calls(
    client: Client, sip_phone: Phone, sandbox: Sandbox
) -> None:
    sandbox.faults.add(Fault("html", path="/v1/phone/", times=None))

    calls = _calls(_last(client, sip_phone))

    assert "Own number" not in words(calls)
    assert calls.get("hx-get") is None


def test_sentence_is_not_sent_again_where_it_stays(client: Client, sales_phone: Phone) -> None:
    assert not has(_parts(_last(client, sales_phone)), "who-answers")


def test_without_scripts_the_address_leads_to_the_number(client: Client, sales_phone: Phone) -> None:
    response = client.get(url_of("phone_calls_last", sales_phone))

    assert (response.status_code, response["Location"]) == (302, url_of("phone_edit", sales_phone))


def test_nothing_is_asked_while_saving_is_closed(client: Client, sales_phone: Phone, sandbox: Sandbox) -> None:
    Project.objects.update(token_state="REJECTED")
    sandbox.journal.clear()

    place = find(read(client.get(url_of("phone_edit", sales_phone))), "last-calls")
    asked = _calls(_last(client, sales_phone))

    assert [each.get("hx-get") for each in (place, asked)] == [None, None]
    assert sandbox.journal == []
