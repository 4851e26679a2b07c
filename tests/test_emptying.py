"""Tables are emptied between tests that commit: all that a test wrote, and nothing that `migrate` made."""

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import connection

from phones.models import Change, ChangeSeal, Phone
from phones.models.audit import append_only
from tests.support.database.emptying import empty_tables, filled_tables
from tests.support.database.tampering import run_sql

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_a_test_wrote_goes_and_what_migrate_made_stays(written: list[Change], stranger: User) -> None:
    made = (Permission.objects.count(), ContentType.objects.count())
    assert {"phones_change", "phones_changeseal", "phones_phone", "auth_user"} <= set(filled_tables())

    empty_tables()

    assert filled_tables() == []
    assert not any(model.objects.exists() for model in (Change, ChangeSeal, Phone, User))
    assert (Permission.objects.count(), ContentType.objects.count()) == made
    assert min(made) > 10


def test_triggers_are_back_after_a_test_took_them_away(quiet_phone: Phone) -> None:
    append_only.remove_triggers()

    empty_tables()

    assert append_only.missing_triggers() == []


def test_trigger_that_a_test_turned_off_is_on_again(quiet_phone: Phone) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite can't turn triggers off")
    run_sql("ALTER TABLE phones_change DISABLE TRIGGER change_never_deleted")

    empty_tables()

    assert append_only.missing_triggers() == []
