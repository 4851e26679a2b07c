"""Did somebody type into a cell since it was exported? What spreadsheets do to a text by themselves does not count.

Pure. All of the import rests on it: a cell that reads as the export would write it today is left alone.
"""

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _
from openpyxl.utils.escape import unescape

from .guarded_cells import LOST, guarded, unguarded, without_controls
from .intention import NICKNAME_LIMIT

_ROUNDED = re.compile(r"(-?\d)(?:[.,](\d+))?[eE]\+?(\d{1,3})")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d{1,3})?")
# Longer rows of digits than a number can have, of which a comparison would take long.
_NUMBER_LENGTH = 40
# What programs put in the place of a letter: a mark for the letter, or for each of its UTF-16 units or UTF-8 bytes.
_LOSSES = frozenset(f"?{LOST}")
_WIDTHS: tuple[Callable[[str], int], ...] = (
    lambda _letter: 1,
    lambda letter: 1 + (ord(letter) > 0xFFFF),
    lambda letter: len(letter.encode("utf-8", "replace")),
)


class NotUnderstood(Exception):
    """A line of the file can't become a row of a plan; `str()` of it is a sentence for the person, translated."""


def is_untouched(cell: str, text: str) -> bool:
    """Say whether a cell still holds a text that was exported, with or without its guard."""
    if cell in (text, guarded(text)):
        # Nearly always, and quickly told.
        return True
    shown = _settled(cell)
    return shown in (_settled(text), _settled(guarded(text))) or _is_worn(shown, _settled(text))


def _settled(text: str) -> str:
    """Return what a workbook and an editor make of a text: line ends alike, and nothing that XML has no place for."""
    return without_controls(unescape(text).replace("\r\n", "\n").replace("\r", "\n"))


def _is_worn(cell: str, text: str) -> bool:
    """Say whether a cell holds what is left of a text in an encoding without its letters, or of a rounded number."""
    if _is_rounding_of(cell, text):
        return True
    if not _LOSSES.intersection(cell):
        return False
    return any(_is_lossy_copy(cell, start + text, width) for start in ("", "'") for width in _WIDTHS)


def _is_lossy_copy(cell: str, text: str, width: Callable[[str], int]) -> bool:
    """Say whether a cell is a text of which some letters beyond ASCII became marks, `width` of them each. Linear."""
    place = 0
    for letter in text:
        if cell[place : place + 1] == letter:
            place += 1
        elif not letter.isascii() and cell[place : place + width(letter)] in (
            LOST * width(letter),
            "?" * width(letter),
        ):
            place += width(letter)
        else:
            return False
    return place == len(cell)


def _is_rounding_of(cell: str, text: str) -> bool:
    """Say whether a cell such as `3.49512E+10` is what a spreadsheet shows of a number with these digits."""
    rounded = _ROUNDED.fullmatch(cell.strip())
    digits = text.strip().removeprefix("+")
    if not rounded or not digits.isascii() or not digits.isdigit() or len(digits) > _NUMBER_LENGTH:
        return False
    decimals = rounded[2] or ""
    lead = f"{rounded[1]}.{decimals}" if decimals else rounded[1]
    return f"{Decimal(int(digits)):.{len(decimals)}E}" == f"{lead}E+{int(rounded[3])}"


def typed_nickname(cell: str, nickname: str) -> str:
    """Return the nickname that somebody typed; "" removes it. Blanks around it don't count, as in the form.

    :raises NotUnderstood: it is too long, or may be what a spreadsheet made of the old one.
    """
    typed = unguarded(cell).strip()
    if len(typed) > NICKNAME_LIMIT:
        raise NotUnderstood(_("The nickname has more than %(count)s characters.") % {"count": NICKNAME_LIMIT})
    if LOST in typed:
        raise NotUnderstood(
            _("The nickname “%(typed)s” holds characters that were lost when the file was saved.") % {"typed": typed}
        )
    if typed != nickname.strip() and _value(typed) == _value(nickname) is not None:
        raise NotUnderstood(
            _(
                "The nickname is “%(nickname)s”, and “%(typed)s” is what spreadsheets make of that. "
                "If you mean it, change it on the page of the number."
            )
            % {"nickname": nickname, "typed": typed}
        )
    return typed


def _value(text: str) -> Decimal | None:
    """Return the number that a spreadsheet takes a text for, None for other texts."""
    text = text.strip()
    if len(text) > _NUMBER_LENGTH or not text.isascii() or not _NUMBER.fullmatch(text):
        return None
    try:
        return Decimal(text.replace(",", "."))
    except InvalidOperation:
        return None
