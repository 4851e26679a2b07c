"""Normalisation of pasted text: no markup, no escapes, no invisible marks, plain digits."""

import html
import re
import unicodedata
from urllib.parse import unquote

_DOTS = dict.fromkeys("·•∙⋅・･‧●▪", "·")
_OTHERS = _DOTS | dict.fromkeys("’‘´`ʼ′", "'") | dict.fromkeys("−∼～", "-") | dict.fromkeys("⁄∕", "/")
_BREAKS = dict.fromkeys("\u2028\u2029\x85\x0b\x0c", "\n")


class _Letters(dict[int, str]):
    """The translation of each character, computed once and cached."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        known = (_OTHERS | _BREAKS).get(letter)
        self[code] = _plain(letter) if known is None else known
        return self[code]


def _plain(letter: str) -> str:
    match unicodedata.category(letter):
        case "Nd":
            return str(unicodedata.decimal(letter))
        case "Pd":
            return "-"
        case "Zs" | "No":
            # Footnote marks, fractions and circled numbers are no digits of a number.
            return " "
        case "Cf" | "Me":
            return ""
        case _:
            return "" if "\ufe00" <= letter <= "\ufe0f" else letter


_LETTERS = _Letters()
# UTF-8 read as Windows-1252: blanks, dashes and direction marks between the digits.
_MOJIBAKE = re.compile(r"(?:Ã‚|Â)(?=[\s\xa0·\d])[\xa0]?|(?<=\d)(?:Ã‚|Â)|â€[^\w\s]|â€[ªŽ\x90\x91\x8d\x8e]?(?=[\s\d+])")
_PERCENT = re.compile(r"%(?:c2%a0|a0|20|2[89bdef]|3[abd]|40|09|0[ad])", re.IGNORECASE)
_ESCAPED = re.compile(r"\\(?:u([0-9a-f]{4})|[nrt])", re.IGNORECASE)
_QUOTED_PRINTABLE = re.compile(r"=C2=A0|=E2=80=(?:[89][0-9A-F]|AF)|=2B(?=\d)|=\r?\n", re.IGNORECASE)
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]{0,9}|o:p)(\s[^<>]{0,2000}|/)?>", re.IGNORECASE)
_INLINE = "a|abbr|b|big|code|em|font|i|label|mark|nobr|s|small|span|strong|sub|sup|tt|u|wbr|o:p"
_BETWEEN = dict.fromkeys(_INLINE.split("|"), " ") | dict.fromkeys(("td", "th"), ";")
_LINKED = re.compile(r"(?:tel|sips?|callto):[^\s\"'<>]{1,100}", re.IGNORECASE)


def plain_text(text: str) -> str:
    """Return the text with plain digits, blanks, hyphens, dots and line breaks."""
    if "&" in text:
        # Twice, as it is often escaped twice.
        text = html.unescape(html.unescape(text))
    if "<" in text:
        text = _TAG.sub(_without_tag, text)
    if "%" in text:
        text = _PERCENT.sub(lambda found: unquote(found[0], errors="replace").replace("\ufffd", " "), text)
    if "\\" in text:
        text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)) if found[1] else " ", text)
    if "=" in text:
        text = _QUOTED_PRINTABLE.sub(_unquoted, text)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii():
        return text.replace("\x0b", "\n").replace("\x0c", "\n")
    text = _MOJIBAKE.sub(" ", text).translate(_LETTERS)
    return unicodedata.normalize("NFKC", text).translate(_LETTERS)


def _unquoted(found: re.Match[str]) -> str:
    if found[0].endswith("\n"):
        return ""
    return "+" if found[0].upper() == "=2B" else " "


def _without_tag(found: re.Match[str]) -> str:
    between = _BETWEEN.get(found[2].lower(), "\n")
    linked = _LINKED.search(found[3] or "")
    return f"{between}{linked[0]}; " if linked else between
