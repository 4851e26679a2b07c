"""The labels, icons and tones of the conditions that need attention, for cards, filters and chips."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from phones.services.finding.health import CONDITIONS


@dataclass(frozen=True, slots=True)
class HealthLabel:
    """The label of a condition: short, and as a sentence that explains it."""

    tone: str
    icon: str
    label: str | Promise
    text: str | Promise


# icons: phone-off circle-question-mark message-circle-question-mark calendar-x circle-slash hourglass snowflake
# icons: copy-x arrow-left-right circle-check
LOOKS: dict[str, HealthLabel] = {
    "no_inbound": HealthLabel("warn", "phone-off", _("No inbound agent"), _("Assigned, but nobody answers the calls.")),
    "agent_trouble": HealthLabel(
        "warn",
        "circle-question-mark",
        _("Agent unknown or unpublished"),
        _("Points at an agent that Diga no longer lists, or that has no published version."),
    ),
    "answered_otherwise": HealthLabel(
        "bad",
        "phone-incoming",
        _("Answered otherwise"),
        _("Another agent or version took a call than is configured. Seen when the number was opened."),
    ),
    "never_confirmed": HealthLabel(
        "bad",
        "message-circle-question-mark",
        _("Never confirmed"),
        _("A change was sent from here, and Diga has not confirmed it since."),
    ),
    "releasing_soon": HealthLabel(
        "bad", "calendar-x", _("Releasing soon"), _("Given back on a date that is set. Calls stop then.")
    ),
    "missing": HealthLabel("bad", "circle-slash", _("Unknown to Diga"), _("Diga answers that it has no such number.")),
    "pending_verification": HealthLabel(
        "warn",
        "hourglass",
        _("Waiting for verification"),
        _("Not active until Diga has checked the documents."),
    ),
    "quarantine": HealthLabel("hold", "snowflake", _("In quarantine"), _("Given back, still held for you. Read-only.")),
    "same_alias": HealthLabel(
        "info", "copy-x", _("Same alias"), _("Two numbers share a name, or still say “New Number”.")
    ),
    "lanes_differ": HealthLabel(
        "info",
        "arrow-left-right",
        _("Inbound ≠ outbound"),
        _("One agent answers, another one calls. Often on purpose."),
    ),
}


def health_labels() -> list[tuple[str, str]]:
    """Return the codes that filter a list with their labels, in the order of the cards."""
    return [(code, str(LOOKS[code].label)) for code in CONDITIONS]
