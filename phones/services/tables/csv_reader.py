"""CSV as found in practice: any common encoding, separator, quoting and line ending. Pure."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from django.utils.translation import gettext as _

from phones.services.tables.encodings import Encoding, encodings_of_bytes, encodings_of_text, marked_codec
from phones.services.tables.limits import COLUMN_LIMIT, NotATable

# On a tie, the earlier one wins: texts contain it less often.
SEPARATORS = "\t;|,"
# A line with more cells is no row of a table, and would take much memory.
CELL_COUNT_LIMIT = 50 * COLUMN_LIMIT
SAMPLE_COUNT = 30
IsHead = Callable[[Sequence[str]], bool]
_BLANK = f'{SEPARATORS}" \r\n'
_NAMED_SEPARATOR = re.compile(r'"?sep=([^"\r\n])"?[ \t;,]*(?:\r\n|\r|\n|$)', re.IGNORECASE)
_LAST = "\x1aend of the file\x1a"


def read_delimited(
    data: bytes, is_head: IsHead = lambda _cells: False
) -> tuple[Iterator[tuple[int, list[str]]], tuple[Encoding, ...]]:
    """Return each record with the number of its first line, blank ones included, and the possible encodings.

    `is_head` returns whether a row can be the headings.

    :raises NotATable: while records are read: an unclosed quotation mark, an inconsistent escape, or a cell or line
    longer
        than a table has.
    """
    text, encodings = _text_of(data)

    def could_be_head(cells: Sequence[str]) -> bool:
        return any(is_head([encoding.decode(cell) for cell in cells]) for encoding in encodings)

    return _read(text, could_be_head), encodings


def _read(text: str, is_head: IsHead) -> Iterator[tuple[int, list[str]]]:
    named = _NAMED_SEPARATOR.match(text)
    body = text[named.end() :] if named else text
    if not body.strip(_BLANK):
        return
    separator = named[1] if named else _separator_of(body, is_head)
    escape = _escape_of(body, separator)
    # If the last line does not parse to itself, an unclosed quotation mark before it has consumed it.
    ending = "" if body.endswith(("\r", "\n")) else "\n"
    line = 1 + bool(named)
    records = _records(f"{body}{ending}{_LAST}", separator, escape)
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


def _records(text: str, separator: str, escape: str | None = None) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with the number of lines it takes."""
    reader = csv.reader(_lines(text, separator), delimiter=separator, escapechar=escape, doublequote=True)
    read_count = 0
    for cells in reader:
        yield reader.line_num - read_count, cells
        read_count = reader.line_num


def _lines(text: str, separator: str) -> Iterator[str]:
    for line in io.StringIO(text, newline=""):
        if line.count(separator) > CELL_COUNT_LIMIT:
            raise csv.Error
        yield line


def _separator_of(text: str, is_head: IsHead) -> str:
    """Return the separator that splits a row into headings; else the one that splits most alike, into most cells."""
    samples = {separator: _sample(text, separator) for separator in SEPARATORS}
    return max(SEPARATORS, key=lambda separator: _score(samples[separator], is_head))


def _sample(text: str, separator: str) -> list[list[str]]:
    try:
        records = [cells for _count, cells in islice(_records(text, separator), SAMPLE_COUNT)]
    except csv.Error:
        return []
    return [cells for cells in records if any(cell.strip(_BLANK) for cell in cells)]


def _score(sample: list[list[str]], is_head: IsHead) -> tuple[bool, bool, int, int]:
    if not sample:
        return False, False, 0, 0
    # A wrong separator splits quoted texts, and leaves a quotation mark on either side.
    is_torn = any(cell.count('"') % 2 for cell in sample[0])
    width = len(sample[0])
    return any(map(is_head, sample)), not is_torn, width, sum(len(cells) == width for cells in sample)


def _escape_of(text: str, separator: str) -> str | None:
    r"""Return what escapes a quotation mark in a quoted text: a backslash (PHP, MySQL), None for a doubled mark.

    :raises NotATable: the records are inconsistent either way.
    """
    if '\\"' not in text:
        return None
    is_doubled, is_escaped = (_is_consistent(text, separator, escape) for escape in (None, "\\"))
    if is_doubled:
        return None
    if is_escaped:
        return "\\"
    raise NotATable(
        _("Quotation marks in this file have a backslash before them in some places and are doubled in others.")
    )


def _is_consistent(text: str, separator: str, escape: str | None) -> bool:
    """Return whether nothing follows a closing quotation mark, and no line has more cells than the first."""
    reader = csv.reader(
        _lines(text, separator), delimiter=separator, escapechar=escape, doublequote=escape is None, strict=True
    )
    try:
        widths = [len(cells) for cells in reader if cells]
    except csv.Error:
        return False
    return not widths or max(widths) <= widths[0]


def _text_of(data: bytes) -> tuple[str, tuple[Encoding, ...]]:
    """Return the text and the possible encodings. NUL characters are removed."""
    codec = marked_codec(data)
    try:
        text = data.decode(codec or "utf-8", errors="replace" if codec else "strict")
    except UnicodeDecodeError:
        return data.decode("latin-1").replace("\x00", ""), encodings_of_bytes(data)
    text = text.replace("\x00", "")
    return text, encodings_of_text(text)
