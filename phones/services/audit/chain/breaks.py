"""Breaks of a hash chain: its head, noted in a file, is no longer in the database, which was restored or altered.

Administrators see a break until one of them acknowledges it. Who did, and when, is kept for good.
"""

import logging
import uuid
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from phones.models import ChainBreak, ChainHead, ChangeSeal, Project, chain_of
from phones.services.audit.chain.heads import (
    NO_HEAD,
    Head,
    HeadSpoiled,
    Note,
    Standing,
    export_head,
    exported_note,
    head_path,
)
from phones.services.clock import Clock
from phones.services.display_names import unique_name_of

logger = logging.getLogger("phones.audit")


class BreakHasMoved(Exception):
    """The break to acknowledge is not the current one: another person was quicker, or there is a newer break."""


@dataclass(frozen=True, slots=True)
class Break:
    """An unacknowledged break: the noted entry (0 for a damaged file), and the last entry in the database."""

    noted: str
    noted_number: int
    found_number: int
    path: Path


def standing_of(chain: uuid.UUID, note: Note) -> Standing:
    """Return whether a chain holds the entry that a note names. One query, and one more if it doesn't."""
    if note.head == NO_HEAD:
        return Standing.HELD
    if note.head:
        number, mac = note.head
        if ChangeSeal.objects.filter(chain=chain, number=number, mac=mac).exists():
            return Standing.HELD
    is_known = ChainBreak.objects.filter(chain=chain, noted=note.digest).exists()
    return Standing.ACKNOWLEDGED if is_known else Standing.LOST


def find_break(project: Project | None) -> Break | None:
    """Return the break between the file and the database, None if there is none or it was acknowledged.

    Without a project: of the chain of the site.
    """
    chain = chain_of(project)
    try:
        note = exported_note(chain)
    except HeadSpoiled:
        # The file is unreadable, so nobody can replace it either; `verify_changes` reports it.
        return None
    if standing_of(chain, note) is not Standing.LOST:
        return None
    return Break(note.digest, note.head.number if note.head else 0, _held(chain).number, head_path(chain))


def has_break(project: Project) -> bool:
    """Return whether a break was ever found: numbers of changes and plans may then have been given twice."""
    return ChainBreak.objects.filter(chain=project.pk).exists() or find_break(project) is not None


def acknowledge_break(*, project: Project | None, noted: str, by: User, clock: Clock) -> ChainBreak:
    """Record who acknowledged the break `noted`; the file goes on from the database.

    :raises BreakHasMoved: there is none, or another one.
    """
    chain = chain_of(project)
    found = find_break(project)
    if found is None or found.noted != noted:
        raise BreakHasMoved
    try:
        with transaction.atomic():
            kept = ChainBreak.objects.create(
                chain=chain,
                noted=found.noted,
                noted_number=found.noted_number,
                found_number=found.found_number,
                actor=by,
                actor_name=unique_name_of(by),
                acknowledged_at=clock(),
            )
    except IntegrityError:
        raise BreakHasMoved from None
    logger.warning("%s has acknowledged that the log of project %s is broken", kept.actor_name, chain)
    # Not before the commit: a file that has gone on without the row would hide the break for good.
    transaction.on_commit(partial(export_head, chain, _held(chain), lambda note: standing_of(chain, note)))
    return kept


def _held(chain: uuid.UUID) -> Head:
    """Return the head of a chain in the database."""
    return Head(*(ChainHead.objects.filter(chain=chain).values_list("number", "mac").first() or NO_HEAD))
