"""Numbers in pasted text: a ticket, or a column of a spreadsheet, in any spelling.

Four steps, all without a database: `text` normalises the characters, `kinds` blanks out digits of other kinds,
`addresses` and `runs` find numbers in addresses and rows of digits, and this module reads the lines of a column.
`finding.resolve` looks up which phones are meant.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from phones.services.number_reader.addresses import addresses_in
from phones.services.number_reader.candidates import (
    LONGEST,
    SHORTEST_END,
    Candidate,
    Certainty,
    Fault,
    NoNumber,
    apart,
)
from phones.services.number_reader.columns import places_of_ids
from phones.services.number_reader.following import with_ranges, with_tails
from phones.services.number_reader.kinds import CUT, blank, without_other_kinds
from phones.services.number_reader.runs import SHORTEST, numbers_in, solid
from phones.services.number_reader.text import plain_text
from phones.services.phone_numbers import LOOKS_DIALLED, dialled_digits

__all__ = ["Candidate", "Fault", "NoNumber", "Pasted", "TooMuch", "read_number", "read_paste"]

TEXT_LIMIT = 200_000
ITEM_LIMIT = 5_000
# The length of the longest SIP identifier that is looked up.
CELL_LIMIT = 700
SHOWN_LENGTH = 80
# A long number in scientific notation; digits are lost if it shows fewer than the number has.
_EXPONENT = re.compile(r"(?<![\w.,-])(\d)(?:[.,](\d{1,20}))?e\+?(\d{1,2})(?!\w)", re.IGNORECASE)
_EXPONENTS = range(7, LONGEST)
_END = re.compile(
    r"(?P<mark>\.{3}|(?<!\*)\*{2,20}|(?<!\w)x{3,20}"
    r"|\b(?:acabad[oa]s?|acaban?|terminad[oa]s?|terminan?) (?:en|con)(?: el)?"
    r"|\bterminaci[oó]n|\b(?:ending|ends?) (?:in|with|on)|\blast (?:\w{1,5} )?digits?|"
    r"\b[uú]ltim[oa]s (?:\w{1,6} )?(?:d[ií]gitos|cifras|n[uú]meros))"
    # Not a shortened number: `Tel.....: 951 20 18 02`.
    r"(?: (?:son|are|is))?[ :]{0,3}(?!\d{2,3}(?:[ .-]\d{2,3}){2,3}(?!\d))(?P<end>\d(?:[ .-]?\d){3,7})(?![\w-]|[.,]\d)",
    re.IGNORECASE,
)
_CARD = re.compile(r"\b(?:tarjeta|visa|mastercard|amex|card|cuenta|account|iban)\b[^\n]{0,30}$", re.IGNORECASE)
# What may stand beside a number in a line of a column: a label, an enumeration, an added unit, its country.
_BESIDE = re.compile(
    r"tel|tel[eé]fono|telf|tlfn?o?|tfn?o?|fax|m[oó]vil|mov|n[uú]mero|num|n[ro]?|no|phone|mobile|number|ddi|did|cell|"
    r"[a-z]|0{1,6}|\d{1,3}[ao]?",
    re.IGNORECASE,
)
_DIALLED = re.compile(r"\+?[0-9][0-9 ]{7,18}")
_WORD = re.compile(r"[^\W_]+")
# Two words mean that there is no number, more are a sentence; two letters may be digits that were mistyped.
_SENTENCE_WORDS, _TYPING_ERRORS = 3, 2
# If at most one line in so many has words, a line with words is a missing number of the column.
_STRICTNESS = 3
_YEAR = re.compile(r"(?:19|20)\d\d")
_AROUND = " \t\"'`<>[](){}=*:;,!?~\\|.-"


class TooMuch(Exception):
    """The text is longer than `TEXT_LIMIT`, or has more than `ITEM_LIMIT` numbers."""


@dataclass(slots=True)
class Pasted:
    """The numbers of a text in its order; a number that occurs twice is listed twice.

    `ignored_count` is how many lines of a column have nothing meant for a number, such as its heading.
    """

    candidates: list[Candidate] = field(default_factory=list)
    faulty: list[NoNumber] = field(default_factory=list)
    ignored_count: int = 0


@dataclass(slots=True)
class _Line:
    """A line of the text that is not empty, with its numbers."""

    text: str
    # The line without digits of other kinds.
    cut: str
    start: int
    items: list[Candidate | NoNumber] = field(default_factory=list)

    @property
    def is_item(self) -> bool:
        """True if the line is a number, whole or damaged, and nothing else."""
        rest = list(self.cut)
        for item in self.items:
            start, stop = (at - self.start for at in item.place)
            rest[start:stop] = " " * (stop - start)
        return bool(self.items) and all(_BESIDE.fullmatch(word) for word in _WORD.findall("".join(rest)))

    @property
    def is_dialled(self) -> bool:
        """True if the line has only digits, and none of another kind."""
        return CUT not in self.cut and bool(LOOKS_DIALLED.fullmatch(self.text.strip(_AROUND)))


def read_paste(text: str) -> Pasted:
    """Return the numbers of a text, and the parts that were meant for one but are none.

    In a column, most of whose lines are a number and nothing else, every line counts. In running text only what looks
    like a number does.

    :raises TooMuch: the text is too long, or has too many numbers.
    """
    if len(text) > TEXT_LIMIT:
        raise TooMuch
    lines = _lines(plain_text(text))
    _doubt_ids(lines)
    is_column = 2 * sum(line.is_item for line in lines) >= sum(bool(_WORD.search(line.text)) for line in lines)
    if is_column or len(lines) == 1:
        _read_column(lines)
    pasted = Pasted()
    for line in lines:
        pasted.candidates += [item for item in line.items if isinstance(item, Candidate)]
        pasted.faulty += [item for item in line.items if isinstance(item, NoNumber)]
        pasted.ignored_count += is_column and not line.items
    if len({item.identity for item in pasted.candidates}) > ITEM_LIMIT or len(pasted.faulty) > ITEM_LIMIT:
        raise TooMuch
    return pasted


def read_number(cell: str) -> Candidate | NoNumber:
    """Return the number that is the whole content of a table's cell, or why there is none."""
    if _DIALLED.fullmatch(cell):
        # The usual case, and the quickest to test.
        found = apart(numbers_in(cell), length=len(cell))
        if len(found) == 1:
            return replace(found[0], certainty=Certainty.SURE)
    text = " ".join(plain_text(cell).split()) if len(cell) <= CELL_LIMIT else ""
    lines = _lines(text)
    _read_column(lines)
    items = [item for line in lines for item in line.items]
    faulty = [item for item in items if isinstance(item, NoNumber)]
    found = apart((item for item in items if isinstance(item, Candidate)), length=len(text))
    if found and not found[1:] and not faulty:
        return found[0]
    return faulty[0] if len(faulty) == 1 and not found else NoNumber(cell[:SHOWN_LENGTH], Fault.WORDS)


def _lines(text: str) -> list[_Line]:
    """Return the lines of a plain text that are not empty, each with its numbers."""
    found, cut = _found(text)
    found.sort(key=lambda item: item.place)
    lines = []
    start = index = 0
    for whole in text.split("\n"):
        stop = start + len(whole)
        items = []
        while index < len(found) and found[index].place[0] < stop:
            items.append(found[index])
            index += 1
        if whole.strip():
            lines.append(_Line(whole, cut[start:stop], start, items))
        start = stop + 1
    return lines


def _found(text: str) -> tuple[list[Candidate | NoNumber], str]:
    """Return all candidates in a plain text, and the text without digits of other kinds."""
    found: list[Candidate | NoNumber] = []
    pieces, place = [], 0
    for (start, stop), candidates in addresses_in(text):
        found += candidates
        pieces += [text[place:start], CUT * (stop - start)]
        place = stop
    cut = without_other_kinds("".join([*pieces, text[place:]]))
    for exponent in _EXPONENT.finditer(cut):
        found += _of_exponent(exponent)
    cut = _EXPONENT.sub(blank, cut)
    ends = [_ending(end) for end in _END.finditer(cut) if not _CARD.search(cut, max(0, end.start() - 40), end.start())]
    found += ends
    numbers = list(numbers_in(_END.sub(blank, cut)))
    found += with_ranges(list(with_tails(numbers, cut)), cut)
    return found, cut


def _of_exponent(found: re.Match[str]) -> Iterator[Candidate | NoNumber]:
    """Yield the number that scientific notation gives, or the fault that its last digits are lost."""
    decimals, exponent = found[2] or "", int(found[3])
    if exponent not in _EXPONENTS:
        return
    if len(decimals) >= exponent and not decimals[exponent:].strip("0"):
        digits = found[1] + decimals[:exponent]
        candidate = solid(digits, place=found.span(), certainty=Certainty.SURE)
        yield replace(candidate, text=found[0])
    elif "+" in found[0] or (decimals and "E" in found[0]):
        yield NoNumber(found[0], Fault.ROUNDED, found.span())


def _ending(found: re.Match[str]) -> Candidate:
    is_year = found["mark"][0].isalpha() and _YEAR.fullmatch(found["end"])
    certainty = Certainty.LIKELY if is_year else Certainty.SURE
    return replace(_end(found["end"], found.span()), text=f"…{found['end']}", certainty=certainty)


def _end(spelling: str, place: tuple[int, int]) -> Candidate:
    digits = dialled_digits(spelling)
    return Candidate(spelling, end=digits, place=place)


def _doubt_ids(lines: Sequence[_Line]) -> None:
    """Make numbers below a heading of ids uncertain."""
    places = list(places_of_ids([(line.start, line.text) for line in lines]))
    for line in lines if places else ():
        line.items = [
            replace(item, certainty=Certainty.DOUBTFUL)
            if isinstance(item, Candidate) and _is_in(item.place, places)
            else item
            for item in line.items
        ]


def _is_in(place: tuple[int, int], places: Sequence[tuple[int, int]]) -> bool:
    """Return whether a place lies within one of these, which are sorted."""
    index = bisect_right(places, (place[0], TEXT_LIMIT)) - 1
    return index >= 0 and place[1] <= places[index][1]


def _read_column(lines: Sequence[_Line]) -> None:
    """Return what each line of a column was meant for; its heading, and footers, are no numbers."""
    held = [index for index, line in enumerate(lines) if line.items]
    worded = [line for line in lines if not line.is_item and _WORD.search(line.text) and not line.is_dialled]
    is_strict = _STRICTNESS * len(worded) <= len(lines)
    for index, line in enumerate(lines):
        if not line.items:
            line.items += _spoilt(line, is_inside=is_strict and bool(held) and held[0] < index < held[-1])
        elif line.is_item:
            best = apart(_candidates_of(line), length=line.start + len(line.text))
            if len(best) == 1 and best[0].certainty is Certainty.LIKELY:
                sure = replace(best[0], certainty=Certainty.SURE)
                line.items = [sure if item is best[0] else item for item in line.items]


def _candidates_of(line: _Line) -> list[Candidate]:
    return [item for item in line.items if isinstance(item, Candidate)]


def _spoilt(line: _Line, *, is_inside: bool) -> Iterator[Candidate | NoNumber]:
    """Yield what a line without a number was meant for: the last digits of one, or a faulty one with its fault."""
    text = line.text.strip(_AROUND)
    start = line.start + line.text.find(text)
    place = (start, start + len(text))
    digits = dialled_digits(text) if line.is_dialled else ""
    if SHORTEST_END <= len(digits) <= LONGEST:
        yield _end(text, place)
    elif digits:
        yield NoNumber(text[:SHOWN_LENGTH], Fault.LONG if len(digits) > LONGEST else Fault.SHORT, place)
    elif is_inside and _is_spoilt(line):
        yield NoNumber(line.text.strip()[:SHOWN_LENGTH], Fault.WORDS, place)


def _is_spoilt(line: _Line) -> bool:
    """Return whether a line stands in the place of a number, and is no sentence beside the numbers."""
    text = line.text.strip()
    digit_count = sum(letter.isdigit() for letter in text)
    if digit_count:
        return digit_count >= SHORTEST and sum(letter.isalpha() for letter in text) <= _TYPING_ERRORS
    return 0 < len(_WORD.findall(text)) < _SENTENCE_WORDS and text[-1] not in ".,:!"
