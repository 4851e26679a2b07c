"""Sentences about a plan: what it is about, what its preview says of a row, and why it paused."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from phones.models import LaneSnapshot, Plan, PlanItem, PlanKind, PlanStep, StepKind
from phones.services.routing.editability import Why
from phones.services.routing.lanes import FIELDS
from phones.wording.causes import Text, parts_for_cause
from phones.wording.history.changes import Happened, Words, failure, why_closed
from phones.wording.moments import words_for_record
from phones.wording.plans.publishing import text_for_not_offered


def plan_what(plan: Plan) -> str:
    """Return in a few words what a plan is about, for its heading."""
    if plan.is_publishing:
        return _("publishes %(lane)s") % {"lane": lane_text(plan.wish["version"]["value"])}
    if plan.puts_changes_back:
        return _("puts changes back by itself, at the end of their time")
    if plan.origin_id and PlanKind(plan.kind) in _AGAIN:
        return _AGAIN[PlanKind(plan.kind)] % {"id": plan.origin_id}
    parts = [_in_short(name, plan.wish[name]) for name in FIELDS if name in plan.wish]
    return ", ".join(parts) or _("values from a file")


_AGAIN: dict[PlanKind, Text] = {
    PlanKind.REVERT: gettext_lazy("undoes plan %(id)d"),
    PlanKind.PUT_BACK: gettext_lazy("puts plan %(id)d back by itself"),
    PlanKind.RETRY: gettext_lazy("second try of plan %(id)d"),
    PlanKind.REST: gettext_lazy("the rest of plan %(id)d"),
    PlanKind.REATTACH: gettext_lazy("gives back what plan %(id)d has detached"),
}


def _in_short(name: str, wish: Mapping[str, Any]) -> str:
    if wish["how"] == "UNASSIGN":
        return {
            "nickname": _("no alias"),
            "inbound": _("no inbound agent"),
            "outbound": _("no outbound agent"),
        }[name]
    if name == "nickname":
        return _("alias “%(value)s”") % {"value": wish["value"]}
    values = {"lane": lane_text(wish["value"])}
    return _("inbound to %(lane)s") % values if name == "inbound" else _("outbound to %(lane)s") % values


def lane_text(lane: LaneSnapshot | None) -> str:
    """Return a lane in words: `“Alicia” v5`."""
    if lane is None:
        return _("no agent")
    return f"“{lane.name}” {lane.version_label}".rstrip()


def value_text(name: str, value: Any) -> str:
    """Return a field's value, as the log keeps it, in words."""
    if name == "nickname":
        return f"“{value}”" if value else _("no alias")
    return lane_text(value)


# Codes of the preview that are about a version, with the values of the row's details.
_ABOUT_VERSIONS: dict[str, Text] = {
    "draft": gettext_lazy("%(version)s of “%(agent)s” is a draft: drafts take no calls."),
    "contradicts": gettext_lazy("Other numbers of this plan give “%(agent)s” another version: it can have one only."),
    "publishes": gettext_lazy("Publishes %(version)s of “%(agent)s”."),
}
_PLAIN: dict[str, Text] = {
    "already_so": gettext_lazy("Already so: nothing will be sent."),
    "changes": "",
    "unassigns": gettext_lazy("Calls will no longer reach an agent in this direction."),
    "gone": gettext_lazy("This agent or version is no longer in Diga."),
    "after_others": gettext_lazy("Possible only after other numbers of this plan: run a second plan for it then."),
    "revert_gone": gettext_lazy("Diga no longer has the agent that was there before."),
    "revert_version": gettext_lazy("There is no version of the earlier agent that could be given back."),
    "revert_closed": gettext_lazy("The number is closed for this by its status."),
    "unknown_change": gettext_lazy("Nobody knows yet whether Diga applied an earlier change of this number."),
    "moved_since": gettext_lazy("Changed again since: undoing it undoes that as well."),
    "partly": gettext_lazy("Only a part of it can be undone."),
    "moves": gettext_lazy("Moves together with all numbers of its agent, at once."),
    "by_itself": gettext_lazy("The spreadsheet may have changed this by itself."),
    "old_version": gettext_lazy(
        "The agents have changed since the file was exported: this may be the version of then."
    ),
}


def words_for_why(item: PlanItem, now: datetime) -> str:
    """Return why the preview has put a row where it is, "" where there is nothing to say."""
    if item.why == "not_checked":
        why = _words(item.details["copy_says"], item, now)
        return _("It could not be checked in Diga. By our copy: %(why)s") % {"why": why}
    if item.why == "not_offered":
        return text_for_not_offered(item.details["not_offered"])
    return _words(item.why, item, now)


def _words(code: str, item: PlanItem, now: datetime) -> str:
    details = item.details
    if code in set(Why):
        return why_closed(Why(code))
    if code in _ABOUT_VERSIONS:
        return str(_ABOUT_VERSIONS[code]) % details
    match code:
        case "joins":
            return _joins(item)
        case "unassigns":
            return _unassigns(item)
        case "refused":
            return _refused(details)
        case "just_changed":
            by = details.get("by") or _("Phone Desk")
            return _("%(person)s changed it %(ago)s.") % {"person": by, "ago": _ago(details["at"], now)}
        case "moved_since" if "by" in details:
            by = details["by"] or _("somebody outside Phone Desk")
            return _("Changed again since by %(person)s: undoing it undoes that as well.") % {"person": by}
        case "conflict":
            return _conflict(item)
        case "changed_outside":
            return _("It was changed in Diga %(ago)s.") % {"ago": _ago(details["at"], now)}
        case _:
            return str(_PLAIN.get(code, ""))


def _joins(item: PlanItem) -> str:
    """Say that a row joins what is live, or will be by the plan; and that nobody answered before, where that is so."""
    had_none = "inbound" in item.after and item.after["inbound"] and not item.before.get("inbound")
    joins = _("Joins %(version)s, which is live.")
    if item.details.get("by_plan"):
        joins = _("Joins %(version)s, which this plan publishes first.")
    before = _("Nobody answered it so far.") if had_none else ""
    return " ".join([before, joins % item.details]).strip()


def _unassigns(item: PlanItem) -> str:
    if "inbound" in item.after and item.after["inbound"] is None:
        return _("Incoming calls will no longer be answered by an agent.")
    return _("No agent will make outgoing calls from it any more.")


# What a field was when a file was exported, is today, and is to become.
_THREE_VALUES: dict[str, Text] = {
    "nickname": gettext_lazy("Alias: %(then)s when the file was exported, %(now)s today, %(file)s in the file."),
    "inbound": gettext_lazy("Answers: %(then)s when the file was exported, %(now)s today, %(file)s in the file."),
    "outbound": gettext_lazy("Calls out: %(then)s when the file was exported, %(now)s today, %(file)s in the file."),
}


def _conflict(item: PlanItem) -> str:
    """Say what a field was, is and is to become that was changed in the file and here as well."""
    then = item.details["file"]["then"]
    sides = {"now": item.before, "file": item.after, "then": then}
    lines = [
        str(_THREE_VALUES[name]) % {side: value_text(name, values.get(name)) for side, values in sides.items()}
        for name in FIELDS
        if name in then
    ]
    return " ".join([_("Changed here too since the file was exported."), *lines])


def _refused(details: Mapping[str, Any]) -> str:
    if details.get("at_least"):
        text = ngettext(
            "Diga would refuse: %(live)s of “%(agent)s” is live on at least %(count)d other number (%(numbers)s).",
            "Diga would refuse: %(live)s of “%(agent)s” is live on at least %(count)d other numbers (%(numbers)s).",
            details["count"],
        )
    else:
        text = ngettext(
            "Diga would refuse: %(live)s of “%(agent)s” is published on %(count)d other number (%(numbers)s).",
            "Diga would refuse: %(live)s of “%(agent)s” is published on %(count)d other numbers (%(numbers)s).",
            details["count"],
        )
    numbers = ", ".join(details["numbers"])
    more = details["count"] > len(details["numbers"])
    return text % {**details, "live": details.get("live", ""), "numbers": f"{numbers} …" if more else numbers}


def _ago(at: str, now: datetime) -> str:
    """Return how long ago a moment was: in minutes while that is short, else the moment itself."""
    moment = datetime.fromisoformat(at)
    minutes = int((now - moment).total_seconds() // 60)
    if 0 <= minutes < 60:
        return ngettext("%(count)d minute ago", "%(count)d minutes ago", minutes) % {"count": minutes}
    return words_for_record(moment)


# Why a plan paused by itself: the code that it keeps, what went wrong, and what to do next. Those that have a
# code in `explaining` say it in its words.
_SHARED = {
    "key_rejected": "auth",
    "forbidden": "forbidden",
    "no_key": "no_key",
    "foreign_project": "foreign_project",
}
_PAUSES: dict[str, tuple[Text, Text]] = {
    "unreachable": (
        gettext_lazy("Diga did not answer, or had a problem of its own, three times in a row."),
        gettext_lazy("Resume it when Diga answers again; what was not sent yet is sent then."),
    ),
    "same_refusal": (
        gettext_lazy("Diga refused ten numbers for the same reason."),
        gettext_lazy("Look at what it says below. Resume if the others are different; else stop."),
    ),
    "no_right": (
        gettext_lazy("Whoever let this plan run may no longer change many numbers in this project."),
        gettext_lazy(
            "Resume it once its author and who approved it may again; or stop it and run the rest as your own plan."
        ),
    ),
    "slow_down": (
        gettext_lazy("Diga asks us to wait for long."),
        gettext_lazy("Resume it later; what was not sent yet is sent then."),
    ),
    "not_read": (
        gettext_lazy("The agent and its numbers could not be read from Diga once more before publishing."),
        gettext_lazy("Resume it when Diga answers again; nothing is sent before that."),
    ),
    "publish_moved": (
        gettext_lazy("The live version or the numbers of this agent are not what this plan shows."),
        gettext_lazy("Stop it, and make a plan of how it is now."),
    ),
    "publish_busy": (
        gettext_lazy("Another plan is publishing a version of this agent at this moment."),
        gettext_lazy("Wait until that is known, then look at the agent; resume this plan or stop it."),
    ),
    "old_copy": (
        gettext_lazy("Our copy and Diga’s list of this agent’s numbers differ in very many."),
        gettext_lazy("Sync first, then resume it."),
    ),
    "not_recorded": (
        gettext_lazy("What happened could not be written down here, so nothing more was sent."),
        gettext_lazy("Tell the administrator of this server; resume when there is room on its disk again."),
    ),
}


_SILENT = {"unreachable", "slow_down"}


def words_for_pause(plan: Plan) -> Words:
    """Explain why a paused plan is held, and what to do. One query for one that publishes a version."""
    if not plan.cause:
        text = _("Nothing is sent while it is paused. Resume it, or stop it; the rest is then not attempted.")
        return Words("warn", _("Paused"), text)
    what, then = parts_for_pause(plan.cause)
    sentence = _("The rest was not sent.")
    if plan.is_publishing and hasattr(plan, "request"):
        sentence = _("It was sent before; the rest of its numbers was not read back.")
        then = _("Resume it when Diga answers again; the rest is read back then.") if plan.cause in _SILENT else then
    return failure(_("Paused by itself"), Happened.NO, sentence, then, why=what, quote=plan.message, tone="warn")


def parts_for_pause(cause: str) -> tuple[str, str]:
    """Return why a plan paused by itself, and what to do next."""
    if cause in _SHARED:
        what, then = parts_for_cause(_SHARED[cause])
        return what, " ".join([then, _("Then resume the plan.")])
    what_text, then_text = _PAUSES.get(cause, (_("Something went wrong."), _("Resume it, or stop it.")))
    return str(what_text), str(then_text)


_STEPS: dict[StepKind, Text] = {
    StepKind.PROPOSED: gettext_lazy("%(person)s asked for a second person’s yes."),
    StepKind.RETURNED: gettext_lazy("%(person)s made it a preview again."),
    StepKind.APPROVED: gettext_lazy("%(person)s approved it, and it started."),
    StepKind.APPLIED: gettext_lazy("%(person)s applied it."),
    StepKind.PAUSED: gettext_lazy("%(person)s paused it."),
    StepKind.RESUMED: gettext_lazy("%(person)s resumed it."),
    StepKind.STOPPED: gettext_lazy("%(person)s stopped it."),
    StepKind.DISCARDED: gettext_lazy("%(person)s discarded it."),
}


def words_for_step(step: PlanStep) -> str:
    """Say who did what with a plan, or why it paused by itself."""
    if step.cause:
        what, _then = parts_for_pause(step.cause)
        return _("It paused by itself. %(why)s") % {"why": what}
    return str(_STEPS[StepKind(step.kind)]) % {"person": step.actor_name or _("Phone Desk")}
