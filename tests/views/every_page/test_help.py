"""The question mark of each page: what the page is for, in the person’s language, without scripts."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from phones.models import Phone
from tests.support.pages.pages import read, texts

HELP = "//header//details[.//*[@id='page-help']]"


@pytest.fixture
def client(client_of: Callable[[User], Client], admin: User) -> Client:
    """The browser of somebody who may see all pages."""
    return client_of(admin)


def pages(phone: Phone) -> list[str]:
    """Return the addresses of the main pages."""
    names = ["project_overview", "phone_list", "agent_list", "plan_list", "plan_import", "schedule_list", "change_list"]
    names += ["act_list", "past_list", "view_list", "project_settings", "people_list", "phone_find", "phone_tag"]
    return [*(reverse(name, args=["aurora"]) for name in names), reverse("phone_edit", args=["aurora", phone.pk])]


def test_each_page_says_what_it_is_for(client: Client, sales_phone: Phone) -> None:
    said = {url: texts(read(client.get(url)), f"{HELP}/div") for url in pages(sales_phone)}

    assert [url for url, words in said.items() if len(words) != 1 or len(words[0]) < 60] == []
    assert len({words[0] for words in said.values()}) >= 10
    (summary,) = read(client.get(pages(sales_phone)[0])).xpath(f"{HELP}/summary")
    assert summary.get("aria-label") == "What is this page for?"


def test_it_is_said_in_spanish_too(client: Client, sales_phone: Phone) -> None:
    english = [texts(read(client.get(url)), f"{HELP}/div") for url in pages(sales_phone)]
    headers = {"Accept-Language": "es"}
    spanish = [texts(read(client.get(url, headers=headers)), f"{HELP}/div") for url in pages(sales_phone)]

    assert [one for one, other in zip(english, spanish, strict=True) if one == other] == []


@pytest.mark.parametrize("name", ["plan_choose", "tag_choose"])
def test_list_has_its_help_where_it_says_that_nothing_was_ticked(client: Client, name: str) -> None:
    answer, shown = (client.post(reverse(name, args=["aurora"])), client.get(reverse("phone_list", args=["aurora"])))

    assert answer.status_code == 422
    assert texts(read(answer), f"{HELP}/div") == texts(read(shown), f"{HELP}/div")
