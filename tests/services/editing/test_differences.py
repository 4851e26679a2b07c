"""Which numbers aren't what they were before a set of changes, and what bringing them back would do."""

import random
import uuid
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from phones.diga.sandbox import PhoneRow, Sandbox
from phones.models import Change, LaneSnapshot, Outcome, Phone, Project
from phones.services.audit.queries import Wanted
from phones.services.editing.differences import Difference, changed_since, differences
from phones.services.editing.revert import Standing
from phones.services.routing.catalogue import catalogue_of
from phones.services.routing.edits import PhoneEdit, PhoneSnapshot
from phones.services.routing.snapshots import reads_as
from phones.services.sync.passes import sync_project
from tests.support.database.history import add_changes, lane
from tests.support.desk.saving import forget_waiting, held, save, stored, target, unassigned

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


def found_in(project: Project, wanted: Wanted) -> list[Difference]:
    """Return what differs for somebody with all rights."""
    return differences(project=project, wanted=wanted, catalogue=catalogue_of(project), can_label=True, can_route=True)


def fields_of(found: list[Difference]) -> dict[uuid.UUID, dict[str, tuple[object, Standing]]]:
    """Return what each field was that differs, and how it stands, by number."""
    return {
        each.phone.pk: {
            step.name: (reads_as(step.name, step.then), step.standing)
            for step in each.steps
            if step.standing is not Standing.SAME
        }
        for each in found
    }


def held_by(row: PhoneRow | Phone) -> dict[str, object]:
    """Return the three values that a row of the stand-in, or of ours, has."""
    return {"nickname": row.nickname or "", "inbound": row.inbound_agent_id, "outbound": row.outbound_agent_id}


def test_state_at_any_moment_is_what_the_stand_in_held_then(aurora: Project, sandbox: Sandbox) -> None:
    dice = random.Random(18)
    phones = list(Phone.objects.filter(project=aurora, status="assigned").order_by("number")[:6])
    agents = [target(aurora, "Alicia", 5), target(aurora, "Bruno", 2)]
    moments: list[tuple[datetime, dict[uuid.UUID, dict[str, object]]]] = []
    for turn in range(20):
        moments.append((timezone.now(), {phone.pk: held_by(held(sandbox, phone)) for phone in phones}))
        phone = dice.choice(phones)
        if turn % 5 == 4:
            # Somebody outside, seen by the next sync.
            held(sandbox, phone).nickname = f"Outside {turn}"
            assert sync_project(project=aurora, clock=timezone.now).is_complete
            continue
        edits = [PhoneEdit(nickname=f"Name {turn}"), PhoneEdit(inbound=dice.choice(agents)), unassigned("outbound")]
        edit = dice.choice(edits).remaining(PhoneSnapshot.of(stored(phone)))
        if not edit.is_empty:
            save(stored(phone), edit)
    today = {phone.pk: held_by(stored(phone)) for phone in phones}

    for moment, journal in dice.sample(moments, 10):
        found = found_in(aurora, Wanted(at=moment))
        then = {pk: {name: value for name, (value, _standing) in was.items()} for pk, was in fields_of(found).items()}
        assert {pk: values | then.get(pk, {}) for pk, values in today.items()} == journal


def test_number_that_went_back_by_itself_does_not_differ(aurora: Project, sales_phone: Phone) -> None:
    before, began = sales_phone.nickname, timezone.now()
    save(sales_phone, PhoneEdit(nickname="Meanwhile"))
    save(stored(sales_phone), PhoneEdit(nickname=before or ""))

    assert found_in(aurora, Wanted(at=began)) == []


def test_changes_of_a_person_differ_by_what_they_found_and_stand_as_moved_where_others_came_after(
    aurora: Project, sales_phone: Phone, spare_phone: Phone, router: User, lead: User
) -> None:
    first, second = sales_phone.nickname, spare_phone.nickname or ""
    save(sales_phone, PhoneEdit(nickname="One"), user=router)
    save(stored(sales_phone), PhoneEdit(nickname="Two"), user=router)
    save(spare_phone, PhoneEdit(nickname="Three"), user=router)
    save(stored(spare_phone), PhoneEdit(nickname="Four"), user=lead)

    found = found_in(aurora, Wanted(person=router.pk))

    assert fields_of(found) == {
        sales_phone.pk: {"nickname": (first, Standing.READY)},
        spare_phone.pk: {"nickname": (second, Standing.MOVED)},
    }
    assert changed_since(found) == {spare_phone.pk: "Lead Ruiz"}


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.FAILED, Outcome.UNKNOWN])
def test_changes_that_did_nothing_are_not_taken_back(aurora: Project, sales_phone: Phone, outcome: Outcome) -> None:
    add_changes(sales_phone, 1, ticket="T-9", outcome=outcome)

    assert found_in(aurora, Wanted(q="T-9")) == []


def test_change_that_diga_stored_otherwise_has_left_what_it_stored(aurora: Project, sales_phone: Phone) -> None:
    values = {"before": {"nickname": "Old"}, "after": {"nickname": "New"}, "stored": {"nickname": sales_phone.nickname}}
    add_changes(sales_phone, 1, ticket="T-9", outcome=Outcome.MISMATCH, **values)

    assert fields_of(found_in(aurora, Wanted(q="T-9"))) == {sales_phone.pk: {"nickname": ("Old", Standing.READY)}}


def test_agent_that_is_gone_can_not_be_given_back(aurora: Project, sales_phone: Phone) -> None:
    now = LaneSnapshot(sales_phone.inbound_agent_id or uuid.UUID(int=0), None, None, None)
    add_changes(sales_phone, 1, ticket="T-9", before={"inbound": lane("Gone", 1)}, after={"inbound": now})

    [found] = found_in(aurora, Wanted(q="T-9"))

    assert fields_of([found]) == {sales_phone.pk: {"inbound": (lane("Gone", 1).agent_id, Standing.NO_AGENT)}}
    assert not found.can_take


def test_other_projects_are_not_looked_at(aurora: Project, talleres: Project) -> None:
    foreign = Phone.objects.filter(project=talleres).first()
    assert foreign is not None
    [change] = add_changes(foreign, 1)

    assert found_in(aurora, Wanted(at=change.created_at - MINUTE)) == []
    assert Change.objects.count() == 1
