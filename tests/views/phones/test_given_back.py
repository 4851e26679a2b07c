"""Given back on a day, in so many days: in the list, as a column, a filter, a file, and in the drawer."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from phones.models import Phone, Project
from tests.support.pages.pages import find, read, texts, url_of, words

LIST = "/projects/aurora/phones/"
ClientOf = Callable[[User], Client]


@pytest.fixture
def client(client_of: ClientOf, viewer: User) -> Client:
    """The browser of somebody who may only look."""
    return client_of(viewer)


@pytest.fixture(autouse=True)
def leaving(aurora: Project) -> dict[int, Phone]:
    """Phones that are given back in so many days; the seed's own one is not any more."""
    Phone.objects.update(scheduled_release_at=None)
    phones = dict(
        zip(
            (-1, 5, 20, 60),
            Phone.objects.filter(status="assigned", nickname__startswith="Citas").order_by("number"),
            strict=False,
        )
    )
    for days, phone in phones.items():
        at = timezone.now() + timedelta(days=days, hours=-1)
        Phone.objects.filter(pk=phone.pk).update(scheduled_release_at=at)
        phone.refresh_from_db()
    return phones


def _listed(client: Client, query: str) -> set[str]:
    return set(read(client.get(LIST + query)).xpath(".//tbody/tr/@id"))


@pytest.mark.parametrize(("release", "days"), [("7", {-1, 5}), ("30", {-1, 5, 20}), ("90", {-1, 5, 20, 60})])
def test_list_is_narrowed_to_what_is_given_back_soon(
    client: Client, leaving: dict[int, Phone], release: str, days: set[int]
) -> None:
    assert _listed(client, f"?release={release}") == {f"phone-{leaving[each].pk}" for each in days}


def test_filter_is_a_chip_and_an_odd_one_does_not_filter(client: Client) -> None:
    tree = read(client.get(f"{LIST}?release=30"))

    assert texts(tree, ".//span[contains(@class, 'chip')]/span") == ["Given back: within 30 days"]
    assert len(_listed(client, "?release=31&size=100")) == 40


def test_badge_has_the_days_and_the_date(client: Client, leaving: dict[int, Phone]) -> None:
    rows = read(client.get(f"{LIST}?release=90"))

    badges = {
        days: texts(find(rows, f"phone-{phone.pk}"), ".//span[contains(@class, 'leaving')]/span[@aria-hidden]")
        for days, phone in leaving.items()
    }
    assert badges == {-1: ["0 d"], 5: ["5 d"], 20: ["20 d"], 60: ["60 d"]}


def test_drawer_says_day_and_days_in_badge_and_sentence(client: Client, leaving: dict[int, Phone]) -> None:
    drawers = {days: find(read(client.get(url_of("phone_edit", leaving[days]))), "drawer") for days in (-1, 20)}

    badges = {days: texts(drawer, ".//header//span[@class='state is-warn']")[0] for days, drawer in drawers.items()}
    assert badges[20].startswith("Given back on ")
    assert badges[20].endswith(", in 20 days")
    assert badges[-1].startswith("Was to be given back on ")
    at = leaving[20].scheduled_release_at
    assert at is not None
    day = timezone.localtime(at)
    year = "" if day.year == timezone.localdate().year else f" {day.year}"
    (sentence,) = find(drawers[20], "who-answers").xpath("./strong")
    assert sentence.get("title") == f"{day:%Y-%m-%d %H:%M:%S %Z}"
    assert words(sentence).split(" until the number is given back on ")[1] == f"{day:%-d %b}{year}."


def test_column_and_file_have_the_date(client: Client, leaving: dict[int, Phone]) -> None:
    tree = read(client.get(f"{LIST}?cols=number,release"))
    rows = csv.DictReader(io.StringIO(b"".join(client.get(f"{LIST}export.csv?release=30")).decode("utf-8-sig")))

    at = leaving[20].scheduled_release_at
    assert at is not None
    day = timezone.localtime(at).date().isoformat()
    assert texts(find(tree, f"phone-{leaving[20].pk}"), "./td[contains(@class, 'c-release')]") == [day]
    assert texts(tree, ".//th[@class='c-release']/a") == []
    assert [row["scheduled_release_at"][:10] for row in rows if row["id"] == str(leaving[20].pk)] == [
        at.date().isoformat()
    ]
