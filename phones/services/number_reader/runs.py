"""Numbers among runs of digits: windows that begin and end at group boundaries, and have the shape of a number.

The rest of a run is no number and is not reported. Windows may overlap (`61 951 20 18 02`); which one was meant is
decided when the phones are looked up.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from phones.services.number_reader.candidates import (
    COUNTRY_CODE,
    LONGEST,
    NATIONAL_LENGTH,
    Candidate,
    Certainty,
    international,
    is_valid,
)
from phones.services.number_reader.labels import is_labelled_as_host, is_labelled_as_id, may_touch

SHORTEST = 7
# Separators between the groups of a number; one with its country code may be spread over cells of a table.
_RUN = re.compile(r"(?P<plus>\+{1,2}[ (]{0,2})?\d+(?:[ \t.\-/()_'·]{1,4}\d+)*")
_GROUP = re.compile(r"\d+")
# Common groupings of nine digits; next to other groups only these are a number.
_SHAPES = {(9,), (3, 3, 3), (3, 2, 2, 2), (2, 3, 2, 2), (3, 6), (2, 7), (2, 3, 4), (3, 2, 4), (3, 4, 2), (3, 1, 5)}
_BEST_SHAPES = {(9,), (3, 3, 3), (3, 2, 2, 2), (3, 6)}
_MOST_GROUPS = 6
# Two zeros and a country code.
_LONGEST_PREFIX = 5
_LOOKED_AT = 40
# The lengths of numbers as dialled inside other countries.
_FOREIGN_LENGTHS = (9, 10)
_SPANISH = re.compile(r"6\d{8}|7[0-4]\d{7}|[89][0-8]\d{7}")
_OCTETS = re.compile(r"\d\d\.(?:1\d\d|2[0-4]\d|25[0-5])\.\d\d\.[1-9]\d")


@dataclass(frozen=True, slots=True)
class _Group:
    digits: str
    start: int
    stop: int
    # The separator between the preceding group and this one.
    separator: str


@dataclass(frozen=True, slots=True)
class _Run:
    """A run of groups of digits, as it stands in a text."""

    text: str
    groups: Sequence[_Group]
    has_plus: bool
    is_cut: bool = False

    def window(self, first: int, last: int) -> str:
        start, stop = self.place(first, last)
        return self.text[start:stop]

    def place(self, first: int, last: int) -> tuple[int, int]:
        """Return the place of a window, with the sign and the bracket before it."""
        start, stop = self.groups[first].start, self.groups[last].stop
        sign = re.search(r"\(?(?:\+[ (]{0,2})?\(?$", self.text[max(0, start - 6) : start])
        if sign and ("+" in sign[0] or ")" in self.text[start:stop]):
            start -= len(sign[0])
        return start, stop

    def is_whole(self, first: int, last: int) -> bool:
        return first == 0 and last == len(self.groups) - 1 and not self.is_cut


def numbers_in(text: str) -> Iterator[Candidate]:
    """Yield the numbers among the digits of a text; those of one run may overlap."""
    for found in _RUN.finditer(text):
        run = _run(text, found)
        if run:
            yield from _in_run(run)


def _run(text: str, found: re.Match[str]) -> _Run | None:
    """Return the groups of a run, without those that touch a letter: they are parts of a word."""
    groups, stop = [], found.start()
    for group in _GROUP.finditer(text, found.start(), found.end()):
        groups.append(_Group(group[0], group.start(), group.end(), text[stop : group.start()]))
        stop = group.end()
    has_plus = bool(found["plus"])
    is_free, is_free_behind = may_touch(text, *found.span())
    whole = groups[0 if is_free or has_plus else 1 : None if is_free_behind or has_plus else -1]
    return _Run(text, whole, has_plus, is_cut=len(whole) < len(groups)) if whole else None


def _in_run(run: _Run) -> list[Candidate]:
    found: list[Candidate] = []
    # The groups before this one belong to a number with its country code, and to a certain Spanish one.
    taken = sure = 0
    for first, group in enumerate(run.groups):
        if group.start < taken:
            continue
        abroad = _abroad(run, first) if (first == 0 and run.has_plus) or group.digits.startswith("00") else None
        # The zeros may be the last digits of the number before: `951 20 18 00 951 20 18 01`.
        if abroad and group.start >= sure:
            found.append(abroad)
            taken = abroad.place[1]
        elif group.digits[0] in "036789":
            here = list(_at_home(run, first))
            found += here
            sure = max([sure, *(each.place[1] for each in here if each.is_sure)])
    if run.has_plus and not found and (whole := _unknown_country(run)):
        return [whole]
    known = {at for each in found if each.certainty is not Certainty.LIKELY for at in range(*each.place)}
    return found + [other for other in _others(run) if known.isdisjoint(range(*other.place))]


def _unknown_country(run: _Run) -> Candidate | None:
    """Return a run with a `+` unchanged: it was meant for a number, whatever is wrong with it."""
    digits = "".join(group.digits for group in run.groups[:_MOST_GROUPS])
    if len(run.groups) > _MOST_GROUPS or not SHORTEST < len(digits) <= LONGEST:
        return None
    return _candidate(run, 0, len(run.groups) - 1, tuple(_in_full(digits)))


def _in_full(number: str) -> Iterator[str]:
    """Yield a number after a sign, and a Spanish one without its country code: `+951 20 18 02`."""
    yield number
    if _SPANISH.fullmatch(number):
        yield COUNTRY_CODE + number


def _digits(run: _Run, first: int) -> Iterator[tuple[int, str]]:
    """Yield each last group of a window that begins with `first`, with the window's digits."""
    digits = ""
    for last in range(first, min(first + 2 * _MOST_GROUPS, len(run.groups))):
        digits += run.groups[last].digits
        if len(digits) > LONGEST + 2:
            return
        yield last, digits


def _abroad(run: _Run, first: int) -> Candidate | None:
    """Return the number with its country code that begins with a group: after a `+`, or with `00`."""
    windows: list[tuple[int, str]] = []
    has_sign = first == 0 and run.has_plus
    for last, digits in _digits(run, first):
        number = digits.removeprefix("00")
        if number.startswith(COUNTRY_CODE):
            national = number.removeprefix(COUNTRY_CODE).removeprefix("0")
            if len(national) == NATIONAL_LENGTH and national[0] in "6789":
                candidate = _candidate(run, first, last, (COUNTRY_CODE + national,))
                return candidate if has_sign else replace(candidate, certainty=_certainty(run, first, last))
        elif SHORTEST < len(number) <= LONGEST and number[0] != "0":
            windows.append((last, number))
    # The longest that is assigned in that country; after a sign, the longest possible.
    for last, number in reversed(windows):
        if is_valid(number):
            candidate = _candidate(run, first, last, (international(number), *_in_full(number)))
            is_sure = has_sign or (
                run.is_whole(first, last) and not is_labelled_as_id(run.text, candidate.place[0], is_solid=True)
            )
            return candidate if is_sure else replace(candidate, certainty=Certainty.LIKELY)
    for last, number in reversed(windows if has_sign or len(run.groups[first].digits) <= _LONGEST_PREFIX else []):
        if key := international(number):
            candidate = _candidate(run, first, last, (key, *_in_full(number)))
            return candidate if has_sign else replace(candidate, certainty=Certainty.LIKELY)
    return None


def _at_home(run: _Run, first: int) -> Iterator[Candidate]:
    """Yield the Spanish numbers that begin with a group: without their country code, or with it but without a sign."""
    for last, digits in _digits(run, first):
        if "\t" in (group.separator for group in run.groups[first + 1 : last + 1]):
            return
        national = digits
        if len(digits) == NATIONAL_LENGTH + len(COUNTRY_CODE):
            national = digits.removeprefix(COUNTRY_CODE)
        elif len(digits) == NATIONAL_LENGTH + 1:
            national = digits.removeprefix("0")
        if len(national) == NATIONAL_LENGTH and national[0] in "6789":
            yield from _national(run, first, last, national, digits)


def _national(run: _Run, first: int, last: int, national: str, digits: str) -> Iterator[Candidate]:
    groups = run.groups[first : last + 1]
    before = len(digits) - NATIONAL_LENGTH
    sizes = [len(group.digits) for group in groups]
    sizes[0] -= before
    if sizes[0] < 0:
        return
    if sizes[0] == 0:
        del sizes[0]
    is_whole = run.is_whole(first, last)
    # The first separator may differ from the others: `951/20 18 02`.
    is_even = len({group.separator for group in groups[-len(sizes) + 2 :]}) <= 1 if len(sizes) > 2 else True
    is_shaped = tuple(sizes) in _SHAPES and is_even
    if not is_shaped and not (is_whole and (set(sizes) == {1} or (sizes[0] > 1 and len(sizes) <= 5))):
        return
    is_sure = (is_shaped or len(sizes) > 5) and _SPANISH.fullmatch(national) and (before != 1)
    certainty = _certainty(run, first, last) if is_sure else Certainty.LIKELY
    rank = 1 + (tuple(sizes) not in _BEST_SHAPES) + (not is_shaped)
    keys = (COUNTRY_CODE + national, digits)
    candidate = _candidate(run, first, last, tuple(dict.fromkeys(keys)), end=digits.removeprefix("0"))
    yield replace(candidate, certainty=certainty, rank=0 if is_whole else rank)


def _certainty(run: _Run, first: int, last: int) -> Certainty:
    """Return how certain a window is, by other kinds that it resembles, and by the label before it."""
    group = run.groups[first]
    is_solid = first == last
    if _OCTETS.fullmatch(run.window(first, last)):
        return Certainty.DOUBTFUL if is_labelled_as_host(run.text, group.start) else Certainty.LIKELY
    # A fraction, unless it follows the number of a line: `1.951201802`.
    is_fraction = first > 0 and group.separator == "." and len(run.groups[first - 1].digits) <= 3
    if is_solid and is_fraction:
        start = run.groups[first - 1].start
        if run.text[max(0, start - _LOOKED_AT) : start].rpartition("\n")[2].strip():
            return Certainty.DOUBTFUL
    if is_labelled_as_id(run.text, run.place(first, last)[0], is_solid=is_solid):
        return Certainty.DOUBTFUL
    return Certainty.LIKELY if _is_list(run.groups[first : last + 1]) else Certainty.SURE


def _is_list(groups: Sequence[_Group]) -> bool:
    """Return whether groups are numbers of their own: `801 802 803`, `612 / 613 / 614`."""
    values = [int(group.digits) for group in groups]
    is_counted = len(values) == 3 and values == list(range(values[0], values[0] + 3))
    return is_counted or any(group.separator in {" / ", " - "} for group in groups[2:])


def _others(run: _Run) -> Iterator[Candidate]:
    """Yield candidates of other countries without a sign: a run as a whole, and its long groups."""
    last = len(run.groups) - 1
    windows = {(0, last)} if last < _MOST_GROUPS else set()
    windows |= {(place, place) for place, group in enumerate(run.groups) if len(group.digits) >= NATIONAL_LENGTH}
    for first, stop in sorted(windows):
        digits = "".join(group.digits for group in run.groups[first : stop + 1])
        if not NATIONAL_LENGTH <= len(digits) <= LONGEST or "\t" in run.window(first, stop):
            continue
        keys = dict.fromkeys((digits, digits.removeprefix("00"), digits.removeprefix("0")))
        end = digits.lstrip("0")
        candidate = _candidate(run, first, stop, tuple(keys), end if len(end) in _FOREIGN_LENGTHS else "")
        yield replace(candidate, certainty=Certainty.LIKELY, rank=4 - (first == stop))


def _candidate(run: _Run, first: int, last: int, keys: tuple[str, ...], end: str = "") -> Candidate:
    place = run.place(first, last)
    known = tuple(dict.fromkeys(key for key in keys if key))
    return Candidate(" ".join(run.text[slice(*place)].split()), known, end, place=place)


def solid(spelling: str, *, place: tuple[int, int], certainty: Certainty, sip: str = "") -> Candidate:
    """Return the number that stands alone as part of an address; an impossible number is never certain."""
    inner = next(iter(sorted(numbers_in(spelling), key=lambda each: each.rank)), None)
    keys = inner.keys if inner else (re.sub(r"\D", "", spelling),)
    if inner is None or not inner.is_sure:
        certainty = Certainty.LIKELY
    return Candidate(spelling, keys, inner.end if inner else "", sip, certainty=certainty, place=place)
