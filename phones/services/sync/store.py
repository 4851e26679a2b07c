"""Copying Diga's answers about phones into our tables. The only place that writes Diga's fields.

What an answer changes that we did not, goes into the drift ledger in the same transaction.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from phones import diga
from phones.models import Phone, Project, SnapshotEncoder
from phones.services.audit import log
from phones.services.audit.first_seen import seal_first_seen
from phones.services.clock import CLOCK_SLACK, is_ahead
from phones.services.projects.identity import ForeignProject
from phones.services.routing.catalogue import Catalogue, catalogue_of
from phones.services.routing.edits import PhoneSnapshot
from phones.services.routing.lanes import Lane
from phones.services.routing.snapshots import snapshot
from phones.services.sync.bulk_rows import (
    COPIED,
    DERIVED,
    STATEMENT_ROWS,
    Columns,
    ForeignRow,
    columns_of,
    compare,
    copied_columns,
    insert,
    part_of,
    raw_columns,
    touch,
    upsert,
)
from phones.services.sync.drift import Ours
from phones.services.sync.merge import Answer, Pair, derived_values, merge, values_of


@dataclass(slots=True)
class Stored:
    """The counts of pages: rows, of them new ones and ones that differed, and changes made outside this desk."""

    row_count: int = 0
    new_count: int = 0
    differing_count: int = 0
    outside_count: int = 0

    def add(self, other: "Stored") -> None:
        """Add the counts of more."""
        self.row_count += other.row_count
        self.new_count += other.new_count
        self.differing_count += other.differing_count
        self.outside_count += other.outside_count


def is_copy(phone: Phone, record: diga.Phone) -> bool:
    """Say whether the row has all that the answer says."""
    return phone.missing_since is None and all(
        getattr(phone, name) == value for name, value in values_of(record).items()
    )


def clamp_future_reads(phones: QuerySet[Phone], now: datetime) -> None:
    """Set `fetched_at` of rows read "in the future" to just before now: the clock was set back since.

    They were read before now in truth, so that is no lie, and answers that are asked for from now on are newer again.
    """
    phones.filter(fetched_at__gt=now + CLOCK_SLACK).update(fetched_at=now - timedelta.resolution)


def ensure_read_is_newer(phone: Phone, now: datetime) -> None:
    """Clamp the row's `fetched_at`, so that a read that begins from now on counts as newer."""
    if is_ahead(phone.fetched_at, now):
        clamp_future_reads(Phone.objects.filter(pk=phone.pk), now)
        phone.refresh_from_db(fields=["fetched_at"])


def store_phone(phone: Phone, record: diga.Phone, *, fetched_at: datetime) -> None:
    """Copy what a read says of one phone into its row, unless the row has a newer answer; `phone` is then as the row.

    `fetched_at` is when it was asked for.
    """
    store_answers(phone.project, [Answer(phone, record, fetched_at)])


def store_answers(project: Project, answers: Sequence[Answer]) -> None:
    """Copy answers about single phones of one project into their rows, unless a row has a newer one.

    The phones of the answers are then as their rows. Two queries, and what is written down of changes that we did not
    make.
    """
    held = {answer.record.id: answer.phone for answer in answers if answer.phone}
    with transaction.atomic():
        rows = _lock(project, Phone.objects.filter(pk__in=held).order_by("pk"))
        written, drifts = merge(rows, answers, _is_newer_answer)
        log.record_observed(drifts)
        upsert(columns_of(written))
    for phone_id, phone in held.items():
        for name in (*COPIED, *DERIVED, "note", "fetched_at", "missing_since"):
            setattr(phone, name, getattr(rows[phone_id], name))


def _lock(project: Project, phones: QuerySet[Phone]) -> dict[Any, Phone]:
    """Return rows of a project by id, locked until the transaction ends."""
    rows = {row.pk: row for row in phones.select_for_update()}
    for row in rows.values():
        row.project = project
    return rows


def _is_newer_answer(pair: Pair, ours: Ours) -> bool:
    """Say whether an answer about a single phone tells of a later moment than the row.

    It does where nothing has been stored since it was asked for, whatever the clocks say. Else the times of asking
    decide, and one that has the value from before a write of ours does not.
    """
    if not pair.is_overtaken:
        return True
    return pair.row.fetched_at <= pair.answer.fetched_at and not pair.is_taken_back_by(ours)


def store_phones(project: Project, records: Sequence[diga.Phone], *, fetched_at: datetime) -> Stored:
    """Copy phones of Diga's list, asked for at `fetched_at`, and say what was new and what differed.

    :raises ForeignProject: one of the ids belongs to another project's phone.
    """
    stored = Stored()
    for part in store_pages(project, [diga.WalkedPage(tuple(records), 0, fetched_at)]):
        stored.add(part)
    return stored


def store_pages(
    project: Project, pages: Sequence[diga.WalkedPage], *, since: datetime | None = None
) -> Iterator[Stored]:
    """Copy pages of Diga's list; yield what was stored after each transaction of `STATEMENT_ROWS` at most.

    Left alone is a row that was read later than its page was asked for (an edit came between), and one that a write of
    ours is under way to, or has just ended for: nobody can tell whether the page has its effect. Such a phone is asked
    for by itself at the end of the pass. `since` is when this pass began: several pages are asked for at the same time,
    so where a phone moved and is on two, nobody can tell which of them is newer; the first counts, and the next pass
    tells the rest.

    :raises ForeignProject: one of the ids belongs to another project's phone; nothing is stored.
    """
    answers = {record.id: Answer(None, record, page.asked_at) for page in reversed(pages) for record in page.data}
    listed = list(answers.values())
    copied = copied_columns([answer.record for answer in listed])
    # Only what differs is looked at under a lock, so an editor hardly ever waits for a page.
    try:
        found = compare(project.pk, copied)
    except ForeignRow:
        raise ForeignProject from None
    yield from _store_new(project, listed, copied, found.new)
    told = {*found.new, *found.differing}
    same = _by_number(copied, (place for place in range(len(listed)) if place not in told))
    # The earliest moment is true of all of them.
    asked_at = min(page.asked_at for page in pages)
    for start in range(0, len(same), STATEMENT_ROWS):
        ids = [listed[place].record.id for place in same[start : start + STATEMENT_ROWS]]
        touch(ids, fetched_at=asked_at)
        yield Stored(row_count=len(ids))
    for start in range(0, len(found.differing), STATEMENT_ROWS):
        some = [listed[place] for place in found.differing[start : start + STATEMENT_ROWS]]
        yield _store_differing(project, some, since)
    if not listed:
        yield Stored()


def _by_number(copied: Columns, places: Iterable[int]) -> list[int]:
    """Return the places of answers by their numbers: in this order a transaction changes few blocks of the tables."""
    return sorted(places, key=copied["number"].__getitem__)


def _store_new(project: Project, listed: Sequence[Answer], copied: Columns, places: Iterable[int]) -> Iterator[Stored]:
    """Write phones that we see for the first time, with the first state of their history."""
    ordered = _by_number(copied, places)
    if not ordered:
        return
    answers = [listed[place] for place in ordered]
    catalogue = catalogue_of(project)
    derived = zip(*(derived_values(each.record.number, each.record.nickname, "") for each in answers), strict=True)
    ours = {
        **dict(zip(DERIVED, derived, strict=True)),
        "project_id": [project.pk] * len(answers),
        "note": [""] * len(answers),
        "fetched_at": [each.fetched_at for each in answers],
        "missing_since": [None] * len(answers),
        "first_seen_at": [each.fetched_at for each in answers],
        "first_seen": [_first_seen(each.record, catalogue) for each in answers],
    }
    columns = {**{name: [column[place] for place in ordered] for name, column in copied.items()}, **raw_columns(ours)}
    for start in range(0, len(ordered), STATEMENT_ROWS):
        some = answers[start : start + STATEMENT_ROWS]
        with transaction.atomic():
            insert(part_of(columns, start))
            seal_first_seen(project, [each.record.id for each in some], at={each.fetched_at for each in some})
        yield Stored(row_count=len(some), new_count=len(some))


def _first_seen(record: diga.Phone, catalogue: Catalogue) -> str:
    """Return entry zero of a phone's history as JSON: `Seen.snapshot`, with each agent's lane made once."""
    nickname, status = json.dumps(record.nickname or ""), json.dumps(record.status)
    inbound, outbound = _lane(catalogue, record.inbound_agent_id), _lane(catalogue, record.outbound_agent_id)
    return f'{{"nickname": {nickname}, "inbound": {inbound}, "outbound": {outbound}, "status": {status}}}'


@lru_cache(maxsize=4096)
def _lane(catalogue: Catalogue, agent_id: UUID | None) -> str:
    kept = snapshot(catalogue, PhoneSnapshot(None, agent_id, None), (Lane.INBOUND,))
    return json.dumps(kept[Lane.INBOUND], cls=SnapshotEncoder)


def _store_differing(project: Project, answers: Sequence[Answer], since: datetime | None) -> Stored:
    """Copy answers that seemed to differ, after a second look under a lock, and write down whose doing that was."""

    def is_newer(pair: Pair, ours: Ours) -> bool:
        asked_at = pair.answer.fetched_at
        is_later = pair.row.fetched_at <= asked_at and (since is None or pair.row.fetched_at < since)
        return is_later and not ours.is_being_sent and not pair.is_taken_back_by(ours)

    with transaction.atomic():
        rows = _lock(project, Phone.objects.filter(pk__in=[answer.record.id for answer in answers]).order_by("pk"))
        written, drifts = merge(rows, answers, is_newer)
        upsert(columns_of(written))
        log.record_observed(drifts)
    return Stored(len(answers), differing_count=len(written), outside_count=len(drifts))
