"""Conversions that spreadsheets make: numbers, dates, times and truth values in another spelling. Pure.

`24/7` becomes `24-jul`, `8:30` becomes `08:30`, `TRUE` becomes `VERDADERO`. Such a cell can't be told from one that a
person typed, so the import asks. The export guards such texts, so the question is rare.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from itertools import permutations

from phones.services.phone_numbers import folded

# Longer texts are not converted; a spreadsheet keeps 15 digits of a number.
LENGTH_LIMIT = 40
PRECISION = 15
# A value and its kind: ("number", 1000), ("day", 7, 24), ("time", 510 minutes), ("truth", True).
Value = tuple[object, ...]

_PLAIN = re.compile(r"-?(?:0|[1-9]\d{0,14})")
_NUMBER = re.compile(r"(?P<sign>[+-]?)(?P<digits>\d[\d.,' \xa0\u202f]*)(?:[eE](?P<power>[+-]?\d{1,3}))?")
_CURRENCY = re.compile(r"[€$£¥]|\b(?:eur|usd|gbp)\b", re.IGNORECASE)
_TIME = re.compile(r"(\d{1,3}):(\d{1,2})(?::(\d{1,2})(?:[.,]\d+)?)?\s*(?:([ap])\.?\s?m\.?)?", re.IGNORECASE)
_FRACTION = re.compile(r"(?:(\d{1,4}) )?(\d{1,4})/(\d{1,4})")
_WORDS = re.compile(r"[^\W\d_]+|\d+")
_DATE = re.compile(r"[\w. \-/,]+")
_MONTHS = (
    "jan january ene enero januar janvier janv janeiro",
    "feb february febrero februar fev fevrier fevr fevereiro",
    "mar march marzo marz mrz mars marco",
    "apr april abr abril avr avril",
    "may mayo mai maio",
    "jun june junio juni juin junho",
    "jul july julio juli juil juillet julho",
    "aug august ago agosto aout",
    "sep sept september septiembre setiembre septembre set setembro",
    "oct october octubre okt oktober octobre out outubro",
    "nov november noviembre novembre novembro",
    "dec december dic diciembre dez dezember decembre dezembro",
)
_MONTH_OF = {name: place for place, names in enumerate(_MONTHS, 1) for name in names.split()}
_MIDNIGHT = re.compile(r"[ T]0?0:00(?::00)?\Z")
_TRUTHS = dict.fromkeys(("true", "verdadero", "wahr", "vrai", "verdadeiro", "vero"), True) | dict.fromkeys(
    ("false", "falso", "falsch", "faux"), False
)
_STARTS = re.compile(rf"[\s('+-]*(?:\d|[€$£¥]|(?:{'|'.join(sorted({*_MONTH_OF, *_TRUTHS, 'eur', 'usd', 'gbp'}))})\b)")
# The day before day 1 of a spreadsheet's calendar, and the range of years in which a bare number may be a date.
_EPOCH, _SERIALS = date(1899, 12, 30), range(20_000, 80_000)


def is_convertible(text: str) -> bool:
    """Return whether a spreadsheet may convert a text."""
    text = text.strip()
    return bool(text) and not _PLAIN.fullmatch(text) and any(True for _value in _values(text))


def may_be_conversion(cell: str, text: str) -> bool:
    """Return whether a cell may be a text converted by a spreadsheet set to any language."""
    if cell == text:
        return False
    found = set(_values(text.strip()))
    return bool(found) and not found.isdisjoint(_values(cell.strip()))


def _values(text: str) -> Iterator[Value]:
    """Yield each value that a spreadsheet may read a text as; several if languages differ."""
    if len(text) > LENGTH_LIMIT or not _STARTS.match(folded(text)):
        return
    truth = _TRUTHS.get(folded(text))
    if truth is not None:
        yield "truth", truth
    if not any(letter.isdigit() for letter in text):
        return
    yield from _numbers(text)
    yield from _times(text)
    yield from _days(text)


def _numbers(text: str) -> Iterator[Value]:
    is_negative = text.startswith("(") and text.endswith(")")
    bare = _CURRENCY.sub("", text.strip("()") if is_negative else text).strip()
    scale = Decimal("0.01") if bare.endswith("%") else Decimal(1)
    found = _NUMBER.fullmatch(bare.removesuffix("%").strip())
    for value in _readings(found) if found else ():
        value = (-value if is_negative else value) * scale
        yield "number", _rounded(value)
        yield "number", _rounded(value, ROUND_DOWN)
    if fraction := _FRACTION.fullmatch(text):
        whole, top, bottom = (int(group or 0) for group in fraction.groups())
        if bottom and whole:
            yield "number", _rounded(Decimal(whole) + Decimal(top) / Decimal(bottom))


def _readings(found: re.Match[str]) -> Iterator[Decimal]:
    """Yield the readings of a number: each of its marks as the decimal one, and none."""
    digits = re.sub(r"[' \xa0\u202f]", "", found["digits"])
    whole = re.sub(r"[.,]", "", digits)
    head, mark, tail = max((digits.rpartition(sign) for sign in ".,"), key=lambda parts: len(parts[0]))
    spellings = {whole} if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+|\d+", digits) else set()
    if mark and digits.count(mark) == 1:
        spellings.add(f"{re.sub('[.,]', '', head)}.{tail}")
    for spelling in spellings:
        with suppress(InvalidOperation):
            value = Decimal(f"{found['sign']}{spelling}E{found['power'] or 0}")
            if value.is_finite():
                yield value


def _rounded(value: Decimal, rounding: str = ROUND_HALF_EVEN) -> Decimal:
    """Return a number rounded to what a spreadsheet keeps, in one canonical spelling."""
    return Context(prec=PRECISION, rounding=rounding).plus(value).normalize() if value else Decimal(0)


def _times(text: str) -> Iterator[Value]:
    found = _TIME.fullmatch(text)
    if not found or int(found[2]) > 59 or int(found[3] or 0) > 59:
        return
    hour = int(found[1])
    if found[4]:
        hour = hour % 12 + 12 * (found[4].lower() == "p")
    seconds = hour * 3600 + int(found[2]) * 60 + int(found[3] or 0)
    yield "time", seconds
    yield "number", _rounded(Decimal(seconds) / 86_400)


def _days(text: str) -> Iterator[Value]:
    """Yield the day and month, or month and year, of a date; a bare number may be a date without its format."""
    if text.isascii() and text.isdigit():
        if int(text) in _SERIALS:
            day = _EPOCH + timedelta(int(text))
            yield "day", day.month, day.day
            yield from (("month", day.month, day.year) for _once in range(day.day == 1))
        return
    day_only = _MIDNIGHT.sub("", text)
    parts = [part for part in _WORDS.findall(folded(day_only)) if part != "de"]
    if _DATE.fullmatch(day_only) and 2 <= len(parts) <= 3:
        for order in permutations(parts):
            yield from _day(order)


def _day(parts: tuple[str, ...]) -> Iterator[Value]:
    """Yield the date that parts in the order month, day and year give."""
    month = _MONTH_OF.get(parts[0]) or (int(parts[0]) if parts[0].isdigit() and len(parts[0]) <= 2 else 0)
    if not 1 <= month <= 12 or not all(part.isdigit() for part in parts[1:]):
        return
    first, *rest = (int(part) for part in parts[1:])
    if len(parts[1]) <= 2 and 1 <= first <= 31 and (not rest or len(parts[2]) in {1, 2, 4}):
        yield "day", month, first
    if not rest and (len(parts[1]) == 4 or (len(parts[1]) == 2 and not parts[0].isdigit())):
        yield "month", month, first if first > 99 else first + (2000 if first < 30 else 1900)
    if rest and first == 1 and len(parts[2]) == 4:
        yield "month", month, rest[0]
