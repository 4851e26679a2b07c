"""Sentences for people: what was tried, whether it happened, and what to do next. All failures pass here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from phones import diga
from phones.models import Change, Outcome, Phone, Source
from phones.services.editing.outcome import is_stored
from phones.services.editing.recheck_times import is_given_up, is_soon_known
from phones.services.routing.editability import Why
from phones.services.routing.lanes import Lane
from phones.services.sync.passes import cause_of_read
from phones.wording.causes import Text, parts_for_cause

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


class Happened(StrEnum):
    """Whether what was tried has come about in Diga."""

    YES = "yes"
    NO = "no"
    OTHERWISE = "otherwise"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Words:
    """A result in words. `tone` is `ok`, `warn` or `bad`; `quote` is Diga's own words, to be escaped.

    The title says what was tried; for a failure `happened` and `then`, both part of the text, say whether it came
    about and what to do next.
    """

    tone: str
    title: str
    text: str = ""
    quote: str = ""
    happened: Happened | None = None
    then: str = ""

    @property
    def is_problem(self) -> bool:
        """True for what has to be announced as a problem."""
        return self.tone == "bad"

    @property
    def keeps_text(self) -> bool:
        """True where what was typed is still to be done, or may be."""
        return self.is_problem or self.happened is Happened.UNKNOWN

    def adding(self, note: str) -> "Words":
        """Return the words with a note at their end."""
        return replace(self, text=f"{self.text} {note}".strip())


def failure(
    title: Text, happened: Happened, sentence: Text, then: Text, *, why: Text = "", quote: str = "", tone: str = "bad"
) -> Words:
    """Return the words for a failure: what was tried, whether it happened, why not, and what to do next."""
    text = " ".join(str(part) for part in (sentence, why, then) if part)
    return Words(tone, str(title), text, quote, happened, str(then))


def why_closed(why: Why) -> str:
    """Return why a field of a phone is closed."""
    return str(_WHY[why])


def _parts(error: diga.DigaError) -> tuple[str, str]:
    """Return what went wrong with a read, and what to do next, with the time to wait where Diga names one."""
    what, then = parts_for_cause(cause_of_read(error))
    return what, f"{then} {_wait(error)}".strip()


def words_for_read(error: diga.DigaError) -> Words:
    """Explain a failed read: nothing was changed, and what is shown is our copy."""
    what, then = _parts(error)
    sentence = _("You see our copy; nothing was changed.")
    return failure(_("Not read from Diga"), Happened.NO, sentence, then, why=what, quote=error.message)


def words_for_refused_phone(phone: Phone) -> str:
    """Say that Diga refuses to tell about a phone; "" where it doesn't."""
    if not phone.is_refused:
        return ""
    return _("Diga refuses to tell about this number (status %(status)s). You see our copy.") % {
        "status": phone.refused_status
    }


def words_for_read_without_key() -> Words:
    """Explain that nothing can be read: the project has no key."""
    what, then = parts_for_cause("no_key")
    sentence = _("You see our copy; nothing was changed.")
    return failure(_("Not read from Diga"), Happened.NO, sentence, then, why=what, tone="warn")


def words_for_key(error: diga.DigaError | None) -> Words:
    """Explain why a key was not taken: nothing was stored, and a key that was kept before still is."""
    sentence = _("Nothing was changed.")
    if error is None or isinstance(error, diga.DigaAuthError):
        why = _("Diga does not accept this key. It may be cut off, or deleted in Diga.")
        title, then = _("This key can’t be used"), _("Copy it anew.")
    elif isinstance(error, diga.DigaForbidden):
        why = _("It lacks a right that is needed here: Phones: Write, Agents: Read.")
        title, then = _("This key can’t be used"), _("Add it in Diga, then check again.")
    else:
        title = _("The key could not be checked")
        why, then = _parts(error)
    return failure(title, Happened.NO, sentence, then, why=why, quote=error.message if error else "")


def words_for_changed_key() -> Words:
    """Explain a check of a key that is not the project's any more: nothing was noted of it."""
    sentence = _("The key was replaced or taken away while Diga was asked about it. Nothing was noted.")
    return failure(_("Not checked"), Happened.NO, sentence, _("Check the key again."), tone="warn")


def words_for_save_not_sent(error: diga.DigaError) -> Words:
    """Explain a save that ended at the read before the write."""
    what, then = _parts(error)
    sentence = _("Nothing was sent, nothing was changed.")
    return failure(_("Not saved"), Happened.NO, sentence, then, why=what, quote=error.message)


def words_for_unchecked_refusal(error: diga.DigaError | None) -> Words:
    """Explain that our copy foresees a refusal, and that Diga could not be asked whether it is so."""
    why, then = (
        _("Our copy and Diga’s list of this agent’s numbers differ in very many."),
        _("Sync first, then try again."),
    )
    if error:
        why, then = _parts(error)
    sentence = _("By our copy Diga would refuse this, but that could not be checked. Nothing was sent.")
    return failure(_("Not saved"), Happened.NO, sentence, then, why=why, quote=error.message if error else "")


def _wait(error: diga.DigaError | None) -> str:
    if isinstance(error, diga.DigaRateLimited) and error.retry_after:
        return _("Diga names %(seconds)d seconds.") % {"seconds": round(error.retry_after)}
    return ""


def _cause_of(change: Change) -> str:
    """Return the cause. A 404 to a change of agent is about the version: the number was read just before."""
    is_about_version = change.cause == "not_found" and not {"inbound", "outbound"}.isdisjoint(change.after)
    return "rejected" if is_about_version else change.cause


def words_for_change(change: Change, error: diga.DigaError | None = None) -> Words:
    """Explain what became of a save. `error` adds what only the moment knows, such as how long to wait."""
    match change.outcome:
        case Outcome.CONFIRMED if change.cause:
            text = _("The answer was lost, but we read the number again: Diga has the change.")
            return Words("ok", _("Saved"), text, happened=Happened.YES)
        case Outcome.CONFIRMED:
            return Words("ok", _("Saved"), happened=Happened.YES)
        case Outcome.OBSERVED if change.source == Source.LATE:
            text = _("When we read the number after sending, Diga had something else; it applied this only afterwards.")
            return Words("warn", _("Applied late by Diga"), text, happened=Happened.YES)
        case Outcome.OBSERVED:
            return Words("warn", _("Changed outside this desk"), happened=Happened.YES)
        case Outcome.PENDING:
            sentence = _("It was sent; whether Diga has applied it is not known yet.")
            return failure(_("Being sent"), Happened.UNKNOWN, sentence, _("This page goes on by itself."), tone="warn")
        case _:
            return _words_for_failure(change, error)


def words_for_late(change: Change, late: Sequence[Change]) -> Words:
    """Explain a change that was settled as not applied, and of which Diga applied all or a part `late`."""
    title = _("Not saved at first, then applied late by Diga")
    if set(change.after) - {name for each in late for name in each.after}:
        title = _("Not saved at first, then applied in part, late, by Diga")
    text = _("When we read the number after sending, Diga had something else; it applied this only afterwards.")
    return Words("warn", title, text, happened=Happened.YES)


def _words_for_failure(change: Change, error: diga.DigaError | None) -> Words:
    # A process that was killed while sending leaves no cause; the change was settled by reading later.
    unexplained = ("", _("Save again if it is still wanted."))
    what, then = parts_for_cause(_cause_of(change)) if change.cause else unexplained
    then, quote = f"{then} {_wait(error)}".strip(), change.message
    match change.outcome:
        case Outcome.MISMATCH:
            # With a cause, Diga refused, and has applied a part of it nevertheless.
            accepted = _("Diga accepted the request, but its answer is not what was asked for.")
            if unpublished_lanes(change):
                # It may be otherwise by the time somebody reads this.
                what = _(
                    "The number got the agent, but this version was not the one that Diga had published when we read "
                    "the agents after that."
                )
            look = _("Look at what Diga has now, then save again if it is not right.")
            sentence = _("It was not saved as asked.")
            return failure(
                _("Diga stored something else"), Happened.OTHERWISE, sentence, look, why=what or accepted, quote=quote
            )
        case Outcome.REFUSED:
            title = _("Diga refused, nothing was changed")
            return failure(title, Happened.NO, _("It was sent and not saved."), then, why=what, quote=quote)
        case Outcome.FAILED if change.cause in _NOT_DONE:
            title = _("Not saved, nothing was changed")
            return failure(title, Happened.NO, _("It did not reach Diga."), then, why=what, quote=quote)
        case Outcome.FAILED:
            sentence = _("More than a minute after sending we read the number again: Diga had not applied it.")
            return failure(_("Not saved, nothing was changed"), Happened.NO, sentence, then, why=what, quote=quote)
        case _:
            return _words_for_unknown(change, what, quote)


def _words_for_unknown(change: Change, what: str, quote: str) -> Words:
    """Explain a change that Diga may have applied, or may still apply."""
    over = _("We looked for a day, and don’t look any more. Check the number again: what it says then is what is true.")
    if is_stored(change) and is_given_up(change):
        title = _("Stored; we don’t know whether the version is published")
        sentence = _("Diga has given the number this agent. Whether this version was published, reading did not tell.")
        return failure(title, Happened.UNKNOWN, sentence, over, tone="warn")
    if is_stored(change):
        title = _("Stored; the version is being checked")
        sentence = _("Diga has given the number this agent. Whether this version is published was not read yet.")
        then = _("We read it by ourselves, and say here what we find.")
        return failure(title, Happened.UNKNOWN, sentence, then, tone="warn")
    if is_soon_known(change):
        sentence = _("It was sent, and the answer was lost. Diga may still apply it.")
        then = _("We read the number 5, 20 and 60 seconds after that, and say here what we find.")
        return failure(_("Not known yet"), Happened.UNKNOWN, sentence, then, why=what, quote=quote, tone="warn")
    sentence = _("It was sent, the answer was lost, and reading the number again did not tell.")
    look = _("Check the number again before you save once more. We look again by ourselves.")
    look = over if is_given_up(change) else look
    title = _("We don’t know whether Diga applied it")
    return failure(title, Happened.UNKNOWN, sentence, look, why=what, quote=quote)


def unpublished_lanes(change: Change) -> list[str]:
    """Return the lanes in which a number got the agent that was asked for, and not its version."""
    return [
        name
        for name in Lane
        if (stored := change.stored.get(name)) and (wanted := change.after.get(name))
        if stored.agent_id == wanted.agent_id and stored.version_id != wanted.version_id
    ]
