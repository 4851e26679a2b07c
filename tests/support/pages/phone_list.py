"""The list of phones as a person reads it."""

from django.test import Client
from lxml.html import HtmlElement

from tests.support.pages.pages import find, read, texts

LIST = "/projects/aurora/phones/"


def numbers_in(tree: HtmlElement) -> list[str]:
    return texts(tree, ".//tbody/tr//a[contains(@class, 'phone')]")


def count_in(tree: HtmlElement) -> str:
    return texts(find(tree, "phone-table"), ".//span[@data-total]")[0]


def nicknames_in(tree: HtmlElement) -> list[str]:
    return texts(tree, ".//td[contains(@class, 'c-alias')]//span[@title]")


def walk(client: Client, url: str, relation: str) -> list[list[str]]:
    pages = []
    while url:
        tree = read(client.get(url))
        pages.append(numbers_in(tree))
        url = next(iter(tree.xpath(f".//nav//a[@rel='{relation}']/@href")), "")
        assert len(pages) < 10
    return pages
