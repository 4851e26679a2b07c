"""CSV as a stream: batches of whole lines, made when they are wanted, so that no file is ever whole in memory."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

# With it, Excel reads the file as UTF-8.
BYTE_ORDER_MARK = "\ufeff"
BATCH_SIZE = 2000
# Cells are quoted that hold a character of it, so that no spreadsheet splits one, whatever it takes for a separator.
_QUOTED, LINE_END = ";|\t\r\n", "\r\n"


class _Passing:
    """A file that hands back what is written, for `csv.writer`."""

    def write(self, line: str) -> str:
        """Return the line."""
        return line.removesuffix(_QUOTED) + LINE_END


def csv_stream(
    columns: Sequence[str], rows: Iterable[Iterable[object]], *, batch_size: int = BATCH_SIZE
) -> Iterator[str]:
    """Yield the header, then the rows, `batch_size` lines at a time. Whoever makes the rows guards their cells."""
    writer = csv.writer(_Passing(), lineterminator=_QUOTED)
    # `writerow` returns what `write` does.
    yield BYTE_ORDER_MARK + writer.writerow(columns)
    lines = (writer.writerow(row) for row in rows)
    while batch := "".join(islice(lines, batch_size)):
        yield batch
