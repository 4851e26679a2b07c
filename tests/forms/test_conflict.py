"""The merge after a conflict, as the form does it: never a field lost, never one sent that nobody wanted."""

import uuid
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phones.diga import UNSET
from phones.forms.opened import Opened, Seen
from phones.forms.phones import PhoneForm
from phones.models import Phone
from phones.services.routing.edits import PhoneEdit, PhoneSnapshot
from phones.services.routing.lanes import FIELDS
from phones.services.routing.snapshots import edit_snapshot, is_answered_by
from tests.support.pages.phone_forms import (
    CATALOGUE,
    as_sent,
    edit_of,
    errors_of,
    filled,
    make_phone,
    posted,
    target,
    version_id,
)

AGENTS = st.sampled_from([None, 1, 2])
PHONES = st.builds(make_phone, st.sampled_from(["A", "B", "C"]), AGENTS, AGENTS)
TYPED = st.fixed_dictionaries(
    {},
    optional={
        "nickname": st.sampled_from(["A", "B", "Mine"]),
        "inbound_version_id": st.sampled_from([version_id(2, 1), version_id(2, 2), version_id(3, 1)]),
        "outbound_version_id": st.sampled_from([version_id(1, 2), version_id(3, 2)]),
    },
)
CHOICES = st.fixed_dictionaries({f"choose_{name}": st.sampled_from(["theirs", "mine"]) for name in FIELDS})


def clashes(then: Phone, now: Phone, wanted: PhoneEdit) -> tuple[str, ...]:
    """Return the fields that both changed to something else, as `editing` finds them."""
    before, says = PhoneSnapshot.of(then), PhoneSnapshot.of(now)
    moved = [name for name in FIELDS if before.value(name) != says.value(name)]
    return tuple(name for name in moved if name in wanted.fields and not wanted.is_met(name, says))


def sent_again(form: PhoneForm, asked: tuple[str, ...], **changes: str) -> PhoneForm:
    """Return the form as sent after the conflict, with what was chosen and typed further."""
    values = as_sent(form.rebased(asked)) | changes
    return PhoneForm(posted(values), phone=form.phone, catalogue=CATALOGUE, can_route=True)


@settings(max_examples=300, deadline=None)
@given(then=PHONES, now=PHONES, typed=TYPED, choices=CHOICES)
def test_merge_sends_what_was_chosen_and_nothing_else(
    then: Phone, now: Phone, typed: dict[str, Any], choices: dict[str, str]
) -> None:
    form = filled(now, phone_then=then, **typed)
    wanted = edit_of(form)
    asked = clashes(then, now, wanted)
    says = PhoneSnapshot.of(now)

    merged = edit_of(sent_again(form, asked, **choices))

    for name in FIELDS:
        is_mine = name in wanted.fields and (name not in asked or choices[f"choose_{name}"] == "mine")
        if not is_mine:
            assert getattr(merged, name) is UNSET, "A field is sent that nobody wanted"
        elif getattr(merged, name) is UNSET:
            assert wanted.is_met(name, says), "A field is lost that somebody wanted"
        else:
            assert getattr(merged, name) == getattr(wanted, name)
    assert clashes(now, now, merged) == (), "It is no conflict on the new base"


@settings(deadline=None)
@given(then=PHONES, now=PHONES, typed=TYPED)
def test_nothing_is_chosen_beforehand(then: Phone, now: Phone, typed: dict[str, Any]) -> None:
    form = filled(now, phone_then=then, **typed)
    asked = clashes(then, now, edit_of(form))

    again = sent_again(form, asked)

    assert again.is_valid() == (not asked)
    assert {name.removeprefix("choose_") for name in again.conflict.errors} == set(asked)
    assert set(asked).isdisjoint(again.edit().fields)


def test_choice_is_asked_for_in_words() -> None:
    form = filled(make_phone("Theirs"), nickname="Mine")
    assert form.is_valid()

    again = sent_again(form, ("nickname",))

    assert errors_of(again.conflict) == {"choose_nickname": ["Choose which value to keep. Nothing was sent."]}


def test_conflict_travels_in_the_hidden_field_one_level_deep() -> None:
    first, second = (Opened(PhoneSnapshot(name, None, None), {"inbound": "", "outbound": ""}) for name in "AB")

    twice = first.after(second.after(first, ("nickname",)), ("nickname", "inbound"))

    assert twice.before == Seen(second.base, second.kept)
    assert Opened.unpacked(uuid.UUID(int=7), twice.packed(uuid.UUID(int=7))) == twice


@pytest.mark.parametrize(
    ("wanted", "is_answered"),
    [
        (PhoneEdit("A", inbound=target(1, 2)), True),
        (PhoneEdit("B", inbound=target(1, 2)), False),
        (PhoneEdit("A", inbound=target(1, 1)), False),
        (PhoneEdit("A", inbound=None), False),
        (PhoneEdit("A"), False),
        (PhoneEdit("A", inbound=target(1, 2), outbound=target(2, 1)), False),
        (PhoneEdit("A", inbound=target(1, 2), outbound=target(3, 1)), False),
    ],
)
def test_change_answers_the_wish_that_made_it(wanted: PhoneEdit, is_answered: bool) -> None:
    after: dict[str, Any] = edit_snapshot(PhoneEdit("A", inbound=target(1, 2)))
    says = PhoneSnapshot("A", uuid.UUID(int=1), uuid.UUID(int=2))

    assert is_answered_by(wanted, after, says) == is_answered
