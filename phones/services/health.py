"""What needs a look, as conditions on phones: the count on the overview and the list it leads to are one query."""

from collections.abc import Callable
from datetime import datetime

from django.db.models import Q

from phones.models import Project

from .directory import Directory

Condition = Callable[[Project, Directory, datetime], Q]


def _no_inbound(_project: Project, _directory: Directory, _now: datetime) -> Q:
    return Q(status="assigned", inbound_agent_id__isnull=True)


CONDITIONS: dict[str, Condition] = {
    "no_inbound": _no_inbound,
}


def condition(code: str, project: Project, directory: Directory, now: datetime) -> Q:
    """Return what the phones of a code have in common; a code that we don't know is met by none."""
    found = CONDITIONS.get(code)
    return found(project, directory, now) if found else Q(pk__in=())
