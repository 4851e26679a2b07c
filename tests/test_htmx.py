"""The pretended browser: it does what htmx does, and owns up to what it does not know."""

from typing import cast

import pytest
from django.http import HttpResponse
from django.test import Client
from lxml import html
from lxml.html import HtmlElement

from tests.support.pages.htmx import Browser, inherited, outline
from tests.support.pages.pages import Answer, find, words

PAGE = """<html><body hx-headers='{"X-CSRFToken": "abc"}'><main id="main"><div id="box"><b>old</b></div>
<p id="row">old row</p></main></body></html>"""


class FakeClient:
    """Answers every request alike, and notes them."""

    def __init__(self, text: str, status: int, headers: dict[str, str]) -> None:
        self.answer = HttpResponse(text, status=status, headers=headers)
        self.asked: list[tuple[str, dict[str, str], dict[str, str]]] = []

    def get(self, url: str, values: dict[str, str], headers: dict[str, str]) -> Answer:
        """Answer."""
        self.asked.append((url, values, headers))
        self.answer.wsgi_request = Client().get("/health/").wsgi_request  # type: ignore[attr-defined]
        return cast(Answer, self.answer)

    post = get


def _browser(
    element: str, text: str = "", status: int = 200, headers: dict[str, str] | None = None
) -> tuple[Browser, HtmlElement]:
    browser = Browser(cast(Client, FakeClient(text, status, headers or {})))
    browser.tree = html.document_fromstring(PAGE)
    asking = html.fragment_fromstring(element)
    find(browser.tree, "main").append(asking)
    return browser, asking


def _do(element: str, text: str = "", status: int = 200, headers: dict[str, str] | None = None) -> Browser:
    browser, asking = _browser(element, text, status, headers)
    browser.click(asking) if asking.tag == "a" else browser.submit(asking)
    return browser


@pytest.mark.django_db
def test_outer_swap_replaces_the_target() -> None:
    browser = _do('<a href="/x" hx-get="/x" hx-target="#box" hx-swap="outerHTML"></a>', '<div id="box">new</div>')

    assert words(find(browser.tree, "box")) == "new"


@pytest.mark.django_db
def test_inner_swap_is_the_default_and_fills_the_target() -> None:
    browser = _do('<a href="/x" hx-get="/x" hx-target="#box"></a>', "<i>new</i>")

    assert html.tostring(find(browser.tree, "box")).strip() == b'<div id="box"><i>new</i></div>'


@pytest.mark.django_db
def test_request_says_where_its_answer_goes_and_carries_the_token() -> None:
    browser, asking = _browser('<form action="/x" hx-post="/x" hx-target="#box"><input name="a" value="1"></form>')
    browser.submit(asking, b="2")

    client = cast(FakeClient, browser.client)
    assert client.asked == [
        (
            "/x",
            {"a": "1", "b": "2"},
            {
                "X-CSRFToken": "abc",
                "HX-Request": "true",
                "HX-Current-URL": "http://testserver",
                "HX-Target": "box",
            },
        )
    ]


@pytest.mark.django_db
def test_row_that_comes_along_replaces_its_old_self() -> None:
    text = '<div id="box">new<template data-row="row"><p id="row">new row</p></template></div>'

    browser = _do('<a href="/x" hx-get="/x" hx-target="#box" hx-swap="outerHTML"></a>', text)

    assert words(find(browser.tree, "row")) == "new row"
    assert words(find(browser.tree, "box")) == "new"


@pytest.mark.django_db
def test_row_that_is_being_edited_stays() -> None:
    browser, asking = _browser(
        '<a href="/x" hx-get="/x" hx-target="#box" hx-swap="outerHTML"></a>',
        '<div id="box"><template data-row="row"><p id="row">new row</p></template></div>',
    )
    find(browser.tree, "row").set("class", "is-editing")

    browser.click(asking)

    assert words(find(browser.tree, "row")) == "old row"


@pytest.mark.django_db
def test_headers_of_the_answer_are_followed() -> None:
    link = '<a href="/x" hx-get="/x" hx-target="#box" hx-push-url="true"></a>'

    retargeted = _do(link, "<i>new</i>", 403, {"HX-Retarget": "#row", "HX-Reswap": "innerHTML"})
    pushed = _do(link, "<i>new</i>", headers={"HX-Push-Url": "/elsewhere/", "HX-Trigger": '{"done": {"id": 1}}'})

    assert (words(find(retargeted.tree, "row")), words(find(retargeted.tree, "box"))) == ("new", "old")
    assert (pushed.url, pushed.events) == ("/elsewhere/", ["done"])
    assert _do(link, "<i>new</i>").url == "/health/"


@pytest.mark.django_db
def test_204_swaps_nothing() -> None:
    browser = _do('<a href="/x" hx-get="/x" hx-target="#box"></a>', "", 204)

    assert words(find(browser.tree, "box")) == "old"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("attributes", "text", "headers"),
    [
        ('hx-swap="beforeend"', "<i>new</i>", {}),
        ('hx-swap="outerHTML swap:1s"', '<div id="box"></div>', {}),
        ('hx-swap="outerHTML"', '<div id="other"></div>', {}),
        ('hx-swap="outerHTML"', '<div id="box"></div><div></div>', {}),
        ("", '<div id="row" hx-swap-oob="true"></div>', {}),
        ("", "<i>new</i> and text", {}),
        ("", '<i hx-boost="true"></i>', {}),
        ("", "<i>new</i>", {"HX-Refresh": "true"}),
        ('hx-include="next input"', "<i>new</i>", {}),
        ('hx-include="#box" hx-params="none"', "<i>new</i>", {}),
    ],
)
def test_what_it_does_not_know_it_owns_up_to(attributes: str, text: str, headers: dict[str, str]) -> None:
    with pytest.raises(NotImplementedError):
        _do(f'<a href="/x" hx-get="/x" hx-target="#box" {attributes}></a>', text, headers=headers)


@pytest.mark.django_db
@pytest.mark.parametrize("status", [301, 302])
def test_redirect_is_no_fragment(status: int) -> None:
    with pytest.raises(NotImplementedError, match="XMLHttpRequest follows"):
        _do('<a href="/x" hx-get="/x" hx-target="#box"></a>', "", status)


@pytest.mark.parametrize("target", ["body", "closest tr", ".box", "next div"])
def test_target_that_is_no_id_is_not_known(target: str) -> None:
    with pytest.raises(NotImplementedError, match="hx-target"):
        _do(f'<a href="/x" hx-get="/x" hx-target="{target}"></a>')


def test_link_without_address_is_refused() -> None:
    with pytest.raises(AssertionError, match="Without htmx"):
        _do('<a hx-get="/x"></a>')


def test_inheritance_stops_where_it_is_told_to() -> None:
    tree = html.fragment_fromstring(
        '<div hx-target="#a" hx-headers="{}" hx-trigger="load"><form hx-disinherit="*"><b></b></form></div>'
    )
    form, inner = tree[0], tree[0][0]

    assert inherited(form, "target") == "#a"
    assert inherited(inner, "target") is None
    assert inherited(inner, "headers") == "{}"
    assert inherited(form, "trigger") is None


@pytest.mark.parametrize(
    "other",
    [
        '<p class="a" title="x">one <b>two</b></p>',
        '<p class="b">one <b>two</b></p>',
        '<p class="a">one <i>two</i></p>',
        '<p class="a">one <b>three</b></p>',
        '<p class="a">one <b>two</b> four</p>',
        '<p class="a">one <b>two</b><b>two</b></p>',
    ],
)
def test_outline_tells_trees_apart(other: str) -> None:
    tree = html.fragment_fromstring('<p class="a">one <b>two</b></p>')

    assert outline(tree) != outline(html.fragment_fromstring(other))


def test_outline_leaves_out_what_varies_by_design() -> None:
    text = (
        '<form><input name="{0}" value="{1}"><i title="2026-01-0{2} 10:00:0{2} CET">{2} minutes ago</i>{3}'
        '<input name="nickname" value="kept"></form>'
    )
    one = html.fragment_fromstring(text.format("opened", "a", 1, ""))
    two = html.fragment_fromstring(text.format("opened", "b", 2, "<p data-result>Saved</p>"))

    assert outline(one) == outline(two)
