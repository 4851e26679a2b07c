"""Sentences for people: what was tried, whether it happened, and what to do next. All failures pass here."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from phones import diga
from phones.models import Change, Outcome

from .policy import Why
from .syncing import cause_of

Text = str | Promise

# What went wrong, by the code under which it is kept (`syncing.cause_of`), and what to do next.
_CAUSES: dict[str, tuple[Text, Text]] = {
    "refused": (
        gettext_lazy("Diga could not be reached: the connection was refused."),
        gettext_lazy("Try again in a minute."),
    ),
    "name": (
        gettext_lazy("Diga could not be reached: its address was not found."),
        gettext_lazy("Check the network of this server, then try again."),
    ),
    "connect_timeout": (
        gettext_lazy("Diga could not be reached: it took too long to connect."),
        gettext_lazy("Try again in a minute."),
    ),
    "tls": (
        gettext_lazy("The connection to Diga is not safe: its certificate was not accepted."),
        gettext_lazy("Tell the administrator of this server. The key was not sent."),
    ),
    "paced": (
        gettext_lazy("Too many requests to Diga are waiting in this project."),
        gettext_lazy("Try again in a minute."),
    ),
    "timeout": (gettext_lazy("Diga did not answer in time."), gettext_lazy("Try again in a minute.")),
    "disconnected": (
        gettext_lazy("Diga closed the connection without an answer."),
        gettext_lazy("Try again in a minute."),
    ),
    "deadline": (
        gettext_lazy("Diga’s answer took too long to arrive."),
        gettext_lazy("Try again in a minute."),
    ),
    "too_large": (
        gettext_lazy("Diga’s answer was far larger than it should be."),
        gettext_lazy("Tell the administrator of this server."),
    ),
    "redirect": (
        gettext_lazy("Diga sent us to another address, which we don’t follow."),
        gettext_lazy("Ask the administrator of this server to check the address of the API."),
    ),
    "server_error": (
        gettext_lazy("Diga has a problem of its own."),
        gettext_lazy("Try again in a few minutes."),
    ),
    "not_json": (
        gettext_lazy("Something between us and Diga answered with a page instead of data."),
        gettext_lazy("Try again in a minute; if it stays, tell the administrator of this server."),
    ),
    "truncated": (
        gettext_lazy("Diga’s answer broke off in the middle."),
        gettext_lazy("Try again in a minute."),
    ),
    "wrong_shape": (
        gettext_lazy("Diga’s answer did not have the form we know."),
        gettext_lazy("If it stays, tell the administrator: Diga may have changed its API."),
    ),
    "auth": (
        gettext_lazy("Diga no longer accepts the API key."),
        gettext_lazy("An administrator of this project has to replace the key in the settings."),
    ),
    "forbidden": (
        gettext_lazy("The API key may not do this: to save it needs Phones: Write, to read Phones and Agents: Read."),
        gettext_lazy("Ask a Diga administrator to give the key that right."),
    ),
    "not_found": (
        gettext_lazy("Diga does not know this number any more."),
        gettext_lazy("It may have been released. Look it up in Diga."),
    ),
    "rate_limited": (
        gettext_lazy("Diga asks us to slow down."),
        gettext_lazy("Wait a moment, then try again."),
    ),
    "rejected": (
        gettext_lazy("Diga did not accept these values."),
        gettext_lazy("Correct them, then save again."),
    ),
    "no_key": (
        gettext_lazy("This project has no API key that can be used."),
        gettext_lazy("An administrator of this project has to enter a key in the settings."),
    ),
    "foreign_project": (
        gettext_lazy("The key opens a Diga project that is connected here under another name."),
        gettext_lazy("Use that project, or a key of another Diga project."),
    ),
    "other_project": (
        gettext_lazy("The key opens another Diga project than the one whose phones are here. Nothing was mixed."),
        gettext_lazy(
            "An administrator of this project has to enter a key of the old Diga project, or connect the new one "
            "under a name of its own."
        ),
    ),
    "interrupted": (
        gettext_lazy("The process that was syncing ended before it was done."),
        gettext_lazy("Sync again."),
    ),
}

# Why a walk over the list can't vouch for having met every phone (`phones.diga.Gap`).
_CAUSES |= {
    "unfinished": (
        gettext_lazy("Diga’s list was not read to its end. No phone was marked as missing."),
        gettext_lazy("Sync again."),
    ),
    "cursor_refused": (
        gettext_lazy(
            "Diga’s list changed while it was read, and could not be followed. No phone was marked as missing."
        ),
        gettext_lazy("Sync again."),
    ),
    "no_cursor": (
        gettext_lazy("Diga promised more phones without saying where they follow. No phone was marked as missing."),
        gettext_lazy("If it stays, tell the administrator: Diga may have changed its API."),
    ),
    "empty_page": (
        gettext_lazy("Diga promised more phones and then sent none. No phone was marked as missing."),
        gettext_lazy("Sync again; if it stays, tell the administrator: Diga may have changed its API."),
    ),
    "loop": (
        gettext_lazy("Diga’s list led in a circle. No phone was marked as missing."),
        gettext_lazy("If it stays, tell the administrator: Diga may have changed its API."),
    ),
    "lost": (
        gettext_lazy("The end of Diga’s list could not be confirmed. No phone was marked as missing."),
        gettext_lazy("Sync again."),
    ),
    "not_met": (
        gettext_lazy("The parts in which Diga’s list was read do not fit together. No phone was marked as missing."),
        gettext_lazy("Sync again."),
    ),
    "too_many_pages": (
        gettext_lazy("Diga’s list had far more pages than expected. No phone was marked as missing."),
        gettext_lazy("If it stays, tell the administrator: Diga may have changed its API."),
    ),
    "short": (
        gettext_lazy("Diga sent fewer phones than it said there are. No phone was marked as missing."),
        gettext_lazy("Sync again."),
    ),
}

# Causes of a write that certainly did nothing, so that nothing was read back.
_NOT_DONE = frozenset({"rate_limited"} | {reason.value for reason in diga.Reason if reason.is_before_sending})

_WHY: dict[Why, Text] = {
    Why.RESERVED: gettext_lazy("This number is reserved and not active yet, so no agent can be given to it."),
    Why.PENDING_VERIFICATION: gettext_lazy(
        "This number is not active yet: Diga is still verifying it, so no agent can be given to it."
    ),
    Why.RELEASED: gettext_lazy("This number was given back and is in quarantine. Diga accepts no changes to it."),
    Why.FINISHED: gettext_lazy("This number is finished: it no longer belongs to the project."),
    Why.UNKNOWN_STATUS: gettext_lazy("Diga reports a status we don’t know, so this number is read-only here."),
    Why.MISSING: gettext_lazy("Diga does not know this number any more, so it is read-only."),
}


@dataclass(frozen=True, slots=True)
class Words:
    """A result in words. `tone` is `ok`, `warn` or `bad`; `quote` is Diga's own words, to be escaped."""

    tone: str
    title: str
    text: str = ""
    quote: str = ""

    @property
    def is_problem(self) -> bool:
        """True for what has to be announced as a problem."""
        return self.tone == "bad"


def why_closed(why: Why) -> str:
    """Return why a field of a phone is closed."""
    return str(_WHY[why])


def words_for_cause(cause: str) -> str:
    """Return what went wrong and what to do next, for a kept code."""
    what, then = _CAUSES[cause]
    return f"{what} {then}"


def words_for_read(error: diga.DigaError) -> Words:
    """Explain a failed read: nothing was changed, and what is shown is our copy."""
    text = words_for_cause(cause_of(error))
    return Words("bad", _("Not read from Diga"), text + " " + _wait(error), error.message)


def words_for_key(error: diga.DigaError | None) -> Words:
    """Explain why a key was not taken: nothing was stored, and a key that was kept before still is."""
    if error is None or isinstance(error, diga.DigaAuthError):
        text = _("Diga does not accept this key. Copy it anew: it may be cut off, or deleted in Diga.")
        return Words("bad", _("This key can’t be used"), text, error.message if error else "")
    if isinstance(error, diga.DigaForbidden):
        text = _("It lacks a right that is needed here: Phones: Write, Agents: Read. Add it in Diga, then check again.")
        return Words("bad", _("This key can’t be used"), text, error.message)
    text = _("Nothing was changed. %(cause)s") % {"cause": words_for_cause(cause_of(error)) + " " + _wait(error)}
    return Words("bad", _("The key could not be checked"), text, error.message)


def words_for_save_not_sent(error: diga.DigaError) -> Words:
    """Explain a save that ended at the read before the write."""
    text = _("Nothing was sent, nothing was changed; your text is kept. %(cause)s")
    return Words(
        "bad",
        _("Not saved"),
        text % {"cause": words_for_cause(cause_of(error)) + " " + _wait(error)},
        error.message,
    )


def _wait(error: diga.DigaError) -> str:
    if isinstance(error, diga.DigaRateLimited) and error.retry_after:
        return _("Diga names %(seconds)d seconds.") % {"seconds": round(error.retry_after)}
    return ""


def _cause_of(change: Change) -> str:
    """Return the cause. A 404 to a change of agent is about the version: the number was read just before."""
    is_about_version = change.cause == "not_found" and not {"inbound", "outbound"}.isdisjoint(change.after)
    return "rejected" if is_about_version else change.cause


def words_for_change(change: Change, error: diga.DigaError | None = None) -> Words:
    """Explain what became of a save. `error` adds what only the moment knows, such as how long to wait."""
    cause = f"{words_for_cause(_cause_of(change))} {_wait(error) if error else ''}".strip() if change.cause else ""
    match change.outcome:
        case Outcome.CONFIRMED if change.cause:
            return Words("ok", _("Saved"), _("The answer was lost, but we read the number again: Diga has the change."))
        case Outcome.CONFIRMED:
            return Words("ok", _("Saved"))
        case Outcome.MISMATCH if change.cause:
            # Diga refused, and has applied a part of it nevertheless.
            return Words("bad", _("Diga stored something else"), cause, change.message)
        case Outcome.MISMATCH:
            return Words(
                "bad",
                _("Diga stored something else"),
                _("Diga accepted the request, but its answer is not what was asked for. Below is what Diga has now."),
            )
        case Outcome.REFUSED:
            return Words("bad", _("Diga refused, nothing was changed"), cause, change.message)
        case Outcome.FAILED if change.cause in _NOT_DONE:
            return Words(
                "bad",
                _("Not saved, nothing was changed"),
                _("Your text is kept. %(cause)s") % {"cause": cause},
                change.message,
            )
        case Outcome.FAILED:
            return Words(
                "bad",
                _("Not saved, nothing was changed"),
                _("We read the number again: Diga has not applied it. Your text is kept. %(cause)s") % {"cause": cause},
                change.message,
            )
        case Outcome.OBSERVED:
            return Words("warn", _("Changed outside this desk"))
        case Outcome.PENDING:
            return Words("warn", _("Being sent"), _("The answer of Diga is not here yet. Reload in a moment."))
        case _:
            return Words(
                "bad",
                _("We don’t know whether Diga applied it"),
                _("Read the number again before you save once more. %(cause)s") % {"cause": cause},
                change.message,
            )
