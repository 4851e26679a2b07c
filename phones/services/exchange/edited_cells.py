"""Whether a person has edited a cell since it was exported. Conversions that spreadsheets make do not count as edits.

Pure. The whole import rests on it: a cell that equals the exported text is left alone.
"""

import html
import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal

from django.utils.translation import gettext as _

from phones.services.nicknames import one_line
from phones.services.phone_numbers import folded
from phones.services.routing.edits import NICKNAME_LIMIT
from phones.services.tables.cell_guard import LOST, guarded, unguarded, without_controls
from phones.services.tables.conversions import may_be_conversion

SHOWN_LENGTH = 80
_ROUNDED = re.compile(r"(-?\d)(?:[.,](\d+))?[eE]\+?(\d{1,3})")
# Longer than any number; comparing such a text would be slow.
_NUMBER_LENGTH = 40
# Replacement characters of programs: one for a letter, or one for each of its UTF-16 units or UTF-8 bytes.
_LOSSES = frozenset(f"?{LOST}")
_WIDTHS: tuple[Callable[[str], int], ...] = (
    lambda _letter: 1,
    lambda letter: 1 + (ord(letter) > 0xFFFF),
    lambda letter: len(letter.encode("utf-8", "replace")),
)
# How Excel escapes in XML what XML can't hold.
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
# Error values of spreadsheets in English, Spanish, German, French, Portuguese and Italian, with or without accents.
_ERRORS = re.compile(
    r"#[¡¿?]?(?:REF|VALUE|NAME|DIV/0|NUM|NULL|SPILL|CALC|FIELD|BLOCKED|UNKNOWN|CONNECT|BUSY|ERROR|MACRO|VALOR|NOMBRE|"
    r"NULO|DESBORDAMIENTO|BEZUG|WERT|ZAHL|UBERLAUF|VALEUR|NOM|NUL|PROPAGATION|NOME|RIF|VALORE)[!?]|"
    r"#(?:N/A|N/D|NV|N/V|GETTING_DATA)[!?]?|(?:Err|Fehler|Error|Erro|Erreur):\d{3}|"
    # What programs write for no value, and web spreadsheets for one that is still loading.
    r"nan|NaN|NaT|<NA>|NULL|\\N|(?:Loading|Cargando)(?:\.\.\.|…)"
)
_NOTHING = frozenset(("nan", "NaN", "NaT", "<NA>", "NULL", "null", "(null)", "None", r"\N"))
_BLANKS = re.compile(r"[^\S\t\n\r\x0b\x0c\x1c-\x1f\x85\u2028\u2029]")
# Plain signs and letters that programs substitute for those that an encoding lacks.
_PLAIN = str.maketrans(
    dict.fromkeys("–—‐‑‒−", "-")
    | dict.fromkeys("“”„«»", '"')
    | dict.fromkeys("‘’‚", "'")
    | {"…": "..."}
    | {"Ł": "L", "ł": "l", "Ø": "O", "ø": "o", "Đ": "D", "đ": "d"}
)


class NotUnderstood(Exception):
    """A line of the file can't become a row of a plan; `str()` of it is a sentence for the person, translated."""


def is_untouched(cell: str, text: str) -> bool:
    """Return whether a cell still holds an exported text, with or without its guarding apostrophe."""
    if cell in (text, guarded(text)):
        # The usual case, and the quickest to test.
        return True
    if not text and cell in _NOTHING:
        return True
    return _is_same(cell, text) or ("&" in cell and _is_same(html.unescape(cell), text))


def _is_same(cell: str, text: str) -> bool:
    shown, was = _normalised(cell), _normalised(text)
    copies = {shown, _normalised(unguarded(cell))}
    if shown == was or _is_rounding_of(shown, was) or any(_is_lossy(copy, was) for copy in copies):
        return True
    lines = {one_line(each) for line in (was, _normalised(guarded(text))) for each in (line, line.replace("\t", ""))}
    return one_line(shown) in lines or one_line(unguarded(cell)) == one_line(was)


def _normalised(text: str) -> str:
    """Return a text as files normalise it: unified line ends and blanks, composed letters, no characters XML lacks."""
    plain = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text).replace("\r\n", "\n").replace("\r", "\n")
    return _BLANKS.sub(" ", unicodedata.normalize("NFC", without_controls(plain)))


def _is_lossy(cell: str, text: str) -> bool:
    """Return whether a cell may be a text saved in an encoding that lacks some of its letters."""
    if not _LOSSES.intersection(cell):
        return False
    return any(_is_lossy_copy(cell, start + text, width) for start in ("", "'") for width in _WIDTHS)


def _is_lossy_copy(cell: str, text: str, width: Callable[[str], int]) -> bool:
    """Return whether a cell equals a text with letters beyond ASCII replaced by `width` marks each. Linear time."""
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
    """Return whether a cell such as `3.49512E+10` is a spreadsheet's rounding of a number with these digits."""
    rounded = _ROUNDED.fullmatch(cell.strip()) if len(cell) <= _NUMBER_LENGTH else None
    digits = text.strip().removeprefix("+")
    if not rounded or not digits.isascii() or not digits.isdigit() or len(digits) > _NUMBER_LENGTH:
        return False
    decimals = rounded[2] or ""
    lead = f"{rounded[1]}.{decimals}" if decimals else rounded[1]
    return f"{Decimal(int(digits)):.{len(decimals)}E}" == f"{lead}E+{int(rounded[3])}"


def may_be_by_itself(cell: str, text: str) -> bool:
    """Return whether a spreadsheet may have made this cell of a text, so that a person has to say whether they did.

    It is another spelling of the same number, date or time, or the same text with plainer letters and signs.
    """
    typed = unguarded(cell)
    return may_be_conversion(typed, text) or (_rarities(typed) < _rarities(text) and _bare(typed) == _bare(text))


def _rarities(text: str) -> int:
    """Return how many letters of a text some common encoding may lack."""
    return sum(not letter.isascii() for letter in text)


def _bare(text: str) -> str:
    return " ".join(folded(text.translate(_PLAIN)).split())


def is_error(cell: str) -> bool:
    """Return whether a cell holds the error value of a formula, in any of the languages above."""
    text = cell.strip()
    # A letter may have lost its accent, or the value the sign before it.
    bare = unicodedata.normalize("NFKD", text[:SHOWN_LENGTH]).encode("ascii", "ignore").decode()
    return any(_ERRORS.fullmatch(each) is not None for each in (text, bare))


def typed_nickname(cell: str) -> str:
    """Return the nickname that a cell holds, on one line; "" removes it.

    :raises NotUnderstood: it is too long, an error value, or has lost letters.
    """
    check_value(cell, "nickname")
    typed = one_line(unguarded(cell))
    if len(typed) > NICKNAME_LIMIT:
        raise NotUnderstood(_("The alias has more than %(count)s characters.") % {"count": NICKNAME_LIMIT})
    if LOST in typed:
        raise NotUnderstood(
            _("The alias “%(typed)s” holds characters that were lost when the file was saved.") % {"typed": typed}
        )
    return typed


def check_value(cell: str, column: str) -> None:
    """Refuse a cell with an error value: it is the result of a failed formula, which nobody meant to write.

    :raises NotUnderstood: it holds one.
    """
    if is_error(cell):
        raise NotUnderstood(
            _("The cell of “%(column)s” holds an error value, %(text)s, and no text.")
            % {"column": column, "text": cell.strip()}
        )
