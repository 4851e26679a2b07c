"""Triggers that keep the audit log append-only for every program with access to the database.

`INSERT OR REPLACE` of SQLite deletes a row without firing its DELETE trigger, as `TRUNCATE` of PostgreSQL does: there
is a trigger of its own for each.
They are created after each `migrate`: SQLite drops a table's triggers when a migration rebuilds it. Before migrations
are reversed they are removed, as SQLite drops no column that a trigger names; the older release creates its own.
"""

import pkgutil
from collections.abc import Collection, Iterable
from typing import Any

from django.db import connections, transaction
from django.db.migrations.recorder import MigrationRecorder

from phones import migrations

# Set when a change is added, and never altered. `actor_id` may become null, when a person is deleted.
BEGUN = (
    "id project_id phone_id number source actor_name reason ticket before after created_at form_token seen_from"
    " reverts_id plan_id late_for_id actor_username actor_number"
)
SETTLED = "outcome stored http_status message cause request_id settled_at duration_ms"
SEAL = "id chain number change_id act_id kind digest mac"
BREAK = "id chain noted noted_number found_number actor_name acknowledged_at"
FIRST_SEEN = "first_seen first_seen_at"
PUBLISH_BEGUN = "plan_id agent_id before after sent_at"
PUBLISH_SETTLED = "outcome stored http_status message cause request_id settled_at duration_ms"

# Each guarded table, and what is unique in it: a row that has it is replaced by `INSERT OR REPLACE`.
TABLES = {
    "phones_change": ("id", "form_token"),
    "phones_act": ("id",),
    "phones_changeseal": ("id", "chain number", "act_id"),
    "phones_chainbreak": ("id", "chain noted"),
    "phones_publishrequest": ("plan_id",),
}

# Name, table, event, condition, error message.
_TRIGGERS = (
    ("change_never_deleted", "phones_change", "DELETE", "1 = 1", "A change is never deleted"),
    (
        "change_begun_once",
        "phones_change",
        "UPDATE",
        "{begun} OR (NEW.actor_id IS DISTINCT FROM OLD.actor_id AND NEW.actor_id IS NOT NULL)",
        "What a change began with is never altered",
    ),
    (
        "change_settled_once",
        "phones_change",
        "UPDATE",
        "OLD.outcome NOT IN ('PENDING', 'UNKNOWN') AND ({settled})",
        "A settled change is never altered",
    ),
    ("act_never_deleted", "phones_act", "DELETE", "1 = 1", "An act is never deleted"),
    ("act_never_altered", "phones_act", "UPDATE", "1 = 1", "An act is never altered"),
    ("seal_never_deleted", "phones_changeseal", "DELETE", "1 = 1", "A seal is never deleted"),
    ("seal_never_altered", "phones_changeseal", "UPDATE", "{seal}", "A seal is never altered"),
    ("break_never_deleted", "phones_chainbreak", "DELETE", "1 = 1", "What was acknowledged is never deleted"),
    ("break_never_altered", "phones_chainbreak", "UPDATE", "{broken}", "What was acknowledged is never altered"),
    (
        "first_seen_once",
        "phones_phone",
        "UPDATE",
        "OLD.first_seen_at IS NOT NULL AND ({first_seen})",
        "What was first seen of a phone is never altered",
    ),
    ("publish_never_deleted", "phones_publishrequest", "DELETE", "1 = 1", "What was published is never deleted"),
    ("publish_begun_once", "phones_publishrequest", "UPDATE", "{publish_begun}", "What was sent is never altered"),
    (
        "publish_settled_once",
        "phones_publishrequest",
        "UPDATE",
        "OLD.outcome NOT IN ('PENDING', 'UNKNOWN') AND ({publish_settled})",
        "What became of a publishing is never altered",
    ),
)


def triggers_of(vendor: str) -> list[tuple[str, str, str, str, str]]:
    """Return name, table, event, condition and error message of each trigger that a kind of database has."""
    kept = []
    for table, unique in TABLES.items():
        name = table.removeprefix("phones_")
        if vendor == "sqlite":
            found = " OR ".join(f"({_same(columns)})" for columns in unique)
            condition = f'EXISTS (SELECT 1 FROM "{table}" WHERE {found})'  # noqa: S608 - our names.
            words = f"There is such a row already, by its {' or '.join(unique)}"
            kept.append((f"{name}_never_replaced", table, "INSERT", condition, words))
        else:
            kept.append((f"{name}_never_truncated", table, "TRUNCATE", "", "What was written down is never deleted"))
    return [*_TRIGGERS, *kept]


def _same(columns: str) -> str:
    return " AND ".join(f'"{column}" = NEW."{column}"' for column in columns.split())


def _differs(columns: str) -> str:
    return " OR ".join(f'NEW."{column}" IS DISTINCT FROM OLD."{column}"' for column in columns.split())


def _condition(template: str) -> str:
    return template.format(
        begun=_differs(BEGUN),
        settled=_differs(SETTLED),
        seal=_differs(SEAL),
        broken=_differs(BREAK),
        first_seen=_differs(FIRST_SEEN),
        publish_begun=_differs(PUBLISH_BEGUN),
        publish_settled=_differs(PUBLISH_SETTLED),
    )


# A table for a moment.
PROBE = "phones_probe"

Plan = Iterable[tuple[Any, bool]]
"""The migrations of a run of `migrate`; true are those that are taken back."""


def make_way(using: str, plan: Plan, **kwargs: Any) -> None:
    """Remove the triggers if migrations are to be reversed. Receives `pre_migrate`."""
    if _goes_back(plan):
        remove_triggers(using)


def _goes_back(plan: Plan) -> bool:
    return any(is_backwards for _migration, is_backwards in plan)


def install_triggers(using: str = "default", plan: Plan = (), **kwargs: Any) -> None:
    """Create every trigger, unless migrations were reversed. Receives `post_migrate`.

    Where all of them are there, nothing is done: then a role that doesn't own the tables may run `migrate`, too. Nor is
    anything after `migrate phones 0007`: the triggers name columns that later migrations add.
    """
    if _goes_back(plan) or not _is_newest(using) or not (missing_triggers(using) or altered_triggers(using)):
        return
    connection = connections[using]
    with connection.cursor() as cursor:
        for trigger in triggers_of(connection.vendor):
            for statement in _statements(connection.vendor, trigger):
                cursor.execute(statement)


def _is_newest(using: str) -> bool:
    names = [module.name for module in pkgutil.iter_modules(migrations.__path__) if module.name[0] != "_"]
    return ("phones", max(names)) in MigrationRecorder(connections[using]).applied_migrations()


def _statements(vendor: str, trigger: tuple[str, str, str, str, str]) -> list[str]:
    name, table, _event, _condition, words = trigger
    if vendor == "sqlite":
        return [f'DROP TRIGGER IF EXISTS "{name}"', _definition(vendor, trigger)]
    function = f'CREATE OR REPLACE FUNCTION "{name}"() RETURNS trigger LANGUAGE plpgsql AS $${_body(words)}$$'
    # It may be turned off, and replacing it would leave it so.
    return [function, f'DROP TRIGGER IF EXISTS "{name}" ON "{table}"', _definition(vendor, trigger)]


def _body(words: str) -> str:
    """Return the body of a trigger's function of PostgreSQL."""
    return f" BEGIN RAISE EXCEPTION '{words}' USING ERRCODE = 'restrict_violation'; END "


def _definition(vendor: str, trigger: tuple[str, str, str, str, str], table: str = "") -> str:
    """Return the statement that creates a trigger, or one like it on another table."""
    name, own_table, event, template, words = trigger
    condition, table = _condition(template), table or own_table
    if vendor == "sqlite":
        # SQLite 3.40 has IS NOT in place of the standard's IS DISTINCT FROM.
        condition = condition.replace("IS DISTINCT FROM", "IS NOT")
        action = f"WHEN {condition} BEGIN SELECT RAISE(ABORT, '{words}'); END"
        return f'CREATE TRIGGER "{name}" BEFORE {event} ON "{table}" {action}'
    each = f"FOR EACH ROW WHEN ({condition})" if condition else "FOR EACH STATEMENT"
    return f'CREATE TRIGGER "{name}" BEFORE {event} ON "{table}" {each} EXECUTE FUNCTION "{name}"()'


def remove_triggers(using: str = "default") -> None:
    """Remove every trigger: tests need it to empty the tables."""
    connection = connections[using]
    tables = connection.introspection.table_names()
    with connection.cursor() as cursor:
        for name, table, *_rest in triggers_of(connection.vendor):
            if table in tables:
                on = "" if connection.vendor == "sqlite" else f' ON "{table}"'
                cursor.execute(f'DROP TRIGGER IF EXISTS "{name}"{on}')


def missing_triggers(using: str = "default") -> list[str]:
    """Return the names of the triggers that are missing or turned off."""
    found = _found(using)
    return [name for name, *_rest in triggers_of(connections[using].vendor) if name not in found]


def altered_triggers(using: str = "default") -> list[str]:
    """Return the names of the triggers that are there, and are not as this program creates them."""
    found = _found(using)
    return [name for name, definition in _expected(using, found).items() if found[name] != definition]


# A trigger in two parts: its definition, and the body of its function, "" where it has none.
_Parts = tuple[str, str]


def _found(using: str) -> dict[str, _Parts]:
    """Return the triggers that are turned on, by name. SQLite keeps the statement letter by letter."""
    connection = connections[using]
    tables = sorted({table for _name, table, *_rest in triggers_of(connection.vendor)})
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            return {name: (sql, "") for name, sql in cursor.fetchall()}
        return {name: parts for table in tables for name, parts in _parsed(cursor, table).items()}


# PostgreSQL keeps no text of a trigger, but what it was parsed to. The name of the table is left out.
_PARSED = """
SELECT tgname, regexp_replace(pg_get_triggerdef(pg_trigger.oid), ' ON \\S+ ', ' '), prosrc
FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
WHERE NOT tgisinternal AND tgenabled IN ('O', 'A') AND tgrelid = to_regclass(%s)
"""


def _parsed(cursor: Any, table: str) -> dict[str, _Parts]:
    cursor.execute(_PARSED, [table])
    return {name: (definition, body) for name, definition, body in cursor.fetchall()}


def _expected(using: str, found: Collection[str]) -> dict[str, _Parts]:
    """Return what `_found` would return of these triggers if nobody had altered them.

    PostgreSQL is asked: each trigger is created on a temporary copy of its table, with the function that is there.
    """
    connection = connections[using]
    triggers = [trigger for trigger in triggers_of(connection.vendor) if trigger[0] in found]
    if connection.vendor == "sqlite":
        return {trigger[0]: (_definition("sqlite", trigger), "") for trigger in triggers}
    expected: dict[str, _Parts] = {}
    with transaction.atomic(using=using), connection.cursor() as cursor:
        for trigger in triggers:
            name, table, *_rest, words = trigger
            cursor.execute(f'CREATE TEMPORARY TABLE "{PROBE}" (LIKE "{table}")')
            cursor.execute(_definition("postgresql", trigger, PROBE))
            expected[name] = (_parsed(cursor, f"pg_temp.{PROBE}")[name][0], _body(words))
            cursor.execute(f'DROP TABLE pg_temp."{PROBE}"')
    return expected
