"""Guarding of cells against spreadsheets, which would run formulas and convert dates, and the way back.

A spreadsheet runs what begins with one of `FORMULA_STARTS`, and rewrites `24/7` or `1.000`. A leading apostrophe makes
it text. Formulas within a text are guarded too, after the separators of other dialects: a spreadsheet set to Spanish
splits a CSV at semicolons, and recognises quotes only at the beginning of a cell. The import removes the apostrophes,
so a text that already looks guarded gets another one.
"""

import re

from phones.services.tables.conversions import is_convertible

# XML can't hold control characters, nor two others that openpyxl does not reject.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
LOST = "\ufffd"
# Spreadsheets set to Japanese or Chinese read the full-width forms as the plain ones.
FORMULA_STARTS = frozenset("=+-@\t\r\n＝＋－＠")
GUARD = "'"
# The place of a formula after a separator of another dialect, and of an apostrophe before one.
_INSIDE = r"(?<=[;|\t\r\n])%s(?=[\"']*[-=+@＝＋－＠])"
_UNGUARDED, _GUARDED = re.compile(_INSIDE % ""), re.compile(_INSIDE % GUARD)
_E164 = re.compile(r"\+[1-9]\d{3,14}")


def guarded(text: str) -> str:
    """Return a text as it is written to a cell; `unguarded` is the inverse."""
    inside = _UNGUARDED.sub(GUARD, text)
    return GUARD + inside if _needs_guard(text) or _looks_guarded(text) else inside


def number_cell(text: str) -> str:
    """Return a text as it is written to a cell; a telephone number is unchanged, since it is no formula."""
    return text if _E164.fullmatch(text) else guarded(text)


def unguarded(cell: str) -> str:
    """Return the text that `guarded` wrote to a cell.

    An apostrophe that guards nothing, as in `'Tis`, was typed by a person and stays.
    """
    text = _GUARDED.sub("", cell)
    return text[1:] if _looks_guarded(text) else text


def without_controls(text: str) -> str:
    """Return a text with `LOST` in place of each character that a workbook can't hold."""
    return _NOT_IN_XML.sub(LOST, text)


def _looks_guarded(text: str) -> bool:
    return text[:1] == GUARD and (text[1:2] == GUARD or _needs_guard(text[1:]))


def _needs_guard(text: str) -> bool:
    return text[:1] in FORMULA_STARTS or is_convertible(text)
