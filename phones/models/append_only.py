"""Triggers that keep the audit log append-only for every program with access to the database.

They are created after each `migrate`: SQLite drops a table's triggers when a migration rebuilds it. Before migrations
are reversed they are removed, as SQLite drops no column that a trigger names; the older release creates its own.
"""

from collections.abc import Iterable
from typing import Any

from django.db import connections

# Set when a change is added, and never altered. `actor_id` may become null, when a person is deleted.
BEGUN = (
    "id project_id phone_id number source actor_name reason ticket before after created_at form_token seen_from"
    " reverts_id plan_id late_for_id"
)
SETTLED = "outcome stored http_status message cause request_id settled_at duration_ms"
SEAL = "id chain number change_id act_id kind digest mac"
BREAK = "id chain noted noted_number found_number actor_name acknowledged_at"
FIRST_SEEN = "first_seen first_seen_at"
PUBLISH_BEGUN = "plan_id agent_id before after sent_at"
PUBLISH_SETTLED = "outcome stored http_status message cause request_id settled_at duration_ms"

# Name, table, event, condition, error message.
TRIGGERS = (
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


Plan = Iterable[tuple[Any, bool]]
"""The migrations of a run of `migrate`; true are those that are taken back."""


def make_way(using: str, plan: Plan, **kwargs: Any) -> None:
    """Remove the triggers if migrations are to be reversed. Receives `pre_migrate`."""
    if _goes_back(plan):
        remove_triggers(using)


def _goes_back(plan: Plan) -> bool:
    return any(is_backwards for _migration, is_backwards in plan)


def install_triggers(using: str = "default", plan: Plan = (), **kwargs: Any) -> None:
    """Create every trigger, unless migrations were reversed. Receives `post_migrate`."""
    if _goes_back(plan):
        return
    connection = connections[using]
    with connection.cursor() as cursor:
        for name, table, event, template, words in TRIGGERS:
            condition = _condition(template)
            if connection.vendor == "sqlite":
                # SQLite 3.40 has IS NOT in place of the standard's IS DISTINCT FROM.
                condition = condition.replace("IS DISTINCT FROM", "IS NOT")
                cursor.execute(f'DROP TRIGGER IF EXISTS "{name}"')
                cursor.execute(
                    f'CREATE TRIGGER "{name}" BEFORE {event} ON "{table}" WHEN {condition} '
                    f"BEGIN SELECT RAISE(ABORT, '{words}'); END"
                )
            else:
                cursor.execute(
                    f'CREATE OR REPLACE FUNCTION "{name}"() RETURNS trigger LANGUAGE plpgsql AS '
                    f"$$ BEGIN RAISE EXCEPTION '{words}' USING ERRCODE = 'restrict_violation'; END $$"
                )
                cursor.execute(
                    f'CREATE OR REPLACE TRIGGER "{name}" BEFORE {event} ON "{table}" FOR EACH ROW '
                    f'WHEN ({condition}) EXECUTE FUNCTION "{name}"()'
                )


def remove_triggers(using: str = "default") -> None:
    """Remove every trigger: tests need it to empty the tables."""
    connection = connections[using]
    tables = connection.introspection.table_names()
    with connection.cursor() as cursor:
        for name, table, *_rest in TRIGGERS:
            if table in tables:
                on = "" if connection.vendor == "sqlite" else f' ON "{table}"'
                cursor.execute(f'DROP TRIGGER IF EXISTS "{name}"{on}')


def missing_triggers(using: str = "default") -> list[str]:
    """Return the names of the triggers that are missing."""
    connection = connections[using]
    listing = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if connection.vendor == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
    )
    with connection.cursor() as cursor:
        cursor.execute(listing)
        found = {row[0] for row in cursor.fetchall()}
    return [name for name, *_rest in TRIGGERS if name not in found]
