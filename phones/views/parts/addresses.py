"""Reading of ids from addresses."""

import uuid

BIGGEST_ID = 2**63 - 1


def uuid_from(text: str) -> uuid.UUID | None:
    """Return an id of the address, None if it is malformed."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def id_from(text: str) -> int | None:
    """Return a number of the address, None if it is malformed or above the database's range."""
    if not (text.isascii() and text.isdecimal()) or len(text) > len(str(BIGGEST_ID)):
        return None
    return min(int(text), BIGGEST_ID)
