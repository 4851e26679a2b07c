"""CSV as people have it: any common encoding, separator and line ending. Pure."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from itertools import islice

from django.utils.translation import gettext as _

from .table_limits import COLUMN_LIMIT, NotATable

# On a tie, what texts hold least comes first.
SEPARATORS = "\t;|,"
# More cells than this in a line are no row of a table, and would take much memory.
CELL_COUNT_LIMIT = 50 * COLUMN_LIMIT
SAMPLE_COUNT = 20
_BLANK = f'{SEPARATORS}" \r\n'
_NAMED_SEPARATOR = re.compile(r'"?sep=([^"\r\n])"?[ \t;,]*(?:\r\n|\r|\n|$)', re.IGNORECASE)
_LAST = "\x1aend of the file\x1a"


def read_delimited(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with the number of the line it begins in, blank ones too.

    :raises NotATable: a quotation mark is never closed, or a cell or line is longer than any in a table.
    """
    text = _text_of(data)
    named = _NAMED_SEPARATOR.match(text)
    body = text[named.end() :] if named else text
    if not body.strip(_BLANK):
        return
    separator = named[1] if named else _separator_of(body)
    # If the last line doesn't come back as it is, a quotation mark before it has swallowed it.
    ending = "" if body.endswith(("\r", "\n")) else "\n"
    line = 1 + bool(named)
    records = _records(f"{body}{ending}{_LAST}", separator)
    try:
        for count, cells in records:
            if cells == [_LAST]:
                return
            if cells and cells[-1].endswith(_LAST):
                raise NotATable(
                    _("The quotation mark in line %(line)s is never closed, so the rows after it can’t be told apart.")
                    % {"line": line}
                )
            yield line, cells
            line += count
    except csv.Error:
        raise NotATable(_("Line %(line)s is no row of a table: it is too long.") % {"line": line}) from None


def _records(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with how many lines it takes."""
    reader = csv.reader(_lines(text, separator), delimiter=separator)
    read_count = 0
    for cells in reader:
        yield reader.line_num - read_count, cells
        read_count = reader.line_num


def _lines(text: str, separator: str) -> Iterator[str]:
    for line in io.StringIO(text, newline=""):
        if line.count(separator) > CELL_COUNT_LIMIT:
            raise csv.Error
        yield line


def _separator_of(text: str) -> str:
    """Return what separates most cells of the header; of several, what most lines have as often."""
    scores = {separator: _score(text, separator) for separator in SEPARATORS}
    return max(SEPARATORS, key=lambda separator: scores[separator])


def _score(text: str, separator: str) -> tuple[int, int]:
    try:
        records = [cells for _count, cells in islice(_records(text, separator), SAMPLE_COUNT)]
    except csv.Error:
        return 0, 0
    sample = [cells for cells in records if any(cell.strip(_BLANK) for cell in cells)]
    # What quotation marks hold together, a wrong separator tears apart, and leaves the marks.
    width = len(sample[0]) if sample and not any('"' in cell for cell in sample[0]) else 0
    return width, sum(len(cells) == width for cells in sample)


def _text_of(data: bytes) -> str:
    """Return the text: UTF-8 or UTF-16 by its mark or look, Windows-1252 otherwise. NUL has no place in a table."""
    if data.startswith(codecs.BOM_UTF8):
        text = data.decode("utf-8-sig", errors="replace")
    elif data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = data.decode("utf-16", errors="replace")
    elif codec := _unmarked_utf16(data):
        text = data.decode(codec, errors="replace")
    else:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            text = data.decode("cp1252", errors="replace")
    return text.replace("\x00", "")


def _unmarked_utf16(data: bytes) -> str:
    """Return the codec of UTF-16 without its mark, "" for anything else: every other byte of a header is NUL."""
    head = data[:200]
    pairs = len(head) // 2
    if pairs and head[1::2].count(0) > 0.8 * pairs:
        return "utf-16-le"
    return "utf-16-be" if pairs and head[0::2].count(0) > 0.8 * pairs else ""
