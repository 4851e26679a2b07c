"""Numbers given by the one before: its last digits anew, or a range up to another."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from phones.services.number_reader.candidates import COUNTRY_CODE, NATIONAL_LENGTH, Candidate, Certainty

# Each is a query.
RANGE_LIMIT = 20
_SPANISH_LENGTH = len(COUNTRY_CODE) + NATIONAL_LENGTH
_TOLD_RANGE = range(2, 10_000)
_BETWEEN = re.compile(r" ?- ?")
# `951 20 18 02/03`: the next number, given by its last digits alone.
_TAIL = re.compile(r"( ?/ ?)(\d{1,3})(?![\d:]| \d|[.,-]\d)")


def with_tails(numbers: Iterable[Candidate], text: str) -> Iterator[Candidate]:
    """Yield the numbers, and those given after them by their last digits alone."""
    for number in numbers:
        yield number
        base, stop = number, number.place[1]
        while len(base.keys[0]) == _SPANISH_LENGTH and (tail := _TAIL.match(text, stop)):
            stop = tail.end()
            base = _tail(base, tail)
            yield base


def _tail(base: Candidate, found: re.Match[str]) -> Candidate:
    length = len(found[2])
    keys = tuple(key[:-length] + found[2] for key in base.keys)
    certainty = Certainty.SURE if length > 1 and found[1] == "/" and base.is_sure else Certainty.LIKELY
    return Candidate(
        base.text[:-length] + found[2],
        keys,
        keys[-1] if base.end else "",
        certainty=certainty,
        place=found.span(2),
        rank=base.rank + 1,
    )


def with_ranges(numbers: Sequence[Candidate], text: str) -> Iterator[Candidate]:
    """Yield the numbers, and after the two ends of a range the range; its ends are then not reported as absent."""
    starts = {number.place[0]: number for number in numbers if number.is_sure}
    ends: set[Candidate] = set()
    for first in starts.values():
        between = _BETWEEN.match(text, first.place[1])
        last = starts.get(between.end()) if between else None
        if between and last and len(ends) < 2 * RANGE_LIMIT and _is_range(first.keys[0], last.keys[0]):
            ends |= {first, last}
            spelled = text[first.place[0] : last.place[1]]
            yield Candidate(spelled, first.keys[:1], last=last.keys[0], place=between.span())
    for number in numbers:
        yield replace(number, certainty=Certainty.LIKELY) if number in ends else number


def _is_range(first: str, last: str) -> bool:
    return len(first) == len(last) and int(last) - int(first) in _TOLD_RANGE
