"""Entry zero is sealed with the phones, and tampering with it shows."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from phones.diga.sandbox import PhoneRow, Sandbox
from phones.models import ChangeSeal, Phone, Project
from phones.services.audit.chain.verification import verify_log
from phones.services.audit.first_seen import seal_first_seen
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
    agent = next(iter(sandbox.projects["aurora"].agents.values()))
    spoken = 'Señales "ñ" \\ 😀\u2028'
    sandbox.projects["aurora"].phones.add(
        PhoneRow(id=uuid4(), number="+34951999999", nickname=spoken, inbound_agent_id=agent.id)
    )
    passes.sync_project(project=synced, clock=timezone.now)

    assert (seals.count(), Phone.objects.count()) == (first + 1, 41)
    assert verify_log(project=synced).faults == []
    passes.sync_project(project=synced, clock=timezone.now)
    assert seals.count() == first + 1


def test_phone_that_another_process_stored_meanwhile_is_sealed_once(synced: Project) -> None:
    now = timezone.now()
    forms = {"project": synced, "status": "assigned", "fetched_at": now, "first_seen": {"nickname": ""}}
    ours = Phone.objects.create(number="1", shown="1", first_seen_at=now, **forms)
    theirs = Phone.objects.create(number="2", shown="2", first_seen_at=now - timedelta(seconds=1), **forms)
    text = '{"nickname":""}'
    with transaction.atomic():
        seal_first_seen(synced, [(theirs.pk, now - timedelta(seconds=1), text)], stored_count=1)

    with transaction.atomic():
        seal_first_seen(synced, [(ours.pk, now, text), (theirs.pk, now, text)], stored_count=1)

    assert verify_log(project=synced).faults == []


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

    assert verify_log(project=synced).faults == [FAULT]


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

    assert verify_log(project=synced).faults == [FAULT]
