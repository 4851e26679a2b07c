"""Alerts in words: what is told by mail and webhook, and what became of a message."""

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from phones.models import Alert, AlertKind, PlanState
from phones.services.alerting.delivery import Text
from phones.services.alerting.rules import NobodyIsTold, TestedJustNow
from phones.services.alerting.webhook import UnusableURL
from phones.wording.causes import words_for_cause
from phones.wording.moments import words_for_record
from phones.wording.plans.descriptions import parts_for_pause

PROBLEMS = {
    "malformed": gettext_lazy("This is no address of a webhook. It begins with https:// and names a host."),
    "not_https": gettext_lazy("The address has to begin with https://."),
    "private": gettext_lazy(
        "This address is of a private network. Whoever runs the server has to allow it (WEBHOOK_NETWORKS)."
    ),
}
_CAUSES = {
    "address_refused": gettext_lazy("The address is of a private network that the server does not allow."),
    "no_channel": gettext_lazy("The address was removed, or can’t be read any more."),
    "redirect": gettext_lazy("The receiver sent us to another address, which we don’t follow."),
    "gone": gettext_lazy("The receiver says that it is gone."),
    "http_status": gettext_lazy("The receiver did not accept it."),
    "refused": gettext_lazy("The receiver could not be reached: the connection was refused."),
    "name": gettext_lazy("The receiver could not be reached: its address was not found."),
    "connect_timeout": gettext_lazy("The receiver could not be reached: it took too long to connect."),
    "tls": gettext_lazy("The connection to the receiver is not safe: its certificate was not accepted."),
    "deadline": gettext_lazy("The receiver took too long to answer."),
    "timeout": gettext_lazy("The receiver took too long to answer."),
    "mail_off": gettext_lazy("This server sends no mail: MAIL_URL is not set."),
    "mail_recipients": gettext_lazy("The mail server refused all addresses."),
    "mail_sign_in": gettext_lazy("The mail server refused our password."),
    "mail_refused": gettext_lazy("The mail server refused the message."),
    "mail_unreachable": gettext_lazy("The mail server could not be reached."),
}


def words_for_alert(alert: Alert) -> Text:
    """Return what is told, in the active language, and the page it is about."""
    sentence, page = _WORDS[AlertKind(alert.kind)](alert.details, alert.project.slug)
    subject = f"{alert.project.name}: {AlertKind(alert.kind).label}"
    return Text(" ".join(subject.split()), sentence, settings.SITE_URL + page)


def words_for_delivery(alert: Alert) -> str:
    """Return why the last try failed, "" if none has."""
    if not alert.cause:
        return ""
    words = str(_CAUSES.get(alert.cause, _("The receiver broke off the connection.")))
    return f"{words} ({alert.http_status})" if alert.http_status else words


def words_for_url(problem: UnusableURL) -> str:
    """Return why an address can't be a webhook’s."""
    return str(PROBLEMS[problem.code])


def words_for_untested(problem: NobodyIsTold | TestedJustNow) -> str:
    """Return why no test was sent."""
    if isinstance(problem, NobodyIsTold):
        return _("Nobody would be told: there is no mail address and no webhook.")
    return _("The last test was less than a minute ago. Nothing was sent.")


def _rejected(details: Mapping[str, Any], slug: str) -> tuple[str, str]:
    words = _(
        "Diga does not accept the key %(key)s any more. Nothing is read or saved until an administrator enters another."
    )
    return words % details, reverse("project_settings", args=[slug])


def _failing(details: Mapping[str, Any], slug: str) -> tuple[str, str]:
    moment = parse_datetime(details["since"])
    since = words_for_record(moment) if moment else ""
    words = _("No sync has been complete since %(since)s. %(why)s")
    return words % {"since": since, "why": words_for_cause(details["cause"])}, reverse("project_overview", args=[slug])


def _outside(details: Mapping[str, Any], slug: str) -> tuple[str, str]:
    count = details["count"]
    words = ngettext(
        "%(count)d change was made outside Phone Desk: %(numbers)s.",
        "%(count)d changes were made outside Phone Desk: %(numbers)s.",
        count,
    )
    return words % {"count": count, "numbers": _named(details)}, _changes(slug, "source=OUTSIDE")


def _plan_paused(details: Mapping[str, Any], slug: str) -> tuple[str, str]:
    words = _("Plan %(plan)d is paused.") % details
    if cause := details["cause"]:
        words = " ".join((words, *parts_for_pause(cause)))
    return words, reverse("plan_detail", args=[slug, details["plan"]])


def _plan_ended(details: Mapping[str, Any], slug: str) -> tuple[str, str]:
    is_stopped = details["state"] == PlanState.STOPPED
    words = _("Plan %(plan)d was stopped.") if is_stopped else _("Plan %(plan)d has ended.")
    return words % details, reverse("plan_detail", args=[slug, details["plan"]])


def _unknown(details: Mapping[str, Any], slug: str) -> tuple[str, str]:
    count = details["count"]
    words = ngettext(
        "An hour after it was sent it is not known what became of %(count)d change: %(numbers)s. Look in Diga.",
        "An hour after they were sent it is not known what became of %(count)d changes: %(numbers)s. Look in Diga.",
        count,
    )
    return words % {"count": count, "numbers": _named(details)}, _changes(slug, "look=1")


def _broken(details: Mapping[str, Any], slug: str) -> tuple[str, str]:
    if "noted" in details:
        words = _(
            "The history ends before an entry that it had: the database was restored or altered. "
            "An administrator looks at the page of changes."
        )
        return words, _changes(slug)
    count = details["faults"]
    words = ngettext(
        "The verification of the history has found %(count)d fault: entries are missing or were altered.",
        "The verification of the history has found %(count)d faults: entries are missing or were altered.",
        count,
    )
    return words % {"count": count}, _changes(slug)


def _test(_details: Mapping[str, Any], slug: str) -> tuple[str, str]:
    return _("This is a test. Messages of this project arrive here."), reverse("project_alerts", args=[slug])


def _changes(slug: str, query: str = "") -> str:
    return reverse("change_list", args=[slug]) + (f"?{query}" if query else "")


def _named(details: Mapping[str, Any]) -> str:
    named = ", ".join(details["numbers"])
    return named if details["count"] <= len(details["numbers"]) else f"{named} …"


_WORDS: dict[AlertKind, Callable[[Mapping[str, Any], str], tuple[str, str]]] = {
    AlertKind.KEY_REJECTED: _rejected,
    AlertKind.SYNC_FAILING: _failing,
    AlertKind.CHANGED_OUTSIDE: _outside,
    AlertKind.PLAN_PAUSED: _plan_paused,
    AlertKind.PLAN_ENDED: _plan_ended,
    AlertKind.OUTCOME_UNKNOWN: _unknown,
    AlertKind.HISTORY_BROKEN: _broken,
    AlertKind.TEST: _test,
}
