"""The verification once a day, whoever runs when, and what it has found."""

import logging
from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from phones import tasks
from phones.models import SITE_CHAIN, Act, Change, ChangeSeal, Phone
from phones.models.audit import append_only
from phones.services.audit.chain.heads import head_path
from phones.services.audit.chain.runs import latest_verification, verify_if_due
from tests.fixtures.diary import NOON
from tests.support.database.tampering import tamper

pytestmark = pytest.mark.django_db(transaction=True)


def test_chain_is_verified_once_a_day(quiet_phone: Phone, written: list[Change]) -> None:
    project = quiet_phone.project
    assert latest_verification(project) is None

    for hours in (0, 1, 23, 24, 25):
        now = NOON + timedelta(hours=hours)
        assert verify_if_due(project=project, clock=partial(timezone.localtime, now)) == 0

    assert list(Act.objects.values_list("at", flat=True)) == [NOON, NOON + timedelta(hours=24)]
    found = latest_verification(project)
    assert found
    # Three changes, an act, and the seal of what was first seen.
    assert (found.at, found.entry_count, found.seal_count, found.is_whole) == (NOON + timedelta(hours=24), 4, 8, True)


def test_worker_verifies_every_chain_and_says_what_it_found(
    quiet_phone: Phone, written: list[Change], caplog: pytest.LogCaptureFixture
) -> None:
    tasks.verify_daily.call_local()
    assert [record for record in caplog.records if record.levelno == logging.ERROR] == []
    tamper("UPDATE phones_change SET reason = 'forged' WHERE id = %s", written[1].pk)
    before = timezone.now() + timedelta(days=1)

    assert verify_if_due(project=quiet_phone.project, clock=lambda: before) == 1

    found = latest_verification(quiet_phone.project)
    assert found
    assert (found.fault_count, found.is_whole) == (1, False)
    assert head_path(SITE_CHAIN).exists()


def test_missing_trigger_is_a_fault_of_every_chain(quiet_phone: Phone, written: list[Change]) -> None:
    append_only.remove_triggers()

    assert verify_if_due(project=quiet_phone.project, clock=timezone.now) > 10

    append_only.install_triggers()


def test_phones_of_an_older_release_are_sealed_before_the_first_run(quiet_phone: Phone) -> None:
    verify_if_due(project=quiet_phone.project, clock=lambda: NOON)
    assert list(ChangeSeal.objects.values_list("number", "kind")) == [(1, "SEEN"), (2, "ACT")]
    tamper("UPDATE phones_phone SET first_seen = '{}'")

    assert verify_if_due(project=quiet_phone.project, clock=lambda: NOON + timedelta(days=1)) == 1
