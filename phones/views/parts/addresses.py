"""Ids in addresses."""

import uuid

BIGGEST_ID = 2**63 - 1


def uuid_from(text: str) -> uuid.UUID | None:
    """Return an id of the address, None where it is none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def id_from(text: str) -> int | None:
    """Return a number of the address, None where it is none that a database could hold."""
    if not (text.isascii() and text.isdecimal()) or len(text) > len(str(BIGGEST_ID)):
        return None
    return min(int(text), BIGGEST_ID)
