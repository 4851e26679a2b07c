"""Numbers in a search text: one in any spelling, a part of one, or a text that names some."""

from collections.abc import Sequence

from phones.services.number_reader.candidates import Candidate, NoNumber
from phones.services.number_reader.reader import read_number, read_paste
from phones.services.number_reader.runs import SHORTEST
from phones.services.phone_numbers import dialled_digits


def spelled_digits(query: str) -> tuple[str, ...]:
    """Return the digits to search for if a query is a number, or a part of one; () for any other text."""
    dialled = dialled_digits(query)
    if not _has_number(query):
        return (dialled,) if dialled else ()
    number = read_number(query)
    keys = () if isinstance(number, NoNumber) or not number.is_sure else (*number.keys, number.end)
    found = sorted({digits for digits in (dialled, *keys) if digits}, key=len)
    # A match of longer digits is included in that of the shorter ones.
    return tuple(each for place, each in enumerate(found) if not any(other in each for other in found[:place]))


def numbers_named(query: str) -> Sequence[Candidate]:
    """Return the candidates in a query that is a text, or has several; () if it is one number, or has none."""
    if not _has_number(query) or spelled_digits(query):
        return ()
    candidates = read_paste(query).candidates
    return candidates if any(candidate.is_sure for candidate in candidates) else ()


def number_typed(query: str) -> Sequence[Candidate]:
    """Return the one number that a query is, as it was spelled; () if it is none, or a part of one."""
    number = read_number(query) if _has_number(query) or "@" in query else None
    return (number,) if isinstance(number, Candidate) else ()


def _has_number(query: str) -> bool:
    return sum(letter.isdigit() for letter in query) >= SHORTEST
