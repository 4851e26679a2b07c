"""The split of roles that docs/security-grants.md describes: the application works, and can't turn the guards off."""

import re
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import ProgrammingError, connection
from django.utils import timezone

from phones.models import ActKind, Change, Outcome, Phone
from phones.models.audit import append_only
from phones.services.audit import log
from phones.services.audit.acts import record_act
from phones.services.audit.chain.runs import verify_if_due
from tests.fixtures.diary import entry, settle
from tests.support.database.tampering import run_sql

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no roles"),
]


@pytest.fixture
def _application(quiet_phone: Phone) -> Iterator[None]:
    """Act as the application's role, made and granted as the page says."""
    page = (settings.BASE_DIR / "docs" / "security-grants.md").read_text()
    role = f"{connection.settings_dict['NAME']}_app"
    roles, grants = (
        block.replace("phone_desk_app", role) for block in re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    )
    (create,) = re.findall(rf"CREATE ROLE {role} .*;", roles)
    run_sql(create)
    try:
        run_sql(grants)
        run_sql(f"SET ROLE {role}")
        yield
    finally:
        run_sql("RESET ROLE")
        run_sql(f"DROP OWNED BY {role}")
        run_sql(f"DROP ROLE {role}")


@pytest.mark.usefixtures("_application")
def test_application_saves_writes_acts_down_verifies_and_starts(quiet_phone: Phone) -> None:
    change = entry(quiet_phone)
    log.begin([change])
    settle(change)
    record_act(kind=ActKind.KEY_CHECKED, project=quiet_phone.project, actor=None, at=timezone.now())

    assert verify_if_due(project=quiet_phone.project, clock=timezone.now) == 0
    assert Change.objects.get().outcome == Outcome.CONFIRMED
    call_command("migrate", verbosity=0)


@pytest.mark.usefixtures("_application")
@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE phones_change DISABLE TRIGGER ALL",
        "ALTER TABLE phones_change DISABLE TRIGGER change_never_deleted",
        "DROP TRIGGER change_never_deleted ON phones_change",
        "DROP FUNCTION change_never_deleted CASCADE",
        "CREATE OR REPLACE FUNCTION change_never_deleted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN END $$",
        "CREATE TRIGGER another BEFORE INSERT ON phones_act EXECUTE FUNCTION change_never_deleted()",
        "SET session_replication_role = replica",
        "TRUNCATE phones_changeseal",
        "DROP TABLE phones_act CASCADE",
        "UPDATE phones_act SET kind = kind",
        "DELETE FROM phones_changeseal",
        "DELETE FROM phones_change",
    ],
)
def test_application_may_not(quiet_phone: Phone, statement: str) -> None:
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        run_sql(statement)

    assert append_only.missing_triggers() == []
