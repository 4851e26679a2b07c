"""The diary: it only grows, and outlives the people in it."""

import uuid
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from django.db import IntegrityError, transaction
from django.db.models import CharField, ProtectedError

from phones.models import Change, LaneSnapshot, Outcome, Phone, Project, Source
from tests.fixtures.desk import make_user

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture
def phone(db: None) -> Phone:
    """A phone of a project without a key."""
    project = Project.objects.create(name="North", slug="north")
    return Phone.objects.create(
        project=project, number="+34951201802", shown="+34 951 20 18 02", status="assigned", fetched_at=NOON
    )


def note(phone: Phone, **values: Any) -> Change:
    """Write a row into the diary."""
    known = {"number": phone.shown, "source": Source.FORM, "created_at": NOON}
    return Change.objects.create(project=phone.project, phone=phone, **(known | values))


def test_new_row_is_pending_and_empty(phone: Phone) -> None:
    change = Change.objects.get(pk=note(phone).pk)

    assert (change.outcome, change.settled_at, change.http_status) == (Outcome.PENDING, None, None)
    assert (change.before, change.after, change.stored) == ({}, {}, {})
    assert str(change) == f"{change.pk} +34 951 20 18 02 PENDING"


def test_row_cannot_be_deleted(phone: Phone) -> None:
    change = note(phone)

    with pytest.raises(TypeError, match="can't be deleted"):
        change.delete()

    assert Change.objects.get() == change


def test_phone_and_project_with_a_diary_cannot_be_deleted(phone: Phone) -> None:
    note(phone)

    with pytest.raises(ProtectedError):
        phone.delete()
    with pytest.raises(ProtectedError):
        phone.project.delete()

    assert Change.objects.count() == 1


def test_row_keeps_the_name_of_a_person_who_has_left(phone: Phone) -> None:
    person = make_user("router")
    change = note(phone, actor=person, actor_name="Router Ruiz")

    person.delete()

    change.refresh_from_db()
    assert (change.actor, change.actor_name) == (None, "Router Ruiz")


def test_one_form_is_one_row_and_rows_without_a_form_are_many(phone: Phone) -> None:
    token = uuid.uuid4()
    note(phone, form_token=token, outcome=Outcome.CONFIRMED)
    note(phone, outcome=Outcome.CONFIRMED)
    note(phone, outcome=Outcome.CONFIRMED)

    with pytest.raises(IntegrityError), transaction.atomic():
        note(phone, form_token=token, outcome=Outcome.CONFIRMED)

    assert Change.objects.count() == 3


def test_one_change_of_a_phone_is_sent_at_a_time(phone: Phone) -> None:
    note(phone)

    with pytest.raises(IntegrityError), transaction.atomic():
        note(phone)

    assert Change.objects.count() == 1


def test_values_come_back_as_they_were_written(phone: Phone) -> None:
    hostile = "<script>\n\"'\\ 😀 \u202e"
    values = {"nickname": hostile, "inbound": None, "outbound": LaneSnapshot(uuid.UUID(int=3), hostile, None, 5)}

    change = note(phone, before=values, after={"nickname": ""}, stored=values, message=hostile)

    change.refresh_from_db()
    assert (change.before, change.after, change.stored) == (values, {"nickname": ""}, values)
    assert change.message == hostile


def test_every_outcome_and_source_fits_its_column() -> None:
    for name, choices in (("outcome", Outcome), ("source", Source)):
        longest = cast("CharField[str, str]", Change._meta.get_field(name)).max_length
        assert longest is not None
        assert all(len(choice) <= longest and choice.isupper() for choice in choices.values)
