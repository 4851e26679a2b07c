"""Entry zero is sealed with the phones, and tampering with it shows."""

from uuid import uuid4

import pytest
from django.utils import timezone

from phones.diga.sandbox import PhoneRow, Sandbox
from phones.models import ChangeSeal, Phone, Project
from phones.services.audit.verification import verify_diary
from phones.services.sync import passes
from tests.fixtures.desk import connect
from tests.support.database.tampering import tamper

pytestmark = pytest.mark.django_db(transaction=True)
FAULT = "What was first seen of a number was altered, or a number was put in or deleted by other means."


@pytest.fixture
def synced(diga_url: str, sandbox: Sandbox) -> Project:
    """A project that was connected and synced by the services, with its chain."""
    return connect("Aurora", sandbox.key("aurora"))


def test_phones_of_a_sync_are_sealed_and_those_of_the_next_one_too(synced: Project, sandbox: Sandbox) -> None:
    seals = ChangeSeal.objects.filter(chain=synced.pk, kind="SEEN")
    first = seals.count()
    assert first >= 1
    sandbox.projects["aurora"].phones.add(PhoneRow(id=uuid4(), number="+34951999999"))
    passes.sync_project(project=synced, clock=timezone.now)

    assert (seals.count(), Phone.objects.count()) == (first + 1, 41)
    assert verify_diary(project=synced).faults == []
    passes.sync_project(project=synced, clock=timezone.now)
    assert seals.count() == first + 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE phones_phone SET first_seen = '{}' WHERE number = %s",
        "UPDATE phones_phone SET first_seen_at = CURRENT_TIMESTAMP WHERE number = %s",
        "UPDATE phones_phone SET first_seen_at = NULL WHERE number = %s",
    ],
)
def test_altered_entry_zero_shows(synced: Project, statement: str) -> None:
    tamper(statement, Phone.objects.order_by("number")[0].number)

    assert verify_diary(project=synced).faults == [FAULT]


def test_phone_put_in_by_other_means_shows(synced: Project) -> None:
    Phone.objects.create(
        project=synced,
        number="1",
        shown="1",
        status="assigned",
        fetched_at=timezone.now(),
        first_seen_at=timezone.now(),
        first_seen={"nickname": "forged"},
    )

    assert verify_diary(project=synced).faults == [FAULT]
