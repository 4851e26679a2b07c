"""Settling what nobody waits for any more: changes whose process died, and outcomes that are not known yet."""

from collections.abc import Callable
from datetime import datetime

from phones.models import Change, NoKey, Outcome

from . import diary
from .connecting import client_for
from .looking_again import claim_look, due
from .settling import settle_by_reading

Clock = Callable[[], datetime]


def sweep(*, clock: Clock) -> int:
    """Look at every open change that is due, and return how many were settled. Nothing is ever sent."""
    now = clock()
    settled_count = 0
    for change in due(Change.objects.select_related("project", "phone"), "created_at", now):
        if claim_look(change, begun_at=change.created_at, now=now):
            settled_count += _look(change, clock)
    return settled_count


def _look(change: Change, clock: Clock) -> bool:
    """Read what became of the change; a dead sender's that can't be read is unknown from now on."""
    try:
        settle_by_reading(change, client_for(change.project), clock)
    except NoKey:
        if change.outcome == Outcome.PENDING:
            change.outcome = Outcome.UNKNOWN
            diary.settle([change])
    return not change.is_open
