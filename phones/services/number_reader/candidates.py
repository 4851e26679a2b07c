"""Candidates: what may be a number in a text, before any phone is looked up."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

import phonenumbers

COUNTRY_CODE = "34"
NATIONAL_LENGTH = 9
# Fewer last digits than this identify no number; more digits than this are no number (E.164).
SHORTEST_END, LONGEST = 4, 15


class Certainty(Enum):
    """The result for a candidate if it is the number of a phone, and if it is not."""

    # Found, else reported as absent.
    SURE = "sure"
    # Found, else ignored.
    LIKELY = "likely"
    # Offered as a choice, else ignored: the digits match a phone's number, but a label says they are something else.
    DOUBTFUL = "doubtful"


class Fault(Enum):
    """Why a text in the place of a number is none."""

    WORDS = "words"
    SHORT = "short"
    LONG = "long"
    ROUNDED = "rounded"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A number as it was spelled.

    `keys` are the digits it can stand for, the likeliest first; `end` is what a longer number would end with, "" for
    one with its country code; `sip` is a SIP identifier in lower case; `last` is set for a range, which begins with the
    first key. Of candidates that overlap in the text one counts: that of a phone, else that of the lowest rank.
    """

    text: str
    keys: tuple[str, ...] = ()
    end: str = ""
    sip: str = ""
    last: str = ""
    certainty: Certainty = Certainty.SURE
    place: tuple[int, int] = field(default=(0, 0), compare=False)
    rank: int = field(default=0, compare=False)

    @property
    def is_sure(self) -> bool:
        """True if it is to be reported when absent."""
        return self.certainty is Certainty.SURE

    @property
    def identity(self) -> tuple[str, ...]:
        """What all spellings of one number share."""
        return (*(self.keys[:1] or (self.end,)), self.sip, self.last)


@dataclass(frozen=True, slots=True)
class NoNumber:
    """A text meant for a number, and why it is none."""

    text: str
    fault: Fault
    place: tuple[int, int] = field(default=(0, 0), compare=False)


def apart(candidates: Iterable[Candidate], *, length: int) -> Sequence[Candidate]:
    """Return the candidates that don't overlap one of lower rank, in text order. `length` is that of the text."""
    free = Places(length)
    ranked = sorted(candidates, key=lambda each: (each.rank, each.place))
    return sorted((each for each in ranked if free.take(each)), key=lambda each: each.place)


class Places:
    """Which characters of a text already belong to a candidate."""

    def __init__(self, length: int) -> None:
        self._taken = bytearray(length)

    def take(self, candidate: Candidate) -> bool:
        """Take the place of a candidate, or return False and take nothing if part of it is taken."""
        start, stop = candidate.place
        if self._taken.find(1, start, stop) >= 0:
            return False
        self._taken[start:stop] = b"\x01" * (stop - start)
        return True


def international(digits: str) -> str:
    """Return the digits of a possible number with its country code, as in E.164, else "".

    The national trunk zero is removed in countries that drop it: `44 020 …` is `44 20 …`, `39 06 …` stays.
    """
    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")


def is_valid(digits: str) -> bool:
    """Return whether the digits, country code included, are in an assigned range."""
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(f"+{digits}"))
    except phonenumbers.NumberParseException:
        return False
