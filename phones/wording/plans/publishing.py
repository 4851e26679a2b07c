"""Sentences about publishing a version of an agent: what it will do, why it was not sent, and what became of it."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from phones import diga
from phones.models import ItemState, Outcome, Plan, PublishRequest
from phones.services.editing.recheck_times import is_given_up, is_soon_known
from phones.services.plans.publishing.create import published_lanes
from phones.services.plans.publishing.preview import Outlook
from phones.services.plans.totals import Totals
from phones.services.running.publish_outcome import is_accepted
from phones.wording.causes import Text, parts_for_cause
from phones.wording.history.changes import Happened, Words, failure

_NOT_OFFERED: dict[str, Text] = {
    "gone": gettext_lazy("Diga no longer lists this agent."),
    "nothing_live": gettext_lazy("No version of this agent is published, so no number runs an old one."),
    "nothing_saved": gettext_lazy("This agent has no other saved version. Make one of its draft in Diga first."),
    "no_version": gettext_lazy("Diga no longer has this version."),
    "draft": gettext_lazy("This is a draft, and a draft takes no calls. Make a version of it in Diga first."),
    "live": gettext_lazy("This version takes the calls already."),
    "no_number": gettext_lazy(
        "No number has this agent. The first number it is given to publishes the chosen version."
    ),
}
# What went wrong with this request differs from what the code says of a phone.
_CAUSES: dict[str, tuple[Text, Text]] = {
    "forbidden": (
        gettext_lazy("The API key may not do this: to publish a version it needs Agents: Write and Phones: Write."),
        gettext_lazy("Ask a Diga administrator to give the key that right."),
    ),
    "not_found": (
        gettext_lazy("Diga does not know this agent, or this version, any more."),
        gettext_lazy("Look it up in Diga."),
    ),
    "rejected": (
        gettext_lazy("Diga did not accept this."),
        gettext_lazy("Diga’s own words say why; the version can also be published in Diga."),
    ),
}
# After these only reading the agent again could tell.
_LOST = {reason.value for reason in diga.Reason if not reason.is_before_sending}
_NOT_REACHED = gettext_lazy("It did not reach Diga: every number runs %(live)s as before.")


def words_for_not_offered(why: str) -> Words:
    """Explain why there is nothing to publish."""
    return Words("info", _("There is nothing to publish here"), text_for_not_offered(why))


def text_for_not_offered(why: str) -> str:
    """Return why a version can't be published."""
    return str(_NOT_OFFERED[why])


def words_for_outlook(outlook: Outlook) -> Words:
    """Say what publishing does to live calls, before there is a plan of it."""
    return _words_for_effect(outlook.live.label, outlook.version.label, outlook.count, is_older=outlook.is_older)


def words_for_publishing(plan: Plan, count: int) -> Words:
    """Say what a plan that publishes a version does to the live calls of so many numbers."""
    live, version = labels_of(plan)
    return _words_for_effect(live, version, count, is_older=plan.wish["version"]["is_older"])


def labels_of(plan: Plan) -> tuple[str, str]:
    """Return the version that is live, and the one that a plan publishes, as people call them."""
    before, after = published_lanes(plan)
    return before.version_label, after.version_label


def _words_for_effect(live: str, version: str, count: int, *, is_older: bool) -> Words:
    names = {"version": version, "live": live, "count": count}
    title = ngettext(
        "Publishing %(version)s moves this number from %(live)s, at once.",
        "Publishing %(version)s moves all %(count)d numbers from %(live)s, at once.",
        count,
    )
    parts = [_("The next call of each runs %(version)s. Calls in progress stay as they are.") % names]
    if is_older:
        parts.append(_("It is an older version than the live one."))
    parts.append(
        _(
            "Diga does not say whether it keeps the numbers with the agent. So each is read again afterwards, and what "
            "was lost can be given back with a plan."
        )
    )
    return Words("warn", title % names, " ".join(parts))


def words_for_old_copy() -> Words:
    """Explain that our copy needs a sync first."""
    sentence = _("Our copy and Diga’s list of this agent’s numbers differ in very many. Nothing was sent.")
    return failure(_("Not sent"), Happened.NO, sentence, _("Sync first, then try again."))


def words_for_request(plan: Plan, request: PublishRequest, totals: Totals) -> Words:
    """Explain what became of the request of a plan, and of reading its numbers back."""
    live, version = labels_of(plan)
    names = {"version": version, "live": live, "agent": published_lanes(plan)[1].agent_name or ""}
    match request.outcome:
        case Outcome.PENDING:
            sentence = _("It was sent; whether Diga has published it is not known yet.")
            return failure(_("Being sent"), Happened.UNKNOWN, sentence, _("This page goes on by itself."), tone="warn")
        case Outcome.CONFIRMED:
            return _words_for_published(request, totals, names)
        case _:
            return _words_for_failure(request, names)


def _words_for_published(request: PublishRequest, totals: Totals, names: dict[str, str]) -> Words:
    title = _("Published: “%(agent)s” runs %(version)s") % names
    lost = _("The answer was lost, but we read the agent again: Diga has published it.") if request.cause else ""
    if totals.open:
        text = _("Every number is being read back, to see whether it still has the agent.")
        return Words("ok", title, f"{lost} {text}".strip(), happened=Happened.YES)
    if totals[ItemState.DONE] == totals.total:
        text = ngettext(
            "Its %(count)d number was read back and still has the agent.",
            "All its %(count)d numbers were read back and still have the agent.",
            totals.total,
        )
        return Words("ok", title, f"{lost} {text % {'count': totals.total}}".strip(), happened=Happened.YES)
    text = _("Not every number could be confirmed. Look at those below.")
    return Words("warn", title, f"{lost} {text}".strip(), happened=Happened.YES)


def _words_for_failure(request: PublishRequest, names: dict[str, str]) -> Words:
    # A process that was killed while sending leaves no cause.
    unexplained = ("", _("Do it again if it is still wanted."))
    parts = _CAUSES.get(request.cause) or (parts_for_cause(request.cause) if request.cause else unexplained)
    what, then = (str(part) for part in parts)
    match request.outcome:
        case Outcome.MISMATCH:
            number = request.stored.get("version_number")
            # It may be otherwise by the time somebody reads this.
            has = _("Diga ran %(stored)s then.") % {"stored": f"v{number}"} if number else _("Nothing was published.")
            sentence = _("Diga accepted %(version)s, but did not have it published when we read the agent after that.")
            sentence %= names
            look = _("Look at the agent in Diga before you do anything else.")
            # What runs as before may only be late.
            is_as_before = request.stored.get("version_id") == request.before["version_id"]
            title = _("Accepted, but not published when we read it")
            title = title if is_as_before else _("Diga published something else")
            return failure(title, Happened.OTHERWISE, sentence, look, why=has)
        case Outcome.REFUSED:
            sentence = _("Nothing was changed: every number runs %(live)s as before.") % names
            title = _("Diga refused, nothing was published")
            return failure(title, Happened.NO, sentence, then, why=what, quote=request.message)
        case Outcome.FAILED:
            sentence = str(_NOT_REACHED) % names
            if request.cause in {"", *_LOST}:
                sentence = _("More than a minute after sending we read the agent again: Diga runs %(live)s as before.")
                sentence %= names
            return failure(_("Not published"), Happened.NO, sentence, then, why=what, quote=request.message)
        case _:
            return _words_for_unknown(request, what)


def _words_for_unknown(request: PublishRequest, what: str) -> Words:
    is_soon = is_soon_known(request)
    if is_accepted(request):
        sentence = _("Diga accepted it, but the agent could not be read again to see whether it is so.")
    elif is_soon:
        sentence = _("It was sent, and the answer was lost. Diga may still publish it.")
    else:
        sentence = _("It was sent, the answer was lost, and reading the agent again did not tell.")
    if is_soon:
        then = _("We read the agent 5, 20 and 60 seconds after that, and say here what we find.")
        title, quote = _("Not known yet"), request.message
        return failure(title, Happened.UNKNOWN, sentence, then, why=what, quote=quote, tone="warn")
    look = _("Look at the agent in Diga. We look again by ourselves; it is never sent again.")
    if is_given_up(request):
        look = _("Look at the agent in Diga. We looked for a day, and don’t look any more.")
    title = _("We don’t know whether Diga has published it")
    return failure(title, Happened.UNKNOWN, sentence, look, why=what, quote=request.message)
