"""Copying Diga's answers about phones into our tables. The only place that writes Diga's fields.

What an answer changes that we did not, goes into the drift ledger in the same transaction.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from phones import diga
from phones.models import Phone, Project
from phones.services.audit import log
from phones.services.audit.chain.hashing import canonical_json
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
    INSERTED_ROWS,
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

# Fewer new phones than this are left to the database's own count.
ANALYZED_ROWS = 1000


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


@dataclass(frozen=True, slots=True)
class Pass:
    """A pass over Diga's whole list: when it began, and the phones whose rows it has confirmed or found newer."""

    began_at: datetime
    seen: set[UUID] = field(default_factory=set)


def is_copy(phone: Phone, record: diga.Phone) -> bool:
    """Say whether the row has all that the answer says."""
    return phone.missing_since is None and all(
        getattr(phone, name) == value for name, value in values_of(record).items()
    )


def clamp_future_reads(project: Project, phones: QuerySet[Phone], now: datetime) -> None:
    """Set times of reading "in the future" to just before now, of these rows and of the last pass: the clock was set
    back since.

    They were read before now in truth, so that is no lie, and answers that are asked for from now on are newer again.
    """
    just_before, ahead = now - timedelta.resolution, now + CLOCK_SLACK
    phones.filter(fetched_at__gt=ahead).update(fetched_at=just_before)
    if Project.objects.filter(pk=project.pk, confirmed_at__gt=ahead).update(confirmed_at=just_before):
        project.confirmed_at = just_before


def ensure_read_is_newer(phone: Phone, now: datetime) -> None:
    """Clamp the row's times of reading, so that a read that begins from now on counts as newer."""
    if is_ahead(phone.read_at, now):
        clamp_future_reads(phone.project, Phone.objects.filter(pk=phone.pk), now)
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
        for name in (*COPIED, *DERIVED, "note", "tags", "fetched_at", "missing_since"):
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
    return pair.row.read_at <= pair.answer.fetched_at and not pair.is_taken_back_by(ours)


def store_phones(project: Project, records: Sequence[diga.Phone], *, fetched_at: datetime) -> Stored:
    """Copy phones of Diga's list, asked for at `fetched_at`, and say what was new and what differed.

    :raises ForeignProject: one of the ids belongs to another project's phone.
    """
    stored = Stored()
    for part in store_pages(project, [diga.WalkedPage(tuple(records), 0, fetched_at)]):
        stored.add(part)
    return stored


def store_pages(project: Project, pages: Sequence[diga.WalkedPage], *, whole: Pass | None = None) -> Iterator[Stored]:
    """Copy pages of Diga's list; yield what was stored after each transaction of `STATEMENT_ROWS` at most.

    Left alone is a row that was read later than its page was asked for (an edit came between), and one that a write of
    ours is under way to, or has just ended for: nobody can tell whether the page has its effect. Such a phone is asked
    for by itself at the end of the pass.

    `whole` is the pass that the pages belong to, if any: it takes the phones that it has seen. Of a row that says what
    its page says only the time is written, and in a pass nothing: that it has confirmed the row, the project tells
    (`Phone.read_at`). It asks for several pages at the same time, so where a phone moved and is on two, nobody can tell
    which of them is newer; the first counts, and the next pass tells the rest.

    :raises ForeignProject: one of the ids belongs to another project's phone; nothing is stored.
    """
    seen = whole.seen if whole else ()
    answers = {
        record.id: Answer(None, record, page.asked_at)
        for page in reversed(pages)
        for record in page.data
        if record.id not in seen
    }
    listed = list(answers.values())
    copied = copied_columns([answer.record for answer in listed])
    # Only what differs is looked at under a lock, so an editor hardly ever waits for a page.
    try:
        found = compare(project.pk, copied)
    except ForeignRow:
        raise ForeignProject from None
    yield from _store_new(project, listed, copied, found.new)
    told = {*found.new, *found.differing}
    same = [each.record.id for place, each in enumerate(listed) if place not in told]
    if whole:
        whole.seen.update(same, (listed[place].record.id for place in found.new))
    else:
        # The earliest moment is true of all of them.
        touch(same, fetched_at=min(page.asked_at for page in pages))
    for start in range(0, len(found.differing), STATEMENT_ROWS):
        some = [listed[place] for place in found.differing[start : start + STATEMENT_ROWS]]
        yield _store_differing(project, some, whole)
    if same or not listed:
        yield Stored(row_count=len(same))


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
        "unlisted_since": [None] * len(answers),
        "first_seen_at": [each.fetched_at for each in answers],
        "first_seen": [_first_seen(each.record, catalogue) for each in answers],
    }
    columns = {**{name: [column[place] for place in ordered] for name, column in copied.items()}, **raw_columns(ours)}
    seen = [(each.record.id, each.fetched_at, text) for each, text in zip(answers, ours["first_seen"], strict=True)]
    size = INSERTED_ROWS[connection.vendor]
    for start in range(0, len(ordered), size):
        some = seen[start : start + size]
        with transaction.atomic():
            stored_count = insert(part_of(columns, start, size))
            # Last, as a save of this project waits for the chain.
            seal_first_seen(project, some, stored_count=stored_count)
        yield Stored(row_count=len(some), new_count=len(some))


def analyze_if_grown(*, new_count: int, phone_count: int) -> None:
    """Have PostgreSQL count anew what its planner goes by, if so many rows came that it would err.

    Its own count comes a minute later, and never where autovacuum is off; until then it takes 100,000 phones for five,
    and reads all of them for a page that an index would give. SQLite's figures are set by a migration.
    """
    if connection.vendor != "postgresql" or new_count < ANALYZED_ROWS or new_count * 10 < phone_count:
        return
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {Phone._meta.db_table}")


def _first_seen(record: diga.Phone, catalogue: Catalogue) -> str:
    """Return entry zero of a phone's history as `canonical_json`: `Seen.snapshot`, with each agent's lane made once."""
    inbound, outbound = _lane(catalogue, record.inbound_agent_id), _lane(catalogue, record.outbound_agent_id)
    nickname, status = canonical_json(record.nickname or ""), canonical_json(record.status)
    return f'{{"inbound":{inbound},"nickname":{nickname},"outbound":{outbound},"status":{status}}}'


@lru_cache(maxsize=4096)
def _lane(catalogue: Catalogue, agent_id: UUID | None) -> str:
    kept = snapshot(catalogue, PhoneSnapshot(None, agent_id, None), (Lane.INBOUND,))
    return canonical_json(kept[Lane.INBOUND])


def _store_differing(project: Project, answers: Sequence[Answer], whole: Pass | None) -> Stored:
    """Copy answers that seemed to differ, after a second look under a lock, and write down whose doing that was."""

    def is_newer(pair: Pair, ours: Ours) -> bool:
        is_later = pair.row.read_at <= pair.answer.fetched_at
        is_later = is_later and (whole is None or pair.row.fetched_at < whole.began_at)
        return is_later and not ours.is_being_sent and not pair.is_taken_back_by(ours)

    with transaction.atomic():
        rows = _lock(project, Phone.objects.filter(pk__in=[answer.record.id for answer in answers]).order_by("pk"))
        written, drifts = merge(rows, answers, is_newer)
        upsert(columns_of(written))
        log.record_observed(drifts)
    if whole:
        whole.seen.update(pk for pk, row in rows.items() if row.fetched_at >= whole.began_at)
    return Stored(len(answers), differing_count=len(written), outside_count=len(drifts))
