"""Texts in the cells of a file that a spreadsheet opens: none is taken for a formula or a date, and each comes back.

A spreadsheet runs what begins with one of `FORMULA_STARTS`, and writes `24/7` or `1.000` anew as it sees fit; an
apostrophe in front makes it a text. So it does within a text, after what another spreadsheet takes for the end of a
cell: one set to Spanish splits a CSV at semicolons, and knows a quote only at the beginning of a cell. The import takes
the apostrophes off again, so a text that itself looks guarded gets another one.
"""

import re

from phones.services.tables.conversions import is_convertible

# XML has no place for control characters, nor for two others that openpyxl forgets.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
LOST = "\ufffd"
# The wide forms are read as the plain ones by spreadsheets set to Japanese and Chinese.
FORMULA_STARTS = frozenset("=+-@\t\r\n＝＋－＠")
GUARD = "'"
# Behind what another spreadsheet takes for the end of a cell: where a formula begins, and an apostrophe before one.
_INSIDE = r"(?<=[;|\t\r\n])%s(?=[\"']*[-=+@＝＋－＠])"
_UNGUARDED, _GUARDED = re.compile(_INSIDE % ""), re.compile(_INSIDE % GUARD)
_E164 = re.compile(r"\+[1-9]\d{3,14}")


def guarded(text: str) -> str:
    """Return a text as it goes into a cell; `unguarded` gives it back."""
    inside = _UNGUARDED.sub(GUARD, text)
    return GUARD + inside if _needs_guard(text) or _looks_guarded(text) else inside


def number_cell(text: str) -> str:
    """Return a text as it goes into a cell, but a telephone number as it is: it is no formula, and is wanted so."""
    return text if _E164.fullmatch(text) else guarded(text)


def unguarded(cell: str) -> str:
    """Return the text that `guarded` put into a cell.

    An apostrophe that guards nothing, as in `'Tis`, was typed by somebody and stays.
    """
    text = _GUARDED.sub("", cell)
    return text[1:] if _looks_guarded(text) else text


def without_controls(text: str) -> str:
    """Return a text as it can stand in a workbook, with `LOST` for what can't."""
    return _NOT_IN_XML.sub(LOST, text)


def _looks_guarded(text: str) -> bool:
    return text[:1] == GUARD and (text[1:2] == GUARD or _needs_guard(text[1:]))


def _needs_guard(text: str) -> bool:
    return text[:1] in FORMULA_STARTS or is_convertible(text)
