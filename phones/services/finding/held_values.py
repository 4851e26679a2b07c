"""Conditions on phones, answered by a phone that is at hand as far as its own columns tell: no query."""

from typing import Any

from django.db.models import F, Model, Q

Known = bool | None
# Written by the database: a row in memory may have older ones.
WRITTEN_BESIDE = {"inbound_key", "outbound_key"}


def holds(wanted: Q, row: Model) -> Known:
    """Return whether a row meets a condition, None where that takes a query: other tables, or other lookups."""
    found = [_holds(part, row) for part in wanted.children]
    decides = wanted.connector != Q.AND
    if decides in found:
        result: Known = decides
    else:
        result = None if None in found else not decides
    return result if result is None or not wanted.negated else not result


def _holds(part: Any, row: Model) -> Known:
    if isinstance(part, Q):
        return holds(part, row)
    if not isinstance(part, tuple):
        return None
    path, wanted = part
    name, _, lookup = path.partition("__")
    if name in WRITTEN_BESIDE:
        return None
    is_column = isinstance(wanted, F)
    value, wanted = getattr(row, name), getattr(row, wanted.name) if is_column else wanted
    match lookup:
        case "":
            return bool(value == wanted)
        case "isnull":
            return (value is None) is bool(wanted)
        case "in" if isinstance(wanted, list | tuple):
            return bool(value in wanted)
        case _:
            return None
