"""Sentences about a row of a plan: what became of it, in our words and in Diga's."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from phones.models import ItemState, PlanItem
from phones.services.routing.editability import Why
from phones.services.routing.lanes import FIELDS
from phones.wording.causes import Text
from phones.wording.history.changes import why_closed, words_for_change
from phones.wording.plans.descriptions import value_text, words_for_why

# Why nothing was sent for a row, where no change says so.
_CAUSES: dict[str, Text] = {
    "predicted": gettext_lazy("Diga would refuse it: another version of this agent is live on other numbers."),
    "not_checked": gettext_lazy(
        "By our copy Diga would refuse it, but that could not be checked: sync first, then retry."
    ),
    "unknown_phone": gettext_lazy("Diga does not know this number any more."),
    "not_agreed": gettext_lazy("It would publish a version that nobody has agreed to: the preview did not say so."),
    "gone": gettext_lazy("The agent or its version is no longer in Diga."),
    "unreadable": gettext_lazy("It could not be read before, however often it was tried."),
    "read_refused": gettext_lazy("Diga refused to tell about this number."),
    "not_sent": gettext_lazy("It could not be sent."),
}


@dataclass(frozen=True, slots=True)
class ItemWords:
    """What became of a row: `quote` is Diga's own words, to be escaped."""

    text: str
    quote: str = ""


def words_for_item(item: PlanItem, now: datetime) -> ItemWords:
    """Return what became of a row, or why the preview has left it out; with its change at hand, no query."""
    if item.why == "moves" and (words := _read_back(item)):
        return words
    match item.state:
        case ItemState.WAITING:
            return ItemWords("")
        case ItemState.CLAIMED:
            return ItemWords(_("Being read again, to compare it with the plan."))
        case ItemState.SENDING:
            return ItemWords(_("Read again, equal to the plan; being sent."))
        case ItemState.LEFT_OUT:
            return ItemWords(words_for_why(item, now))
        case ItemState.SAME:
            return ItemWords(_("Already so: nothing was sent."))
        case ItemState.NOT_TRIED:
            return ItemWords(_("Not attempted: the plan was stopped before its turn."))
        case ItemState.CHANGED:
            return ItemWords(_changed(item))
        case ItemState.DONE:
            return ItemWords(_done(item))
        case _:
            return _failure(item)


def _read_back(item: PlanItem) -> ItemWords | None:
    """Return what reading a number of a published agent back has shown; None where its change or state says it all."""
    match item.state:
        case ItemState.SENDING:
            return ItemWords(_("Waits for what becomes of the request; then it is read back."))
        case ItemState.CLAIMED:
            return ItemWords(_("Being read back."))
        case ItemState.DONE:
            return ItemWords(_("Read back: it still has the agent."))
        case ItemState.MISMATCH if item.cause:
            lost = [str(_LOST[name]) for name in item.details["lost"]]
            return ItemWords(_("Lost the agent: %(lost)s.") % {"lost": ", ".join(lost)})
        case ItemState.REFUSED | ItemState.FAILED | ItemState.UNKNOWN | ItemState.CHANGED:
            return ItemWords(str(_READ_BACK.get(item.cause, "")), item.message)
        case _:
            return None


_LOST: dict[str, Text] = {
    "inbound": gettext_lazy("no longer answered by it"),
    "outbound": gettext_lazy("no longer calls out from it"),
}
# Why a number could not be confirmed. Without a code, what became of the request says it for all of them.
_READ_BACK: dict[str, Text] = {
    "moved_here": gettext_lazy("Changed here since, so it says nothing of this."),
    "unknown_phone": gettext_lazy("Diga does not know this number any more."),
    "unreadable": gettext_lazy("It could not be read back, however often it was tried."),
    "read_refused": gettext_lazy("Diga refused to tell about this number."),
}


def _done(item: PlanItem) -> str:
    steps = "; ".join(
        f"{value_text(name, item.before.get(name))} → {value_text(name, item.after[name])}"
        for name in FIELDS
        if name in item.after
    )
    note = words_for_change(item.change).text if item.change else ""
    return f"{steps}. {note}".strip()


def _changed(item: PlanItem) -> str:
    """Say what the row is now, and what the plan saw: field by field where they differ."""
    if item.cause == "closed":
        return " ".join([_closed(item.details.get("status", "")), _("Nothing was sent.")])
    now = item.details.get("now", {})
    lines = [
        _LANE_MOVED[name] % {"now": value_text(name, now[name]), "then": value_text(name, item.before.get(name))}
        for name in FIELDS
        if name in now and now[name] != item.before.get(name)
    ]
    return " ".join([_("Changed meanwhile, so nothing was sent."), *lines])


def _closed(status: str) -> str:
    """Say why the number can't be changed any more, by its status."""
    return why_closed(Why(status)) if status in set(Why) else why_closed(Why.UNKNOWN_STATUS)


_LANE_MOVED: dict[str, Text] = {
    "nickname": gettext_lazy("Alias: now %(now)s, the plan saw %(then)s."),
    "inbound": gettext_lazy("Answers: now %(now)s, the plan saw %(then)s."),
    "outbound": gettext_lazy("Calls out: now %(now)s, the plan saw %(then)s."),
}


def _failure(item: PlanItem) -> ItemWords:
    if item.change:
        words = words_for_change(item.change)
        return ItemWords(f"{words.title}. {words.text}", words.quote)
    what = str(_CAUSES.get(item.cause, ""))
    return ItemWords(" ".join([what, _("Nothing was sent.")]).strip(), item.message)
