"""Finding phones: filters, search in any spelling, and pages that show every row exactly once."""

import base64
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from phones.models import Phone, Project
from phones.services.finding.phone_list import MISSING, NONE, PAGE_SIZE, UNKNOWN, Criteria, matching, phone_page
from phones.services.routing.catalogue import Catalogue
from tests.support.database.north import (
    GONE,
    NOON,
    RECEPTION,
    SALES,
    STRANGE,
    add_many,
    add_phone,
    catalogue,
    cursor_of,
    north,
)
from tests.support.files.spellings import SPELLINGS

__all__ = ["catalogue", "north"]


def names(project: Project, catalogue: Catalogue, **criteria: str) -> list[str]:
    """Return the nicknames of what is found, in alphabetical order."""
    return sorted(phone.nickname or "" for phone in matching(project, Criteria(**criteria), catalogue, NOON))


# Filters.


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ({}, ["a", "b", "c", "d", "e"]),
        ({"status": "assigned"}, ["a", "b"]),
        ({"status": "ported"}, ["e"]),
        ({"status": MISSING}, ["c"]),
        ({"health": "missing"}, ["c"]),
        ({"status": MISSING, "inbound": str(STRANGE)}, ["c"]),
        ({"health": "missing", "status": "assigned", "inbound": UNKNOWN}, ["c"]),
        ({"inbound": str(STRANGE)}, []),
        ({"provider": "custom"}, ["b"]),
        ({"inbound": NONE}, ["d", "e"]),
        ({"outbound": NONE}, ["a", "d"]),
        ({"inbound": str(RECEPTION)}, ["a"]),
        ({"inbound": RECEPTION.hex}, ["a"]),
        ({"outbound": str(SALES)}, ["b"]),
        ({"inbound": UNKNOWN}, ["b"]),
        ({"outbound": UNKNOWN}, ["e"]),
        ({"inbound": UNKNOWN, "status": "assigned", "provider": "custom"}, ["b"]),
        ({"inbound": str(RECEPTION), "outbound": str(SALES)}, []),
        ({"inbound": "not an id"}, []),
        ({"outbound": str(uuid4())}, []),
        ({"q": "+34", "inbound": str(RECEPTION)}, ["a"]),
    ],
)
def test_filters_narrow_the_list_together(
    north: Project, catalogue: Catalogue, criteria: dict[str, str], expected: list[str]
) -> None:
    add_phone(north, "+34951000001", "a", inbound_agent_id=RECEPTION)
    add_phone(north, "+34951000002", "b", inbound_agent_id=GONE, outbound_agent_id=SALES, telephony_provider="custom")
    add_phone(north, "+34951000003", "c", inbound_agent_id=STRANGE, missing_since=NOON)
    add_phone(north, "+34951000004", "d", status="released")
    add_phone(north, "+34951000005", "e", status="ported", outbound_agent_id=STRANGE)

    assert names(north, catalogue, **criteria) == expected


def test_phones_of_other_projects_are_never_found(north: Project, catalogue: Catalogue) -> None:
    south = Project.objects.create(name="South", slug="south")
    add_phone(south, "+34951201802", "foreign", inbound_agent_id=RECEPTION)

    found = [names(north, catalogue, **criteria) for criteria in ({}, {"q": "951"}, {"inbound": str(RECEPTION)})]

    assert found == [[], [], []]
    assert names(south, catalogue) == ["foreign"]


def test_criteria_know_whether_they_narrow_anything() -> None:
    assert Criteria().is_empty
    assert not any(Criteria(**{name: "x"}).is_empty for name in ("q", "status", "provider", "inbound", "outbound"))


# Search.


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_number_is_found_by_any_spelling(north: Project, catalogue: Catalogue, spelling: str) -> None:
    add_phone(north, "+34951201802", "wanted")
    add_phone(north, "+34951201803", "neighbour")

    assert names(north, catalogue, q=spelling) == ["wanted"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("optica", ["Óptica Bilbao"]),
        ("ÓPTICA  ".strip(), ["Óptica Bilbao"]),
        ("óptica bil", ["Óptica Bilbao"]),
        ("24", ["Urgencias 24 h", "Óptica Bilbao"]),
        ("24 h", ["Urgencias 24 h"]),
        ("centralita@pbx", ["SIP"]),
        ("núria", ["Noted"]),
        ("100%", ["100% _real_"]),
        ("_real_", ["100% _real_"]),
        ("_", ["100% _real_"]),
        ("%", ["100% _real_"]),
        ("recepcion", ["Answered", "Dialled"]),
        ("ALICIA", ["Answered", "Dialled"]),
        ("n ventas", ["Sold"]),
        ("nothing like it", []),
        ("😀", ["Smile 😀"]),
    ],
)
def test_text_is_found_in_number_nickname_note_and_names_of_agents(
    north: Project, catalogue: Catalogue, query: str, expected: list[str]
) -> None:
    add_phone(north, "+34944241073", "Óptica Bilbao")
    add_phone(north, "+34900686427", "Urgencias 24 h")
    add_phone(north, "centralita@pbx.example.es", "SIP")
    add_phone(north, "+34951000003", "Noted", note="Ask Núria first")
    add_phone(north, "+34951000004", "100% _real_")
    add_phone(north, "+34951000005", "Answered", inbound_agent_id=RECEPTION)
    add_phone(north, "+34951000006", "Dialled", outbound_agent_id=RECEPTION)
    add_phone(north, "+34951000007", "Sold", outbound_agent_id=SALES)
    add_phone(north, "+34951000008", "Smile 😀")

    assert names(north, catalogue, q=query) == expected


@pytest.mark.parametrize("query", ["9" * 5000, "a" * 5000, "(" * 200, "'; DROP TABLE", "\\", "00"])
def test_odd_queries_are_only_texts(north: Project, catalogue: Catalogue, query: str) -> None:
    add_phone(north, "+34951201802", "One")

    assert names(north, catalogue, q=query) in ([], ["One"])


# Pages.


def walk(project: Project, catalogue: Catalogue, criteria: Criteria, *, backwards: bool = False) -> list[list[UUID]]:
    """Return the ids of all pages, from one end to the other, and check what each says of its neighbours."""
    pages: list[list[UUID]] = []
    cursor = ""
    while True:
        side = {"after": "" if backwards else cursor, "before": cursor if backwards else ""}
        page = phone_page(project, replace(criteria, **side), catalogue, NOON)
        pages.append([phone.pk for phone in page.phones])
        cursor = page.before if backwards else page.after
        if not cursor:
            return pages
        assert len(pages) < 20


@pytest.mark.parametrize("count", [0, 1, PAGE_SIZE, PAGE_SIZE + 1, 2 * PAGE_SIZE, 2 * PAGE_SIZE + 7])
def test_pages_show_every_row_once_in_order(north: Project, catalogue: Catalogue, count: int) -> None:
    add_many(north, count)
    in_order = list(Phone.objects.order_by("number", "id").values_list("pk", flat=True))

    pages = walk(north, catalogue, Criteria())

    assert [pk for page in pages for pk in page] == in_order
    assert [len(page) for page in pages[:-1]] == [PAGE_SIZE] * (len(pages) - 1)
    assert len(pages) == max(1, -(-count // PAGE_SIZE))


def test_pages_backwards_show_the_same_rows(north: Project, catalogue: Catalogue) -> None:
    add_many(north, 2 * PAGE_SIZE + 7)
    in_order = list(Phone.objects.order_by("number", "id").values_list("pk", flat=True))
    first = phone_page(north, Criteria(), catalogue, NOON)
    second = phone_page(north, Criteria(after=first.after), catalogue, NOON)
    third = phone_page(north, Criteria(after=second.after), catalogue, NOON)

    back_at_second = phone_page(north, Criteria(before=third.before), catalogue, NOON)
    back_at_first = phone_page(north, Criteria(before=back_at_second.before), catalogue, NOON)

    assert [phone.pk for page in (first, second, third) for phone in page.phones] == in_order
    assert list(back_at_second.phones) == list(second.phones)
    assert list(back_at_first.phones) == list(first.phones)
    assert (back_at_second.before, back_at_second.after) == (second.before, second.after)
    assert (first.before, back_at_first.before, third.after) == ("", "", "")
    assert back_at_first.after == first.after
    assert {page.total for page in (first, second, third, back_at_second, back_at_first)} == {2 * PAGE_SIZE + 7}


def test_total_counts_what_matches_on_every_page(north: Project, catalogue: Catalogue) -> None:
    for index in range(PAGE_SIZE + 9):
        add_phone(north, f"+3495100{index:04d}", "Even" if index % 2 == 0 else "Odd")
    criteria = Criteria(q="even")

    page = phone_page(north, criteria, catalogue, NOON)

    assert (len(page.phones), page.total, page.before, page.after) == (30, 30, "", "")


def test_no_match_is_an_empty_page(north: Project, catalogue: Catalogue) -> None:
    add_phone(north, "+34951201802")

    page = phone_page(north, Criteria(q="nothing"), catalogue, NOON)

    assert (list(page.phones), page.total, page.before, page.after) == ([], 0, "", "")


SPOILT = {
    "no base64": "!!!!",
    "accents": "ñandú",
    "no JSON": base64.urlsafe_b64encode(b"[1").decode(),
    "no UTF-8": base64.urlsafe_b64encode(b'["\xff"]').decode(),
    "number": cursor_of(),
    "one value": cursor_of("+34951"),
    "three values": cursor_of("+34951", uuid4().hex, 1),
    "no id": cursor_of("+34951", "no id"),
    "id is a number": cursor_of("+34951", 5),
    "id is null": cursor_of("+34951", None),
    "an object": base64.urlsafe_b64encode(b'{"a": 1, "b": 2}').decode(),
    "deep": base64.urlsafe_b64encode(b"[" * 3000).decode(),
}


@pytest.mark.parametrize("side", ["after", "before"])
@pytest.mark.parametrize("cursor", SPOILT.values(), ids=SPOILT.keys())
def test_spoilt_cursor_shows_the_first_page(north: Project, catalogue: Catalogue, cursor: str, side: str) -> None:
    add_many(north, PAGE_SIZE + 1)
    first = phone_page(north, Criteria(), catalogue, NOON)

    page = phone_page(north, Criteria(**{side: cursor}), catalogue, NOON)

    assert page == first


@pytest.mark.parametrize(
    ("side", "cursor"),
    [("after", cursor_of("~", UUID(int=5).hex)), ("before", cursor_of("", UUID(int=5).hex))],
)
def test_cursor_past_the_end_shows_the_first_page(north: Project, catalogue: Catalogue, side: str, cursor: str) -> None:
    phone = add_phone(north, "+34951201802")

    page = phone_page(north, Criteria(**{side: cursor}), catalogue, NOON)

    assert (list(page.phones), page.total, page.before, page.after) == ([phone], 1, "", "")


def test_odd_number_in_a_cursor_is_only_a_place(north: Project, catalogue: Catalogue) -> None:
    phone = add_phone(north, "+34951201802")

    for number in ("\x00", "\ud83d", ["a"], 5, None):
        page = phone_page(north, Criteria(after=cursor_of(number, UUID(int=0).hex)), catalogue, NOON)
        assert list(page.phones) == [phone]


def test_both_cursors_at_once_go_forwards(north: Project, catalogue: Catalogue) -> None:
    first, second = add_phone(north, "+34951201801"), add_phone(north, "+34951201802")
    cursor = cursor_of(first.number, first.pk.hex)

    page = phone_page(north, Criteria(after=cursor, before=cursor), catalogue, NOON)

    assert list(page.phones) == [second]


@pytest.mark.parametrize("criteria", [Criteria(), Criteria(q="951"), Criteria(q="alicia", inbound=UNKNOWN)])
@pytest.mark.parametrize("count", [1, 30])
def test_page_is_one_query_and_sqlite_counts_the_hits_of_a_search_before(
    north: Project,
    catalogue: Catalogue,
    django_assert_num_queries: DjangoAssertNumQueries,
    count: int,
    criteria: Criteria,
) -> None:
    for index in range(count):
        add_phone(north, f"+3495100{index:04d}", "Alicia", inbound_agent_id=STRANGE)

    with django_assert_num_queries(2 if criteria.q and connection.vendor == "sqlite" else 1):
        page = phone_page(north, criteria, catalogue, NOON)
        shown = [(phone.shown, phone.nickname, phone.inbound_agent_id) for phone in page.phones]

    assert (len(shown), page.total) == (count, count)
