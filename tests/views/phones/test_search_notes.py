"""The search box above the list: what it says of numbers in a text, and of those in other projects."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User
from django.test import Client

from phones.models import Phone, Project
from tests.support.pages.pages import FOR_TABLE, find, read, texts, words

LIST = "/projects/aurora/phones/"
NUMBERS = "//td[contains(@class, 'c-num')]//a"
NOTE = "//*[@id='phone-table']//div[@role='status']"


@pytest.fixture
def client(client_of: Callable[[User], Client], viewer: User) -> Client:
    """The browser of somebody who may only look."""
    return client_of(viewer)


@pytest.mark.parametrize(
    "query",
    ["Tel. 951 44 12 46", '"951441246"', "951441246,", "tel:+34-951-44-12-46", "'+34951441246", "ventas sol costa"],
)
def test_search_box_reads_what_the_finder_reads(client: Client, sales_phone: Phone, query: str) -> None:
    tree = read(client.get(f"{LIST}?q={quote(query)}"))

    assert texts(tree, NUMBERS) == [sales_phone.shown]
    assert tree.xpath(NOTE) == []


@pytest.mark.parametrize("headers", [{}, FOR_TABLE])
@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("951441246, 951137374", "2 found"),
        ("Llamad al 951441246 o al 951137374, no al 600123456", "2 found, 1 not in this project"),
        ("951441246 y 951441246 y 951 13 73 74", "2 found, 1 named again"),
    ],
)
def test_text_with_numbers_lists_them_and_leads_to_the_finder(
    client: Client,
    sales_phone: Phone,
    survey_phone: Phone,
    headers: dict[str, str],
    query: str,
    said: str,
) -> None:
    tree = read(client.get(f"{LIST}?q={quote(query)}", headers=headers))

    assert set(texts(tree, NUMBERS)) == {sales_phone.shown, survey_phone.shown}
    (note,) = tree.xpath(NOTE)
    assert words(note) == f"Numbers in this text: {said} What became of each"
    (link,) = note.xpath(".//a/@href")
    assert words(find(read(client.get(link)), "findings-title")) == said


def test_number_of_another_of_ones_projects_is_told(
    client_of: Callable[[User], Client], superuser: User, viewer: User, aurora: Project, talleres: Project
) -> None:
    other = Phone.objects.filter(project=talleres, number__startswith="+34").order_by("number", "id")[0]
    query = quote(other.shown)

    mine = read(client_of(superuser).get(f"{LIST}?q={query}"))
    strangers = read(client_of(viewer).get(f"{LIST}?q={query}"))

    (note,) = mine.xpath(NOTE)
    assert words(note) == f"{other.shown}: It is in Talleres: open it"
    assert note.xpath(".//a/@href") == [f"/projects/talleres/phones/{other.pk}/"]
    assert (strangers.xpath(NOTE), "Talleres" in strangers.text_content()) == ([], False)


def test_sip_identifier_of_another_project_is_told(
    client_of: Callable[[User], Client], superuser: User, aurora: Project, talleres: Project
) -> None:
    other = Phone.objects.filter(project=talleres).order_by("number", "id")[0]
    Phone.objects.filter(pk=other.pk).update(number="taller@pbx.example.es", digits="")

    tree = read(client_of(superuser).get(f"{LIST}?q=taller@pbx.example.es"))

    assert texts(tree, NOTE) == ["taller@pbx.example.es: It is in Talleres: open it"]


@pytest.mark.parametrize("query", ["zzz", "600123456", "95144", "1 2 3 4 5 6 7", "%00%00"])
def test_other_searches_say_nothing_more(client: Client, sales_phone: Phone, query: str) -> None:
    assert read(client.get(f"{LIST}?q={query}")).xpath(NOTE) == []
