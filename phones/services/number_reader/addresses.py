"""SIP identifiers, and numbers before the `@` of an address: of SIP, a messenger or a PBX."""

import re
from collections.abc import Iterator

from phones.services.number_reader.candidates import Candidate, Certainty
from phones.services.number_reader.runs import solid

# Bounded, and started only at a word boundary, so that matching takes linear time.
_ADDRESS = re.compile(
    r"(?<![\w.!~*'&=+$%/-])(?P<scheme>sips?:)?(?P<user>[\w.!~*'&=+$%/-]{1,64})@"
    r"(?P<host>[\w-]{1,63}(?:\.[\w-]{1,63}){0,8})",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?:^|[^\w.+-])(\+?[\d.-]{7,20}?)(?:-\d{9,10})?$")
_JID = re.compile(r"(?:s\.whatsapp\.net|c\.us|g\.us)$", re.IGNORECASE)
_INSIDE = re.compile(r"[=/&'*]")
# A PBX's own extensions, and hosts without a name, are ignored.
_EXTENSION, _NAMED = re.compile(r"\d{1,6}"), re.compile(r"\.[a-z]{2,}$", re.IGNORECASE)


def addresses_in(text: str) -> Iterator[tuple[tuple[int, int], list[Candidate]]]:
    """Yield the place of each address, with what it may stand for."""
    for found in _ADDRESS.finditer(text):
        yield found.span(), list(_candidates(found))


def _candidates(found: re.Match[str]) -> Iterator[Candidate]:
    user, host = found["user"], found["host"].lower()
    number = _NUMBER.search(user)
    is_dialled = bool(found["scheme"]) or bool(_JID.search(host))
    if number:
        start = found.start("user") + number.start(1)
        certainty = Certainty.SURE if is_dialled or number[1].startswith("+") else Certainty.LIKELY
        yield solid(number[1], place=(start, found.end()), certainty=certainty, sip=f"{user}@{host}".lower())
        return
    is_sure = found["scheme"] and _NAMED.search(host) and not _EXTENSION.fullmatch(user)
    certainty = Certainty.SURE if is_sure else Certainty.LIKELY
    inner = _INSIDE.split(user)[-1]
    for rank, name in enumerate(dict.fromkeys((user, inner)) if inner else (user,)):
        yield Candidate(found[0], sip=f"{name}@{host}".lower(), certainty=certainty, place=found.span(), rank=rank)
