"""A database that is restored from a backup: its history as it was then, and numbers that are given a second time."""

from typing import Any

from django.apps import apps
from django.db import connection, models

from phones.models import (
    Act,
    ChainHead,
    Change,
    ChangeSeal,
    NamedAgent,
    Plan,
    PlanItem,
    PlanStep,
    PublishRequest,
    Schedule,
)
from tests.support.database.tampering import run_sql, unguarded

# In the order in which they can be laid down.
TABLES: tuple[type[models.Model], ...] = (
    Plan,
    Change,
    NamedAgent,
    Act,
    ChangeSeal,
    ChainHead,
    PlanItem,
    PlanStep,
    PublishRequest,
    Schedule,
)


class Backup:
    """The history and the plans as they are now."""

    def __init__(self) -> None:
        self._rows = {model: list(model._default_manager.all()) for model in TABLES}
        self._last = {model: _last_number(model) for model in TABLES if _counts(model)}

    def restore(self) -> None:
        """Let the database be as it was then, with the numbers it would give next; files stay as they are."""
        with unguarded():
            for model in reversed(TABLES):
                run_sql(f"DELETE FROM {model._meta.db_table}")  # noqa: S608 - our names.
            for model in TABLES:
                model._default_manager.bulk_create(self._rows[model])
        for model, number in self._last.items():
            _give_next(model, number)


def _counts(model: type[models.Model]) -> bool:
    return isinstance(model._meta.pk, models.AutoField)


def _last_number(model: type[models.Model]) -> int:
    newest: Any = model._default_manager.order_by("pk").last()
    return newest.pk if newest else 0


def _give_next(model: type[models.Model], number: int) -> None:
    table = model._meta.db_table
    if connection.vendor == "sqlite":
        run_sql("UPDATE sqlite_sequence SET seq = %s WHERE name = %s", number, table)
    else:
        run_sql("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s, false)", table, number + 1)


def is_complete() -> bool:
    """Say whether every table that hangs on a change or a plan is in the backup."""
    hanging = {
        model
        for model in apps.get_app_config("phones").get_models()
        for field in model._meta.concrete_fields
        if field.related_model in {Change, Plan}
    }
    return hanging <= set(TABLES)
