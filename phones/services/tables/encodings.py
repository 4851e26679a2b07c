"""In which encoding a file was saved that doesn't say so: what there is to choose from, cell by cell. Pure.

All of these encodings leave ASCII alone, so a file is cut into cells first. A cell of a file without a mark is kept
byte by byte (a letter a byte, as Latin-1 has it) until the importer knows which encoding makes the cells of known
numbers say what they ought to.
"""

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from charset_normalizer import from_bytes

from phones.diga.types import clean_text

# By what programs for Western languages save: Windows, old Macs, the command line ("MS-DOS").
WESTERN = ("cp1252", "mac_roman", "cp850", "cp437", "iso8859_15")
NAMES = {"cp1252": "Windows-1252", "mac_roman": "MacRoman", "cp850": "CP850", "cp437": "CP437", "utf-8": "UTF-8"}
SAMPLE_BYTES = 100_000
_NO_ASCII, _LINE_END = re.compile(rb"[\x80-\xff]"), re.compile(rb"[\r\n]")
# As much of a line as is looked at before its first letter beyond ASCII.
_CONTEXT = 1000


@dataclass(frozen=True, slots=True)
class Encoding:
    """A way to read cells. `name` is for people; `is_sure` where the file itself shows that it is the right one."""

    name: str
    decode: Callable[[str], str]
    is_sure: bool = False


AS_IT_IS = Encoding("UTF-8", str, is_sure=True)


def encodings_of_text(text: str) -> tuple[Encoding, ...]:
    """Return how a text that came out of its own encoding may be meant: as it is, or read wrongly once before."""
    return (AS_IT_IS, *_repairs()) if not text.isascii() else (AS_IT_IS,)


def encodings_of_bytes(data: bytes) -> tuple[Encoding, ...]:
    """Return the encodings that bytes may be in which are no UTF-8, the likeliest first."""
    # What a Mac calls CSV ends its lines with a carriage return alone.
    is_mac = b"\r" in data and b"\n" not in data
    order = ("mac_roman", *WESTERN) if is_mac else WESTERN
    names = dict.fromkeys((*order, *_guessed(data)))
    found = [Encoding(NAMES.get(name, name.upper()), _decoder(name)) for name in names]
    mixed = Encoding("UTF-8", _utf8_or(_decoder(order[0])))
    return (mixed, *found) if _has_utf8(data) else (*found, mixed)


def _guessed(data: bytes) -> Iterator[str]:
    """Yield what the library takes the bytes for, if it leaves ASCII alone."""
    guess = from_bytes(_sample(data)).best()
    if guess and not guess.encoding.startswith("utf"):
        ascii_bytes = bytes(range(32, 127))
        if ascii_bytes.decode(guess.encoding, "replace") == ascii_bytes.decode("ascii"):
            yield guess.encoding


def _sample(data: bytes) -> bytes:
    """Return the lines with anything to guess from, as far as a guess needs them; a large file has many lines."""
    telling, size, place = [], 0, 0
    while size < SAMPLE_BYTES and (letter := _NO_ASCII.search(data, place)):
        start = max(data.rfind(end, place, letter.start()) for end in (b"\r", b"\n")) + 1
        after = _LINE_END.search(data, letter.end())
        place = min(after.start() if after else len(data), letter.end() + SAMPLE_BYTES)
        telling.append(data[max(start, letter.start() - _CONTEXT) : place])
        size += len(telling[-1])
    return b"\n".join(telling)[:SAMPLE_BYTES]


def _has_utf8(data: bytes) -> bool:
    """Say whether most of what is not ASCII is UTF-8: one stray byte is no other encoding."""
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


# In which encoding texts are read, and in which they were written.
_MISTAKES = [
    (wrong, right)
    for wrong in ("cp1252", "mac_roman", "cp850", "cp437")
    for right in ("utf-8", "cp1252", "mac_roman", "cp850")
    if wrong != right
]


def is_misread(cell: str, text: str) -> bool:
    """Say whether a cell is what came of a text that was read in a wrong encoding, letters lost on the way included.

    Once, or twice in the same way, as a file that is opened and saved on two days.
    """
    for wrong, right in _MISTAKES:
        once = text.encode(right, "replace").decode(wrong, "replace")
        if cell in (once, once.encode(right, "replace").decode(wrong, "replace")):
            return True
    return False


def _repairs() -> Iterator[Encoding]:
    """Yield how texts are put right that were read in a wrong encoding and saved again."""
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
    """Return the bytes that a text was read from; what Windows-1252 has no letter for was let through."""
    if wrong != "cp1252":
        return cell.encode(wrong)
    return b"".join(bytes([ord(letter)]) if 0x80 <= ord(letter) <= 0x9F else letter.encode("cp1252") for letter in cell)


def marked_codec(data: bytes) -> str:
    """Return the encoding that a mark at the start names, or that UTF-16 without one shows; "" for none."""
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    head = data[:200]
    pairs = len(head) // 2
    # Every other byte of a header is NUL.
    if pairs and head[1::2].count(0) > 0.8 * pairs:
        return "utf-16-le"
    return "utf-16-be" if pairs and head[0::2].count(0) > 0.8 * pairs else ""
