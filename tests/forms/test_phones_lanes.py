"""The lanes of the phone form: the version chosen, unassigning, both directions, and what is not taken for a choice."""

import uuid
from typing import Any

import pytest

from phones.diga import UNSET
from phones.forms.phones import ROUTE_FIELDS, PhoneForm
from phones.services.routing.catalogue import Catalogue
from phones.services.routing.edits import PhoneEdit
from tests.support.pages.phone_forms import (
    CATALOGUE,
    as_sent,
    catalogue_with,
    edit_of,
    errors_of,
    field,
    filled,
    make_agent,
    make_phone,
    posted,
    target,
    version_id,
)

LANES = ["inbound", "outbound"]


# What was chosen.


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize(("agent", "number"), [(1, 2), (2, 2), (3, 1)])
def test_chosen_version_is_wanted_in_its_lane_alone(lane: str, agent: int, number: int) -> None:
    form = filled(make_phone(), **field(f"{lane}_version_id", version_id(agent, number)))

    edit = edit_of(form)

    assert edit.fields == (lane,)
    assert getattr(edit, lane) == target(agent, number)


@pytest.mark.parametrize("lane", LANES)
def test_version_published_meanwhile_is_not_taken_for_the_persons_choice(lane: str) -> None:
    phone = make_phone(inbound=1, outbound=1)
    now = catalogue_with(published=2)

    untouched = filled(phone, catalogue=now, catalogue_then=CATALOGUE)
    renamed = filled(phone, catalogue=now, catalogue_then=CATALOGUE, nickname="Other")
    chosen = filled(phone, catalogue=now, catalogue_then=CATALOGUE, **field(f"{lane}_version_id", version_id(1, 2)))

    assert edit_of(untouched).is_empty
    assert edit_of(renamed) == PhoneEdit(nickname="Other")
    assert getattr(edit_of(chosen), lane) == target(1, 2, now)


def test_agent_unpublished_or_gone_meanwhile_is_not_taken_for_a_choice_either() -> None:
    phone = make_phone(inbound=1, outbound=1)
    without_alicia = Catalogue.of([make_agent(2, "Bruno", 1)])

    for now in (catalogue_with(published=None), without_alicia):
        assert edit_of(filled(phone, catalogue=now, catalogue_then=CATALOGUE)).is_empty


def test_agent_changed_meanwhile_is_left_to_the_comparison() -> None:
    form = filled(make_phone(inbound=2), phone_then=make_phone(inbound=1), nickname="Other")

    assert edit_of(form) == PhoneEdit(nickname="Other")
    assert form.base().inbound_agent_id == uuid.UUID(int=1)


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize(
    "value",
    ["not an id", version_id(1, 3), version_id(4, 1), str(uuid.UUID(int=1)), str(uuid.uuid4()), "' OR 1=1"],
    ids=["no id", "draft", "not listed", "agent id", "another project's", "hostile"],
)
def test_version_that_is_not_offered_is_refused_at_its_field(lane: str, value: str) -> None:
    form = filled(make_phone(), **field(f"{lane}_version_id", value), nickname="Kept")

    assert errors_of(form) == {f"{lane}_version_id": ["This version is not offered to this number. Nothing was sent."]}
    assert form["nickname"].value() == "Kept"


def test_empty_choice_is_no_way_to_unassign() -> None:
    form = filled(make_phone(), inbound_version_id="")

    assert edit_of(form).is_empty


# Unassigning.


@pytest.mark.parametrize("lane", LANES)
def test_unassigning_is_an_act_of_its_own(lane: str) -> None:
    edit = edit_of(filled(make_phone(), **field(f"unassign_{lane}", "on")))

    assert edit.fields == (lane,)
    assert getattr(edit, lane) is None


@pytest.mark.parametrize("lane", LANES)
def test_unassigning_nobody_wants_nothing(lane: str) -> None:
    form = filled(make_phone(inbound=None, outbound=None), **field(f"unassign_{lane}", "on"))

    assert edit_of(form).is_empty


@pytest.mark.parametrize("lane", LANES)
def test_choosing_and_unassigning_at_once_is_refused(lane: str) -> None:
    form = filled(make_phone(), **field(f"{lane}_version_id", version_id(3, 1)), **field(f"unassign_{lane}", "on"))

    assert errors_of(form) == {f"{lane}_version_id": ["Choose an agent or unassign, not both. Nothing was sent."]}


# Both directions.


def test_both_directions_give_outbound_what_was_chosen_for_inbound() -> None:
    form = filled(make_phone(), inbound_version_id=version_id(3, 1), both_directions="on")

    assert edit_of(form) == PhoneEdit(inbound=target(3, 1), outbound=target(3, 1))


def test_both_directions_give_outbound_what_inbound_has() -> None:
    form = filled(make_phone(), both_directions="on")

    assert edit_of(form) == PhoneEdit(outbound=target(1, 1))


def test_both_directions_want_nothing_where_both_have_it() -> None:
    assert edit_of(filled(make_phone(inbound=1, outbound=1), both_directions="on")).is_empty


def test_both_directions_publish_a_chosen_version_in_both_lanes_of_one_agent() -> None:
    form = filled(make_phone(inbound=1, outbound=1), inbound_version_id=version_id(1, 2), both_directions="on")

    assert edit_of(form) == PhoneEdit(inbound=target(1, 2), outbound=target(1, 2))


def test_both_directions_unassign_both() -> None:
    form = filled(make_phone(), unassign_inbound="on", both_directions="on")
    without_outbound = filled(make_phone(outbound=None), unassign_inbound="on", both_directions="on")

    assert edit_of(form) == PhoneEdit(inbound=None, outbound=None)
    assert edit_of(without_outbound) == PhoneEdit(inbound=None)


@pytest.mark.parametrize("agent", [None, 3, 4, 99])
def test_both_directions_give_nothing_where_inbound_has_no_version(agent: int | None) -> None:
    assert edit_of(filled(make_phone(inbound=agent), both_directions="on")).is_empty


# Roles and consent.


def test_role_without_agents_has_none_of_their_fields() -> None:
    phone = make_phone()
    shown = PhoneForm(phone=phone, catalogue=CATALOGUE, can_route=False)
    forged = as_sent(shown) | {"inbound_version_id": version_id(3, 1), "unassign_outbound": "on", "nickname": "Other"}

    form = PhoneForm(posted(forged), phone=phone, catalogue=CATALOGUE, can_route=False)

    assert set(ROUTE_FIELDS).isdisjoint(shown.fields)
    assert edit_of(form) == PhoneEdit(nickname="Other")
    assert form.agreed() is None


@pytest.mark.parametrize(
    ("sent", "agreed"),
    [
        ({}, None),
        ({"reviewed": "inbound:unassign::0"}, None),
        ({"understood": "on"}, ""),
        ({"reviewed": "inbound:unassign::0", "understood": "on"}, "inbound:unassign::0"),
    ],
)
def test_agreed_is_what_was_read_and_ticked(sent: dict[str, Any], agreed: str | None) -> None:
    form = filled(make_phone(), **sent)
    assert form.is_valid()

    assert form.agreed() == agreed


# After a conflict.


def test_rebased_form_keeps_what_was_touched_and_shows_what_is_new() -> None:
    now = make_phone("Theirs", inbound=2, outbound=3)
    form = filled(
        now,
        phone_then=make_phone("Ventas", inbound=1, outbound=2),
        nickname="Mine",
        inbound_version_id=version_id(3, 1),
        reason="Because",
        ticket="T-1",
    )
    assert form.is_valid()

    rebased = form.rebased()

    shown = {name: rebased[name].value() for name in ("nickname", "inbound_version_id", "outbound_version_id")}
    assert shown == {"nickname": "Mine", "inbound_version_id": version_id(3, 1), "outbound_version_id": ""}
    assert (rebased["reason"].value(), rebased["ticket"].value()) == ("Because", "T-1")
    sent_again = PhoneForm(posted(as_sent(rebased)), phone=now, catalogue=CATALOGUE, can_route=True)
    assert edit_of(sent_again) == PhoneEdit("Mine", inbound=target(3, 1))
    assert sent_again.base().nickname == "Theirs"


def test_rebased_form_that_was_not_touched_wants_nothing() -> None:
    now = make_phone("Theirs", inbound=2, outbound=None)
    form = filled(now, phone_then=make_phone("Ventas", inbound=1, outbound=2), reason="Because")
    assert form.is_valid()

    sent_again = PhoneForm(posted(as_sent(form.rebased())), phone=now, catalogue=CATALOGUE, can_route=True)

    assert edit_of(sent_again).is_empty
    assert sent_again.cleaned_data["reason"] == "Because"


@pytest.mark.parametrize("lane", LANES)
def test_rebased_form_keeps_the_unassigning(lane: str) -> None:
    form = filled(make_phone("Theirs"), phone_then=make_phone("Ventas"), **field(f"unassign_{lane}", "on"))
    assert form.is_valid()

    rebased = form.rebased()

    assert [rebased[f"unassign_{each}"].value() for each in LANES] == [
        each == lane or rebased.fields[f"unassign_{each}"].initial for each in LANES
    ]


def test_rebased_form_of_a_labeller_has_no_lanes() -> None:
    form = filled(make_phone("Theirs"), phone_then=make_phone("Ventas"), can_route=False, nickname="Mine")
    assert form.is_valid()

    rebased = form.rebased()

    assert set(ROUTE_FIELDS).isdisjoint(rebased.fields)
    assert rebased["nickname"].value() == "Mine"
    assert form.edit().inbound == UNSET
