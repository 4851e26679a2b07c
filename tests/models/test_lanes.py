"""What a lane held: one value in memory, the same JSON in every table as ever."""

import json
import uuid
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from phones.models import Change, LaneSnapshot, Phone, Source

AGENT, VERSION = uuid.UUID(int=1), uuid.UUID(int=2)
LANE = LaneSnapshot(AGENT, "Alicia · Recepción", VERSION, 5)
AS_JSON = {
    "agent_id": str(AGENT),
    "agent_name": "Alicia · Recepción",
    "version_id": str(VERSION),
    "version_number": 5,
}


@pytest.mark.parametrize("lane", [LANE, LaneSnapshot(AGENT, None, None, None)])
def test_lane_comes_back_from_its_json(lane: LaneSnapshot) -> None:
    assert LaneSnapshot.from_json(json.loads(json.dumps(lane.to_json()))) == lane


def test_json_of_a_lane_is_the_one_that_old_entries_have() -> None:
    assert LANE.to_json() == AS_JSON
    assert json.dumps(LANE.to_json()) == json.dumps(AS_JSON)


@pytest.mark.parametrize(
    ("lane", "texts"),
    [
        (LANE, ("Alicia · Recepción", "v5", "Alicia · Recepción v5")),
        (replace(LANE, version_number=0), ("Alicia · Recepción", "v0", "Alicia · Recepción v0")),
        (replace(LANE, version_id=None, version_number=None), ("Alicia · Recepción", "", "Alicia · Recepción")),
        (replace(LANE, agent_name=None), (str(AGENT), "v5", "v5")),
        (LaneSnapshot(AGENT, None, None, None), (str(AGENT), "", "")),
    ],
)
def test_texts_of_a_lane(lane: LaneSnapshot, texts: tuple[str, str, str]) -> None:
    assert (lane.name, lane.version_label, lane.label) == texts


def _entry(phone: Phone, values: dict[str, Any]) -> Change:
    return Change.objects.create(
        project=phone.project, phone=phone, number="1", source=Source.FORM, created_at=timezone.now(), before=values
    )


def test_lanes_are_objects_of_the_column_and_snapshots_in_memory(quiet_phone: Phone) -> None:
    change = _entry(quiet_phone, {"nickname": "A", "inbound": LANE, "outbound": None})

    with connection.cursor() as cursor:
        cursor.execute('SELECT "before" FROM "phones_change" WHERE "id" = %s', [change.pk])
        (stored,) = cursor.fetchone()
    assert json.loads(stored) == {"nickname": "A", "inbound": AS_JSON, "outbound": None}
    assert Change.objects.get(pk=change.pk).before == {"nickname": "A", "inbound": LANE, "outbound": None}
    assert list(Change.objects.values_list("before__inbound", flat=True)) == [LANE]
    assert Change.objects.filter(before__inbound__agent_id=str(AGENT)).exists()


def test_lane_is_found_at_any_depth_and_nothing_else_is_taken_for_one(quiet_phone: Phone) -> None:
    wish = {"inbound": {"how": "SET", "value": LANE}}
    others = {"more": AS_JSON | {"and": 1}, "less": {"agent_id": "no id"}}

    change = _entry(quiet_phone, wish | others)

    assert Change.objects.get(pk=change.pk).before == wish | others
