"""What a text may hold in the place of a number, before anybody has looked whether there is such a phone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

import phonenumbers

COUNTRY_CODE = "34"
NATIONAL_LENGTH = 9
# Shorter ends of a number say nothing; longer rows of digits are no numbers (E.164).
SHORTEST_END, LONGEST = 4, 15


class Certainty(Enum):
    """What a candidate comes to where it is the number of a phone, and where it is not."""

    # Found, or said to be absent.
    SURE = "sure"
    # Found, or passed over.
    LIKELY = "likely"
    # A choice for a person, or passed over: a phone's number by its digits, something else by what stands before it.
    DOUBTFUL = "doubtful"


class Fault(Enum):
    """Why something that stands in the place of a number is none."""

    WORDS = "words"
    SHORT = "short"
    LONG = "long"
    ROUNDED = "rounded"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A number as somebody spelled it.

    `keys` are the digits it can stand for, the likeliest first; `end` is what a longer number would end with, "" for
    one with its country; `sip` is a SIP identifier in lower case; `last` is set for a range, which begins with the
    first key. Of candidates whose places in the text overlap one counts: that of a phone, else that of lowest rank.
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
        """True where its absence is worth telling."""
        return self.certainty is Certainty.SURE

    @property
    def identity(self) -> tuple[str, ...]:
        """What two spellings of one number have in common."""
        return (*(self.keys[:1] or (self.end,)), self.sip, self.last)


@dataclass(frozen=True, slots=True)
class NoNumber:
    """Something that was meant for a number, and why it is none."""

    text: str
    fault: Fault
    place: tuple[int, int] = field(default=(0, 0), compare=False)


def apart(candidates: Iterable[Candidate], *, length: int) -> Sequence[Candidate]:
    """Return those of the candidates that stand in places of their own, in the order of the text of this length."""
    free = Places(length)
    ranked = sorted(candidates, key=lambda each: (each.rank, each.place))
    return sorted((each for each in ranked if free.take(each)), key=lambda each: each.place)


class Places:
    """Which characters of a text belong to a candidate already."""

    def __init__(self, length: int) -> None:
        self._taken = bytearray(length)

    def take(self, candidate: Candidate) -> bool:
        """Take the place of a candidate; say False, and take nothing, where a part of it is taken."""
        start, stop = candidate.place
        if self._taken.find(1, start, stop) >= 0:
            return False
        self._taken[start:stop] = b"\x01" * (stop - start)
        return True


def international(digits: str) -> str:
    """Return the digits of a possible number with its country, as E.164 has them, else "".

    It knows which countries drop the zero that is dialled inside them: `44 020 …` is `44 20 …`, `39 06 …` stays.
    """
    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")


def is_valid(digits: str) -> bool:
    """Say whether the digits, country included, are in a range that the country hands out."""
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(f"+{digits}"))
    except phonenumbers.NumberParseException:
        return False
