"""Streaming CSV: batches of whole lines, made lazily, so that memory does not grow with the file."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

# The UTF-8 byte order mark, by which Excel recognises the encoding.
BYTE_ORDER_MARK = "\ufeff"
BATCH_SIZE = 2000
# The csv module quotes cells with a character of the line terminator: with these in it, no dialect splits a cell.
_QUOTED, LINE_END = ";|\t\r\n", "\r\n"


class _Passing:
    """A file object for `csv.writer` whose `write` returns its argument."""

    def write(self, line: str) -> str:
        """Return the line."""
        return line.removesuffix(_QUOTED) + LINE_END


def csv_stream(
    columns: Sequence[str], rows: Iterable[Iterable[object]], *, batch_size: int = BATCH_SIZE
) -> Iterator[str]:
    """Yield the header, then the rows, `batch_size` lines at a time. The caller guards the cells."""
    writer = csv.writer(_Passing(), lineterminator=_QUOTED)
    # `writerow` returns the result of `write`.
    yield BYTE_ORDER_MARK + writer.writerow(columns)
    lines = (writer.writerow(row) for row in rows)
    while batch := "".join(islice(lines, batch_size)):
        yield batch
