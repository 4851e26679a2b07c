"""Who answers a number, in a sentence that can be read out to a customer."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from phones.services.answering.who import Answering, Kind
from phones.services.finding.health import days_until
from phones.wording.moments import words_for_record, words_within


@dataclass(frozen=True, slots=True)
class AnsweringWords:
    """Who answers in a sentence, with its tone and icon; `title` is the exact time that it tells of, "" for none."""

    tone: str
    icon: str
    text: str
    title: str


# icons: phone-incoming phone-off hourglass circle-question-mark snowflake circle-slash calendar-x
_LOOKS = {
    Kind.ANSWERED: ("ok", "phone-incoming"),
    Kind.CHECKING: ("ok", "phone-incoming"),
    Kind.UNASSIGNED: ("bad", "phone-off"),
    Kind.UNPUBLISHED: ("bad", "phone-off"),
    Kind.NO_MINUTES: ("bad", "phone-off"),
    Kind.UNKNOWN_AGENT: ("warn", "circle-question-mark"),
    Kind.AGENTS_UNREAD: ("warn", "circle-question-mark"),
    Kind.RESERVED: ("warn", "hourglass"),
    Kind.PENDING_VERIFICATION: ("warn", "hourglass"),
    Kind.GIVEN_BACK: ("hold", "snowflake"),
    Kind.FINISHED: ("off", "circle-slash"),
    Kind.UNKNOWN_STATUS: ("warn", "circle-question-mark"),
    Kind.MISSING: ("bad", "circle-slash"),
}


def words_for_release(moment: datetime, now: datetime) -> str:
    """Return when a number is given back, and in how many days."""
    names = {"when": words_within(moment, now), "days": (days := days_until(moment, now))}
    if not days:
        return _("Was to be given back %(when)s") % names
    return ngettext("Given back %(when)s, in %(days)d day", "Given back %(when)s, in %(days)d days", days) % names


def words_for_answering(answering: Answering, now: datetime) -> AnsweringWords:
    """Return who answers in a sentence."""
    tone, icon = _LOOKS[answering.kind]
    if answering.kind is Kind.ANSWERED and answering.ends_at:
        tone, icon = "warn", "calendar-x"
    return AnsweringWords(
        tone, icon, _sentence(answering, now), words_for_record(answering.ends_at) if answering.ends_at else ""
    )


def _sentence(answering: Answering, now: datetime) -> str:
    names = {
        "agent": answering.agent.name if answering.agent else "",
        "version": answering.version.label if answering.version else "",
        "when": words_within(answering.ends_at, now) if answering.ends_at else "",
        "status": answering.status,
    }
    return _pattern(answering) % names


def _pattern(answering: Answering) -> str:
    match answering.kind:
        case Kind.ANSWERED if answering.ends_at:
            return _("%(agent)s %(version)s answers until the number is given back %(when)s.")
        case Kind.ANSWERED:
            return _("%(agent)s %(version)s answers.")
        case Kind.CHECKING:
            return _("%(agent)s answers. Which version is being checked.")
        case Kind.UNASSIGNED:
            return _("Calls to this number reach nobody: no agent answers it.")
        case Kind.UNPUBLISHED:
            return _("Calls to this number reach nobody: %(agent)s has no published version.")
        case Kind.NO_MINUTES:
            return _("Calls to this number reach nobody: the minutes of the plan are used up.")
        case _:
            return _pattern_of_others(answering)


def _pattern_of_others(answering: Answering) -> str:
    match answering.kind:
        case Kind.UNKNOWN_AGENT:
            return _("Who answers is not known: the number has an agent that Diga does not list.")
        case Kind.AGENTS_UNREAD:
            return _("Who answers is not known: the agents were not read yet.")
        case Kind.RESERVED:
            return _("Calls to this number reach nobody yet: it is reserved and not active.")
        case Kind.PENDING_VERIFICATION:
            return _("Calls to this number reach nobody yet: Diga is still verifying it.")
        case Kind.GIVEN_BACK if answering.ends_at:
            return _("Calls to this number reach nobody: it was given back %(when)s.")
        case Kind.GIVEN_BACK:
            return _("Calls to this number reach nobody: it was given back.")
        case Kind.FINISHED:
            return _("Calls to this number reach nobody: it no longer belongs to the project.")
        case Kind.MISSING:
            return _("Calls to this number reach none of your agents: Diga does not know it any more.")
        case _:
            return _("Who answers is not known: Diga reports the status “%(status)s”.")
