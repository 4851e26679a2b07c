"""Tagging: one number with its note, a choice of many, and what the list shows of tags."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from phones.models import Phone, Project
from phones.services.notes.tags import change_tags
from phones.services.notes.writing import fingerprint_of
from tests.support.pages.hostile import HOSTILE
from tests.support.pages.pages import Answer, find, read, texts, url_of, words

ClientOf = Callable[[User], Client]
LIST = "/projects/aurora/phones/"
FOR_NOTE = {"HX-Request": "true", "HX-Target": "phone-note"}


@pytest.fixture
def client(client_of: ClientOf, labeller: User) -> Client:
    """The browser of somebody who may rename and note, and no more."""
    return client_of(labeller)


def tags_of(phone: Phone) -> tuple[str, ...]:
    return Phone.objects.get(pk=phone.pk).tag_names


def tag(project: Project, phone: Phone, actor: User, *names: str) -> None:
    change_tags(project=project, phone_ids=[phone.pk], add=names, actor=actor, clock=timezone.now)


def send(client: Client, phone: Phone, tags: str, *, seen: str = "") -> Answer:
    typed = {"note": "", "seen": fingerprint_of(""), "tags": tags, "tags_seen": seen}
    return client.post(url_of("phone_note", phone), typed, headers=FOR_NOTE)


def test_tags_of_a_number_are_stored_and_come_with_its_row(client: Client, sales_phone: Phone) -> None:
    tree = read(send(client, sales_phone, "VIP, Otoño"))

    assert tags_of(sales_phone) == ("otoño", "vip")
    assert texts(tree, ".//*[@data-announce]") == ["Tags saved"]
    assert texts(tree, "./p//a[@class='tag']") == texts(tree, ".//template//a[@class='tag']") == ["otoño", "vip"]


def test_tags_that_others_gave_meanwhile_stay(
    client: Client, aurora: Project, router: User, sales_phone: Phone
) -> None:
    tag(aurora, sales_phone, router, "old", "theirs")

    send(client, sales_phone, "ours", seen="old")

    assert tags_of(sales_phone) == ("ours", "theirs")


def test_wrong_tags_are_kept_in_the_form(client: Client, sales_phone: Phone) -> None:
    for typed, error in (("x" * 31, "is too long"), (",".join(map(str, range(11))), "at most 10 tags")):
        response = send(client, sales_phone, typed)

        assert response.status_code == 422
        assert error in " ".join(texts(read(response), ".//*[@role='alert']"))
        assert read(response).xpath(".//input[@name='tags']/@value") == [typed]
    assert tags_of(sales_phone) == ()


def test_list_shows_tags_and_is_narrowed_by_them(
    client: Client, aurora: Project, labeller: User, sales_phone: Phone
) -> None:
    tag(aurora, sales_phone, labeller, "vip & more")
    row = find(read(client.get(LIST)), f"phone-{sales_phone.pk}")
    (link,) = row.xpath(".//a[@class='tag']")
    assert (words(link), link.get("href")) == ("vip & more", f"{LIST}?tag=vip+%26+more")

    tree = read(client.get(link.get("href")))

    assert len(tree.xpath(".//tbody/tr")) == 1
    assert "Tag: vip & more" in texts(tree, ".//*[@class='chip cond']")
    assert tree.xpath(".//select[@name='tag']/option[@selected]/@value") == ["vip & more"]


def test_project_without_tags_has_no_filter_for_them(client: Client, sales_phone: Phone) -> None:
    assert read(client.get(LIST)).xpath(".//select[@name='tag']") == []


def test_choice_is_tagged_and_untagged(client: Client, sales_phone: Phone, spare_phone: Phone) -> None:
    ids = f"{sales_phone.pk.hex},{spare_phone.pk.hex}"
    page = client.post(f"{LIST}tags/choose/?q=951", {"phones": ids})
    url = page["Location"]
    tree = read(client.get(url))
    assert words(tree.find(".//h1")) == "Tag 2 numbers"

    response = client.post(url, {"tags": "VIP", "how": "add"})

    assert response["Location"] == f"{LIST}?q=951"
    assert tags_of(sales_phone) == tags_of(spare_phone) == ("vip",)
    assert "Tags changed on 2 numbers" in words(find(read(client.get(response["Location"])), "messages"))

    client.post(url, {"tags": "vip", "how": "remove"})

    assert tags_of(sales_phone) == tags_of(spare_phone) == ()


def test_all_that_match_are_tagged_where_they_are_those_shown(client: Client, sales_phone: Phone) -> None:
    button = read(
        client.get(
            f"{LIST}tags/choose/?q={sales_phone.number}", headers={"HX-Request": "true", "HX-Target": "choose-all"}
        )
    )
    assert words(button) == "Tag the one that matches…"

    page = client.post(f"{LIST}tags/choose/?q={sales_phone.number}", {"all": button.get("value")})
    client.post(page["Location"], {"tags": "vip", "how": "add"})

    assert tags_of(sales_phone) == ("vip",)


def test_one_with_too_many_tags_is_named_and_nothing_is_stored(
    client: Client, aurora: Project, labeller: User, sales_phone: Phone, spare_phone: Phone
) -> None:
    tag(aurora, sales_phone, labeller, *map(str, range(10)))
    url = client.post(f"{LIST}tags/choose/", {"phones": f"{sales_phone.pk},{spare_phone.pk}"})["Location"]

    response = client.post(url, {"tags": "vip", "how": "add"})

    assert response.status_code == 422
    assert f"{sales_phone.shown} would have more." in " ".join(texts(read(response), ".//*[@role='alert']"))
    assert tags_of(spare_phone) == ()


def test_earlier_notes_and_tags_are_told_in_the_drawer(
    client: Client, aurora: Project, labeller: User, sales_phone: Phone
) -> None:
    tag(aurora, sales_phone, labeller, "vip")
    drawer = read(client.get(url_of("phone_edit", sales_phone)))
    (url,) = find(drawer, "phone-note").xpath(".//a/@hx-get")

    told = texts(read(client.get(url, headers=FOR_NOTE)), ".//ol/li")

    assert [text.partition(" · ")[2] for text in told] == ["Labeller Ruiz · Tags changedno tags → vip"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_tag_stays_text(client: Client, aurora: Project, sales_phone: Phone, text: str) -> None:
    name = text.replace(",", " ")
    Phone.objects.filter(pk=sales_phone.pk).update(tags=f",{name},")
    Project.objects.filter(pk=aurora.pk).update(tags=[name])

    for url in (LIST, url_of("phone_edit", sales_phone), url_of("phone_note", sales_phone)):
        tree = read(client.get(url))
        assert (
            tree.xpath(".//script[not(@src) and not(@type)] | .//*[@onload or @onerror or @onmouseover] | .//iframe")
            == []
        )
        if "note" not in url:
            assert name.split() == texts(tree, ".//a[@class='tag']")[0].split()
