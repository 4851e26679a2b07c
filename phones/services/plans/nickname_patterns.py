"""Nicknames made from a pattern: `Line {n}`, `{alias} (old)`, `Reception {n:03}`."""

import re
from dataclasses import dataclass

from phones.models import Phone
from phones.services.nicknames import one_line

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_ITSELF = {"alias", "nickname"}
_PLACE = re.compile(r"n(?::0([1-9]))?")


class BadPattern(Exception):
    """A pattern has a placeholder that stands for nothing; `placeholder` is it, with its braces."""

    def __init__(self, placeholder: str) -> None:
        super().__init__(placeholder)
        self.placeholder = placeholder


@dataclass(frozen=True, slots=True)
class Pattern:
    """A nickname for many phones.

    `{n}` is the place of a phone in the list, from 1, and `{n:03}` the same with zeros before it; `{number}` is its
    number, `{alias}` what it is called now, which older patterns call
    `{nickname}`. Braces around nothing else are an error, a single brace is a brace.
    """

    text: str

    @classmethod
    def read(cls, text: str) -> "Pattern":
        """Return the pattern that a person typed.

        :raises BadPattern: it has a placeholder that stands for nothing.
        """
        for match in _PLACEHOLDER.finditer(text):
            if match[1] not in {"number", *_ITSELF} and not _PLACE.fullmatch(match[1]):
                raise BadPattern(match[0])
        return cls(text)

    @property
    def is_fixed(self) -> bool:
        """True when every phone gets the same nickname."""
        return _PLACEHOLDER.search(self.text) is None

    def name(self, place: int, phone: Phone) -> str:
        """Return the nickname of the phone at a place of the list, on one line."""

        def value(match: re.Match[str]) -> str:
            if match[1] == "number":
                return phone.number
            if match[1] in _ITSELF:
                return phone.nickname or ""
            return str(place).zfill(int(match[1].partition(":")[2] or 0))

        return one_line(_PLACEHOLDER.sub(value, self.text))
