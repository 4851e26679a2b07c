"""CSV as found in practice: any common encoding, separator, quoting and line ending. Pure."""

import codecs
import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice

from django.utils.translation import gettext as _

from phones.services.tables.encodings import Encoding, encodings_of_bytes, encodings_of_utf8, marked_codec
from phones.services.tables.limits import COLUMN_LIMIT, NotATable

# On a tie, the earlier one wins: texts contain it less often.
SEPARATORS = "\t;|,"
# A line with more cells is no row of a table, and would take much memory.
CELL_COUNT_LIMIT = 50 * COLUMN_LIMIT
SAMPLE_COUNT = 30
PIECE = 1024 * 1024
IsHead = Callable[[Sequence[str]], bool]
_BLANK = f'{SEPARATORS}" \r\n'
_CONTENT = re.compile(f"[^{re.escape(_BLANK)}]".encode())
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_NAMED_SEPARATOR = re.compile(rb'"?sep=([\t !#-~])"?[ \t;,]*(?:\r\n|\r|\n|$)', re.IGNORECASE)
_LAST = "\x1aend of the file\x1a"


def read_delimited(
    data: bytes, is_head: IsHead = lambda _cells: False
) -> tuple[Iterator[tuple[int, list[str]]], tuple[Encoding, ...]]:
    """Return each record with the number of its first line, blank ones included, and the possible encodings.

    `is_head` returns whether a row can be the headings.

    :raises NotATable: while records are read: an unclosed quotation mark, an inconsistent escape, or a cell or line
        longer than a table has.
    """
    body, encodings = _body_of(data)

    def could_be_head(cells: Sequence[str]) -> bool:
        return any(is_head([encoding.decode(cell) for cell in cells]) for encoding in encodings)

    return _read(body, could_be_head), encodings


class _Body:
    """The lines of a file, each decoded when it is read: a text may take four times the memory of its bytes."""

    def __init__(self, data: bytes, codec: str, errors: str = "strict") -> None:
        self.data, self._codec, self._errors = data, codec, errors
        named = _NAMED_SEPARATOR.match(data)
        # The separator that the first line names, as Excel writes it; "" without such a line.
        self.separator = named[1].decode() if named else ""
        self.start = named.end() if named else 0

    @property
    def is_blank(self) -> bool:
        """Whether it holds nothing but separators."""
        return not _CONTENT.search(self.data, self.start)

    def lines(self) -> Iterator[str]:
        """Yield each line with its end, as it is."""
        for line in _LINE.finditer(self.data, self.start):
            yield line[0].decode(self._codec, self._errors)


def _read(body: _Body, is_head: IsHead) -> Iterator[tuple[int, list[str]]]:
    if body.is_blank:
        return
    separator = body.separator or _separator_of(body, is_head)
    escape = _escape_of(body, separator)
    # If the last line does not parse to itself, an unclosed quotation mark before it has consumed it.
    ending = "" if body.data.endswith((b"\r", b"\n")) else "\n"
    line = 1 + bool(body.separator)
    records = _records(chain(body.lines(), [ending] if ending else [], [_LAST]), separator, escape)
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


def _records(lines: Iterable[str], separator: str, escape: str | None = None) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with the number of lines it takes."""
    reader = csv.reader(_checked(lines, separator), delimiter=separator, escapechar=escape, doublequote=True)
    read_count = 0
    for cells in reader:
        yield reader.line_num - read_count, cells
        read_count = reader.line_num


def _checked(lines: Iterable[str], separator: str) -> Iterator[str]:
    for line in lines:
        if line.count(separator) > CELL_COUNT_LIMIT:
            raise csv.Error
        yield line


def _separator_of(body: _Body, is_head: IsHead) -> str:
    """Return the separator that splits a row into headings; else the one that splits most alike, into most cells."""
    samples = {separator: _sample(body, separator) for separator in SEPARATORS}
    return max(SEPARATORS, key=lambda separator: _score(samples[separator], is_head))


def _sample(body: _Body, separator: str) -> list[list[str]]:
    try:
        records = [cells for _count, cells in islice(_records(body.lines(), separator), SAMPLE_COUNT)]
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


def _escape_of(body: _Body, separator: str) -> str | None:
    r"""Return what escapes a quotation mark in a quoted text: a backslash (PHP, MySQL), None for a doubled mark.

    :raises NotATable: the records are inconsistent either way.
    """
    if body.data.find(b'\\"', body.start) < 0:
        return None
    is_doubled, is_escaped = (_is_consistent(body, separator, escape) for escape in (None, "\\"))
    if is_doubled:
        return None
    if is_escaped:
        return "\\"
    raise NotATable(
        _("Quotation marks in this file have a backslash before them in some places and are doubled in others.")
    )


def _is_consistent(body: _Body, separator: str, escape: str | None) -> bool:
    """Return whether nothing follows a closing quotation mark, and no line has more cells than the first."""
    reader = csv.reader(
        _checked(body.lines(), separator),
        delimiter=separator,
        escapechar=escape,
        doublequote=escape is None,
        strict=True,
    )
    try:
        widths = (len(cells) for cells in reader if cells)
        first = next(widths, 0)
        return all(width <= first for width in widths)
    except csv.Error:
        return False


def _body_of(data: bytes) -> tuple[_Body, tuple[Encoding, ...]]:
    """Return the lines and the possible encodings. NUL characters are removed."""
    codec = marked_codec(data)
    if codec.startswith("utf-16"):
        data = data.decode(codec, "replace").encode()
    data = data.removeprefix(codecs.BOM_UTF8).replace(b"\x00", b"")
    if codec or _is_utf8(data):
        return _Body(data, "utf-8", "replace"), encodings_of_utf8(data)
    return _Body(data, "latin-1"), encodings_of_bytes(data)


def _is_utf8(data: bytes) -> bool:
    pieces = (data[start : start + PIECE] for start in range(0, len(data), PIECE))
    try:
        for _text in codecs.iterdecode(pieces, "utf-8"):
            pass
    except UnicodeDecodeError:
        return False
    return True
