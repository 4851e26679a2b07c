"""What may be edited on a phone, by its status. One table.

Inferred from Diga's guide on the life of a number: only an assigned number takes calls.
"""

from dataclasses import dataclass
from enum import StrEnum

from phones.models import Phone


class Why(StrEnum):
    """The reason a field is closed; `explaining` has the sentences."""

    RESERVED = "reserved"
    PENDING_VERIFICATION = "pending_verification"
    RELEASED = "released"
    FINISHED = "finished"
    UNKNOWN_STATUS = "unknown_status"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Policy:
    """Which fields of a phone are open, and why the others aren't."""

    can_label: bool
    can_route: bool
    why: Why | None = None


_POLICIES = {
    "assigned": Policy(True, True),
    "reserved": Policy(True, False, Why.RESERVED),
    "pending_verification": Policy(True, False, Why.PENDING_VERIFICATION),
    "released": Policy(False, False, Why.RELEASED),
    "finished": Policy(False, False, Why.FINISHED),
}
_READ_ONLY = Policy(False, False, Why.UNKNOWN_STATUS)
KNOWN_STATUSES = tuple(_POLICIES)


def policy_for(phone: Phone) -> Policy:
    """Return what is open on a phone as we know it; an unknown status is read-only."""
    if phone.missing_since is not None:
        return Policy(False, False, Why.MISSING)
    return _POLICIES.get(phone.status, _READ_ONLY)
