"""The possible encodings of a file that does not declare one, and decoding cell by cell. Pure.

All of these encodings contain ASCII, so a file is split into cells first. Until the importer has found the encoding in
which the cells of known phones equal our copy, a cell holds its bytes as Latin-1, one character a byte.
"""

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from charset_normalizer import from_bytes

from phones.diga.types import clean_text

# The encodings of programs for Western languages: Windows, old Macs, the command line ("MS-DOS").
WESTERN = ("cp1252", "mac_roman", "cp850", "cp437", "iso8859_15")
NAMES = {"cp1252": "Windows-1252", "mac_roman": "MacRoman", "cp850": "CP850", "cp437": "CP437", "utf-8": "UTF-8"}
SAMPLE_BYTES = 100_000
_NO_ASCII, _LINE_END = re.compile(rb"[\x80-\xff]"), re.compile(rb"[\r\n]")
# How much of a line before its first letter beyond ASCII is part of the sample.
_CONTEXT = 1000


@dataclass(frozen=True, slots=True)
class Encoding:
    """A decoder of cells. `name` is for people; `is_sure` if the file itself shows that it is the right one."""

    name: str
    decode: Callable[[str], str]
    is_sure: bool = False


AS_IT_IS = Encoding("UTF-8", str, is_sure=True)


def encodings_of_utf8(data: bytes) -> tuple[Encoding, ...]:
    """Return the ways to read a text in UTF-8: as it is, or repaired if it was once read in a wrong encoding."""
    return (AS_IT_IS, *_repairs()) if not data.isascii() else (AS_IT_IS,)


def encodings_of_bytes(data: bytes) -> tuple[Encoding, ...]:
    """Return the possible encodings of bytes that are not UTF-8, the likeliest first."""
    # The Mac's CSV format ends its lines with a carriage return alone.
    is_mac = b"\r" in data and b"\n" not in data
    order = ("mac_roman", *WESTERN) if is_mac else WESTERN
    names = dict.fromkeys((*order, *_guessed(data)))
    found = [Encoding(NAMES.get(name, name.upper()), _decoder(name)) for name in names]
    mixed = Encoding("UTF-8", _utf8_or(_decoder(order[0])))
    return (mixed, *found) if _has_utf8(data) else (*found, mixed)


def _guessed(data: bytes) -> Iterator[str]:
    """Yield what charset-normalizer detects, if it contains ASCII."""
    guess = from_bytes(_sample(data)).best()
    if guess and not guess.encoding.startswith("utf"):
        ascii_bytes = bytes(range(32, 127))
        if ascii_bytes.decode(guess.encoding, "replace") == ascii_bytes.decode("ascii"):
            yield guess.encoding


def _sample(data: bytes) -> bytes:
    """Return the lines with letters beyond ASCII, up to the size of a sample."""
    telling, size, place = [], 0, 0
    while size < SAMPLE_BYTES and (letter := _NO_ASCII.search(data, place)):
        start = max(data.rfind(end, place, letter.start()) for end in (b"\r", b"\n")) + 1
        after = _LINE_END.search(data, letter.end())
        place = min(after.start() if after else len(data), letter.end() + SAMPLE_BYTES)
        telling.append(data[max(start, letter.start() - _CONTEXT) : place])
        size += len(telling[-1])
    return b"\n".join(telling)[:SAMPLE_BYTES]


def _has_utf8(data: bytes) -> bool:
    """Return whether most of what is not ASCII is UTF-8, so that one stray byte makes no difference."""
    kept = data.decode("utf-8", "ignore")
    letters = sum(not letter.isascii() for letter in kept)
    strays = len(data) - len(kept.encode())
    return letters > strays


def _decoder(name: str) -> Callable[[str], str]:
    def decode(cell: str) -> str:
        return cell if cell.isascii() else clean_text(_bytes(cell).decode(name, "replace"))

    return decode


def _utf8_or(other: Callable[[str], str]) -> Callable[[str], str]:
    def decode(cell: str) -> str:
        try:
            return cell if cell.isascii() else _bytes(cell).decode("utf-8")
        except UnicodeDecodeError:
            return other(cell)

    return decode


def _bytes(cell: str) -> bytes:
    return cell.encode("latin-1", "replace")


# The encoding in which texts were read, and the one in which they were written.
_MISTAKES = [
    (wrong, right)
    for wrong in ("cp1252", "mac_roman", "cp850", "cp437")
    for right in ("utf-8", "cp1252", "mac_roman", "cp850")
    if wrong != right
]


def is_misread(cell: str, text: str) -> bool:
    """Return whether a cell is a text that was read in a wrong encoding, with letters lost on the way or not.

    Once, or twice in the same way: a file may be opened and saved on two days.
    """
    for wrong, right in _MISTAKES:
        once = text.encode(right, "replace").decode(wrong, "replace")
        if cell in (once, once.encode(right, "replace").decode(wrong, "replace")):
            return True
    return False


def _repairs() -> Iterator[Encoding]:
    """Yield the decoders that repair texts read in a wrong encoding and saved again."""
    return (Encoding(NAMES[right], _repair(wrong, right)) for wrong, right in _MISTAKES)


def _repair(wrong: str, right: str) -> Callable[[str], str]:
    def decode(cell: str) -> str:
        if cell.isascii():
            return cell
        try:
            return clean_text(_encoded(cell, wrong).decode(right))
        except (UnicodeEncodeError, UnicodeDecodeError):
            return cell

    return decode


def _encoded(cell: str, wrong: str) -> bytes:
    """Return the bytes that a text was read from; bytes that Windows-1252 leaves undefined were passed through."""
    if wrong != "cp1252":
        return cell.encode(wrong)
    return b"".join(bytes([ord(letter)]) if 0x80 <= ord(letter) <= 0x9F else letter.encode("cp1252") for letter in cell)


def marked_codec(data: bytes) -> str:
    """Return the encoding of a byte order mark, or UTF-16 if the bytes show it; "" for neither."""
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    head = data[:200]
    pairs = len(head) // 2
    # In UTF-16, every other byte of an ASCII header is NUL.
    if pairs and head[1::2].count(0) > 0.8 * pairs:
        return "utf-16-le"
    return "utf-16-be" if pairs and head[0::2].count(0) > 0.8 * pairs else ""
