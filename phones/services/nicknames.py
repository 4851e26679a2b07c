"""The normal form of a nickname: one line, composed letters (NFC), no invisible characters. Pure."""

import re
import unicodedata

_BREAKS = re.compile("[\t\n\x0b\x0c\r\x1c-\x1f\x85\u2028\u2029]+")
# Characters that look blank, although Unicode calls them letters, symbols or marks.
_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
# Joiners that hold an emoji or a Persian word together. They mean nothing at an end or beside plain letters.
_JOINERS = "\u200c\u200d"
_IDLE_JOINERS = re.compile(rf"(?<![^\x00-\x7f])[{_JOINERS}]++|(?<![{_JOINERS}])[{_JOINERS}]++(?![^\x00-\x7f])")
# The letters of a regional flag are tag characters after a black flag.
_FLAG, _TAGS = "\U0001f3f4", ("\U000e0020", "\U000e007f")


def one_line(text: str) -> str:
    """Return a text as a nickname: on one line, trimmed, composed, without invisible characters."""
    line = " ".join(part.strip(" ") for part in _BREAKS.split(text)).strip()
    if line.isprintable() and unicodedata.is_normalized("NFC", line) and _BLANK_LETTERS.isdisjoint(line):
        return line
    composed = unicodedata.normalize("NFC", line)
    has_flag = _FLAG in composed
    seen = "".join(letter for letter in composed if not _is_invisible(letter, has_flag=has_flag))
    return _IDLE_JOINERS.sub("", seen.strip()).strip()


def _is_invisible(letter: str, *, has_flag: bool) -> bool:
    if letter in _BLANK_LETTERS:
        return True
    if letter in _JOINERS or (has_flag and _TAGS[0] <= letter <= _TAGS[1]):
        return False
    return unicodedata.category(letter) in {"Cf", "Cc"}
