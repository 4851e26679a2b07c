"""Choosing phones: ticked ones and whole lists are frozen in the order of the list, and never more than was seen."""

from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from phones.models import Phone, Project, Selection
from phones.services.finding import selections
from phones.services.finding.keyset import KEYS, Order
from phones.services.finding.phone_list import Criteria, phone_page
from phones.services.finding.selections import (
    ListMoved,
    NothingChosen,
    NotYetRead,
    TooManyChosen,
    choose_matching,
    choose_phones,
    chosen_phones,
    find_selection,
    fingerprint_of_ids,
    matching_now,
)
from phones.services.routing.catalogue import catalogue_of
from tests.fixtures.desk import make_user
from tests.support.database.north import NOON, add_phone
from tests.support.database.north import north as north

BY_NUMBER = Order.of("")


@pytest.fixture
def owner(db: None) -> User:
    """Somebody who chooses."""
    return make_user("lead")


@pytest.fixture
def three(north: Project) -> list[Phone]:
    """Three phones by number, with nicknames in another order."""
    return [add_phone(north, f"+3495120180{place}", name) for place, name in enumerate(("Citas", "Ventas", "Bajas"))]


def numbers(selection: Selection) -> list[str]:
    return [phone.number[-1] for phone in chosen_phones(selection)]


@pytest.mark.parametrize("spell", [lambda phone: phone.pk.hex, lambda phone: str(phone.pk).upper()])
@pytest.mark.parametrize(("sort", "order"), [("", "012"), ("nickname", "201"), ("-nickname", "102")])
def test_ticked_phones_are_frozen_in_the_order_of_the_list(
    north: Project, owner: User, three: list[Phone], spell: object, sort: str, order: str
) -> None:
    ids = [spell(three[place]) for place in (2, 0, 1, 1)]  # type: ignore[operator]

    chosen = choose_phones(project=north, owner=owner, ids=ids, order=Order.of(sort))

    assert (numbers(chosen.selection), chosen.dropped_count) == (list(order), 0)
    assert (chosen.selection.project, chosen.selection.owner) == (north, owner)


def test_one_phone_sent_in_two_spellings_is_chosen_once(north: Project, owner: User, three: list[Phone]) -> None:
    chosen = choose_phones(project=north, owner=owner, ids=[str(three[0].pk), three[0].pk.hex, ""], order=BY_NUMBER)

    assert (numbers(chosen.selection), chosen.dropped_count) == (["0"], 0)


def test_what_is_no_phone_of_the_project_is_dropped_and_counted(
    north: Project, owner: User, three: list[Phone]
) -> None:
    foreign = add_phone(Project.objects.create(name="South", slug="south"), "+34951201809")
    ids = [three[1].pk.hex, foreign.pk.hex, uuid4().hex, "no id", "'; drop table"]

    chosen = choose_phones(project=north, owner=owner, ids=ids, order=BY_NUMBER)

    assert (numbers(chosen.selection), chosen.dropped_count) == (["1"], 4)


@pytest.mark.parametrize("ids", [[], [""], ["nonsense"], ["08bce966a8f349bfbb0da8f2b04355b1"]])
def test_nothing_of_the_project_is_no_choice(north: Project, owner: User, three: list[Phone], ids: list[str]) -> None:
    with pytest.raises(NothingChosen):
        choose_phones(project=north, owner=owner, ids=ids, order=BY_NUMBER)

    assert not Selection.objects.exists()


def test_more_than_a_plan_takes_is_refused(
    north: Project, owner: User, three: list[Phone], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selections, "CHOICE_LIMIT", 2)
    ids = [phone.pk.hex for phone in three]

    assert choose_phones(project=north, owner=owner, ids=ids[:2], order=BY_NUMBER)
    with pytest.raises(TooManyChosen):
        choose_phones(project=north, owner=owner, ids=ids, order=BY_NUMBER)
    with pytest.raises(TooManyChosen):
        choose_matching(project=north, owner=owner, criteria=Criteria(), shown="3", now=NOON)


@pytest.mark.parametrize("limit", [1, 2, 5000])
def test_many_ids_are_found_however_many_a_query_takes(
    north: Project, owner: User, three: list[Phone], monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(selections, "IDS_A_QUERY", limit)
    add_phone(Project.objects.create(name="South", slug="south"), "+34951201809")

    chosen = choose_phones(project=north, owner=owner, ids=[three[2].pk.hex, three[0].pk.hex], order=BY_NUMBER)

    assert numbers(chosen.selection) == ["0", "2"]


@pytest.mark.parametrize("query", ["", "citas", "9", "951", "951 20", "a", "bruno"])
def test_all_that_match_are_those_of_the_list_in_its_order(aurora: Project, owner: User, query: str) -> None:
    now = timezone.now()
    for sort in (*KEYS, *(f"-{code}" for code in KEYS)):
        criteria = Criteria(q=query, sort=sort, size="100")
        page = phone_page(aurora, criteria, catalogue_of(aurora), now)

        shown = fingerprint_of_ids([phone.pk for phone in page.phones])
        chosen = choose_matching(project=aurora, owner=owner, criteria=criteria, shown=shown, now=now)

        assert [phone.pk for phone in chosen_phones(chosen.selection)] == [phone.pk for phone in page.phones], sort


def test_list_that_is_empty_is_no_choice(north: Project, owner: User) -> None:
    with pytest.raises(NothingChosen):
        choose_matching(project=north, owner=owner, criteria=Criteria(q="zzz"), shown=fingerprint_of_ids([]), now=NOON)


@pytest.mark.parametrize("shown", ["", "-1", "0", "1", "3", "two", "2-", "2-" + "0" * 64])
def test_other_phones_than_were_shown_are_refused_with_the_fresh_ones(
    north: Project, owner: User, three: list[Phone], shown: str
) -> None:
    criteria = Criteria(q="tas")

    with pytest.raises(ListMoved) as moved:
        choose_matching(project=north, owner=owner, criteria=criteria, shown=shown, now=NOON)

    now = matching_now(project=north, criteria=criteria, now=NOON)
    assert (moved.value.count, moved.value.fingerprint) == now == (2, fingerprint_of_ids([three[1].pk, three[0].pk]))
    assert not Selection.objects.exists()


def test_as_many_other_phones_are_not_those_that_were_shown(north: Project, owner: User, three: list[Phone]) -> None:
    shown = fingerprint_of_ids([three[0].pk, three[2].pk])

    with pytest.raises(ListMoved):
        choose_matching(project=north, owner=owner, criteria=Criteria(q="tas"), shown=shown, now=NOON)


def test_count_alone_is_no_choice(north: Project, owner: User, three: list[Phone]) -> None:
    with pytest.raises(NotYetRead) as unread:
        choose_matching(project=north, owner=owner, criteria=Criteria(q="tas"), shown="2", now=NOON)

    assert choose_matching(
        project=north, owner=owner, criteria=Criteria(q="tas"), shown=unread.value.fingerprint, now=NOON
    )


def test_what_matches_later_does_not_join(north: Project, owner: User, three: list[Phone]) -> None:
    chosen = choose_matching(
        project=north, owner=owner, criteria=Criteria(q="ventas"), shown=fingerprint_of_ids([three[1].pk]), now=NOON
    )

    add_phone(north, "+34951201808", "Ventas dos")

    assert numbers(chosen.selection) == ["1"]


def test_choice_is_found_in_its_project_only(north: Project, owner: User, three: list[Phone]) -> None:
    selection = choose_phones(project=north, owner=owner, ids=[three[0].pk.hex], order=BY_NUMBER).selection
    south = Project.objects.create(name="South", slug="south")

    assert find_selection(project=north, selection=selection.pk.hex) == selection
    assert find_selection(project=south, selection=selection.pk.hex) is None
    assert [find_selection(project=north, selection=text) for text in ("", "x", uuid4().hex)] == [None] * 3


def test_phones_of_a_choice_come_in_its_order_and_from_its_project(
    north: Project, owner: User, three: list[Phone], monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = add_phone(Project.objects.create(name="South", slug="south"), "+34951201809")
    ids = [phone.pk.hex for phone in (three[2], foreign, three[0], three[1])]
    selection = Selection.objects.create(project=north, owner=owner, phone_ids=ids)
    monkeypatch.setattr(selections, "IDS_A_QUERY", 2)

    assert numbers(selection) == ["2", "0", "1"]
    assert [phone.number[-1] for phone in chosen_phones(selection, first=3)] == ["2", "0"]


@pytest.mark.parametrize("count", [1, 30])
def test_choosing_costs_the_same_however_many(
    north: Project, owner: User, django_assert_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    ids = [add_phone(north, f"+349512018{place:02d}").pk.hex for place in range(count)]

    with django_assert_num_queries(4):
        chosen = choose_phones(project=north, owner=owner, ids=ids, order=BY_NUMBER)
    with django_assert_num_queries(1):
        assert len(chosen_phones(chosen.selection)) == count
