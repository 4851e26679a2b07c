"""The triggers: the database itself refuses to rewrite the diary, whichever program asks, on SQLite and PostgreSQL."""

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection

from phones.models import ActKind, ChainBreak, Change, ChangeSeal, Outcome, Phone, Plan, PublishRequest
from phones.models.audit import append_only
from phones.services.audit import log
from phones.services.audit.acts import record_act
from tests.fixtures.desk import make_user
from tests.fixtures.diary import NOON, entry, settle
from tests.support.database.tampering import run_sql

pytestmark = pytest.mark.django_db(transaction=True)
# A value other than what `written` holds, for each column that is never altered.
BEGUN = {
    "id": "id + 1000",
    "project_id": "NULL",
    "phone_id": "NULL",
    "number": "'forged'",
    "source": "'REVERT'",
    "actor_name": "'forged'",
    "reason": "'forged'",
    "ticket": "'forged'",
    "before": """'{"nickname": "forged"}'""",
    "after": """'{"nickname": "forged"}'""",
    "created_at": "NULL",
    "form_token": "NULL",
    "seen_from": "created_at",
    "reverts_id": "id",
    "plan_id": "1",
    "late_for_id": "id",
    "actor_username": "'forged'",
    "actor_number": "77",
}
SETTLED = {
    "outcome": "'FAILED'",
    "stored": """'{"nickname": "forged"}'""",
    "http_status": "201",
    "message": "'forged'",
    "cause": "'forged'",
    "request_id": "'forged'",
    "settled_at": "NULL",
    "duration_ms": "12",
}
SEAL = {
    "id": "id + 1000",
    "chain": "NULL",
    "number": "number + 1000",
    "change_id": "change_id + 1",
    "act_id": "1",
    "kind": "'forged'",
    "digest": "'forged'",
    "mac": "'forged'",
}


def refuse(words: str, statement: str, *values: str | int | None) -> None:
    with pytest.raises(DatabaseError, match=words):
        run_sql(statement, *values)


def test_guarded_columns_are_those_tried_here() -> None:
    assert set(append_only.BEGUN.split()) == set(BEGUN)
    assert set(append_only.SETTLED.split()) == set(SETTLED)
    assert set(append_only.SEAL.split()) == set(SEAL) == {field.attname for field in ChangeSeal._meta.concrete_fields}


@pytest.mark.parametrize("column", BEGUN)
def test_beginning_of_a_change_is_never_altered(quiet_phone: Phone, column: str) -> None:
    change = entry(quiet_phone, form_token="1f0e0d0c-0b0a-4908-8706-050403020100")
    log.begin([change])

    # The columns are ours, not a person's.
    refuse("began with is never altered", f"UPDATE phones_change SET {column} = {BEGUN[column]}")  # noqa: S608

    assert list(Change.objects.values("pk", "reason", "after")) == [
        {"pk": change.pk, "reason": "", "after": {"nickname": "Ñ"}}
    ]


@pytest.mark.parametrize("column", SETTLED)
def test_ending_of_a_change_is_written_once(quiet_phone: Phone, written: list[Change], column: str) -> None:
    refuse("settled change is never altered", f"UPDATE phones_change SET {column} = {SETTLED[column]}")  # noqa: S608


@pytest.mark.parametrize("column", SEAL)
def test_seal_is_never_altered(quiet_phone: Phone, written: list[Change], column: str) -> None:
    refuse("seal is never altered", f"UPDATE phones_changeseal SET {column} = {SEAL[column]}")  # noqa: S608


@pytest.mark.parametrize("outcome", [Outcome.CONFIRMED, Outcome.MISMATCH, Outcome.REFUSED, Outcome.FAILED])
def test_unknown_change_is_settled_once(quiet_phone: Phone, outcome: Outcome) -> None:
    change = entry(quiet_phone)
    log.begin([change])
    settle(change, Outcome.UNKNOWN)
    settle(change, outcome)

    refuse("settled change is never altered", "UPDATE phones_change SET outcome = 'UNKNOWN'")

    assert Change.objects.get().outcome == outcome


def test_nothing_of_the_diary_is_deleted(quiet_phone: Phone, written: list[Change]) -> None:
    refuse("change is never deleted", "DELETE FROM phones_change WHERE id = %s", written[0].pk)
    refuse("seal is never deleted", "DELETE FROM phones_changeseal")

    assert (Change.objects.count(), ChangeSeal.objects.count()) == (3, 6)


def test_person_may_leave_and_nobody_takes_their_place(quiet_phone: Phone) -> None:
    person, other = make_user("router"), make_user("other")
    change = entry(quiet_phone, actor=person, actor_name="Router Ruiz")
    log.begin([change])
    settle(change)

    refuse("began with is never altered", "UPDATE phones_change SET actor_id = %s", other.pk)
    person.delete()
    refuse("began with is never altered", "UPDATE phones_change SET actor_id = %s", other.pk)

    change.refresh_from_db()
    assert (change.actor, change.actor_name) == (None, "Router Ruiz")


def test_looks_may_be_noted_of_a_settled_change(quiet_phone: Phone, written: list[Change]) -> None:
    assert run_sql("UPDATE phones_change SET next_look_at = created_at, look_count = 4") == 3


@pytest.mark.parametrize("column", ["first_seen", "first_seen_at"])
def test_what_was_first_seen_is_frozen(quiet_phone: Phone, column: str) -> None:
    values = {"first_seen": "'{}'", "first_seen_at": "NULL"}

    refuse("first seen of a phone is never altered", f"UPDATE phones_phone SET {column} = {values[column]}")  # noqa: S608

    quiet_phone.refresh_from_db()
    assert quiet_phone.first_seen == {"nickname": "Ñandú"}


def test_what_was_first_seen_is_noted_once(quiet_phone: Phone) -> None:
    phone = Phone.objects.create(
        project=quiet_phone.project, number="1", shown="1", status="assigned", fetched_at=quiet_phone.fetched_at
    )
    phone.first_seen_at, phone.first_seen = quiet_phone.fetched_at, {"nickname": "Later"}
    phone.save()
    phone.nickname = "All else moves"
    phone.save()

    phone.first_seen = {}
    with pytest.raises(DatabaseError, match="first seen of a phone"):
        phone.save()


def test_migrate_puts_missing_triggers_back() -> None:
    append_only.remove_triggers()
    names = [name for name, *_rest in append_only.triggers_of(connection.vendor)]
    assert append_only.missing_triggers() == names

    call_command("migrate", verbosity=0)

    assert append_only.missing_triggers() == []


def test_trigger_that_is_turned_off_is_missing(quiet_phone: Phone) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite can't turn triggers off")
    run_sql("ALTER TABLE phones_change DISABLE TRIGGER change_never_deleted")

    assert append_only.missing_triggers() == ["change_never_deleted"]


# What would take the place of a row that is there, by each of what is unique in its table; the rest is copied from it.
REPLACED: dict[str, list[dict[str, str]]] = {
    "phones_change": [{}, {"id": "NULL"}],
    "phones_act": [{}],
    "phones_changeseal": [{}, {"id": "NULL", "act_id": "NULL"}, {"id": "NULL", "number": "99"}],
    "phones_chainbreak": [{}, {"id": "NULL"}],
    "phones_publishrequest": [{}],
}


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has no INSERT OR REPLACE")
@pytest.mark.parametrize(("table", "values"), [(table, values) for table, rows in REPLACED.items() for values in rows])
def test_nothing_is_replaced(one_of_each: None, table: str, values: dict[str, str]) -> None:
    columns = [column.name for column in connection.introspection.get_table_description(connection.cursor(), table)]
    copied = ", ".join(values.get(column, f'"{column}"') for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    last = f"SELECT {copied} FROM {table} ORDER BY rowid DESC LIMIT 1"  # noqa: S608 - our names.

    refuse("There is such a row already", f"INSERT OR REPLACE INTO {table} ({names}) {last}")


def test_every_guarded_table_is_tried_here() -> None:
    assert set(REPLACED) == set(append_only.TABLES)
    events = {(table, event) for _name, table, event, *_rest in append_only.triggers_of("sqlite")}
    assert {table for table, event in events if event == "DELETE"} == set(append_only.TABLES)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no TRUNCATE")
@pytest.mark.parametrize("table", REPLACED)
def test_nothing_is_truncated(one_of_each: None, table: str) -> None:
    refuse("never deleted", f"TRUNCATE {table} CASCADE")


@pytest.fixture
def one_of_each(quiet_phone: Phone, written: list[Change]) -> None:
    """A row in every guarded table."""
    record_act(kind=ActKind.VERIFIED, project=quiet_phone.project, actor=None, at=NOON)
    ChainBreak.objects.create(
        chain=quiet_phone.project_id, noted="x", noted_number=9, found_number=7, actor_name="Ana", acknowledged_at=NOON
    )
    plan = Plan.objects.create(
        project=quiet_phone.project, kind="PUBLISH", reason="x", created_at=NOON, foreseen_at=NOON
    )
    PublishRequest.objects.create(plan=plan, agent_id=plan.project_id, before={}, after={}, sent_at=NOON)


def forge_trigger() -> None:
    """Put a trigger that does nothing in the place of ours."""
    if connection.vendor == "sqlite":
        run_sql("DROP TRIGGER change_never_deleted")
        run_sql("CREATE TRIGGER change_never_deleted BEFORE DELETE ON phones_change BEGIN SELECT 1; END")
    else:
        run_sql("DROP TRIGGER change_never_deleted ON phones_change")
        run_sql(
            "CREATE TRIGGER change_never_deleted BEFORE DELETE ON phones_change FOR EACH ROW WHEN (1 = 2)"
            " EXECUTE FUNCTION change_never_deleted()"
        )


def test_trigger_with_another_body_is_altered() -> None:
    assert append_only.altered_triggers() == []

    forge_trigger()

    assert (append_only.missing_triggers(), append_only.altered_triggers()) == ([], ["change_never_deleted"])
    call_command("migrate", verbosity=0)
    assert append_only.altered_triggers() == []


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no functions of triggers")
def test_trigger_with_another_function_is_altered() -> None:
    run_sql(
        "CREATE OR REPLACE FUNCTION seal_never_altered() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RETURN NEW; END $$"
    )

    assert append_only.altered_triggers() == ["seal_never_altered"]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite can't turn triggers off")
def test_trigger_for_replicas_only_is_missing() -> None:
    run_sql("ALTER TABLE phones_act ENABLE REPLICA TRIGGER act_never_altered")

    assert append_only.missing_triggers() == ["act_never_altered"]
