"""Rows of a sheet, the limits that they have, and what merged cells make of them. Pure."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

# More rows than a table may have, so that the parent process sees the excess.
ROW_LIMIT, COLUMN_LIMIT, SHEET_LIMIT = 100_200, 1000, 50
# Merged areas of a sheet, and those of one row: each row has to be compared with those.
AREA_LIMIT, OPEN_LIMIT = 100_000, 200
# Three times what Excel keeps in a cell.
CELL_LENGTH = 100_000

# The line, the texts, and the reason why the value of a column is unknown: `formula` or `merged`.
Row = tuple[int, list[str], dict[int, str]]
Sheet = tuple[dict[str, Any], Iterable[Row]]
# First row and column, last row and column, from 0.
Area = tuple[tuple[int, int], tuple[int, int]]


class Huge(ValueError):
    """The file has far more data than a list of numbers."""


class Merged:
    """Merged cells: every row gets the value of the first row; the value of other covered cells is unknown."""

    def __init__(self, areas: Iterable[Area]) -> None:
        self._waiting = sorted(islice(areas, AREA_LIMIT + 1), reverse=True)
        if len(self._waiting) > AREA_LIMIT:
            raise Huge
        self._open: list[tuple[int, int, int, str]] = []

    def fill(self, row: int, cells: list[str], doubts: dict[int, str]) -> None:
        """Put values into the cells of a row. Rows must be passed in order."""
        while self._waiting and self._waiting[-1][0][0] <= row:
            (top, first), (bottom, last) = self._waiting.pop()
            is_here = top == row and first < len(cells)
            self._open.append((bottom, first, min(last, COLUMN_LIMIT - 1), cells[first] if is_here else ""))
            if len(self._open) > OPEN_LIMIT:
                raise Huge
        self._open = [area for area in self._open if area[0] >= row]
        for _bottom, first, last, value in self._open:
            cells += [""] * (last + 1 - len(cells))
            cells[first] = value
            doubts.update(dict.fromkeys(range(first + 1, last + 1), "merged"))
