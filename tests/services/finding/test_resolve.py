"""Which phones pasted numbers mean: exactly, by their end, in which project; and the selections made of them."""

from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from phones.models import Phone, Project, Selection
from phones.services.finding.resolve import (
    CHOICES_LIMIT,
    KEPT_SELECTIONS,
    Resolved,
    keep_selection,
    resolve,
    selected_count,
)
from phones.services.number_reader.reader import read_paste
from tests.fixtures.desk import make_user
from tests.support.database.north import NOON, add_phone
from tests.support.files.spellings import SPELLINGS, WHOLE


@pytest.fixture
def north(db: None) -> Project:
    """A project to which phones are added."""
    return Project.objects.create(name="North", slug="north")


def found(project: Project, text: str) -> Resolved:
    return resolve(projects=[project], candidates=read_paste(text).candidates)


def nicknames(resolved: Resolved) -> list[str]:
    return [phone.nickname or "" for phone in resolved.found]


@pytest.mark.parametrize("spelling", WHOLE)
def test_every_spelling_finds_the_phone(north: Project, spelling: str) -> None:
    add_phone(north, "+34951201802", "wanted")
    add_phone(north, "+34951201803", "neighbour")

    resolved = found(north, spelling)

    assert (nicknames(resolved), resolved.found_count, resolved.choices, resolved.absent) == (["wanted"], 1, [], [])


def test_twenty_spellings_of_twenty_numbers_are_twenty_phones(north: Project) -> None:
    pairs = [(f"+349512018{index:02d}", spelling) for index, spelling in enumerate(SPELLINGS[:20])]
    for number, _spelling in pairs:
        add_phone(north, number, number)
    # The same spellings, each of another number.
    text = "\n".join(_respelled(spelling, number[-2:]) for number, spelling in pairs)

    resolved = found(north, text)

    assert nicknames(resolved) == [number for number, _spelling in pairs]
    assert (resolved.found_count, resolved.choices, resolved.absent) == (20, [], [])


def _respelled(spelling: str, ending: str) -> str:
    """Return a spelling of …02 with other last digits."""
    places = [place for place, letter in enumerate(spelling) if letter.isdigit()][-2:]
    letters = list(spelling.strip("\n"))
    for place, digit in zip(places, ending, strict=True):
        letters[place] = digit
    return "".join(letters)


def test_counts_are_those_of_the_promise(north: Project) -> None:
    for index in range(54):
        add_phone(north, f"+3495120{index:04d}")
    lines = [f"951 20 {index // 100:02d} {index % 100:02d}" for index in range(58)] + ["n/a", "3.49512E+10"]

    pasted = read_paste("\n".join(lines))
    resolved = resolve(projects=[north], candidates=pasted.candidates)

    assert (resolved.found_count, len(resolved.absent), len(pasted.faulty)) == (54, 4, 2)
    assert resolved.absent == lines[54:58]


def test_order_is_that_of_the_text_and_spellings_of_one_phone_count_once(north: Project) -> None:
    add_phone(north, "+34951201802", "two")
    add_phone(north, "+34951201803", "three")

    resolved = found(north, "951201803\n951201802\n201803\n...201802\n+34 951 20 18 02\n600123456\n600 123 456")

    assert (nicknames(resolved), resolved.found_count) == (["three", "two"], 2)
    assert [(number.text, number.count) for number in resolved.numbers] == [("951201803", 2), ("951201802", 3)]
    assert [(missing.candidate.text, missing.count) for missing in resolved.missing] == [("600123456", 2)]
    assert resolved.repeated_count == 4


@pytest.mark.parametrize("spelling", ["…1802", "201802", "...18 02"])
def test_end_of_several_numbers_is_a_choice(north: Project, spelling: str) -> None:
    add_phone(north, "+34951201802", "a")
    add_phone(north, "+34952201802", "b")
    add_phone(north, "+34952201803", "c")

    resolved = found(north, spelling)

    assert (resolved.found, resolved.absent) == ([], [])
    (choice,) = resolved.choices
    assert ([phone.nickname for phone in choice.phones], choice.has_more) == (["a", "b"], False)


def test_end_of_one_number_could_be_that_number(north: Project) -> None:
    add_phone(north, "+34951201802", "a")
    add_phone(north, "+34952201803", "b")

    resolved = found(north, "…1802")

    assert resolved.found == []
    assert [[phone.nickname for phone in choice.phones] for choice in resolved.choices] == [["a"]]


@pytest.mark.parametrize("label", ["Pedido", "Ref.", "Order #", "NIF:", "Tracking number"])
def test_id_with_the_digits_of_a_number_could_be_it(north: Project, label: str) -> None:
    add_phone(north, "+34951201802", "a")

    alone, beside = found(north, f"{label} 951201802"), found(north, f"{label} 951201802, tel. 951 20 18 02")

    assert (alone.found, [choice.text for choice in alone.choices], alone.absent) == ([], ["951201802"], [])
    assert (nicknames(beside), beside.choices, beside.absent) == (["a"], [], [])
    assert found(north, f"{label} 951201803").absent == []


def test_number_in_a_longer_row_is_the_one_that_is_there(north: Project) -> None:
    add_phone(north, "+34951201802", "a")

    resolved = found(north, "61 951 20 18 02 12 y 619 51 20 18 02")

    # The same groups would make 61 951 20 18 and 619 51 20 18.
    assert (nicknames(resolved), resolved.absent) == (["a"], ["619 51 20 18"])


def test_range_is_told_with_the_phones_in_it(north: Project) -> None:
    for last in (1, 5, 9):
        add_phone(north, f"+3495120180{last}", str(last))

    resolved = found(north, "951201800-951201809")

    assert (nicknames(resolved), resolved.absent) == (["9"], [])
    (choice,) = resolved.choices
    assert (choice.text, choice.is_range) == ("951201800-951201809", True)
    assert [phone.nickname for phone in choice.phones] == ["1", "5", "9"]
    assert found(north, "951301800-951301809").absent == ["951301800-951301809"]


def test_whole_number_that_another_country_also_ends_with_is_a_choice(north: Project) -> None:
    add_phone(north, "+351951201802", "Lisboa")

    resolved = found(north, "951201802")

    assert (resolved.found, [choice.text for choice in resolved.choices]) == ([], ["951201802"])
    assert found(north, "+34951201802").absent == ["+34951201802"]


def test_choices_are_cut_off(north: Project) -> None:
    for index in range(CHOICES_LIMIT + 3):
        add_phone(north, f"+34{index + 10:02d}201802")

    (choice,) = found(north, "201802").choices

    assert (len(choice.phones), choice.has_more) == (CHOICES_LIMIT, True)


def test_number_that_was_held_twice_is_one_number_and_two_phones(north: Project) -> None:
    add_phone(north, "+34951201802", "old", status="finished")
    add_phone(north, "+34951201802", "new")

    resolved = found(north, "951201802")

    assert (sorted(nicknames(resolved)), resolved.found_count) == (["new", "old"], 1)


def test_sip_identifier_is_found_and_an_address_in_a_text_is_not_missed(north: Project) -> None:
    add_phone(north, "Ventas@pbx.example.es", "SIP")
    text = "Escribe maria@aurora.es por el sip ventas@PBX.example.es, no sip:otro@pbx.example.es"

    resolved = found(north, text)

    assert (nicknames(resolved), resolved.absent) == (["SIP"], ["sip:otro@pbx.example.es"])


def test_other_projects_are_never_looked_at(north: Project) -> None:
    south = Project.objects.create(name="South", slug="south")
    add_phone(south, "+34951201802", "foreign")

    assert found(north, "951201802").absent == ["951201802"]
    assert found(north, "…1802").absent == ["…1802"]
    both = resolve(projects=[north, south], candidates=read_paste("951201802").candidates)
    assert nicknames(both) == ["foreign"]


@pytest.mark.parametrize("count", [1, 400])
def test_queries_do_not_grow_with_the_text(
    north: Project, django_assert_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    Phone.objects.bulk_create(
        Phone(project=north, number=f"+3495{index:07d}", digits=f"3495{index:07d}", fetched_at=NOON)
        for index in range(0, 2 * count, 2)
    )
    text = "\n".join(f"95{index:07d}" for index in range(2 * count))

    # The numbers, and once more by their ends for those that are not there.
    with django_assert_num_queries(2):
        resolved = found(north, text)

    assert (resolved.found_count, len(resolved.absent)) == (count, count)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.text() | st.lists(st.sampled_from([*SPELLINGS, "\n", ", ", "x", "…1802", "a@b.es"])).map("".join))
def test_whatever_is_pasted_only_phones_of_the_project_are_found(north: Project, text: str) -> None:
    phones = {add_phone(north, number).pk for number in ("+34951201802", "a@b.es")}

    resolved = found(north, text)

    assert {phone.pk for phone in resolved.found} <= phones | set(Phone.objects.values_list("pk", flat=True))
    for phone in resolved.found:
        assert "1802" in "".join(letter for letter in text if letter.isdigit()) or phone.number in text.lower()
    Phone.objects.all().delete()


def test_selection_keeps_the_order_and_the_newest_of_a_person(north: Project) -> None:
    lead, router = make_user("lead"), make_user("router")
    phones = [add_phone(north, f"+3495120180{index}") for index in (3, 1, 2)]
    others = keep_selection(project=north, owner=router, phones=phones[:1])

    kept = [keep_selection(project=north, owner=lead, phones=phones) for _each in range(KEPT_SELECTIONS + 2)]

    assert kept[-1].phone_ids == [phone.pk.hex for phone in phones]
    ids = set(Selection.objects.filter(owner=lead).values_list("pk", flat=True))
    assert ids == {selection.pk for selection in kept[2:]}
    assert Selection.objects.filter(pk=others.pk).exists()


def test_selection_of_another_project_has_no_phones(north: Project) -> None:
    selection = keep_selection(project=north, owner=make_user("lead"), phones=[add_phone(north, "+34951201802")])
    south = Project.objects.create(name="South", slug="south")

    counts = [
        selected_count(project=project, selection=text)
        for project, text in ((north, selection.pk.hex), (south, selection.pk.hex), (north, uuid4().hex), (north, "x"))
    ]

    assert counts == [1, 0, 0, 0]
