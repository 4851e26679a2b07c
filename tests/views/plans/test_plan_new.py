"""The panel that says what to do with many numbers: what it offers and refuses, and the plan that comes of it."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from lxml.html import HtmlElement

from phones.diga.sandbox import Sandbox
from phones.models import Phone, Plan, PlanItem, PlanKind, Project, Schedule, ScheduleKind, Selection
from phones.views.parts.permalinks import plan_page_url
from tests.support.pages.choosing import NEW, choose
from tests.support.pages.hostile import HOSTILE, harmless
from tests.support.pages.pages import find, has, read, texts, values_of, version_of, words
from tests.support.pages.skeletons import skeleton

FOR_NAMES = {"HX-Request": "true", "HX-Target": "pattern-names"}


@pytest.fixture
def client(client_of: Callable[[User], Client], lead: User) -> Client:
    """The browser of somebody who may change many numbers."""
    return client_of(lead)


def wish_form(client: Client, url: str) -> dict[str, str]:
    """Open the panel, and return what its form would send."""
    return values_of(find(read(client.get(url)), "wish"))


def test_panel_keeps_everything_and_names_no_agent(client: Client, sales_phone: Phone, spare_phone: Phone) -> None:
    values = wish_form(client, choose(client, sales_phone, spare_phone))

    assert {name: value for name, value in values.items() if name not in {"csrfmiddlewaretoken", "form_token"}} == {
        "nickname_how": "KEEP",
        "nickname_pattern": "",
        "inbound_how": "KEEP",
        "inbound_version_id": "",
        "outbound_how": "KEEP",
        "outbound_version_id": "",
        "until_at": "",
        "from_at": "",
        "reason": "",
        "ticket": "",
    }


def test_panel_names_the_first_numbers_and_counts_the_rest(client: Client) -> None:
    phones = list(Phone.objects.order_by("number")[:7])

    tree = read(client.get(choose(client, *phones)))

    assert words(tree.xpath("//main//h1")[0]) == "Change 7 numbers"
    shown = ", ".join(phone.shown for phone in phones[:5])
    assert texts(tree, "//main//header/p")[0] == f"{shown} and 2 more"


def test_wish_becomes_a_plan_with_a_row_for_each_number_in_order(
    client: Client, lead: User, sandbox: Sandbox, sales_phone: Phone, spare_phone: Phone
) -> None:
    url = choose(client, sales_phone, spare_phone, query="?sort=-number")
    carla = version_of(sandbox, "Carla", 4)
    typed = {
        "nickname_how": "SET",
        "nickname_pattern": "Line {n:02}",
        "inbound_how": "SET",
        "inbound_version_id": str(carla),
        "outbound_how": "EMPTY",
        "reason": "Autumn hours",
        "ticket": "T-1",
    }
    writes = len([received for received in sandbox.journal if received.method != "GET"])

    response = client.post(url, wish_form(client, url) | typed)

    plan = Plan.objects.get()
    assert (response.status_code, response["Location"]) == (302, plan_page_url(plan, "aurora"))
    assert (plan.kind, plan.author, plan.reason, plan.ticket) == (PlanKind.CHANGE, lead, "Autumn hours", "T-1")
    assert {name: wish["how"] for name, wish in plan.wish.items()} == {
        "nickname": "PATTERN",
        "inbound": "SET",
        "outbound": "UNASSIGN",
    }
    items = list(PlanItem.objects.order_by("number").select_related("phone"))
    assert [item.phone for item in items] == sorted([sales_phone, spare_phone], key=lambda phone: phone.number)[::-1]
    assert [(item.after["nickname"], item.after["outbound"]) for item in items] == [
        ("Line 01", None),
        ("Line 02", None),
    ]
    assert {item.after["inbound"].version_id for item in items} == {carla}
    assert len([received for received in sandbox.journal if received.method != "GET"]) == writes


def test_second_send_of_the_form_is_the_same_plan(client: Client, sales_phone: Phone) -> None:
    url = choose(client, sales_phone)
    sent = wish_form(client, url) | {"nickname_how": "EMPTY", "reason": "Autumn hours"}

    first, second = client.post(url, sent), client.post(url, sent)

    assert first["Location"] == second["Location"]
    assert Plan.objects.count() == 1


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"reason": "x"}, "Nothing is to be changed: every field is kept. Choose at least one."),
        ({"nickname_how": "EMPTY"}, "Say why; the history keeps it."),
        ({"nickname_how": "SET", "nickname_pattern": "L{x}", "reason": "x"}, "“{x}” stands for nothing."),
        ({"inbound_how": "SET", "reason": "x"}, "Choose an agent, or Keep."),
        (
            {"outbound_how": "SET", "outbound_version_id": str(uuid.uuid4()), "reason": "x"},
            "not offered in this project",
        ),
    ],
)
def test_wish_that_cannot_be_is_refused_and_kept(
    client: Client, sales_phone: Phone, typed: dict[str, str], said: str
) -> None:
    url = choose(client, sales_phone)

    response = client.post(url, wish_form(client, url) | {"ticket": "T-1"} | typed)

    form = find(read(response), "wish")
    assert response.status_code == 422
    assert any(said in text for text in texts(form, ".//*[@role='alert'] | .//p[contains(@class, 'is-bad')]"))
    kept = values_of(form)
    assert {name: kept[name] for name in typed if name != "outbound_version_id"} | {"ticket": kept["ticket"]} == {
        name: value for name, value in typed.items() if name != "outbound_version_id"
    } | {"ticket": "T-1"}
    assert not Plan.objects.exists()


@pytest.mark.parametrize(
    ("method", "query", "status"),
    [
        ("get", "", 200),
        ("get", "?selection=nonsense", 404),
        ("get", "?selection=08bce966a8f349bfbb0da8f2b04355b1", 404),
        ("post", "", 422),
        ("post", "?selection=nonsense", 422),
    ],
)
def test_panel_without_a_choice_says_so(client: Client, method: str, query: str, status: int) -> None:
    response = getattr(client, method)(NEW + query)

    assert response.status_code == status
    assert words(read(response).xpath("//main//h1")[0]) == "No numbers are chosen"


def test_choice_of_another_project_is_none_here(client: Client, superuser: User, talleres: Project) -> None:
    phone = Phone.objects.filter(project=talleres)[0]
    selection = Selection.objects.create(project=talleres, owner=superuser, phone_ids=[phone.pk.hex])

    response = client.get(f"{NEW}?selection={selection.pk.hex}")

    assert response.status_code == 404
    assert phone.shown not in response.content.decode()


# The pattern's first names.


def names_in(tree: HtmlElement) -> list[str]:
    return texts(tree, "descendant-or-self::*[@id='pattern-names']//li")


def test_first_three_names_are_shown_while_the_pattern_is_typed(client: Client) -> None:
    phones = list(Phone.objects.order_by("number")[:4])
    url = choose(client, *phones)

    fragment = read(client.get(f"{url}&nickname_pattern=Line+%7Bn%3A02%7D+%7Bnickname%7D", headers=FOR_NAMES))

    assert (fragment.get("id"), fragment.get("role")) == ("pattern-names", "status")
    assert names_in(fragment) == [
        f"{phone.shown} Line {place:02} {phone.nickname}" for place, phone in enumerate(phones[:3], 1)
    ]


def test_what_a_pattern_cannot_be_is_said_at_once(client: Client, sales_phone: Phone) -> None:
    url = choose(client, sales_phone)

    wrong = read(client.get(f"{url}&nickname_pattern=%7Bx%7D", headers=FOR_NAMES))
    nothing = read(client.get(f"{url}&nickname_pattern=+", headers=FOR_NAMES))

    assert words(wrong) == "“{x}” stands for nothing."
    assert words(nothing) == ""


def test_hostile_texts_change_no_markup(client: Client, sales_phone: Phone) -> None:
    url = choose(client, sales_phone)

    for hostile in HOSTILE:
        shapes = []
        for text in (harmless(hostile), hostile):
            typed = {"nickname_how": "SET", "nickname_pattern": f"V {text}", "reason": text, "ticket": text}
            response = client.post(url, wish_form(client, url) | typed | {"inbound_how": "SET"})
            assert response.status_code == 422
            shapes.append([line for line in skeleton(response) if "pattern" not in line])
        assert has(read(response), "pattern-names")
        assert shapes[0] == shapes[1] or "{" in hostile, hostile


def test_panel_as_reloaded_has_the_names_that_were_fetched(client: Client, sales_phone: Phone) -> None:
    url = choose(client, sales_phone)
    sent = wish_form(client, url) | {"nickname_how": "SET", "nickname_pattern": "L{n}", "reason": ""}

    assert names_in(read(client.post(url, sent))) == [f"{sales_phone.shown} L1"]
    assert has(read(client.get(url)), "pattern-names")


RENAME = {"nickname_how": "SET", "nickname_pattern": "Fair {n}", "reason": "Fair"}


def on_day(days: int) -> str:
    """Return noon of a coming day, as a browser sends it."""
    return (timezone.localtime() + timedelta(days=days)).strftime("%Y-%m-%dT12:00")


def test_end_that_is_typed_is_set_with_the_plan_once(client: Client, lead: User, sales_phone: Phone) -> None:
    url = choose(client, sales_phone)
    values = wish_form(client, url) | RENAME | {"until_at": on_day(2)}

    for _send in range(2):
        assert client.post(url, values).status_code == 302

    schedule = Schedule.objects.get()
    assert (schedule.kind, schedule.plan, schedule.author) == (ScheduleKind.PUT_BACK_PLAN, Plan.objects.get(), lead)
    assert f"{timezone.localtime(schedule.due_at):%Y-%m-%dT%H:%M}" == on_day(2)


def test_beginning_that_is_typed_waits_under_the_preview(client: Client, sales_phone: Phone) -> None:
    """It starts as it was shown, so it is set where that is shown."""
    url = choose(client, sales_phone)

    response = client.post(url, wish_form(client, url) | RENAME | {"from_at": on_day(2)}, follow=True)

    (field,) = read(response).xpath("//details[@open]//input[@id='plan-start']")
    assert field.get("value") == on_day(2)
    assert not Schedule.objects.exists()
    hostile = client.get(plan_page_url(Plan.objects.get(), "aurora") + "?start=2026-99-99T12:00")
    assert read(hostile).xpath("//input[@id='plan-start']/@value") == [""]


def test_end_before_the_beginning_makes_no_plan(client: Client, sales_phone: Phone) -> None:
    url = choose(client, sales_phone)

    response = client.post(url, wish_form(client, url) | RENAME | {"from_at": on_day(3), "until_at": on_day(2)})

    assert response.status_code == 422
    assert texts(read(response), "//*[@id='until-errors']") == ["The end has to be later than the beginning."]
    assert not Plan.objects.exists()
