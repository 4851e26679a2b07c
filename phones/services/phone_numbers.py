"""Spellings of phone numbers: the form that is shown, and the forms that a search matches."""

import re
import unicodedata
from functools import cache
from itertools import filterfalse

import phonenumbers

NOT_DIGITS = re.compile(r"[^0-9]")
PLAIN_SPANISH = re.compile(r"\+34[6-9](?!00)[0-9]{8}")
# Combining accents.
_MARKS = "[\u0300-\u036f]*"
LOOKS_DIALLED = re.compile(r"[0-9\s()+./\-]+")


def shown_number(number: str) -> str:
    """Return the international form that people read, `+34 951 20 18 02`; other texts are returned unchanged."""
    if PLAIN_SPANISH.fullmatch(number):
        # Formats as phonenumbers does (a test compares them) in a tenth of the time: a first sync calls it 100,000
        # times.
        return f"{number[:3]} {number[3:6]} {number[6:8]} {number[8:10]} {number[10:]}"
    if not number.startswith("+"):
        return number
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return number
    if not phonenumbers.is_possible_number(parsed):
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def national_number(shown: str) -> tuple[str, str]:
    """Split a shown number into its country prefix and its national form: `("+34", "951 20 18 02")`."""
    if not shown.startswith("+"):
        return "", shown
    prefix, _space, national = shown.partition(" ")
    return (prefix, national) if national else ("", shown)


def plain(text: str) -> str:
    """Return a text with plain digits and hyphens, and without the invisible marks that copying adds."""
    if text.isascii():
        return text
    return "".join(_plain_letter(letter) for letter in unicodedata.normalize("NFKC", text))


def _plain_letter(letter: str) -> str:
    match unicodedata.category(letter):
        case "Nd":
            return str(unicodedata.decimal(letter))
        case "Pd":
            return "-"
        case "Cf":
            return ""
        case _:
            return letter


def digits_of(number: str) -> str:
    """Return only the digits; "" for a SIP identifier with letters."""
    number = plain(number)
    return NOT_DIGITS.sub("", number) if LOOKS_DIALLED.fullmatch(number) else ""


def folded(text: str) -> str:
    """Return the text in lower case without accents: the form that searches compare."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(filterfalse(unicodedata.combining, decomposed))


@cache
def _variants() -> dict[str, str]:
    """Return the Latin letters that fold to each plain letter, the plain one first."""
    variants: dict[str, str] = {}
    for code in (*range(0xA0, 0x250), *range(0x1E00, 0x1F00)):
        letter = folded(chr(code))
        if len(letter) == 1 and letter.isascii() and letter.isalpha():
            variants[letter] = variants.get(letter, letter + letter.upper()) + chr(code)
    return variants


def folding_pattern(text: str) -> str:
    """Return a regular expression for a text in any case and with any accents, in the syntax of both databases."""
    return "".join(_either_case(letter) for letter in folded(text))


def _either_case(letter: str) -> str:
    group = _variants().get(letter, letter + letter.upper())
    return f"[{group}]{_MARKS}" if letter.isalpha() else re.escape(letter)


def nickname_key(nickname: str | None) -> str:
    """Return the key by which two nicknames count as the same: without case, accents and blanks."""
    return " ".join(folded(nickname or "").split())


def dialled_digits(query: str) -> str:
    """Return the digits to search for if the query is a spelling of a number, else "".

    `0034…`, `+34 …`, `(+34) …`, dots and dashes all give the same digits.
    """
    query = plain(query).strip()
    if not LOOKS_DIALLED.fullmatch(query):
        return ""
    digits = NOT_DIGITS.sub("", query)
    return digits.removeprefix("00")
