"""Sentences about publishing a version of an agent: what it will do, why it was not sent, and what became of it."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from phones import diga
from phones.models import AgentUpgrade, ReadBack, UpgradeOutcome
from phones.services.agents.publish_outcome import is_accepted
from phones.services.agents.publish_preview import Outlook
from phones.services.agents.read_back import Totals
from phones.services.editing.recheck_times import is_given_up, is_soon_known
from phones.wording.causes import Text, parts_for_cause
from phones.wording.changes import Happened, Words, failure

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
    return Words("info", _("There is nothing to publish here"), str(_NOT_OFFERED[why]))


def words_for_outlook(outlook: Outlook) -> Words:
    """Say what publishing does to live calls."""
    names = {"version": outlook.version.label, "live": outlook.live.label, "count": outlook.count}
    title = ngettext(
        "Publishing %(version)s moves this number from %(live)s, at once.",
        "Publishing %(version)s moves all %(count)d numbers from %(live)s, at once.",
        outlook.count,
    )
    text = _("The next call of each runs %(version)s. Calls in progress stay as they are.")
    if outlook.is_older:
        text = f"{text} {_('It is an older version than the live one.')}"
    return Words("warn", title % names, text % names)


def words_for_moved() -> Words:
    """Explain that what was shown is no longer so."""
    sentence = _("The live version or the numbers of this agent changed in Diga meanwhile. Nothing was sent.")
    then = _("Below stands how it is now. Read it, and tick again if it is still right.")
    return failure(_("Something has changed since you opened this page"), Happened.NO, sentence, then, tone="warn")


def words_for_spent_form(earlier: AgentUpgrade | None) -> Words:
    """Explain that a form was sent before with other content, which has made the upgrade `earlier`."""
    sentence = _("This form was sent before with other content.")
    if earlier:
        sentence = _("This form was sent before with other content, and upgrade #%(id)d came of it.") % {
            "id": earlier.pk
        }
    then = _("Look at what would happen now, then send it again.")
    return failure(_("Already sent"), Happened.NO, sentence, then, why=_("Nothing was sent now."), tone="warn")


def words_for_moved_proposal() -> Words:
    """Explain that a proposal is out of date."""
    sentence = _("The live version or the numbers of this agent are not what was proposed. Nothing was sent.")
    then = _("Discard this proposal and make a new one of how it is now.")
    return failure(_("This proposal is out of date"), Happened.NO, sentence, then, tone="warn")


def words_for_old_copy() -> Words:
    """Explain that our copy needs a sync first."""
    sentence = _("Our copy and Diga’s list of this agent’s numbers differ in very many. Nothing was sent.")
    return failure(_("Not sent"), Happened.NO, sentence, _("Sync first, then try again."))


def words_for_under_way() -> Words:
    """Explain that another upgrade of the agent is being sent."""
    sentence = _("Somebody is publishing a version of this agent at this moment. Nothing was sent.")
    return failure(_("Not sent"), Happened.NO, sentence, _("Wait a moment, then look at the agent."), tone="warn")


def words_for_unrecorded_upgrade() -> Words:
    """Explain that nothing is sent that can't be written down."""
    sentence = _("It could not be written down, so nothing was sent. Your text is kept.")
    then = _("Try again in a minute; if it stays, tell the administrator of this server: the disk may be full.")
    return failure(_("Not sent"), Happened.NO, sentence, then)


def words_for_no_second_person() -> Words:
    """Explain that nobody approves what they proposed themselves."""
    sentence = _("You proposed this yourself. Nothing was sent.")
    return failure(_("Not approved"), Happened.NO, sentence, _("A second person has to approve it."), tone="warn")


def words_for_author_without_right() -> Words:
    """Explain that whoever proposed it may not do so any more."""
    sentence = _("Whoever proposed this may not change many numbers any more. Nothing was sent.")
    then = _("Discard it. If it is still wanted, propose it yourself.")
    return failure(_("Not approved"), Happened.NO, sentence, then, tone="warn")


def words_for_not_proposed() -> Words:
    """Explain that somebody was quicker."""
    sentence = _("It no longer waits for approval: somebody was quicker. Nothing was sent by you.")
    return failure(_("Not waiting any more"), Happened.NO, sentence, _("Below stands what became of it."), tone="warn")


def words_for_nothing_to_give_back() -> Words:
    """Explain that there is no plan to make."""
    sentence = _("No number lost this agent, or it has no version any more that it could be given in.")
    return failure(_("No plan was made"), Happened.NO, sentence, "", tone="warn")


def words_for_upgrade(upgrade: AgentUpgrade, totals: Totals) -> Words:
    """Explain what became of an upgrade."""
    names = {"version": upgrade.after_label, "live": upgrade.before_label, "agent": upgrade.agent_name}
    match upgrade.outcome:
        case UpgradeOutcome.PROPOSED:
            text = _("A second person has to approve it. Nothing was sent yet.")
            return Words("warn", _("Waiting for approval"), text, happened=Happened.NO)
        case UpgradeOutcome.DISCARDED:
            return Words("info", _("Discarded"), _("Nothing was sent."), happened=Happened.NO)
        case UpgradeOutcome.PENDING:
            sentence = _("It was sent; whether Diga has published it is not known yet.")
            return failure(_("Being sent"), Happened.UNKNOWN, sentence, _("This page goes on by itself."), tone="warn")
        case UpgradeOutcome.CONFIRMED:
            return _words_for_published(upgrade, totals, names)
        case _:
            return _words_for_failure(upgrade, names)


def _words_for_published(upgrade: AgentUpgrade, totals: Totals, names: dict[str, str]) -> Words:
    title = _("Published: “%(agent)s” runs %(version)s") % names
    lost_answer = _("The answer was lost, but we read the agent again: Diga has published it.") if upgrade.cause else ""
    if upgrade.verified_at is None:
        text = _("Every number is being read back, to see whether it still has the agent.")
        return Words("ok", title, f"{lost_answer} {text}".strip(), happened=Happened.YES)
    if totals[ReadBack.KEPT] == totals.all:
        text = ngettext(
            "Its %(count)d number was read back and still has the agent.",
            "All its %(count)d numbers were read back and still have the agent.",
            totals.all,
        )
        return Words("ok", title, f"{lost_answer} {text % {'count': totals.all}}".strip(), happened=Happened.YES)
    text = _("Not every number could be confirmed. Look at those below.")
    return Words("warn", title, f"{lost_answer} {text}".strip(), happened=Happened.YES)


def _words_for_failure(upgrade: AgentUpgrade, names: dict[str, str]) -> Words:
    # A process that was killed while sending leaves no cause.
    unexplained = ("", _("Do it again if it is still wanted."))
    parts = _CAUSES.get(upgrade.cause) or (parts_for_cause(upgrade.cause) if upgrade.cause else unexplained)
    what, then = (str(part) for part in parts)
    match upgrade.outcome:
        case UpgradeOutcome.MISMATCH:
            number = upgrade.stored.get("version_number")
            # It may be otherwise by the time somebody reads this.
            has = _("Diga ran %(stored)s then.") % {"stored": f"v{number}"} if number else _("Nothing was published.")
            sentence = _("Diga accepted %(version)s, but did not have it published when we read the agent after that.")
            sentence %= names
            look = _("Look at the agent in Diga before you do anything else.")
            return failure(_("Diga published something else"), Happened.OTHERWISE, sentence, look, why=has)
        case UpgradeOutcome.REFUSED:
            sentence = _("Nothing was changed: every number runs %(live)s as before.") % names
            title = _("Diga refused, nothing was published")
            return failure(title, Happened.NO, sentence, then, why=what, quote=upgrade.message)
        case UpgradeOutcome.FAILED:
            sentence = str(_NOT_REACHED) % names
            if upgrade.cause in {"", *_LOST}:
                sentence = _("More than a minute after sending we read the agent again: Diga runs %(live)s as before.")
                sentence %= names
            return failure(_("Not published"), Happened.NO, sentence, then, why=what, quote=upgrade.message)
        case _:
            return _words_for_unknown(upgrade, what)


def _words_for_unknown(upgrade: AgentUpgrade, what: str) -> Words:
    is_soon = is_soon_known(upgrade)
    if is_accepted(upgrade):
        sentence = _("Diga accepted it, but the agent could not be read again to see whether it is so.")
    elif is_soon:
        sentence = _("It was sent, and the answer was lost. Diga may still publish it.")
    else:
        sentence = _("It was sent, the answer was lost, and reading the agent again did not tell.")
    if is_soon:
        then = _("We read the agent 5, 20 and 60 seconds after that, and say here what we find.")
        title, quote = _("Not known yet"), upgrade.message
        return failure(title, Happened.UNKNOWN, sentence, then, why=what, quote=quote, tone="warn")
    look = _("Look at the agent in Diga. We look again by ourselves; it is never sent again.")
    if is_given_up(upgrade):
        look = _("Look at the agent in Diga. We looked for a day, and don’t look any more.")
    title = _("We don’t know whether Diga has published it")
    return failure(title, Happened.UNKNOWN, sentence, look, why=what, quote=upgrade.message)
