"""Pasted numbers, and the deep link of a ticketing tool, as people see them."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml.html import HtmlElement

from phones.models import Phone, Project, Selection
from phones.services.number_reader.reader import TEXT_LIMIT, read_paste
from phones.services.number_reader.text import plain_text
from phones.views.phones.listing.filters import selection_label
from tests.support.pages.hostile import HOSTILE, harmless
from tests.support.pages.pages import find, has, read, texts, words
from tests.support.pages.skeletons import skeleton

FIND = "/projects/aurora/find/"


@pytest.fixture
def client(client_of: Callable[[User], Client], viewer: User) -> Client:
    """The browser of somebody who may only look."""
    return client_of(viewer)


def section_of(tree: HtmlElement, title: str) -> list[str]:
    """Return the items under a heading of the findings."""
    return texts(tree, f"//section[@id='findings']//h3[.='{title}']/ancestor::div[contains(@class, 'stack-sm')]//li")


def test_pasted_numbers_are_counted_and_named(client: Client, sales_phone: Phone, survey_phone: Phone) -> None:
    text = f"{sales_phone.shown}\n951137374\n600 123 456\nn/a\n3.49512E+10"

    tree = read(client.post(FIND, {"text": text}))

    assert words(find(tree, "findings-title")) == "2 found, 1 not in this project, 2 not numbers"
    assert section_of(tree, "Not in this project") == ["600 123 456"]
    assert section_of(tree, "Not numbers") == [
        "n/a no number in it",
        "3.49512E+10 rounded by a spreadsheet: format the column as text and copy it again",
    ]
    assert find(tree, "id_text").text_content().strip() == text


def test_every_number_found_is_named_with_its_agents_and_how_often(
    client: Client, sales_phone: Phone, survey_phone: Phone
) -> None:
    text = f"{sales_phone.shown}\n{survey_phone.number}\n951 441 246\n600123456\n600 12 34 56"

    tree = read(client.post(FIND, {"text": text}))

    # Two of the five lines say what another one has said.
    assert words(find(tree, "findings-title")) == "2 found, 1 not in this project, 2 named again"
    assert section_of(tree, "Found") == [
        "+34 951 44 12 46 Ventas Costa del Sol Answers: Bruno · Ventas v2 · Calls out: Bruno · Ventas v2"
        " Assigned named 2 times",
        "+34 951 13 73 74 Encuestas posvisita Answers: None · Calls out: Dora · Encuestas v1 Assigned",
    ]
    assert section_of(tree, "Not in this project") == ["600123456 named 2 times"]
    assert tree.xpath("//ul[@id='absent']/li/@data-copied") == ["600123456"]


@pytest.mark.parametrize("text", ["951441246", "Tel. +34 951 44 12 46, gracias", "951 44 12 46\n+34951441246"])
def test_single_hit_opens_at_once(client: Client, sales_phone: Phone, text: str) -> None:
    for response in (client.post(FIND, {"text": text}), client.get(FIND, {"text": text})):
        assert (response.status_code, response["Location"]) == (302, f"/projects/aurora/phones/{sales_phone.pk}/")


@pytest.mark.parametrize("more", ["600123456", "3.49512E+10", "acaba en 1246", "951137374"])
def test_hit_beside_something_else_is_not_opened(client: Client, sales_phone: Phone, more: str) -> None:
    other = Phone.objects.create(
        project=sales_phone.project,
        number="+34952001246",
        digits="34952001246",
        shown="+34 952 00 12 46",
        fetched_at=sales_phone.fetched_at,
    )

    response = client.post(FIND, {"text": f"{sales_phone.number} {more}"})

    assert (response.status_code, other.pk != sales_phone.pk) == (200, True)


def test_look_at_a_text_freezes_no_list_until_it_is_asked_for(
    client_of: Callable[[User], Client], lead: User, sales_phone: Phone, survey_phone: Phone
) -> None:
    client = client_of(lead)
    text = f"{survey_phone.number}, {sales_phone.number}"

    tree = read(client.get(FIND, {"text": text}))

    buttons = {words(button): button.get("value") for button in tree.xpath("//section[@id='findings']//button[@name]")}
    assert (buttons, Selection.objects.count()) == (
        {"Show these 2 in the list": "list", "Change these 2…": "change"},
        0,
    )
    for then, path in (("list", "/projects/aurora/phones/"), ("change", "/projects/aurora/plans/new/")):
        response = client.post(FIND, {"text": text, "then": then})
        assert response["Location"] == f"{path}?selection={Selection.objects.latest('created_at').pk.hex}"


def test_number_of_another_of_ones_projects_is_told(
    client_of: Callable[[User], Client], superuser: User, viewer: User, sales_phone: Phone, talleres: Project
) -> None:
    other = Phone.objects.filter(project=talleres, number__startswith="+34").order_by("number", "id")[0]
    text = f"{sales_phone.number}\n{other.number}"

    mine = read(client_of(superuser).post(FIND, {"text": text}))
    strangers = read(client_of(viewer).post(FIND, {"text": text}))

    assert section_of(mine, "In another of your projects") == [f"{other.number}: It is in Talleres: open it"]
    assert f"/projects/talleres/phones/{other.pk}/" in mine.xpath("//section[@id='findings']//a/@href")
    assert words(find(mine, "findings-title")) == "1 found, 1 in another project"
    assert section_of(strangers, "Not in this project") == [other.number]
    assert "Talleres" not in strangers.text_content()


def test_range_is_told_with_the_phones_in_it(client: Client, sales_phone: Phone) -> None:
    tree = read(client.post(FIND, {"text": "951441240-951441249"}))

    assert section_of(tree, "Could be yours")[0].startswith("+34 951 44 12 46")
    assert "951441240-951441249 is a range; yours in it" in texts(tree, "//section[@id='findings']//p")


def test_found_numbers_are_one_click_away_in_the_list(
    client: Client, aurora: Project, sales_phone: Phone, survey_phone: Phone
) -> None:
    tree = read(client.post(FIND, {"text": f"{survey_phone.number}, {sales_phone.number}"}))
    (link,) = tree.xpath("//section[@id='findings']//a[contains(@class, 'btn-primary')]")

    listed = read(client.get(link.get("href")))

    assert words(link) == "Show these 2 in the list"
    assert {"+34 951 44 12 46", "+34 951 13 73 74"} == set(texts(listed, "//td[contains(@class, 'c-num')]//a"))
    selection = Selection.objects.get()
    assert selection.phone_ids == [survey_phone.pk.hex, sales_phone.pk.hex]
    assert selection_label(aurora, selection.pk.hex) == "2 chosen numbers"


def test_ends_of_numbers_are_choices_with_links(client: Client, aurora: Project) -> None:
    numbers = sorted(Phone.objects.filter(number__startswith="+34").values_list("number", flat=True))[:2]
    for number, new in zip(numbers, ("+34951555802", "+34952555802"), strict=True):
        Phone.objects.filter(number=number).update(number=new, digits=new[1:], shown=new)

    tree = read(client.post(FIND, {"text": "…55802"}))

    assert words(find(tree, "findings-title")) == "1 could be yours"
    links = tree.xpath("//section[@id='findings']//a[contains(@class, 'phone')]/@href")
    expected = Phone.objects.filter(number__endswith="555802").order_by("number").values_list("pk", flat=True)
    assert links == [f"/projects/aurora/phones/{pk}/" for pk in expected]
    assert not Selection.objects.exists()


def test_text_without_numbers_is_told_so(client: Client, aurora: Project) -> None:
    tree = read(client.post(FIND, {"text": "Hola, ¿qué tal?"}))

    assert words(find(tree, "findings-title")) == "Nothing in this text looks like a number"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "This field is required."),
        (
            "951201802 " * (TEXT_LIMIT // 10 + 1),
            "This is too much at once: at most 200,000 characters with 5,000 numbers.",
        ),
        (
            "\n".join(f"95{index:07d}" for index in range(5001)),
            "This is too much at once: at most 200,000 characters with 5,000 numbers.",
        ),
    ],
    ids=["nothing", "long", "many"],
)
def test_too_little_and_too_much_is_refused_in_words(client: Client, aurora: Project, text: str, said: str) -> None:
    response = client.post(FIND, {"text": text})

    tree = read(response)
    assert (response.status_code, words(find(tree, "id_text_error"))) == (422, said)
    assert (has(tree, "findings"), find(tree, "id_text").text_content().strip()) == (False, text.strip())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(st.text(max_size=60) | st.lists(st.sampled_from([*HOSTILE, "951441246", "\n", "@", "…1246"])).map("".join))
def test_whatever_is_pasted_gets_an_answer(client: Client, sales_phone: Phone, text: str) -> None:
    assert client.post(FIND, {"text": text}).status_code in {200, 302, 422}
    assert client.get(FIND, {"text": text}).status_code in {200, 302, 422}
    assert client.get("/go/", {"n": text}).status_code in {200, 302, 404}


def test_nothing_that_is_pasted_becomes_markup(client: Client, sales_phone: Phone) -> None:
    for hostile in HOSTILE:
        # Of markup the finder reads what is between the tags, so its lines are not those of harmless words.
        line = " ".join(plain_text(hostile).split())
        column = "951441246\n600123456\n{}\n600123457\n600123458"
        if len({len(read_paste(column.format(text)).faulty) for text in (harmless(line), line)}) > 1:
            column = "951441246 {} 600123456"
        shapes = [
            [
                skeleton(client.post(FIND, {"text": column.format(text)})),
                skeleton(client.get("/go/", {"n": f"zz {text}"})),
            ]
            for text in (harmless(line), line)
        ]
        assert _plain(shapes[0]) == _plain(shapes[1]), hostile


def _plain(shapes: list[list[str]]) -> list[list[str]]:
    """Leave out the ids of selections and what is carried in an address, percent-encoded."""
    return [[bone.split("selection=")[0].split("text=")[0] for bone in shape] for shape in shapes]


# The deep link.


@pytest.mark.parametrize("spelling", ["+34951441246", "951 44 12 46", "0034951441246", "(+34) 951-441-246", "…441246"])
def test_link_leads_to_the_phone(client: Client, sales_phone: Phone, spelling: str) -> None:
    for url in ("/go/", "/projects/aurora/go/"):
        response = client.get(f"{url}?n={quote(spelling)}")

        assert (response.status_code, response["Location"]) == (302, f"/projects/aurora/phones/{sales_phone.pk}/")


def test_plus_that_became_a_blank_leads_on(client: Client, sales_phone: Phone) -> None:
    assert client.get("/go/?n=+34951441246")["Location"] == f"/projects/aurora/phones/{sales_phone.pk}/"


def test_number_in_two_projects_is_a_choice(
    client_of: Callable[[User], Client], superuser: User, sales_phone: Phone, talleres: Project
) -> None:
    other = Phone.objects.filter(project=talleres).order_by("number", "id")[0]
    Phone.objects.filter(pk=other.pk).update(number=sales_phone.number, digits=sales_phone.digits)
    client = client_of(superuser)

    tree = read(client.get("/go/?n=951441246"))

    links = tree.xpath("//main//a[contains(@class, 'phone')]/@href")
    assert set(links) == {f"/projects/aurora/phones/{sales_phone.pk}/", f"/projects/talleres/phones/{other.pk}/"}
    assert client.get("/projects/talleres/go/?n=951441246")["Location"] == f"/projects/talleres/phones/{other.pk}/"


def test_numbers_of_strangers_are_not_there(
    client: Client, client_of: Callable[[User], Client], stranger: User, sales_phone: Phone, talleres: Project
) -> None:
    foreign = Phone.objects.filter(project=talleres, number__startswith="+34").order_by("number", "id")[0]

    for response in (
        client.get(f"/go/?n={quote(foreign.number)}"),
        client_of(stranger).get(f"/go/?n={quote(sales_phone.number)}"),
    ):
        assert response.status_code == 404
        assert texts(read(response), "//main//a[contains(@class, 'phone')]") == []


@pytest.mark.parametrize(("query", "title"), [("", "Which number?"), ("?n=600123456", "No number like 600123456")])
def test_link_that_leads_nowhere_says_so(client: Client, aurora: Project, query: str, title: str) -> None:
    response = client.get(f"/go/{query}")

    assert (response.status_code, texts(read(response), "//h1")) == (404, [title])
    (finder,) = read(response).xpath("//main//a[contains(@href, '/find/')]/@href")
    assert find(read(client.get(finder)), "id_text").text_content().strip() == query.removeprefix("?n=")


def test_link_survives_signing_in(aurora: Project, sales_phone: Phone) -> None:
    answer = Client().get("/go/?n=951441246")

    assert answer["Location"] == "/account/login/?next=/go/%3Fn%3D951441246"


def test_finder_is_reached_from_the_list(client: Client, aurora: Project) -> None:
    page = read(client.get("/projects/aurora/phones/?q=citas"))

    assert texts(page, f"//main//a[@href='{FIND}']") == ["Find pasted numbers"]
