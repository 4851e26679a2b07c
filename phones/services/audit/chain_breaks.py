"""Ends of chains that were noted outside the database, and that it no longer holds: it was restored, or altered.

Administrators see that until one of them acknowledges it; who did, and when, is kept for good.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from phones.models import ChainBreak, ChainHead, ChangeSeal, Project
from phones.services.audit.chain_heads import (
    NO_HEAD,
    Head,
    HeadSpoiled,
    Note,
    Standing,
    export_head,
    exported_note,
    head_path,
)
from phones.services.people.display_names import name_of

logger = logging.getLogger("phones.diary")
Clock = Callable[[], datetime]


class BreakHasMoved(Exception):
    """What was to be acknowledged is not what there is: somebody was quicker, or there is another one."""


@dataclass(frozen=True, slots=True)
class Break:
    """A break that nobody has acknowledged: the entry noted (0 for a file that was spoiled), and the last one held."""

    noted: str
    noted_number: int
    found_number: int
    path: Path


def standing_of(project: Project, note: Note) -> Standing:
    """Say whether the chain holds the entry that a note names. One query, and one more where it doesn't."""
    if note.head == NO_HEAD:
        return Standing.HELD
    if note.head:
        number, mac = note.head
        if ChangeSeal.objects.filter(project=project, number=number, mac=mac).exists():
            return Standing.HELD
    is_known = ChainBreak.objects.filter(project=project, noted=note.digest).exists()
    return Standing.ACKNOWLEDGED if is_known else Standing.LOST


def find_break(project: Project) -> Break | None:
    """Return what the file notes and the database does not hold, as long as nobody has acknowledged it."""
    try:
        note = exported_note(project.pk)
    except HeadSpoiled:
        # Nobody can replace it either: `verify_changes` tells.
        return None
    if standing_of(project, note) is not Standing.LOST:
        return None
    return Break(note.digest, note.head.number if note.head else 0, _held(project).number, head_path(project.pk))


def has_break(project: Project) -> bool:
    """Say whether the history was ever found broken: then numbers of changes and plans may have been given twice."""
    return ChainBreak.objects.filter(project=project).exists() or find_break(project) is not None


def acknowledge_break(*, project: Project, noted: str, by: User, clock: Clock) -> ChainBreak:
    """Write down who has seen the break `noted`, and let the file go on from what the database holds.

    :raises BreakHasMoved: there is none, or another one.
    """
    found = find_break(project)
    if found is None or found.noted != noted:
        raise BreakHasMoved
    try:
        with transaction.atomic():
            kept = ChainBreak.objects.create(
                project=project,
                noted=found.noted,
                noted_number=found.noted_number,
                found_number=found.found_number,
                actor=by,
                actor_name=name_of(by),
                acknowledged_at=clock(),
            )
    except IntegrityError:
        raise BreakHasMoved from None
    logger.warning("%s has acknowledged that the diary of project %s is broken", kept.actor_name, project.pk)
    export_head(project.pk, _held(project), lambda note: standing_of(project, note))
    return kept


def _held(project: Project) -> Head:
    """Return the end of the chain in the database."""
    return Head(*(ChainHead.objects.filter(project=project).values_list("number", "mac").first() or NO_HEAD))
