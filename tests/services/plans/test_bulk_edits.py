"""One wish for many phones: a row for each, in order, and what the plan says of it."""

import uuid

from phones import diga
from phones.models import LaneSnapshot, Phone
from phones.services.plans.bulk_edits import BulkEdit
from phones.services.plans.drafts import PlannedRow
from phones.services.plans.nickname_patterns import Pattern
from phones.services.routing.catalogue import AgentEntry, VersionEntry
from phones.services.routing.edits import PhoneEdit
from phones.services.routing.lanes import Target

LIVE = VersionEntry(uuid.UUID(int=2), 5, "", is_published=True, is_draft=False)
ALICIA = Target(AgentEntry(uuid.UUID(int=1), "Alicia", True, (LIVE,)), LIVE)
PHONES = [Phone(pk=uuid.UUID(int=index), number=f"+3495120180{index}", nickname=f"N{index}") for index in (9, 4)]


def test_wish_for_nothing_is_empty_and_keeps_every_field() -> None:
    wish = BulkEdit()

    assert wish.is_empty
    assert wish.wish() == {}
    assert [row.edit for row in wish.draft(PHONES).rows] == [PhoneEdit(), PhoneEdit()]


def test_each_phone_gets_its_row_in_the_order_given() -> None:
    wish = BulkEdit(Pattern("Line {n} {nickname}"), ALICIA, None)

    draft = wish.draft(PHONES)

    assert draft.rows == [
        PlannedRow(PHONES[0].pk, PhoneEdit("Line 1 N9", ALICIA, None)),
        PlannedRow(PHONES[1].pk, PhoneEdit("Line 2 N4", ALICIA, None)),
    ]
    assert draft.problems == []
    assert not wish.is_empty


def test_removed_nickname_is_an_empty_one_and_kept_lanes_stay() -> None:
    (row, _other) = BulkEdit(nickname=None).draft(PHONES).rows

    assert row.edit == PhoneEdit("", diga.UNSET, diga.UNSET)


def test_plan_is_told_what_was_wanted() -> None:
    lane = LaneSnapshot(ALICIA.agent.id, "Alicia", LIVE.id, 5)

    assert BulkEdit(Pattern("V{n}"), ALICIA, None).wish() == {
        "nickname": {"how": "PATTERN", "value": "V{n}"},
        "inbound": {"how": "SET", "value": lane},
        "outbound": {"how": "UNASSIGN", "value": None},
    }
    assert BulkEdit(Pattern("Ventas")).wish() == {"nickname": {"how": "SET", "value": "Ventas"}}
    assert BulkEdit(None).wish() == {"nickname": {"how": "UNASSIGN", "value": None}}
