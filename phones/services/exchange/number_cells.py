"""A telephone number in a cell, without what programs put around it. Pure.

`1. 951201802`, `+34 (0)951…`, `9.51201802E8`, `<sip:951201802@10.0.0.1>`, `PJSIP/951201802-0000001a`: one number each.
"""

import re
from html import unescape
from urllib.parse import unquote

from phones.services.phone_numbers import plain

LENGTH_LIMIT = 700
_EXPONENT = re.compile(r"(\d)(?:[.,](\d{1,14}))?[eE]\+?(\d{1,2})")
_ENUMERATION = re.compile(r"(?:\d{1,4}\s?[.)\-:º]{1,2}|[a-zA-Z][.)]|[-•*·–])\s+(?=[+(\d])")
_SCHEME = re.compile(r"[<\"'\s]*(?:sips?|tel|callto|pj?sip|iax2|dahdi|local)[:/]{1,3}", re.IGNORECASE)
_ADDRESS = re.compile(r"(\+?[\d .\-()]{5,30})(?:@.*|-[0-9a-fA-F]{6,10}|[;>].*)", re.DOTALL)
_TRUNK_ZERO = re.compile(r"\(0\)")
# A no-break space of UTF-8 that was read in another encoding.
_LOST_BLANKS = re.compile("[ÂÃ]?\xa0|Â(?=[ \\d]|$)|¬†|┬á")
_JOINTS = re.compile(r"(?<=\d)[_'’·](?=\d)")


def number_in(cell: str) -> str:
    """Return the number that a cell holds in a person's spelling; other texts nearly as they are."""
    if len(cell) > LENGTH_LIMIT:
        return cell
    text = unescape(_LOST_BLANKS.sub(" ", cell)).strip().removeprefix("'")
    if "%" in text:
        text = unquote(text)
    text = plain(text).strip()
    if exact := exact_exponent(text):
        return exact
    text = _ENUMERATION.sub("", text, count=1) if _ENUMERATION.match(text) and not _is_country(text) else text
    bare = _SCHEME.sub("", text, count=1)
    if address := _ADDRESS.fullmatch(bare):
        bare = address[1]
    return _JOINTS.sub(" ", _TRUNK_ZERO.sub("", bare)).strip(" <>\"'")


def exact_exponent(text: str) -> str:
    """Return the digits of a number in powers of ten that has lost none of them, "" for any other text."""
    found = _EXPONENT.fullmatch(text.strip())
    if not found or len(found[2] or "") < int(found[3]):
        return ""
    whole, rest = (found[2] or "")[: int(found[3])], (found[2] or "")[int(found[3]) :]
    return "" if rest.strip("0") else found[1] + whole


def _is_country(text: str) -> bool:
    """Say whether what looks like an enumeration is a country code: `34 - 951 20 18 02`."""
    return re.match(r"(?:00)?34\s?-", text) is not None
