"""Statuses in words, as badges."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from phones.models import Phone


@dataclass(frozen=True, slots=True)
class Badge:
    """A status or provider in words; an unknown value is shown as it is, in a neutral tone."""

    tone: str
    icon: str
    label: str | Promise


# icons: circle-check lock hourglass snowflake circle-slash circle-question-mark
_STATUSES = {
    "assigned": Badge("ok", "circle-check", gettext_lazy("Assigned")),
    "reserved": Badge("info", "lock", gettext_lazy("Reserved")),
    "pending_verification": Badge("warn", "hourglass", gettext_lazy("Pending verification")),
    "released": Badge("hold", "snowflake", gettext_lazy("In quarantine")),
    "finished": Badge("off", "circle-slash", gettext_lazy("Finished")),
}


MISSING_BADGE = Badge("bad", "circle-slash", gettext_lazy("Unknown to Diga"))


def status_badge(status: str) -> Badge:
    """Return a status in words."""
    return _STATUSES.get(status) or Badge("off", "circle-question-mark", status)


def shown_status(phone: Phone) -> Badge:
    """Return the status of a phone in words; a phone that left Diga is shown as such."""
    return MISSING_BADGE if phone.missing_since is not None else status_badge(phone.status)
