"""An old export takes nothing back: its cells are compared with what the number had when the file was read."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from phones.models import (
    Agent,
    AgentVersion,
    Change,
    Foreseen,
    LaneSnapshot,
    Outcome,
    Phone,
    Plan,
    PlanItem,
    PlanKind,
    Project,
    Source,
)
from phones.services.exchange.past_values import read_moment
from phones.services.plans.create import create_plan
from phones.services.plans.drafts import PlanRequest
from phones.services.plans.forecasts.preview import renew_preview
from phones.services.routing.catalogue import Catalogue, catalogue_of
from phones.services.routing.snapshots import lane_snapshot
from phones.wording.plans.descriptions import words_for_why
from tests.fixtures.desk import make_user
from tests.support.database.north import NOON, RECEPTION, SALES, add_phone, catalogue, north
from tests.support.files.exports import csv_text
from tests.support.files.uploads import draft_of, edited, wishes

__all__ = ["catalogue", "north"]

LATER = NOON + timedelta(minutes=16)


def change(phone: Phone, before: dict[str, Any], after: dict[str, Any], **more: Any) -> Change:
    """Let a field of a phone have been changed since the export, and our copy say so."""
    values = {"source": Source.FORM, "outcome": Outcome.CONFIRMED, "created_at": LATER, "settled_at": LATER} | more
    made = Change.objects.create(
        project=phone.project, phone=phone, number=phone.shown, before=before, after=after, **values
    )
    says = {"fetched_at": LATER}
    for name, value in after.items():
        says |= {"nickname": value} if name == "nickname" else {f"{name}_agent_id": value and value.agent_id}
    Phone.objects.filter(pk=phone.pk).update(**says)
    return made


def lane(catalogue: Catalogue, agent_id: Any) -> LaneSnapshot | None:
    agent = catalogue.agent(agent_id)
    return lane_snapshot(agent_id, agent, agent.published if agent else None) if agent_id else None


@pytest.mark.parametrize("source", [Source.FORM, Source.OUTSIDE, Source.PLAN])
def test_old_export_with_one_edit_is_one_change(north: Project, catalogue: Catalogue, source: Source) -> None:
    phones = [
        add_phone(north, f"+3495120180{place}", f"Name {place}", inbound_agent_id=RECEPTION) for place in range(6)
    ]
    text = csv_text(north, catalogue)
    for phone in phones[1:4]:
        change(phone, {"nickname": phone.nickname}, {"nickname": f"{phone.nickname} new"}, source=source)
    for phone in phones[4:]:
        lanes = {"inbound": lane(catalogue, RECEPTION)}, {"inbound": lane(catalogue, SALES)}
        change(phone, *lanes, source=source, seen_from=NOON)

    draft = draft_of(north, edited(text, nickname="Edited"))

    assert wishes(draft) == {2: {"nickname": "Edited"}}
    assert draft.rows[0].look == ""
    assert draft_of(north, text).rows == []


def test_several_changes_since_are_all_undone(north: Project, catalogue: Catalogue) -> None:
    phone = add_phone(north, "+34951201802", "First", outbound_agent_id=SALES)
    text = csv_text(north, catalogue)
    change(phone, {"nickname": "First"}, {"nickname": "Second"})
    change(phone, {"nickname": "Second", "outbound": lane(catalogue, SALES)}, {"nickname": None, "outbound": None})
    change(phone, {"nickname": None}, {"nickname": "Fourth"}, outcome=Outcome.REFUSED)
    Phone.objects.update(nickname=None)

    assert draft_of(north, text).rows == []
    # What it was in between is an edit, and what it is today is none.
    assert wishes(draft_of(north, edited(text, nickname="Second"))) == {2: {"nickname": "Second"}}
    assert draft_of(north, edited(text, nickname="")).rows == []
    (row,) = draft_of(north, edited(text, nickname="Other")).rows
    assert (row.look, row.details) == ("conflict", {"file": {"then": {"nickname": "First"}}})


def test_change_under_way_while_it_was_read_leaves_both_values_alone(north: Project, catalogue: Catalogue) -> None:
    phone = add_phone(north, "+34951201802", "First")
    text = csv_text(north, catalogue)
    change(phone, {"nickname": "First"}, {"nickname": "Second"}, created_at=NOON - timedelta(seconds=5))

    assert draft_of(north, text).rows == []
    assert draft_of(north, edited(text, nickname="Second")).rows == []


def test_changes_before_the_export_are_not_undone(north: Project, catalogue: Catalogue) -> None:
    phone = add_phone(north, "+34951201802", "Second")
    earlier = NOON - timedelta(minutes=1)
    change(phone, {"nickname": "First"}, {"nickname": "Second"}, created_at=earlier, settled_at=earlier)
    Phone.objects.update(fetched_at=NOON)

    assert wishes(draft_of(north, edited(csv_text(north, catalogue), nickname="First"))) == {2: {"nickname": "First"}}


def test_field_that_both_changed_is_a_conflict_with_three_values(north: Project, catalogue: Catalogue) -> None:
    phone = add_phone(north, "+34951201802", "Then", inbound_agent_id=RECEPTION)
    text = edited(csv_text(north, catalogue), nickname="File", inbound_agent="", outbound_agent="Ñ Ventas")
    change(
        phone,
        {"nickname": "Then", "inbound": lane(catalogue, RECEPTION)},
        {"nickname": "Now", "inbound": lane(catalogue, SALES)},
    )
    draft = draft_of(north, text)

    plan = create_plan(
        PlanRequest(project=north, author=make_user("lead"), kind=PlanKind.IMPORT, draft=draft, reason="x"),
        clock=lambda: LATER,
    )

    item = PlanItem.objects.get()
    assert (item.foreseen, item.why) == (Foreseen.NEEDS_LOOK, "conflict")
    assert words_for_why(item, LATER) == (
        "Changed here too since the file was exported. "
        "Alias: “Then” when the file was exported, “Now” today, “File” in the file. "
        "Answers: “Alicia Recepción” v1 when the file was exported, “Ñ Ventas” v1 today, no agent in the file."
    )
    assert not renew_preview(Plan.objects.get(pk=plan.pk), clock=lambda: LATER)
    assert words_for_why(PlanItem.objects.get(), LATER) == words_for_why(item, LATER)


def test_field_that_both_changed_to_the_same_is_no_conflict(north: Project, catalogue: Catalogue) -> None:
    phone = add_phone(north, "+34951201802", "Then")
    text = edited(csv_text(north, catalogue), nickname="Same")
    change(phone, {"nickname": "Then"}, {"nickname": "Same"})

    assert draft_of(north, text).rows == []


def test_version_of_an_old_export_is_a_question(north: Project, catalogue: Catalogue) -> None:
    add_phone(north, "+34951201802", "a", inbound_agent_id=RECEPTION)
    text = csv_text(north, catalogue)
    AgentVersion.objects.filter(agent=RECEPTION).update(is_published=False)
    AgentVersion.objects.create(agent=Agent.objects.get(pk=RECEPTION), number=2, is_published=True)
    Project.objects.update(agents_changed_at=LATER)
    north.refresh_from_db()

    (row,) = draft_of(north, text).rows

    assert (row.look, row.edit.fields) == ("old_version", ("inbound",))


def test_file_without_read_at_is_compared_with_today_and_says_so(north: Project, catalogue: Catalogue) -> None:
    phone = add_phone(north, "+34951201802", "First")
    change(phone, {"nickname": "First"}, {"nickname": "Second"})

    draft = draft_of(north, "number,nickname\n951201802,First")

    assert wishes(draft) == {2: {"nickname": "First"}}
    assert draft.notes == [{"code": "undated", "count": 1}]


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2026-11-24T12:00:00Z", NOON),
        ("2026-11-24T12:00:00.000001Z", NOON + timedelta(microseconds=1)),
        ("2026-11-24T13:00:00+01:00", NOON),
        ("2026-11-24 12:00:00", NOON),
        ("'2026-11-24 12:00", NOON),
        ("", None),
        ("nonsense", None),
        ("0001-01-01T00:00:00+12:00", None),
        (None, None),
    ],
)
def test_moment_of_a_file_is_read_or_left_out(cell: str | None, moment: datetime | None) -> None:
    assert read_moment(cell) == moment


def test_export_says_to_the_microsecond_when_it_was_read(north: Project, catalogue: Catalogue) -> None:
    moment = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)
    add_phone(north, "+34951201802", "a", fetched_at=moment)

    assert ",2026-11-24T12:00:00.123456Z\r\n" in csv_text(north, catalogue_of(north))
