"""The list of phones: shapes, search, filters, chips, pages, empty states."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone
from lxml.html import HtmlElement
from pytest_django import DjangoAssertNumQueries

from phones.models import Agent, Phone, Project
from phones.services.projects import keys
from phones.services.routing.catalogue import forget_catalogues
from tests.support.database.crowds import crowd
from tests.support.pages.pages import FOR_DRAWER, FOR_NOTHING_KNOWN, FOR_TABLE, find, read, texts, url_of, words
from tests.support.pages.phone_list import LIST, count_in, nicknames_in, numbers_in, walk

ClientOf = Callable[[User], Client]


@pytest.fixture
def client(client_of: ClientOf, router: User) -> Client:
    """The browser of somebody who may rename and re-route."""
    return client_of(router)


def _row(tree: HtmlElement, phone: Phone) -> HtmlElement:
    return find(tree, f"phone-{phone.pk}")


def test_list_shows_every_phone_by_number(client: Client) -> None:
    tree = read(client.get(LIST))

    numbers = list(Phone.objects.order_by("number", "id").values_list("shown", flat=True))
    assert numbers_in(tree) == numbers
    assert len(numbers) == 40
    assert count_in(tree) == "40 numbers"
    assert words(tree.find(".//title")) == "Phones · Aurora · Phone Desk"
    assert find(tree, "drawer").getchildren() == []


def test_row_shows_number_nickname_status_agents_provider_and_age(client: Client, sales_phone: Phone) -> None:
    row = _row(read(client.get(LIST)), sales_phone)

    assert [words(cell) for cell in row] == [
        "",
        "+34 951 44 12 46",
        "Ventas Costa del Sol",
        "Assigned",
        "BBruno · Ventasv2",
        "BBruno · Ventasv2",
        "Diga",
        "2026-10-05",
        "–",
        "Check again +34 951 44 12 46, now",
    ]
    assert row.xpath(".//@data-copy") == ["+34951441246"]
    assert row.xpath(".//a/@href")[0] == url_of("phone_edit", sales_phone)


@pytest.mark.parametrize("headers", [{}, FOR_NOTHING_KNOWN, {"HX-Request": "true"}, {"HX-Target": "phone-table"}])
def test_list_is_a_page_unless_asked_for_the_table(client: Client, headers: dict[str, str]) -> None:
    response = client.get(LIST, headers=headers)

    assert read(response).tag == "html"
    assert "HX-Push-Url" not in response


def test_list_for_the_table_is_that_table_with_its_address(client: Client) -> None:
    response = client.get(LIST + "?q=citas&status=assigned&nonsense=1", headers=FOR_TABLE)

    fragment = read(response)
    assert fragment.get("id") == "phone-table"
    assert words(fragment) == words(find(read(client.get(LIST + "?q=citas&status=assigned")), "phone-table"))
    assert response["HX-Push-Url"] == LIST + "?q=citas&status=assigned"
    assert {"HX-Request", "HX-Target"} <= {name.strip() for name in response["Vary"].split(",")}


def test_list_for_the_drawer_closes_it(client: Client) -> None:
    fragment = read(client.get(LIST, headers=FOR_DRAWER))

    expected = {"id": "drawer", "data-title": "Phones · Aurora · Phone Desk"}
    assert (fragment.tag, dict(fragment.attrib), len(fragment)) == ("aside", expected, 0)


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_list_is_only_read(client: Client, method: str) -> None:
    assert getattr(client, method)(LIST).status_code == 405


@pytest.mark.parametrize(
    ("query", "nicknames"),
    [
        ("951 20 18 02", ["Recepción Málaga centro"]),
        ("+34951201802", ["Recepción Málaga centro"]),
        ("0034 951-20-18-02", ["Recepción Málaga centro"]),
        ("201802", ["Recepción Málaga centro"]),
        ("recepcion MALAGA", ["Recepción Málaga centro"]),
        ("24 h", ["Urgencias 24 h"]),
        ("laboratorio@pbx", ["Laboratorio Getafe"]),
        ("hugo", ["Cobros Andalucía", "Facturación"]),
        ("gema", []),
    ],
)
def test_search_finds_any_spelling(client: Client, query: str, nicknames: list[str]) -> None:
    tree = read(client.get(LIST, {"q": query}))

    assert nicknames_in(tree) == nicknames
    assert find(tree, "finder").get("value") == query


def test_search_for_digits_finds_them_in_numbers_andnicknames_in(client: Client) -> None:
    tree = read(client.get(LIST + "?q=24"))

    assert {"Urgencias 24 h", "Recepción Madrid Chamberí"} <= set(nicknames_in(tree))
    assert "Laboratorio Getafe" not in nicknames_in(tree)


@pytest.mark.parametrize("query", ["", "   ", "%00"])
def test_search_for_blanks_finds_everything(client: Client, query: str) -> None:
    tree = read(client.get(f"{LIST}?q={query}"))

    assert count_in(tree) == "40 numbers"
    assert find(tree, "finder").get("value") == ""


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"status": "reserved"}, "1 of 40 numbers"),
        ({"status": "assigned", "inbound": "none"}, "4 of 40 numbers"),
        ({"provider": "custom"}, "6 of 40 numbers"),
        ({"inbound": "unknown"}, "1 of 40 numbers"),
        ({"status": "assigned", "q": "citas"}, "8 of 40 numbers"),
        ({"unheard": "of"}, "40 numbers"),
    ],
)
def test_filters_narrow_andcount_in(client: Client, query: dict[str, str], count: str) -> None:
    tree = read(client.get(LIST, query))

    assert count_in(tree) == count
    assert len(numbers_in(tree)) == int(count.split()[0])


@pytest.mark.parametrize("query", ["status=ported", "inbound=nobody", "outbound=1", "q=%00%27%22--", "q=zz%25"])
def test_filter_that_matches_nothing_says_so(client: Client, query: str) -> None:
    tree = read(client.get(f"{LIST}?{query}"))

    assert texts(tree, ".//main//h2") == ["No number matches"]
    assert tree.xpath(".//div[@class='empty-state']//a/@href") == [LIST]


def test_filter_by_agent_finds_its_lane(client: Client, sales_phone: Phone, survey_phone: Phone) -> None:
    dora = survey_phone.outbound_agent_id

    inbound = read(client.get(LIST, {"inbound": str(dora)}))
    outbound = read(client.get(LIST, {"outbound": str(dora)}))

    assert nicknames_in(inbound) == []
    assert nicknames_in(outbound) == ["Encuestas posvisita", "Campaña vacunación"]


def test_filter_by_missing_finds_what_diga_no_longer_knows(client: Client, spare_phone: Phone) -> None:
    spare_phone.missing_since = timezone.now()
    spare_phone.save()

    tree = read(client.get(LIST + "?status=missing"))

    assert nicknames_in(tree) == ["New Number"]
    assert "Unknown to Diga" in words(_row(tree, spare_phone))


def test_chips_name_each_filter_and_lead_to_the_list_without_it(client: Client, sales_phone: Phone) -> None:
    agent = str(sales_phone.inbound_agent_id)

    tree = read(client.get(LIST, {"q": "ventas", "status": "assigned", "inbound": agent}))

    chips = tree.xpath(".//span[contains(@class, 'chip')]")
    assert [words(chip) for chip in chips] == ["“ventas”", "Status: Assigned", "Answers: Bruno · Ventas"]
    left = [set(parse_qs(urlsplit(chip.xpath(".//a/@href")[0]).query)) for chip in chips]
    assert left == [{"status", "inbound"}, {"q", "inbound"}, {"q", "status"}]
    assert tree.xpath(".//a[text()='Clear all']/@href") == [LIST]
    assert chips[0].xpath(".//a/@aria-label") == ["Clear the search"]


def test_filter_shows_a_code_it_does_not_know_as_it_is(client: Client) -> None:
    tree = read(client.get(LIST + "?status=ported"))

    assert texts(find(tree, "filter-status"), "./option[@selected]") == ["ported"]
    assert texts(tree, ".//span[contains(@class, 'chip')]") == ["Status: ported"]


def test_links_of_a_row_keep_the_filters(client: Client, spare_phone: Phone) -> None:
    row = _row(read(client.get(LIST + "?q=new&after=garbage")), spare_phone)

    assert row.xpath(".//a/@href") == [
        url_of("phone_edit", spare_phone, "?q=new"),
        url_of("phone_rename", spare_phone, "?q=new"),
    ]


def test_pages_show_each_phone_once_and_lead_back(client: Client, aurora: Project) -> None:
    crowd(aurora, 80)
    expected = list(Phone.objects.order_by("number", "id").values_list("number", flat=True))

    onwards = walk(client, LIST, "next")
    last = read(client.get(LIST))
    while following := last.xpath(".//nav//a[@rel='next']/@href"):
        last = read(client.get(following[0]))
    previous = last.xpath(".//nav//a[@rel='prev']/@href")[0]

    assert [len(page) for page in onwards] == [50, 50, 20]
    assert [number.replace(" ", "") for page in onwards for number in page] == expected
    assert [len(page) for page in walk(client, previous, "prev")] == [50, 50]
    assert count_in(last) == "120 numbers"


def test_pages_part_phones_of_the_same_number(client: Client, aurora: Project) -> None:
    phones = crowd(aurora, 60, number="+34900000000")

    first = read(client.get(LIST + "?q=crowd"))
    (following,) = first.xpath(".//nav//a[@rel='next']/@href")
    second = read(client.get(following))

    ids = [UUID(row.removeprefix("phone-")) for tree in (first, second) for row in tree.xpath(".//tbody/tr/@id")]
    assert ids == sorted(phone.pk for phone in phones)
    assert parse_qs(urlsplit(following).query)["q"] == ["crowd"]
    assert count_in(second) == "60 of 100 numbers"


@pytest.mark.parametrize("cursor", ["x", "bnVsbA", "W10", "WzEsMl0", "%00", "ü" * 300])
def test_spoilt_cursor_gives_the_first_page(client: Client, cursor: str) -> None:
    tree = read(client.get(LIST, {"after": cursor}))

    assert len(numbers_in(tree)) == 40


def test_list_of_a_project_without_key_asks_for_one(
    client_of: ClientOf, aurora: Project, viewer: User, admin: User
) -> None:
    Phone.objects.all().delete()
    keys.disconnect(project=aurora, actor=None, now=timezone.now())

    for person, links in ((viewer, []), (admin, ["/projects/aurora/settings/"])):
        tree = read(client_of(person).get(LIST))
        assert texts(tree, ".//main//h2") == ["No key yet"]
        assert tree.xpath(".//div[@class='empty-state']//a/@href") == links


def test_list_before_the_first_sync_says_how_it_starts(client: Client, aurora: Project) -> None:
    Phone.objects.all().delete()
    Project.objects.update(synced_at=None)

    assert texts(read(client.get(LIST)), ".//main//h2") == ["Nothing read from Diga yet"]


def test_list_of_an_empty_project_says_so(client: Client, aurora: Project) -> None:
    Phone.objects.all().delete()

    assert texts(read(client.get(LIST)), ".//main//h2") == ["This Diga project has no numbers"]


def test_list_offers_renaming_only_where_it_is_possible(
    client_of: ClientOf, labeller: User, viewer: User, released_phone: Phone, sales_phone: Phone
) -> None:
    def pencils(person: User) -> set[str]:
        return {url for url in read(client_of(person).get(LIST)).xpath(".//tbody//a/@href") if "nickname" in url}

    offered = pencils(labeller)

    assert url_of("phone_rename", sales_phone) in offered
    assert url_of("phone_rename", released_phone) not in offered
    assert pencils(viewer) == set()


def test_list_marks_old_copies_unknown_statuses_and_missing_agents(
    client: Client, sales_phone: Phone, spare_phone: Phone, orphan_phone: Phone
) -> None:
    hours_ago = timezone.now() - timedelta(hours=2)
    Phone.objects.filter(pk=sales_phone.pk).update(
        fetched_at=hours_ago, unlisted_since=timezone.now(), status="ported", telephony_provider="other"
    )
    Agent.objects.filter(name__startswith="Bruno").update(is_listed=False)
    forget_catalogues()

    tree = read(client.get(LIST))

    assert _row(tree, sales_phone).get("class") == "is-stale"
    assert [words(cell) for cell in _row(tree, sales_phone)][3:] == [
        "ported",
        "BBruno · Ventasv2not in Diga",
        "BBruno · Ventasv2not in Diga",
        "other",
        "2026-10-05",
        "–",
        "Check again +34 951 44 12 46, 2 h",
    ]
    assert _row(tree, spare_phone).get("class") is None
    assert [words(cell) for cell in _row(tree, spare_phone)][4:6] == ["No agent", "None"]
    assert words(_row(tree, orphan_phone)[4]) == "Unknown agent"


def test_queries_of_the_list_do_not_grow_with_it(
    client: Client, aurora: Project, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.get(LIST)

    # The session, the person, their projects, the phones with their count, what is set for a time, and the shell of a
    # whole page. SQLite counts the hits of a search before.
    with django_assert_num_queries(7 if connection.vendor == "sqlite" else 6):
        assert len(numbers_in(read(client.get(LIST + "?q=951201802")))) == 1
    with django_assert_num_queries(6):
        assert len(numbers_in(read(client.get(LIST)))) == 40
    with django_assert_num_queries(5):
        client.get(LIST, headers=FOR_TABLE)
