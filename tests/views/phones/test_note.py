"""Writing a note: in the drawer, on its page, and when somebody else was quicker."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from lxml.html import HtmlElement

from phones.models import Phone
from phones.services.notes.writing import NOTE_LIMIT, fingerprint_of, write_note
from tests.support.pages.hostile import HOSTILE
from tests.support.pages.pages import Answer, find, has, read, texts, url_of, words

ClientOf = Callable[[User], Client]
FOR_NOTE = {"HX-Request": "true", "HX-Target": "phone-note"}
LIST = "/projects/aurora/phones/"


@pytest.fixture
def client(client_of: ClientOf, labeller: User) -> Client:
    """The browser of somebody who may rename and note, and no more."""
    return client_of(labeller)


def send(client: Client, phone: Phone, note: str, *, seen: str = "", query: str = "", htmx: bool = True) -> Answer:
    typed = {"note": note, "seen": fingerprint_of(seen)}
    return client.post(url_of("phone_note", phone, query), typed, headers=FOR_NOTE if htmx else None)


def stored(phone: Phone) -> str:
    return Phone.objects.get(pk=phone.pk).note


def shown_in(tree: HtmlElement) -> str:
    return words(find(tree, "phone-note"))


def test_drawer_shows_the_note_and_where_it_is_written(client: Client, sales_phone: Phone) -> None:
    url = url_of("phone_note", sales_phone, "?q=951")
    empty = read(client.get(url_of("phone_edit", sales_phone, "?q=951")))
    assert shown_in(empty) == "Add a note or tags"
    assert find(empty, "phone-note").xpath(".//a/@href | .//a/@hx-get") == [url, url]

    send(client, sales_phone, "Ask Núria\nfirst")

    page = read(client.get(url_of("phone_edit", sales_phone)))
    assert shown_in(page) == "Note Ask Núria first Edit note and tags"
    assert find(page, "phone-note").xpath(".//p")[0].text_content().endswith("Ask Núria\nfirst")


def test_viewer_sees_the_note_and_no_form(
    client: Client, client_of: ClientOf, viewer: User, sales_phone: Phone
) -> None:
    send(client, sales_phone, "Ask Núria")

    page = read(client_of(viewer).get(url_of("phone_edit", sales_phone)))

    assert shown_in(page) == "Note Ask Núria"


def test_form_opens_and_closes_where_the_note_stands(client: Client, sales_phone: Phone) -> None:
    send(client, sales_phone, "\nAsk\nNúria")
    form = read(client.get(url_of("phone_note", sales_phone), headers=FOR_NOTE))
    assert (form.tag, form.get("id")) == ("section", "phone-note")
    assert form.xpath(".//textarea")[0].text.removeprefix("\n") == "Ask\nNúria"
    assert form.xpath(".//textarea/@maxlength") == [str(NOTE_LIMIT)]
    assert "Up to 1,000 characters" in words(form)

    closed = read(client.get(form.xpath(".//a/@hx-get")[0], headers=FOR_NOTE))

    assert words(closed) == "Note Ask Núria Edit note and tags"


def test_saved_note_comes_with_the_row_of_the_list(client: Client, sales_phone: Phone) -> None:
    response = send(client, sales_phone, " Ask\r\nNúria ")

    tree = read(response)
    assert (response.status_code, stored(sales_phone)) == (200, "Ask\nNúria")
    assert texts(tree, ".//*[@data-announce]") == ["Note saved"]
    (row,) = tree.xpath(".//template[@data-row]")
    assert row.get("data-row") == f"phone-{sales_phone.pk}"
    listed = find(read(client.get(LIST)), f"phone-{sales_phone.pk}")
    for place in (row, listed):
        assert place.xpath(".//td[@class='c-alias']//@title")[1] == "Ask\nNúria"
    assert "Note: Ask Núria" in words(listed)


def test_note_without_scripts_is_a_page_that_leads_back(client: Client, sales_phone: Phone) -> None:
    url = url_of("phone_note", sales_phone, "?q=ventas")
    page = read(client.get(url))
    (form,) = page.xpath("//main//form")
    assert (words(page.find(".//h1")), form.get("action")) == ("Note +34 951 44 12 46", url)
    assert form.xpath(".//a/@href") == [url_of("phone_edit", sales_phone, "?q=ventas")]

    response = send(client, sales_phone, "Ask Núria", query="?q=ventas", htmx=False)

    assert response["Location"] == url_of("phone_edit", sales_phone, "?q=ventas")
    assert "Note saved" in words(find(read(client.get(response["Location"])), "messages"))


@pytest.mark.parametrize("htmx", [False, True], ids=["page", "htmx"])
def test_note_that_somebody_else_changed_shows_both_and_loses_nothing(
    client: Client, router: User, sales_phone: Phone, htmx: bool
) -> None:
    write_note(phone=sales_phone, note="Ask Olga", seen=fingerprint_of(""), actor=router, clock=timezone.now)

    response = send(client, sales_phone, "Ask Núria", htmx=htmx)

    tree = read(response)
    section = tree if htmx else find(tree, "phone-note")
    assert (response.status_code, stored(sales_phone)) == (409, "Ask Olga")
    assert texts(section, ".//*[@role='alert']/strong")[0].startswith("Router Ruiz changed this note today at ")
    assert texts(section, ".//p[@class='note mb-0']") == ["Theirs Ask Olga"]
    assert section.xpath(".//textarea")[0].text.removeprefix("\n") == "Ask Núria"
    (seen,) = section.xpath(".//input[@name='seen']/@value")

    again = client.post(url_of("phone_note", sales_phone), {"note": "Both", "seen": seen}, headers=FOR_NOTE)

    assert (again.status_code, stored(sales_phone)) == (200, "Both")


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ({"note": "x" * (NOTE_LIMIT + 1), "seen": "s"}, "at most 1000 characters"),
        ({"note": "No fingerprint"}, "This form is too old."),
        ({"note": "a\x00b", "seen": "s"}, "Null characters are not allowed."),
    ],
)
def test_wrong_note_is_kept_in_the_form(client: Client, sales_phone: Phone, typed: dict[str, str], error: str) -> None:
    response = client.post(url_of("phone_note", sales_phone), typed, headers=FOR_NOTE)

    tree = read(response)
    assert (response.status_code, stored(sales_phone)) == (422, "")
    assert error in " ".join(texts(tree, ".//*[@role='alert']"))


def test_line_breaks_count_once_as_in_browsers(client: Client, sales_phone: Phone) -> None:
    longest = "\n".join(["x"] * (NOTE_LIMIT // 2))

    response = send(client, sales_phone, longest.replace("\n", "\r\n"))

    assert (response.status_code, stored(sales_phone)) == (200, longest)


def test_emptied_note_is_gone(client: Client, sales_phone: Phone) -> None:
    send(client, sales_phone, "Ask Núria")

    response = send(client, sales_phone, "", seen="Ask Núria")

    assert words(read(response)).startswith("Add a note or tags")
    assert stored(sales_phone) == ""


def test_numbers_that_are_closed_in_diga_take_notes(client: Client, released_phone: Phone) -> None:
    Phone.objects.filter(pk=released_phone.pk).update(missing_since=timezone.now())

    assert send(client, released_phone, "Was sold").status_code == 200

    assert stored(released_phone) == "Was sold"


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_note_stays_text(client: Client, sales_phone: Phone, text: str) -> None:
    Phone.objects.filter(pk=sales_phone.pk).update(note=text)
    sales_phone.note = text
    drawer, form = (read(client.get(url_of(name, sales_phone))) for name in ("phone_edit", "phone_note"))

    for tree in (drawer, form):
        section = find(tree, "phone-note")
        assert {element.tag for element in section.iter() if isinstance(element.tag, str)} <= {
            *("section", "p", "span", "svg", "use", "div", "a", "form", "input", "label", "textarea", "button", "h3")
        }
    assert has(drawer, "phone-note")


def test_change_of_a_note_is_told_among_the_acts(
    client: Client, client_of: ClientOf, admin: User, sales_phone: Phone
) -> None:
    send(client, sales_phone, "Ask Núria")
    send(client, sales_phone, "Ask Olga", seen="Ask Núria")

    page = read(client_of(admin).get("/projects/aurora/changes/acts/?kind=NOTE_CHANGED"))

    told = [[words(cell) for cell in row.xpath("./th | ./td")] for row in page.xpath("//tbody/tr")]
    assert [[*row[:2], row[3]] for row in told] == [
        ["Note changed", "Labeller Ruiz (labeller)", "+34 951 44 12 46 · “Ask Núria” → “Ask Olga”"],
        ["Note changed", "Labeller Ruiz (labeller)", "+34 951 44 12 46 · no note → “Ask Núria”"],
    ]
