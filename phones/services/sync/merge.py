"""Laying answers of Diga over our rows, in memory: which answers count, what they change, and whose doing that was."""

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from phones import diga
from phones.models import Change, Phone
from phones.services.phone_numbers import digits_of, folded, nickname_key, shown_number
from phones.services.routing.lanes import FIELDS
from phones.services.sync.bulk_rows import COPIED, DERIVED
from phones.services.sync.drift import Ours, Seen, drifts_of, ours_of


@dataclass(frozen=True, slots=True)
class Answer:
    """What Diga says of one phone.

    `phone` is our copy in memory as it was when Diga was asked, None where nobody held one. `fetched_at` is when the
    answer arrived for a write, and when it was asked for for a read. `set_by_us` are the fields that the write has set:
    what differs in others was changed outside.
    """

    phone: Phone | None
    record: diga.Phone
    fetched_at: datetime
    set_by_us: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """A row under lock and an answer about it, with what each of them tells the drift ledger."""

    row: Phone
    answer: Answer
    row_says: Seen
    answer_says: Seen

    @classmethod
    def of(cls, row: Phone, answer: Answer) -> "Pair":
        """Return a row and its answer."""
        return cls(row, answer, Seen.of(row), Seen.of(answer.record))

    @property
    def is_overtaken(self) -> bool:
        """True where the row may have been written since Diga was asked."""
        return self.answer.phone is None or self.row.fetched_at != self.answer.phone.fetched_at

    @property
    def differs(self) -> bool:
        """True where the answer says something else in a field that the write has not set."""
        names = {*FIELDS, "status"} - set(self.answer.set_by_us)
        return any(self.row_says.value(name) != self.answer_says.value(name) for name in names)

    def is_taken_back_by(self, ours: Ours) -> bool:
        """Say whether the answer has the value from before a write of ours that ended at about that time."""
        return ours.is_taken_back(self.row_says, self.answer_says, asked_at=self.answer.fetched_at)


IsNewer = Callable[[Pair, Ours], bool]


def merge(
    rows: Mapping[uuid.UUID, Phone], answers: Sequence[Answer], is_newer: IsNewer
) -> tuple[list[Phone], list[Change]]:
    """Apply answers that are newer than their rows to these, and return those rows and what others changed.

    Nothing is written: the rows, by id, are locked, and hold the values to write afterwards; the changes are entries
    of the ledger that are not written down yet. Two queries where an answer differs, else none.
    """
    pairs = [Pair.of(rows[answer.record.id], answer) for answer in answers]
    doubtful = [pair for pair in pairs if pair.is_overtaken or pair.differs]
    latest = max((pair.answer.fetched_at for pair in doubtful), default=None)
    ours = ours_of([pair.row.pk for pair in doubtful], latest) if latest else {}
    written: list[Phone] = []
    drifts: list[Change] = []
    for pair in pairs:
        row, answer, our_doing = pair.row, pair.answer, ours.get(pair.row.pk, Ours())
        if not is_newer(pair, our_doing):
            continue
        # A clock that was set back never makes a row older.
        moment = max(answer.fetched_at, row.read_at)
        drifts += drifts_of(
            row,
            pair.row_says,
            pair.answer_says,
            seen_from=row.read_at,
            now=moment,
            set_by_us=answer.set_by_us,
            ours=our_doing,
        )
        apply_in_memory(row, answer.record, moment)
        written.append(row)
    return written, drifts


def values_of(record: diga.Phone) -> dict[str, Any]:
    """Return Diga's fields of an answer by the names of `COPIED`."""
    return {name: getattr(record, name) for name in COPIED} | {"region_codes": list(record.region_codes)}


def derived_values(number: str, nickname: str | None, noted: str) -> tuple[str, ...]:
    """Return what a row keeps to be shown, searched and sorted by, in the order of `DERIVED`.

    `noted` is what this desk has noted on it, as one text.
    """
    return (
        shown_number(number),
        digits_of(number),
        folded(f"{number} {nickname or ''} {noted}"),
        nickname_key(nickname),
    )


def derive_in_memory(phone: Phone) -> None:
    """Set an object's fields that follow from its others, without saving it."""
    noted = " ".join((phone.note, *phone.tag_names)).rstrip()
    for name, text in zip(DERIVED, derived_values(phone.number, phone.nickname, noted), strict=True):
        setattr(phone, name, text)


def apply_in_memory(phone: Phone, record: diga.Phone, fetched_at: datetime) -> None:
    """Set an object's fields from an answer, without saving it."""
    for name, value in values_of(record).items():
        setattr(phone, name, value)
    derive_in_memory(phone)
    phone.missing_since = phone.unlisted_since = None
    phone.fetched_at = fetched_at
