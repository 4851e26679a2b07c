"""The usual spellings of a number, as people and machines have them in tickets."""

import random
from collections.abc import Sequence

Rng = random.Random

_GROUPINGS = ((9,), (3, 3, 3), (3, 2, 2, 2), (2, 3, 2, 2), (3, 6))
_SEPARATORS = (" ", " ", " ", ".", "-", "\u00a0", "\u202f", "\u2009", "·", "\u2011", "–", "_", "'", "/")
_COUNTRIES = (
    "",
    "",
    "",
    "",
    "+34",
    "+34 ",
    "+34-",
    "+34.",
    "(+34) ",
    "(+34)",
    "0034",
    "0034 ",
    "00 34 ",
    "(0034) ",
    "34",
    "34 ",
)


def grouped(digits: str, sizes: Sequence[int], separator: str) -> str:
    """Return the digits in groups of these sizes."""
    groups, start = [], 0
    for size in sizes:
        groups.append(digits[start : start + size])
        start += size
    return separator.join(groups)


def spelled(rng: Rng, number: str) -> str:
    """Return one of the usual spellings of a number (`+34951201802`, `+442079460958` or `user@domain`)."""
    if "@" in number:
        return rng.choice((number, f"sip:{number}", f"<sip:{number}>", number.upper(), f"sip:{number};transport=tls"))
    if not number.startswith("+34"):
        return rng.choice((number, number.replace("+", "00"), f"{number[:3]} {number[3:6]} {number[6:]}", number[1:]))
    national = number.removeprefix("+34")
    sizes = rng.choice(_GROUPINGS)
    # A slash between pairs is a date, or several numbers.
    separator = rng.choice(_SEPARATORS[:-1])
    country = rng.choice(_COUNTRIES)
    plain = country + grouped(national, sizes, separator)
    match rng.randrange(24):
        case 0:
            return f"+34 (0){grouped(national, (3, 2, 2, 2), ' ')}"
        case 1:
            return f"({national[:3]}) {grouped(national[3:], (2, 2, 2), ' ')}"
        case 2:
            return f"{national[:3]}/{grouped(national[3:], (2, 2, 2), rng.choice((' ', '.', '-')))}"
        case 3:
            return plain.translate({ord(str(digit)): chr(0xFF10 + digit) for digit in range(10)})
        case 4:
            return plain.translate({ord(str(digit)): chr(0x660 + digit) for digit in range(10)})
        case 5:
            return f"\u202a{plain}\u202c"
        case 6:
            return "".join(f"{letter}\ufe0f\u20e3" if letter.isdigit() else letter for letter in national)
        case _:
            return plain
