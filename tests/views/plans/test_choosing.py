"""Choosing numbers in the list and saying what to do with them: who may, what is refused, and how."""

import re
import uuid
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from lxml.html import HtmlElement

from phones.models import Phone, Project, Selection
from phones.services.finding import selections
from phones.services.finding.selections import CHOICE_LIMIT
from tests.support.database.crowds import crowd
from tests.support.pages.choosing import CHOOSE, LIST, NEW, alerts, choose
from tests.support.pages.hostile import HOSTILE
from tests.support.pages.htmx import Browser
from tests.support.pages.pages import FOR_TABLE, find, read, texts, words

ClientOf = Callable[[User], Client]


@pytest.fixture
def client(client_of: ClientOf, lead: User) -> Client:
    """The browser of somebody who may change many numbers."""
    return client_of(lead)


def all_of(page: HtmlElement) -> str:
    """Return what a browser without scripts sends for all that a list holds."""
    (value,) = find(page, "choosing").xpath(".//noscript//button[@name='all']/@value")
    return str(value)


# The list.


def test_each_row_has_a_labelled_box_of_its_own(client: Client, sales_phone: Phone) -> None:
    tree = read(client.get(LIST))

    boxes = tree.xpath("//tbody//td[contains(@class, 'c-sel')]//input[@type='checkbox']")
    assert len({box.get("id") for box in boxes}) == len({box.get("aria-label") for box in boxes}) == 40
    (box,) = [box for box in boxes if box.get("value") == str(sales_phone.pk)]
    assert (box.get("id"), box.get("aria-label"), box.get("form"), box.get("name"), box.get("checked")) == (
        f"select-{sales_phone.pk}",
        "Select +34 951 44 12 46",
        "choosing",
        "phone",
        None,
    )
    assert find(tree, "select-page").get("aria-label") == "Select all on this page"


@pytest.mark.parametrize(("who", "may_tag"), [("viewer", False), ("labeller", True), ("router", True)])
def test_who_may_not_change_many_is_offered_tags_at_most(
    client_of: ClientOf, request: pytest.FixtureRequest, sales_phone: Phone, who: str, may_tag: bool
) -> None:
    client = client_of(request.getfixturevalue(who))
    selection = Selection.objects.create(
        project=sales_phone.project, owner=request.getfixturevalue(who), phone_ids=[sales_phone.pk.hex]
    )

    pages = [read(client.get(LIST + query)) for query in ("", f"?selection={selection.pk.hex}")]
    found = read(client.post("/projects/aurora/find/", {"text": f"{sales_phone.number} 600123456"}))

    boxes = "//*[contains(@class, 'c-sel')] | //*[@form='choosing'] | //form[@id='choosing']"
    assert [bool(page.xpath(boxes)) for page in (*pages, found)] == [may_tag, may_tag, False]
    for page in (*pages, found):
        assert not [text for text in texts(page, "//button") if text.startswith("Change")]
        assert not [link for link in page.xpath("//a/@href") if "/plans/new/" in link]
        assert {url for url in page.xpath("//form/@action | //@formaction") if "/plans/" in url} == set()


@pytest.mark.parametrize("headers", [{}, FOR_TABLE])
def test_form_of_the_bar_sends_the_list_as_it_is_narrowed(client: Client, headers: dict[str, str]) -> None:
    form = find(read(client.get(LIST + "?q=citas&status=assigned&sort=-nickname", headers=headers)), "choosing")

    assert form.get("action") == CHOOSE + "?q=citas&status=assigned&sort=-nickname"
    assert texts(form, ".//noscript//button") == [
        "Change those ticked…",
        "Tag those ticked…",
        "Change all 8 matching…",
    ]
    (value,) = {button.get("value") for button in form.xpath(".//button[@name='all']")}
    assert value.startswith("8-")
    (bar,) = form.xpath("./div")
    assert bar.get("hidden") is not None


def test_row_being_renamed_keeps_its_box(client: Client, sales_phone: Phone) -> None:
    row = read(client.get(f"{LIST}{sales_phone.pk}/nickname/", headers={"HX-Request": "true"}))

    assert find(row, f"select-{sales_phone.pk}").get("form") == "choosing"


@pytest.mark.parametrize("count", [0, 60])
def test_list_with_boxes_takes_no_query_more_than_without(
    client: Client, client_of: ClientOf, viewer: User, aurora: Project, count: int
) -> None:
    crowd(aurora, count)
    taken = []

    for browser in (client, client_of(viewer)):
        browser.get(LIST)
        with CaptureQueriesContext(connection) as queries:
            boxes = read(browser.get(LIST)).xpath("//tbody//td[contains(@class, 'c-sel')]")
        taken.append((bool(boxes), [re.sub(r"'.*?'|\d+", "?", query["sql"]) for query in queries]))

    (has_boxes, of_lead), (has_none, of_viewer) = taken
    assert (has_boxes, has_none) == (True, False)
    assert of_lead == of_viewer


# Choosing.


def test_ticked_numbers_are_frozen_in_the_order_of_the_list(
    client: Client, lead: User, sales_phone: Phone, survey_phone: Phone, spare_phone: Phone
) -> None:
    ticked = {"phones": f"{spare_phone.pk.hex},{sales_phone.pk.hex}", "phone": [str(survey_phone.pk)]}

    response = client.post(CHOOSE + "?q=951&sort=-nickname&after=x", ticked)

    selection = Selection.objects.get()
    assert selection.phone_ids == [phone.pk.hex for phone in (sales_phone, spare_phone, survey_phone)]
    assert (selection.owner, selection.project.slug) == (lead, "aurora")
    address = urlsplit(response["Location"])
    assert (response.status_code, address.path) == (302, NEW)
    assert parse_qs(address.query) == {"selection": [selection.pk.hex], "back": ["q=951&sort=-nickname&after=x"]}


def test_panel_leads_back_to_the_list_as_it_was(client: Client, sales_phone: Phone) -> None:
    tree = read(client.get(choose(client, sales_phone, query="?q=951&status=assigned")))

    assert tree.xpath("//a[@data-discard]/@href") == [LIST + "?q=951&status=assigned"]


def test_back_is_an_address_of_the_list_whatever_is_sent(client: Client, sales_phone: Phone) -> None:
    url = choose(client, sales_phone)

    for back in ("https://example.com/", "//example.com", "q=a%26b&price=1", "javascript:x", "%00"):
        (href,) = read(client.get(url, {"back": back, "selection": Selection.objects.get().pk.hex})).xpath(
            "//a[@data-discard]/@href"
        )
        assert urlsplit(href)[:3] == ("", "", LIST)


def test_numbers_of_others_are_left_out_and_that_is_said(client: Client, sales_phone: Phone, talleres: Project) -> None:
    foreign = Phone.objects.filter(project=talleres)[0]
    ids = f"{foreign.pk.hex},{uuid.uuid4().hex},nonsense"

    response = client.post(CHOOSE, {"phones": ids, "phone": [str(sales_phone.pk)]}, follow=True)

    assert Selection.objects.get().phone_ids == [sales_phone.pk.hex]
    assert alerts(response) == ["3 of the chosen numbers are not in this project any more and were left out."]
    assert words(find(read(response), "main").xpath(".//h1")[0]) == "Change 1 number"


@pytest.mark.parametrize("sent", [{}, {"phones": ""}, {"phones": "nonsense,,"}, {"phone": ["x"]}, {"all": ""}])
def test_nothing_ticked_is_refused_in_the_list(client: Client, sent: dict[str, object]) -> None:
    response = client.post(CHOOSE + "?q=citas", sent)

    assert response.status_code == 422
    assert alerts(response) == ["No number of this project is chosen. Tick those that you want to change."]
    assert texts(find(read(response), "phone-table"), ".//span[@data-total]") == ["9 of 40 numbers"]
    assert not Selection.objects.exists()


def test_all_that_match_are_chosen_as_they_are_now(client: Client) -> None:
    shown = all_of(read(client.get(LIST + "?q=citas&status=assigned")))

    response = client.post(CHOOSE + "?q=citas&status=assigned", {"all": shown, "phone": ["ignored"]})

    names = Phone.objects.in_bulk([uuid.UUID(text) for text in Selection.objects.get().phone_ids])
    assert response.status_code == 302
    assert len(names) == 8
    assert {phone.status for phone in names.values()} == {"assigned"}


@pytest.mark.parametrize("shown", ["7", "9", "40", "0", "-8", "eight", "²", "8" * 5000])
def test_all_is_refused_where_another_number_was_shown(client: Client, shown: str) -> None:
    response = client.post(CHOOSE + "?q=citas&status=assigned", {"all": shown})

    assert response.status_code == 409
    moved = "The list is not as you saw it: it holds 8 numbers now. Nothing was chosen: look again."
    assert alerts(response) == [moved]
    assert not Selection.objects.exists()
    form = find(read(response), "choosing")
    assert form.get("action") == CHOOSE + "?q=citas&status=assigned"
    assert all_of(read(response)) == all_of(read(client.get(LIST + "?q=citas&status=assigned")))


def test_all_is_refused_where_as_many_other_numbers_match_now(client: Client, sales_phone: Phone) -> None:
    page = read(client.get(LIST + "?status=reserved"))
    Phone.objects.filter(pk=Phone.objects.filter(status="reserved")[0].pk).update(status="assigned")
    Phone.objects.filter(pk=sales_phone.pk).update(status="reserved")

    response = client.post(CHOOSE + "?status=reserved", {"all": all_of(page)})

    assert (response.status_code, Selection.objects.count()) == (409, 0)
    assert alerts(response)[0].startswith("The list is not as you saw it")
    assert client.post(CHOOSE + "?status=reserved", {"all": all_of(read(response))}).status_code == 302
    assert sales_phone.pk.hex in Selection.objects.get().phone_ids


def test_all_of_several_pages_is_chosen_once_it_is_known_which_they_are(client: Client, aurora: Project) -> None:
    crowd(aurora, 60)
    page = read(client.get(LIST))
    assert all_of(page) == "100"

    asked = client.post(CHOOSE, {"all": "100"})

    assert (asked.status_code, Selection.objects.count()) == (200, 0)
    assert alerts(asked) == ["100 numbers match at this moment. Press again to choose exactly these."]
    assert client.post(CHOOSE, {"all": all_of(read(asked))}).status_code == 302
    assert len(Selection.objects.get().phone_ids) == 100


def test_bar_asks_which_numbers_match_when_it_is_shown(client: Client, aurora: Project) -> None:
    crowd(aurora, 60)
    window = Browser(client).open(LIST + "?sort=-number")
    button = find(window.tree, "choose-all")
    assert (button.get("disabled"), button.get("hx-trigger")) == ("disabled", "intersect once")

    window.fire(button)

    button = find(window.tree, "choose-all")
    assert (words(button), button.get("disabled")) == ("Change all 100 matching…", None)
    assert client.post(CHOOSE + "?sort=-number", {"all": button.get("value")}).status_code == 302
    outside = client.get(CHOOSE + "?sort=-number")
    assert (outside.status_code, outside["Location"]) == (302, LIST + "?sort=-number")


def test_refused_list_offers_the_fresh_count_where_the_known_one_is_old(client: Client, aurora: Project) -> None:
    crowd(aurora, 2)
    Project.objects.update(phone_count=40)

    refused = client.post(CHOOSE, {"all": "40"})
    fresh = all_of(read(refused))

    assert (refused.status_code, fresh.partition("-")[0]) == (409, "42")
    assert client.post(CHOOSE, {"all": fresh}).status_code == 302


def test_too_many_are_refused_in_words(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selections, "CHOICE_LIMIT", 3)

    responses = [client.post(CHOOSE, {"all": "40"}), client.post(CHOOSE, {"phones": "a,b,c,d"})]

    assert [response.status_code for response in responses] == [422, 422]
    assert [alerts(response) for response in responses] == [
        ["More than 100,000 numbers can’t be changed at once. Nothing was chosen."]
    ] * 2


def test_as_many_ids_as_a_plan_takes_fit_into_a_form(client: Client, sales_phone: Phone) -> None:
    ids = [sales_phone.pk.hex, *(uuid.UUID(int=place).hex for place in range(CHOICE_LIMIT - 1))]

    response = client.post(CHOOSE, f"phones={'%2C'.join(ids)}", content_type="application/x-www-form-urlencoded")

    assert response.status_code == 302
    assert settings.DATA_UPLOAD_MAX_MEMORY_SIZE <= 4 * 1024 * 1024


def test_hostile_lists_are_refused(client: Client) -> None:
    for text in HOSTILE:
        for sent in ({"phones": text, "phone": [text]}, {"all": text}):
            assert client.post(CHOOSE, sent).status_code in {409, 422}, text

    assert not Selection.objects.exists()


def test_list_of_a_choice_can_be_changed_from_there(client: Client, sales_phone: Phone, spare_phone: Phone) -> None:
    choose(client, sales_phone, spare_phone)
    query = f"?selection={Selection.objects.get().pk.hex}"

    (button,) = read(client.get(LIST + query)).xpath("//button[@form='choosing']")
    assert (words(button), button.get("name")) == ("Change these 2…", "all")
    response = client.post(CHOOSE + query, {"all": button.get("value")})

    assert response.status_code == 302
    assert len(Selection.objects.latest("created_at").phone_ids) == 2


def test_pasted_numbers_can_be_changed_at_once(client: Client, sales_phone: Phone, spare_phone: Phone) -> None:
    found = read(client.post("/projects/aurora/find/", {"text": f"{spare_phone.number} {sales_phone.number}"}))

    (link,) = found.xpath("//a[normalize-space()='Change these 2…']")
    panel = read(client.get(link.get("href")))

    assert texts(panel, "//main//header/p")[0] == f"{spare_phone.shown}, {sales_phone.shown}"
