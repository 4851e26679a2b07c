"""Altering what the product never alters, for tests that need another past."""

from typing import Any

from django.db.models import QuerySet

from phones.models import Change, ChangeSeal, NamedAgent, append_only


def alter(rows: QuerySet[Any], **values: Any) -> None:
    """Update rows with the diary's triggers away."""
    append_only.remove_triggers()
    rows.update(**values)
    append_only.install_triggers()


def forget(changes: QuerySet[Change]) -> None:
    """Delete changes, and all that hangs on them, with the diary's triggers away."""
    append_only.remove_triggers()
    ids = list(changes.values_list("pk", flat=True))
    for hanging in (ChangeSeal, NamedAgent):
        hanging.objects.filter(change__in=ids).delete()
    changes.filter(pk__in=ids).delete()
    append_only.install_triggers()
