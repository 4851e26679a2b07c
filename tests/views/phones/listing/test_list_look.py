"""How the list is shown: its columns, its order, its pages, and the filters that are rarely needed."""

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from phones.models import Phone, Project
from tests.support.database.crowds import crowd
from tests.support.pages.pages import FOR_TABLE, find, read, texts, words
from tests.support.pages.phone_list import LIST, count_in, nicknames_in, numbers_in, walk


@pytest.fixture
def client(client_of: Callable[[User], Client], router: User) -> Client:
    """The browser of somebody who may rename and re-route."""
    return client_of(router)


# Columns, order, pages.


def test_headers_sort_by_each_column_and_say_which_way(client: Client) -> None:
    tree = read(client.get(LIST + "?status=assigned&sort=nickname&size=25&after=spoilt"))

    heads = tree.xpath(".//thead//th")
    assert [head.get("aria-sort") for head in heads] == [None, None, "ascending"] + [None] * 7
    links = {words(head): parse_qs(urlsplit(head.xpath(".//a/@href")[0]).query) for head in heads[1:] if len(head)}
    kept = {"status": ["assigned"], "size": ["25"]}
    assert links["Number"] == kept
    assert links["Alias"] == kept | {"sort": ["-nickname"]}
    assert links["Answers"] == kept | {"sort": ["inbound"]}
    assert texts(tree, ".//caption") == ["Phones, sorted by alias"]
    assert nicknames_in(tree) == sorted(nicknames_in(tree), key=lambda name: name.replace("Ó", "O").lower())


def test_header_turns_the_order_round(client: Client) -> None:
    tree = read(client.get(LIST + "?sort=-age"))

    (head,) = tree.xpath(".//th[@aria-sort]")
    assert (words(head), head.get("aria-sort"), head.xpath(".//a/@href")) == (
        "Checked",
        "descending",
        [LIST + "?sort=age"],
    )
    assert texts(tree, ".//caption") == ["Phones, sorted by checked, descending"]


def test_table_for_htmx_keeps_order_and_look(client: Client) -> None:
    response = client.get(LIST + "?sort=status&cols=status&cols=number&size=25&price=1", headers=FOR_TABLE)

    assert response["HX-Push-Url"] == LIST + "?sort=status&size=25&cols=number%2Cstatus"


def test_chosen_columns_are_shown_and_the_others_hidden(client: Client) -> None:
    usual = read(client.get(LIST))
    chosen = read(client.get(LIST + "?cols=assigned,nickname"))

    assert usual.xpath(".//table/@class") == ["dense dense-phones can-choose no-assigned no-release"]
    hidden = "no-status no-inbound no-outbound no-provider no-release no-age"
    assert chosen.xpath(".//table/@class") == [f"dense dense-phones can-choose {hidden}"]
    assert find(chosen, "look").xpath(".//input[@checked]/@value") == ["nickname", "assigned"]
    assert set(chosen.xpath(".//tbody//a[contains(@class, 'phone')]/@href")[0].partition("?")[2].split("&")) == {
        "cols=number%2Cnickname%2Cassigned"
    }


def test_look_keeps_what_the_list_is_narrowed_to(client: Client) -> None:
    form = find(read(client.get(LIST + "?q=citas&status=assigned&sort=-status&size=100")), "look")

    hidden = {field.get("name"): field.get("value") for field in form.xpath(".//input[@type='hidden']")}
    assert hidden == {"q": "citas", "status": "assigned", "sort": "-status", "cols": "number"}
    assert form.xpath(".//select[@name='size']/option[@selected]/@value") == ["100"]


@pytest.mark.parametrize(("size", "counts"), [("25", [25, 15]), ("50", [40]), ("100", [40]), ("7", [40]), ("x", [40])])
def test_pages_have_the_size_that_is_asked_for(client: Client, size: str, counts: list[int]) -> None:
    assert [len(page) for page in walk(client, f"{LIST}?size={size}", "next")] == counts


def test_first_and_last_page_are_a_click_away(client: Client, aurora: Project) -> None:
    crowd(aurora, 80)
    numbers = [number.replace(" ", "") for page in walk(client, LIST, "next") for number in page]

    (last_url,) = read(client.get(LIST)).xpath(".//nav[@class='foot']//a[normalize-space()='Last']/@href")
    last = read(client.get(last_url))

    assert [number.replace(" ", "") for number in numbers_in(last)] == numbers[-50:]
    assert texts(last, ".//nav[@class='foot']/a") == ["First", "Previous"]
    assert last.xpath(".//nav[@class='foot']//a[normalize-space()='First']/@href") == [LIST]


def test_row_leads_back_to_its_page(client: Client, aurora: Project) -> None:
    crowd(aurora, 80)
    (following,) = read(client.get(LIST)).xpath(".//nav//a[@rel='next']/@href")

    second = read(client.get(following))
    opened = read(client.get(second.xpath(".//tbody//a[contains(@class, 'phone')]/@href")[0]))

    assert numbers_in(opened) == numbers_in(second)


# More filters.


def test_dates_of_assignment_narrow_by_whole_days(client: Client, sales_phone: Phone, spare_phone: Phone) -> None:
    moment = timezone.make_aware(datetime(2025, 6, 1, 23, 59))
    Phone.objects.update(assigned_at=None)
    Phone.objects.filter(pk=sales_phone.pk).update(assigned_at=moment)
    Phone.objects.filter(pk=spare_phone.pk).update(assigned_at=moment + timedelta(minutes=1))

    def found(query: str) -> list[str]:
        return nicknames_in(read(client.get(f"{LIST}?{query}")))

    assert found("assigned_from=2025-06-01&assigned_to=2025-06-01") == [sales_phone.nickname]
    assert found("assigned_from=2025-06-02") == [spare_phone.nickname]
    assert found("assigned_to=2025-06-01") == [sales_phone.nickname]
    assert len(found("assigned_from=yesterday&assigned_to=99999-01-01")) == 40


def test_rare_filters_are_chips_too(client: Client) -> None:
    tree = read(client.get(LIST + "?health=no_inbound&assigned_from=2020-01-01&assigned_to=2030-12-31"))

    assert texts(tree, ".//span[contains(@class, 'chip')]") == [
        "Problems: No inbound agent",
        "Assigned since 1 Jan 2020",
        "Assigned until 31 Dec 2030",
    ]
    assert count_in(tree) == "4 of 40 numbers"
    assert find(tree, "filter-assigned-from").get("value") == "2020-01-01"
    assert {field.get("form") for field in tree.xpath(".//*[@class='menu-panel']//*[@name][@form]")} == {"filters"}


def test_clearing_filters_keeps_order_and_look(client: Client) -> None:
    tree = read(client.get(LIST + "?q=zzzz&sort=status&size=25"))

    assert tree.xpath(".//div[@class='empty-state']//a/@href") == [LIST + "?sort=status&size=25"]


def test_filter_bar_carries_what_it_has_no_field_for(client: Client) -> None:
    form = find(read(client.get(LIST + "?sort=-age&size=25&cols=number,age&after=x")), "filters")

    carried = {field.get("name"): field.get("value") for field in form.xpath("./input[@type='hidden']")}
    assert carried == {"sort": "-age", "size": "25", "cols": "number,age"}


# What a row says beside its status.


@pytest.mark.parametrize(("days", "said"), [(0, "30 days left"), (29, "1 day left"), (31, "Gone any moment")])
def test_number_in_quarantine_says_how_long_it_is_held(
    client: Client, released_phone: Phone, days: int, said: str
) -> None:
    Phone.objects.update(released_at=timezone.now() - timedelta(days=days), scheduled_release_at=None)

    tree = read(client.get(LIST))
    drawer = read(client.get(f"{LIST}{released_phone.pk}/"))

    (row,) = tree.xpath("//tr[@id=$id]", id=f"phone-{released_phone.pk}")
    assert row.xpath(".//td[contains(@class, 'c-state')]/span/@title") == [f"In quarantine, {said}"]
    assert said in texts(drawer, "//aside//header//span")
    assigned = tree.xpath("//tr[.//span[contains(., 'Assigned')]]//td[contains(@class, 'c-state')]/span/@title")
    assert set(assigned) == {"Assigned"}
