"""Digits that are no numbers: dates, times, amounts, addresses and ids. They are blanked out before the search.

Only what has the shape of a number, or could have it together with its neighbours, is listed; a year, a postcode or a
law is too short. Every pattern takes linear time: its repetitions are bounded, or start only at a boundary.
"""

import re

# No pattern of a number matches across it. It is as long as the text it replaces, so that places stay.
CUT = "\x00"

_DAY, _MONTH = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])"
_YEAR = r"(?:19|20)\d\d"
_TIME = r"\d{1,2}:\d\d(?::\d\d(?:[.,]\d{1,6}(?![ .\-/·'_]?\d))?)?"
_ZONE = r"(?:Z\b| ?[+-](?:0\d|1[0-4]):?[0-5]\d(?!\d))"
_CLOCK = rf"(?:(?:T|,? {{0,2}}|_){_TIME}{_ZONE}?)?"
# Not after the first groups of a number: `951 20-10-02` and `951 20 18 02/03/04` are not dates.
_NO_GROUP = r"(?<!\d)(?<!\d[-/.])(?<!\d{3} \d\d \d\d )(?<![6-9]\d\d[ )])(?<![6-9]\d\) )"
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_MONEY = r"(?:€|eur(?:os?)?\b|\$|us\$|£|¥|(?:usd|gbp|chf|mxn|cop|ars|clp|pen|jpy)\b|c[eé]nts?\b|pesos\b|d[oó]lares\b)"
_UNITS = (
    r"(?:habitantes|hab|personas|unidades|uds|visitas|usuarios|filas|rows|registros|records|[kmgt]i?b|bytes?|k?bps|mbit|"
    r"ms|seg|segundos?|secs?|seconds?|km|kg|kwh|mm|m2)\b"
)
_AMOUNT = r"\d{1,3}(?:[.,']\d{3})+(?:[.,]\d{1,2})?"

_KINDS = (
    # Ids of machines.
    r"(?<![\w-])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![\w-])",
    r"(?<![\w:-])(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}(?![\w:-])",
    r"(?<![\d.])1[5-9]\d{8}\.\d{1,9}(?!\d)",
    r"(?<![\d-])97[89]-(?:\d{1,7}-){3}[\dx](?![\d-])",
    r"\bo=\S{1,64} \d{1,20} \d{1,20} IN\b",
    # Masked card numbers: the digits left are not the last digits of a phone number.
    r"(?:[*x.]{4}[ -]?){3}\d{4}(?!\d)",
    # Dates with their time.
    rf"(?<!\d)(?<!\d[-/.]){_YEAR}(?P<iso>[-/.]){_MONTH}(?P=iso){_DAY}(?!\d){_CLOCK}",
    rf"{_NO_GROUP}{_DAY}(?P<day>[-/.]){_MONTH}(?P=day)(?:{_YEAR}|\d\d)(?![-/.]?\d){_CLOCK}",
    rf"{_NO_GROUP}{_MONTH}/{_DAY}/(?:{_YEAR}|\d\d)(?![-/.]?\d){_CLOCK}",
    # Times and durations.
    rf"(?<![\d:]){_TIME}(?![\d:]){_ZONE}?",
    r"(?<![\d.,:])(?<!\d\d )\d{1,2}(?:[.:]\d\d)? ?(?:h|hs|hrs|horas|[ap]\.?m)\b",
    r"(?<![\d:])\d{1,2}h\d\d(?!\d)",
    # Amounts, with their unit or currency before or after.
    rf"(?<![\d.,']){_AMOUNT} ?(?:%|{_MONEY}|{_UNITS})",
    rf"(?<![\d.,'])\d{{1,7}}[.,]\d\d? ?(?:%|{_MONEY}|{_UNITS})",
    rf"(?<![\d.,'])(?<!\d\d )\d+ ?(?:%|{_MONEY}|{_UNITS})(?! ?\d)",
    rf"{_MONEY} ?(?:{_AMOUNT}|\d+[.,]\d\d?|\d+(?! \d))(?![\d.,]\d|\d)",
    rf"(?<![\d.,'])(?<!\d[ -])\d{{1,3}}(?: \d{{3}}){{2,5}}(?:[.,]\d\d)? ?{_MONEY}(?! ?\d)",
    r"(?<![\d.,'])\d{1,3}(?:\.\d{3})+,\d\d(?!\d)",
    r"(?<![\d.,'])\d{1,3}(?:,\d{3})+\.\d\d(?!\d)",
    r"(?<![\d.,])\d{1,3}(?P<zeros>[. ])000(?:(?P=zeros)000)+(?!\d)",
    # Coordinates and fractions.
    r"(?<![\d.])-?\d{1,3}\.\d{4,16}[,;] ?-?\d{1,3}\.\d{4,16}(?![\d.])",
    r"(?<![\d.])-?0\.\d{3,18}(?![\d.])",
    # IP and MAC addresses; the octets of one that could be a number as well have two or three digits.
    rf"(?<![\d.])(?!\d\d\.\d{{3}}\.\d\d\.\d\d(?!\d)){_OCTET}(?:\.{_OCTET}){{3}}(?!\.?\d)(?:[:/]\d{{1,5}}\b)?",
)
_ANY_KIND = re.compile("|".join(f"(?:{kind})" for kind in _KINDS), re.IGNORECASE)
_EXTENSION = re.compile(
    r"(?<=\d)\)?[ \t,;(/-]{0,3}(?:ext(?:\.|n\.?|ensi[oó]n)?|extension|anexo|interno|int\.|opci[oó]n|x|#)"
    r"[ \t.:=]{0,3}\d{1,6}\b(?! \d)\)?",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"\b(?:(?:https?|ftps?|wss?)://|www\.)[^\s<>\"\x00]{1,2000}", re.IGNORECASE)
_IN_ADDRESS = re.compile(
    r"(?:\bwa\.me/|/(?:phones?|numbers?|telefonos?|numeros?|lineas?)/|"
    r"[?&;/](?:phone|tel|telefono|movil|num|numero|number|msisdn|did|n|q|to|from|src|dst|caller|callee)=)"
    r"(\+?\d{7,15})(?!\d)",
    re.IGNORECASE,
)
# Thousands separators between three groups of three.
_THOUSANDS = re.compile(r"(?<![\d,.])(?:34,)?[6-9]\d\d,\d{3},\d{3}(?![.,]?\d)")


def without_other_kinds(text: str) -> str:
    """Return a plain text of the same length without digits of other kinds than numbers."""
    text = _ADDRESS.sub(_without_address, text)
    text = _ANY_KIND.sub(blank, text)
    text = _EXTENSION.sub(blank, text)
    return _THOUSANDS.sub(lambda found: found[0].replace(",", "."), text)


def blank(found: re.Match[str]) -> str:
    """Return a blank of the length of the match."""
    return CUT * len(found[0])


def _without_address(found: re.Match[str]) -> str:
    """Keep the parts of a web address that give a number to write to, to call, or to look up."""
    letters = [CUT] * len(found[0])
    for kept in _IN_ADDRESS.finditer(found[0]):
        letters[slice(*kept.span(1))] = kept[1]
    return "".join(letters)
