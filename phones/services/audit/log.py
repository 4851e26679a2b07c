"""Writes of the audit log: the only place that adds and settles changes, each sealed in the same transaction."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from django.db import connection, transaction

from phones.models import Change, Outcome, Project, SealKind
from phones.services.audit.chain.appending import Link, append
from phones.services.audit.chain.hashing import EVERY_FIELD, SETTLED_FIELDS, digest_of
from phones.services.audit.named_agents import name_agents
from phones.services.plan_items.following import follow, hold_plans

OPEN = (Outcome.PENDING, Outcome.UNKNOWN)
SETTLED_AND_LOOKS = (*SETTLED_FIELDS, "answer_lost_at", "next_look_at", "look_count")


@contextmanager
def on_disk() -> Iterator[None]:
    """Make commits within the block durable before it ends.

    PostgreSQL always does (`synchronous_commit`). SQLite with `synchronous=NORMAL` may lose the last commits when the
    power fails. Waiting for the disk takes milliseconds, so only this block does. It can't be set within a transaction.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    connection.ensure_connection()
    sqlite = connection.connection
    sqlite.execute("PRAGMA synchronous = FULL")
    try:
        yield
    finally:
        sqlite.execute("PRAGMA synchronous = NORMAL")


def begin(changes: Sequence[Change]) -> None:
    """Add changes of one project as PENDING, before they are sent.

    :raises IntegrityError: a change of one of the phones is pending, or the form was sent before.
    """
    if not changes:
        return
    with transaction.atomic():
        _name_actors(changes)
        Change.objects.bulk_create(changes)
        name_agents(changes)
        _seal(changes[0].project, [(change, SealKind.BEGUN) for change in changes])


def _name_actors(changes: Iterable[Change]) -> None:
    """Freeze by which account each change was made."""
    for change in changes:
        if change.actor is not None:
            change.actor_username, change.actor_number = change.actor.get_username(), change.actor.pk


def settle(changes: Sequence[Change]) -> None:
    """Store the outcome of changes of one project, UNKNOWN included.

    A change that another process has settled meanwhile is left as it is, and the instance is reloaded: a sender that
    waits long for Diga may be taken for dead.
    """
    if not changes:
        return
    with transaction.atomic():
        hold_plans(changes)
        changes = _still_open(changes)
        if not changes:
            return
        _save_endings(changes)
        # Diga may have stored an agent that the change did not name.
        name_agents([change for change in changes if change.stored])
        _seal(changes[0].project, [(change, SealKind.SETTLED) for change in changes])
        follow(changes)


def _still_open(changes: Sequence[Change]) -> list[Change]:
    """Lock the rows (`SELECT … FOR UPDATE`) and return the changes that are still open; reload the others."""
    rows = Change.objects.select_for_update().filter(pk__in=[change.pk for change in changes], outcome__in=OPEN)
    ids = set(rows.order_by("pk").values_list("pk", flat=True))
    for change in changes:
        if change.pk not in ids:
            change.refresh_from_db(fields=SETTLED_AND_LOOKS)
    return [change for change in changes if change.pk in ids]


def _save_endings(changes: Sequence[Change]) -> None:
    """Save the outcomes with one prepared UPDATE (`executemany`)."""
    fields = [field for field in Change._meta.concrete_fields if field.attname in SETTLED_AND_LOOKS]
    rows = [
        [*(field.get_db_prep_save(getattr(change, field.attname), connection) for field in fields), change.pk]
        for change in changes
    ]
    columns = ", ".join(f'"{field.column}" = %s' for field in fields)
    with connection.cursor() as cursor:
        cursor.executemany(f'UPDATE "{Change._meta.db_table}" SET {columns} WHERE "id" = %s', rows)  # noqa: S608


def record_observed(changes: Sequence[Change]) -> None:
    """Add changes of one project that were made outside the desk. They are settled from the start."""
    if not changes:
        return
    with transaction.atomic():
        _name_actors(changes)
        Change.objects.bulk_create(changes)
        name_agents(changes)
        _seal(changes[0].project, [(change, SealKind.SETTLED) for change in changes])


def _seal(project: Project, news: Iterable[tuple[Change, SealKind]]) -> None:
    """Append states of changes to the project's chain."""
    links = [
        Link(kind, digest_of({name: getattr(change, name) for name in EVERY_FIELD}, kind), change=change)
        for change, kind in news
    ]
    append(project.pk, links)
