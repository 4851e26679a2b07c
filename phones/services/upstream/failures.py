"""What a failed write may have done in Diga: the one table, for everything that sends."""

from enum import StrEnum

from phones import diga
from phones.models import Change, Outcome


class Verdict(StrEnum):
    """What is certain about a write without a good answer."""

    NOT_SENT = "not_sent"  # It did not reach Diga, or Diga did not process it.
    REJECTED = "rejected"  # Diga processed it and refused it.
    UNKNOWN = "unknown"  # It may have been applied: only a read tells.


def verdict_of(error: diga.DigaError) -> Verdict:
    """Return what a write that ended with this error may have done.

    A 429 counts as not processed, as rate limiters come first. A 5xx, a redirect and an unreadable answer are unknown:
    a gateway may hide an applied write.
    """
    if error.sent:
        return Verdict.UNKNOWN
    if isinstance(error, diga.DigaUnavailable | diga.DigaRateLimited):
        return Verdict.NOT_SENT
    return Verdict.REJECTED


# Why a write failed that never reached Diga, or that Diga did not process; "" means that its sender died, and that a
# read has shown that nothing was applied.
NOT_LOOKED_AT = {"", "rate_limited", *(reason.value for reason in diga.Reason if reason.is_before_sending)}


_NEVER_LEFT = NOT_LOOKED_AT - {""}


def was_sent(change: Change) -> bool:
    """Return whether a failed write may have been sent; that of a dead sender may."""
    return change.cause not in _NEVER_LEFT


def was_not_looked_at(change: Change) -> bool:
    """Return whether Diga has certainly not processed a settled write: sending it again makes one write, not two.

    A key that Diga refuses says nothing about the phone either.
    """
    if change.outcome == Outcome.REFUSED:
        return change.http_status in {401, 403}
    return change.outcome == Outcome.FAILED and change.cause in NOT_LOOKED_AT
