"""What a plan is made from: a wish for each phone, and what could not be read where a file was uploaded."""

import uuid
from dataclasses import dataclass, field

from .intention import Intention


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """A phone and what is wanted on it. `line` is where the file said so, None where there was no file."""

    phone_id: uuid.UUID
    intention: Intention
    line: int | None = None


@dataclass(frozen=True, slots=True)
class LineProblem:
    """A line of a file from which no row could be made: `text` is a sentence for the person, ready translated."""

    line: int
    text: str


@dataclass(slots=True)
class Draft:
    """All that a plan is made from, in the order of the list or file. No phone is in it twice."""

    rows: list[PlannedRow] = field(default_factory=list)
    problems: list[LineProblem] = field(default_factory=list)
