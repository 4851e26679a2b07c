"""Tables in pasted text: columns whose headings say that they are ids."""

import re
from collections.abc import Iterator, Sequence

from phones.services.number_reader.labels import heads_ids

_SEPARATOR = re.compile(r"[\t;|,]")
_DIGIT = re.compile(r"\d")


def places_of_ids(lines: Sequence[tuple[int, str]]) -> Iterator[tuple[int, int]]:
    """Yield the places of the cells below a heading of ids, such as `Order` or `NIF`.

    A line is given with its place in the text. A table is a line of headings, without digits, and the lines after it
    with as many separators.
    """
    separator, headings = "", [""]
    for start, line in lines:
        if not _DIGIT.search(line):
            found = _SEPARATOR.search(line)
            separator = found[0] if found else ""
            headings = line.split(separator) if separator else [""]
            continue
        cells = line.split(separator) if separator else []
        if len(cells) != len(headings):
            separator, headings = "", [""]
            continue
        for heading, cell in zip(headings, cells, strict=True):
            if heads_ids(heading):
                yield start, start + len(cell)
            start += len(cell) + 1
