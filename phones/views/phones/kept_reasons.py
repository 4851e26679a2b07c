"""The reason and the ticket of the last save, for the next number: in the session of one person, for one project."""

from typing import Any

from django.http import HttpRequest, QueryDict

from phones.access import Desk

# The name of the button that forgets them.
FORGET = "forget"
_FIELDS = ("reason", "ticket")
# The key of the session: texts by project, then by field.
_KEPT = "kept_reasons"


def kept_reason(request: HttpRequest, desk: Desk) -> dict[str, str]:
    """Return the texts that a fresh form begins with, by field; {} if none are kept."""
    kept: dict[str, str] = request.session.get(_KEPT, {}).get(str(desk.project.pk), {})
    return kept


def keep_reason(request: HttpRequest, desk: Desk, typed: dict[str, Any]) -> None:
    """Keep what a form gave, in the place of what was kept before; a form that gave neither ends it."""
    fresh = {name: typed[name] for name in _FIELDS} if any(typed[name] for name in _FIELDS) else {}
    if fresh != kept_reason(request, desk):
        others = {key: kept for key, kept in request.session.get(_KEPT, {}).items() if key != str(desk.project.pk)}
        request.session[_KEPT] = others | ({str(desk.project.pk): fresh} if fresh else {})


def without_reason(data: QueryDict) -> QueryDict:
    """Return what was sent with both fields empty."""
    emptied = data.copy()
    for name in _FIELDS:
        emptied[name] = ""
    return emptied
