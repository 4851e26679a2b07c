"""Numbers in what somebody pastes: the text of a ticket, or a column of a spreadsheet, in any spelling."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum

import phonenumbers

from .numbers import dialled_digits, plain

REGION = "ES"
COUNTRY_CODE = "34"
TEXT_LIMIT = 200_000
ITEM_LIMIT = 5_000
# As long as the longest SIP identifier that is looked for.
CELL_LIMIT = 700
# Shorter ends of a number say nothing; longer rows of digits are no numbers (E.164).
SHORTEST_END, LONGEST = 4, 15
# From here on a row of digits in running text is taken for a number; shorter ones are dates, prices, tickets.
SURE_LENGTH = 7
NATIONAL_LENGTH = 9
SHOWN_LENGTH = 80


class TooMuch(Exception):
    """The text is longer than `TEXT_LIMIT`, or holds more than `ITEM_LIMIT` numbers."""


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
    one with its country; `sip` is set instead for a SIP identifier. An unsure one counts only where it finds a phone.
    """

    text: str
    keys: tuple[str, ...] = ()
    end: str = ""
    sip: str = ""
    is_sure: bool = True


@dataclass(frozen=True, slots=True)
class NoNumber:
    """Something that was meant for a number, and why it is none."""

    text: str
    fault: Fault


@dataclass(slots=True)
class Pasted:
    """What a text holds, each once, in the order of the text."""

    candidates: list[Candidate] = field(default_factory=list)
    faulty: list[NoNumber] = field(default_factory=list)


# Bounded and begun only where a word begins, so that no text takes long.
_SIP = r"(?<![\w.!~*'&=+$%/-])(?:sips?:)?[\w.!~*'&=+$%/-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}"
# What a spreadsheet makes of a long number: digits are lost for good.
_ROUNDED = r"(?<![\w.,])\d(?:[.,]\d+)?[eE]\+?\d{1,2}(?!\w)"
_SPECIAL = re.compile(f"(?P<rounded>{_ROUNDED})|(?P<sip>{_SIP})")
_EXTENSION = re.compile(
    r"(?<=\d)\)?[ \t,;(/-]{0,3}(?:ext(?:\.|n\.?|ensi[oó]n)?|extension|anexo|x|#)[ \t.:=]{0,3}\d{1,6}\b\)?",
    re.IGNORECASE,
)
_THOUSANDS = re.compile(r"(?<![\d,])\d{1,3}(?:,\d{3}){2,4}(?![\d,])")
_CELLS = re.compile(r"[\t;,|]")
# What quoting, enumerating and ending a sentence put around a number.
_AROUND = " \t\"'`´“”‘’«»<>[]{}=*•·:!?¿¡_~\\"
_LABEL = re.compile(r"(?:tel|telf|tlf|tfno|fax|m[oó]vil|n[uú]mero|num|phone)?[.:º]*\s*(?:tel:)?", re.IGNORECASE)
_END = re.compile(r"(?:\.{3}|\*{2,}|[xX]{3,})\s*(\d(?:[ .-]?\d){2,7})(?![\w-])")
_RUN = re.compile(r"(?<![\w#@.,/-])[+(]?\d(?:[ .()/-]{0,2}\d){5,}(?![\w@%€$/-])")
# What a spreadsheet adds to a number that it holds for one.
_DECIMALS = re.compile(r"(?<=\d{9})[.,]0+$")
_DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})")


def read_paste(text: str) -> Pasted:
    """Return the numbers of a text, and what was meant for one but is none.

    In a column, of which most lines are a number and nothing else, every line counts. In running text only what looks
    like a number does.

    :raises TooMuch: the text is too long, or holds too many numbers.
    """
    if len(text) > TEXT_LIMIT:
        raise TooMuch
    lines = [line for line in (plain(line).strip(" \t") for line in text.splitlines()) if line]
    is_column = 2 * sum(_is_item(line) for line in lines) >= len(lines)
    return _each_once(item for line in lines for item in _line(line, is_column=is_column))


def read_number(cell: str) -> Candidate | NoNumber:
    """Return the number that a cell of a table holds and nothing else, or why it is none."""
    text = " ".join(plain(cell).split())
    found = list(_line(text, is_column=True)) if len(text) <= CELL_LIMIT else []
    return found[0] if len(found) == 1 else NoNumber(text[:SHOWN_LENGTH], Fault.WORDS)


def _each_once(items: Iterable[Candidate | NoNumber]) -> Pasted:
    pasted = Pasted()
    seen: set[object] = set()
    for item in items:
        key = (item.keys[:1], item.sip) if isinstance(item, Candidate) else item
        if key in seen:
            continue
        seen.add(key)
        if len(seen) > ITEM_LIMIT:
            raise TooMuch
        if isinstance(item, Candidate):
            pasted.candidates.append(item)
        else:
            pasted.faulty.append(item)
    return pasted


def _is_item(line: str) -> bool:
    """Say whether a line is one number, a whole or a spoilt one, and nothing else."""
    return bool(_SPECIAL.fullmatch(line) or dialled_digits(line)) or _whole(_without_extension(line)) is not None


def _line(line: str, *, is_column: bool) -> Iterator[Candidate | NoNumber]:
    """Yield what a line holds; in a column a line without any number is a fault."""
    found = list(_pieces(_without_extension(line), is_column=is_column))
    if is_column and not found:
        # A row of dashes between two parts of a column was not meant for a number.
        if any(letter.isalnum() for letter in line):
            yield NoNumber(line[:SHOWN_LENGTH], _fault_of(line))
        return
    yield from found


def _fault_of(line: str) -> Fault:
    digits = dialled_digits(line.strip(_AROUND))
    if not digits:
        return Fault.WORDS
    return Fault.LONG if len(digits) > LONGEST else Fault.SHORT


def _pieces(line: str, *, is_column: bool) -> Iterator[Candidate | NoNumber]:
    """Yield SIP identifiers and rounded numbers, and what stands between them."""
    place = 0
    for special in _SPECIAL.finditer(line):
        yield from _cells(line[place : special.start()])
        place = special.end()
        if special["rounded"]:
            yield NoNumber(special[0], Fault.ROUNDED)
        else:
            sip = special["sip"].rstrip(".")
            # In running text it is most likely an e-mail address.
            is_sure = is_column or sip.lower().startswith(("sip:", "sips:"))
            yield Candidate(sip, sip=re.sub("^sips?:", "", sip, flags=re.IGNORECASE).lower(), is_sure=is_sure)
    yield from _cells(line[place:])


def _cells(piece: str) -> Iterator[Candidate]:
    """Yield the numbers of a piece of a line, cell by cell."""
    piece = _THOUSANDS.sub(lambda found: found[0].replace(",", ""), piece)
    # A number with its country may have been spread over cells.
    spread = piece.replace("\t", " ")
    if spread != piece and _has_country(spread) and _parsed(spread) and (whole := _whole(spread)):
        yield whole
        return
    for cell in _CELLS.split(piece):
        whole = _whole(cell)
        if whole is not None:
            yield whole
        elif any(letter.isdigit() for letter in cell):
            yield from _in_words(cell)


def _without_extension(line: str) -> str:
    return _EXTENSION.sub(" ", line)


def _whole(cell: str) -> Candidate | None:
    """Return the number that a cell is, with nothing but a label and punctuation around it."""
    text = _LABEL.sub("", cell.strip(_AROUND), count=1).strip(_AROUND)
    is_end = cell.lstrip(_AROUND).startswith("...")
    text = _DECIMALS.sub("", text).strip("./- ")
    digits = dialled_digits(text)
    if not SHORTEST_END <= len(digits) <= LONGEST or _DATE.fullmatch(text):
        return None
    # 951201802 951201803 and the like: several in a row.
    if len(digits) > NATIONAL_LENGTH + len(COUNTRY_CODE) and " " in text and not _has_country(text):
        return None
    return _ending(text) if is_end else _candidate(text)


def _has_country(text: str) -> bool:
    return text.lstrip(" (").startswith(("+", "00"))


def _candidate(text: str, *, is_sure: bool = True) -> Candidate:
    """Return a spelling that is nothing but a number, with the digits it can stand for."""
    digits = dialled_digits(text)
    has_country = _has_country(text)
    keys = [_parsed(text), digits]
    if not has_country and len(digits) == NATIONAL_LENGTH:
        keys.insert(0, COUNTRY_CODE + digits)
    known = tuple(dict.fromkeys(key for key in keys if key))
    return Candidate(text, known, "" if has_country else digits, is_sure=is_sure)


def _parsed(text: str) -> str:
    """Return the international digits of a possible number, "" otherwise; it knows about `+44 (0)20 …`."""
    try:
        number = phonenumbers.parse(text, REGION)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")


def _in_words(text: str) -> Iterator[Candidate]:
    """Yield the numbers in running text: what the library finds, and ends of numbers in the gaps."""
    place = 0
    for match in phonenumbers.PhoneNumberMatcher(text, REGION, leniency=phonenumbers.Leniency.POSSIBLE):
        yield from _in_gap(text[place : match.start])
        place = match.end
        yield _candidate(match.raw_string.strip())
    yield from _in_gap(text[place:])


def _in_gap(text: str) -> Iterator[Candidate]:
    found = [(end.start(), _ending(end[1])) for end in _END.finditer(text)]
    for run in _RUN.finditer(_END.sub(lambda end: "_" * len(end[0]), text)):
        found += [(run.start(), candidate) for candidate in _in_run(run[0])]
    yield from (candidate for _place, candidate in sorted(found, key=lambda each: each[0]))


def _in_run(run: str) -> list[Candidate]:
    """Return the number that a row of digits is; of a longer row, the national numbers it consists of."""
    digits = dialled_digits(run)
    if _DATE.fullmatch(run):
        return []
    if len(digits) <= LONGEST:
        return [_candidate(run, is_sure=len(digits) >= SURE_LENGTH)] if len(digits) >= SHORTEST_END else []
    numbers = [""]
    for group in run.split():
        numbers[-1] = f"{numbers[-1]} {group}".strip()
        length = len(dialled_digits(numbers[-1]))
        if length > NATIONAL_LENGTH:
            return []
        if length == NATIONAL_LENGTH:
            numbers.append("")
    return [] if numbers.pop() else [_candidate(number) for number in numbers]


def _ending(spelling: str) -> Candidate:
    digits = dialled_digits(spelling)
    return Candidate(f"…{spelling}", (digits,), digits)
