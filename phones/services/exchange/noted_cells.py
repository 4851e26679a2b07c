"""Notes and tags in a file: which cells were edited, and storing those. They are no part of a plan: Diga has neither.

A cell that equals what is stored, or what was stored when the file was made, is left alone; so is an edited one if
somebody has changed the note or the tags since, whose words would be lost.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from phones.models import Act, ActKind, Phone, Project
from phones.services.clock import Clock
from phones.services.exchange.edited_cells import NotUnderstood, check_value, is_untouched
from phones.services.exchange.import_columns import ImportColumns
from phones.services.notes.tags import (
    LENGTH_LIMIT,
    PHONES_AT_ONCE,
    TAGS_A_PHONE,
    TagTooLong,
    TooManyTags,
    change_tags,
    read_tags,
)
from phones.services.notes.writing import NOTE_LIMIT, NoteMoved, fingerprint_of, write_note
from phones.services.plans.drafts import NotedEdit
from phones.services.tables.cell_guard import unguarded
from phones.services.tables.read import Row

# The note and the tags of phones before they were changed since; None for tags that can't be told.
NotedThen = Mapping[uuid.UUID, Mapping[str, str | None]]


class _Moved:
    """Says that an edit was left out, because somebody changed the same since."""


MOVED: Final = _Moved()


def noted_since(project: Project, moments: Mapping[uuid.UUID, datetime | None]) -> NotedThen:
    """Return what the notes and tags of these phones were at the moment of each, where acts have changed them since.

    At most one query.
    """
    since = min(filter(None, moments.values()), default=None)
    found: defaultdict[uuid.UUID, dict[str, str | None]] = defaultdict(dict)
    if since is None:
        return found
    kinds = [ActKind.NOTE_CHANGED, ActKind.TAGS_CHANGED]
    for act in Act.objects.filter(project=project, kind__in=kinds, at__gt=since).order_by("pk").iterator():
        details = act.details
        for text in details.get("phones", [details.get("phone")]):
            moment = moments.get(phone_id := uuid.UUID(text))
            if moment is None or act.at <= moment:
                continue
            if "note" in details:
                found[phone_id].setdefault("note", details["note"]["before"])
            else:
                found[phone_id].setdefault("tags", details["tags"]["before"] if "tags" in details else None)
    return found


def noted_edit(
    row: Row, columns: ImportColumns, phone: Phone, then: Mapping[str, str | None]
) -> NotedEdit | _Moved | None:
    """Return what a row's cells change of a note and tags: None if nothing, `MOVED` if others were quicker.

    :raises NotUnderstood: a cell can't be stored as it is.
    """
    note, tags = (
        _edited(row, columns, "note", phone.note, then),
        _edited(row, columns, "tags", ", ".join(phone.tag_names), then),
    )
    if note is MOVED or tags is MOVED:
        return MOVED
    typed = _note(note) if isinstance(note, str) else phone.note
    wanted = _tags(tags) if isinstance(tags, str) else phone.tag_names
    add, remove = set(wanted) - set(phone.tag_names), set(phone.tag_names) - set(wanted)
    if typed == phone.note and not add and not remove:
        return None
    return NotedEdit(
        phone,
        None if typed == phone.note else typed,
        fingerprint_of(phone.note),
        tuple(sorted(add)),
        tuple(sorted(remove)),
    )


def _edited(
    row: Row, columns: ImportColumns, code: str, stored: str, then: Mapping[str, str | None]
) -> str | _Moved | None:
    """Return the edited text of a cell, None if it is untouched."""
    cell = columns.cell(row, code)
    if cell is None or is_untouched(cell, stored):
        return None
    if code not in then:
        check_value(cell, code)
        return unguarded(cell)
    was = then[code]
    return None if was is not None and is_untouched(cell, was) else MOVED


def _note(cell: str) -> str:
    note = cell.replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(note) > NOTE_LIMIT:
        raise NotUnderstood(_("The note has more than %(count)s characters.") % {"count": NOTE_LIMIT})
    return note


def _tags(cell: str) -> tuple[str, ...]:
    try:
        tags = read_tags(cell)
    except TagTooLong as error:
        words = _("“%(tag)s” is too long: a tag has at most %(limit)d characters.")
        raise NotUnderstood(words % {"tag": error.tag[:LENGTH_LIMIT], "limit": LENGTH_LIMIT}) from None
    if len(tags) > TAGS_A_PHONE:
        raise NotUnderstood(_("A number has at most %(limit)d tags.") % {"limit": TAGS_A_PHONE})
    return tags


@dataclass(frozen=True, slots=True)
class TakenOver:
    """How many phones have other notes or tags now, and how many were left, because others were quicker."""

    count: int
    left: int


def take_over(*, project: Project, edits: Iterable[NotedEdit], actor: User, clock: Clock) -> TakenOver:
    """Store what a file says of notes and tags: an act for each note, and for each group whose tags change alike."""
    changed: set[uuid.UUID] = set()
    left: set[uuid.UUID] = set()
    alike: defaultdict[tuple[tuple[str, ...], tuple[str, ...]], list[uuid.UUID]] = defaultdict(list)
    for edit in edits:
        phone = edit.phone
        if edit.add or edit.remove:
            alike[edit.add, edit.remove].append(phone.pk)
        if edit.note is None:
            continue
        try:
            if write_note(phone=phone, note=edit.note, seen=edit.seen, actor=actor, clock=clock):
                changed.add(phone.pk)
        except NoteMoved:
            left.add(phone.pk)
    for (add, remove), ids in alike.items():
        for start in range(0, len(ids), PHONES_AT_ONCE):
            some = ids[start : start + PHONES_AT_ONCE]
            try:
                change_tags(project=project, phone_ids=some, add=add, remove=remove, actor=actor, clock=clock)
                changed.update(some)
            except TooManyTags:
                left.update(some)
    return TakenOver(len(changed), len(left - changed))
