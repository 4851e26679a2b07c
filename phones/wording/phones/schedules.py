"""Sentences about what is done by itself at a later time: what it is, and why it was not done."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from phones.models import Schedule, ScheduleKind
from phones.wording.causes import Text, parts_for_cause
from phones.wording.history.changes import Happened, Words
from phones.wording.moments import words_for_moment
from phones.wording.plans.descriptions import value_text

# What went wrong, by the code that a row keeps, and what to do next; other codes are those of a failed call to Diga.
_ENDINGS: Mapping[str, tuple[Text, Text]] = {
    "changed": (
        gettext_lazy("Somebody changed it meanwhile, so it was left as it is."),
        gettext_lazy("Look at what it has now."),
    ),
    "mismatch": (
        gettext_lazy("Diga stored something else than was asked for."),
        gettext_lazy("Look at what the number has now."),
    ),
    "no_right": (
        gettext_lazy("The person on whose behalf it was to be done may not do it any more."),
        gettext_lazy("Somebody who may can do it now."),
    ),
    "closed": (
        gettext_lazy("The status of the number does not allow it any more."),
        gettext_lazy("Look at the number."),
    ),
    "no_agent": (
        gettext_lazy("Diga no longer has the agent."),
        gettext_lazy("Give the number another one."),
    ),
    "no_version": (
        gettext_lazy("Diga no longer has a version of the agent that could be given."),
        gettext_lazy("Give the number another one."),
    ),
    "predicted": (
        gettext_lazy("Diga would refuse it: another version of this agent is live on other numbers."),
        gettext_lazy("Look at the number."),
    ),
    "not_agreed": (
        gettext_lazy("It would publish a version that nobody has agreed to."),
        gettext_lazy("Change the number by hand if it is wanted."),
    ),
    "over": (
        gettext_lazy("Its own end had passed before it could begin."),
        gettext_lazy("Set it anew if it is still wanted."),
    ),
    "unknown": (
        gettext_lazy("It was sent, and what became of it could not be found out."),
        gettext_lazy("Look at what the number has now."),
    ),
    "unknown_change": (
        gettext_lazy("What became of the change that is to be put back is not known yet."),
        gettext_lazy("It is put back once that is known."),
    ),
    "not_applied": (
        gettext_lazy("Diga did not apply it."),
        gettext_lazy("Look at the number."),
    ),
    "not_recorded": (
        gettext_lazy("It could not be written into the history, so nothing was sent."),
        gettext_lazy("Tell the administrator of this server."),
    ),
    "plan_rest": (
        gettext_lazy("Some numbers could not be put back."),
        gettext_lazy("Look at the plan; its failed rows can be tried again."),
    ),
    "plan_left": (
        gettext_lazy("Some numbers were left as they are: somebody changed them meanwhile, or they can’t go back."),
        gettext_lazy("Look at the plan."),
    ),
    "plan_paused": (gettext_lazy("The plan was paused."), gettext_lazy("Look at the plan.")),
    "unreadable": (
        gettext_lazy("It could not be read before, however often it was tried."),
        gettext_lazy("Try again in a few minutes."),
    ),
    "plan_stopped": (
        gettext_lazy("The plan that was to put it back was stopped."),
        gettext_lazy("Put it back now if it is still wanted."),
    ),
    "plan_running": (
        gettext_lazy("What became of some rows of the plan was not known yet."),
        gettext_lazy("It is put back once that is known."),
    ),
    "second_person": (
        gettext_lazy("By now the plan needs a second person, so it was not started."),
        gettext_lazy("Its author can ask for approval on its page."),
    ),
    "preview_moved": (
        gettext_lazy("The plan would do something else than what was shown, so it was not started."),
        gettext_lazy("Look at its preview, and apply it."),
    ),
    "same": (gettext_lazy("It was so already; nothing was sent."), ""),
    "busy": (gettext_lazy("Somebody else was saving the number."), gettext_lazy("Try again in a minute.")),
}
_ALIKE = {"being_saved": "busy", "already_sent": "busy", "read_only": "no_key", "not_checked": "old_copy"}


def words_for_ending(cause: str) -> str:
    """Return why something was not done, or not yet, "" without a code."""
    return " ".join(parts_for_ending(cause)).strip() if cause else ""


def parts_for_ending(cause: str) -> tuple[str, str]:
    """Return what went wrong, and what to do next."""
    cause = _ALIKE.get(cause, cause)
    if cause == "old_copy":
        return _("Our copy and Diga’s list of this agent’s numbers differ in very many."), _("Sync first.")
    if cause in _ENDINGS:
        what, then = _ENDINGS[cause]
        return str(what), str(then)
    return parts_for_cause(cause)


def title_of(schedule: Schedule) -> str:
    """Return what is done at the time. No query, with what the row points to at hand."""
    match schedule.kind:
        case ScheduleKind.PUT_BACK:
            parts = [_part(name, value) for name, value in (schedule.change.before if schedule.change else {}).items()]
            return _("Put back: %(values)s") % {"values": ", ".join(parts)}
        case ScheduleKind.CHANGE:
            parts = [_part(name, value) for name, value in schedule.after.items()]
            return _("Change: %(values)s") % {"values": ", ".join(parts)}
        case ScheduleKind.PUT_BACK_PLAN:
            return _("Put back plan %(id)d") % {"id": schedule.plan_id}
        case _:
            return _("Start plan %(id)d") % {"id": schedule.plan_id}


def _part(name: str, value: Any) -> str:
    if name == "nickname":
        return value_text(name, value)
    lane = {"lane": value_text(name, value)}
    return _("inbound to %(lane)s") % lane if name == "inbound" else _("outbound to %(lane)s") % lane


def words_for_scheduled(schedule: Schedule, now: datetime) -> Words:
    """Say that a change is set for its time, and that nothing was sent."""
    moment = words_for_moment(schedule.due_at, now)
    text = _("It is sent %(moment)s, if nobody has changed the number by then. Nothing was sent now.")
    words = Words("ok", _("Set for later"), text % {"moment": moment}, happened=Happened.NO)
    return words.adding(words_for_put_back(schedule.until_at, now)) if schedule.until_at else words


def words_for_put_back(until: datetime, now: datetime) -> str:
    """Say when a change is put back by itself."""
    return _("It is put back by itself %(moment)s.") % {"moment": words_for_moment(until, now)}
