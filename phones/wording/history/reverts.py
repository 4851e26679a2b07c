"""Sentences about taking back: why a field is left alone, and what is given in place of what there was."""

from django.utils.translation import gettext as _

from phones.models import Phone
from phones.services.audit.queries import Wanted
from phones.services.clock import local_iso
from phones.services.editing.revert import Standing, Step
from phones.services.routing.editability import policy_for
from phones.services.routing.lanes import Target
from phones.wording.history.changes import Words, why_closed


def words_for_step(step: Step, phone: Phone) -> str:
    """Return what there is to say about one field, "" where it simply goes back."""
    match step.standing:
        case Standing.SAME:
            return _("Already so.")
        case Standing.NO_AGENT:
            return _("Diga no longer has “%(agent)s”, so it can’t be given back.") % {"agent": _agent_name(step)}
        case Standing.NO_VERSION:
            return _("There is no version of “%(agent)s” that could be given back.") % {"agent": _agent_name(step)}
        case Standing.CLOSED:
            why = policy_for(phone).why
            return why_closed(why) if why else ""
        case Standing.NO_RIGHT:
            return _("Your role may not change this.")
        case _:
            return " ".join(filter(None, (_moved(step), _other_version(step))))


def _moved(step: Step) -> str:
    if step.standing is not Standing.MOVED:
        return ""
    return _("Changed again since. It is left as it is unless you tick it.")


def _other_version(step: Step) -> str:
    if not step.is_newer or not isinstance(step.wanted, Target):
        return ""
    old, version = step.then.version_number, step.wanted.version.label
    return _("v%(old)s is no longer published. The same agent’s published version %(version)s is given instead.") % {
        "old": old,
        "version": version,
    }


def _agent_name(step: Step) -> str:
    return str(step.then.name)


def words_for_nothing_to_take_back(steps: tuple[Step, ...]) -> Words:
    """Explain that no field can be taken back."""
    if all(step.standing is Standing.SAME for step in steps):
        return Words("ok", _("Nothing to undo"), _("The number is already so."))
    return Words("warn", _("Nothing can be undone"), _("Below stands why, field by field. Nothing was sent."))


def words_for_review() -> Words:
    """Explain that the effects have to be read first: they aren't the ones the page showed."""
    text = _("Below stands what this will do to live calls. Read it, then press Undo again. Nothing was sent.")
    return Words("warn", _("Not sent yet"), text)


def words_for_nothing_ticked() -> Words:
    """Explain that no field was chosen."""
    return Words("warn", _("Nothing to undo"), _("Tick at least one field. Nothing was sent."))


def reason_for_bringing_back(wanted: Wanted) -> str:
    """Return the reason that is proposed for a plan that takes these changes back."""
    if wanted == Wanted(at=wanted.at) and wanted.at:
        return _("Back to how it was at %(time)s") % {"time": local_iso(wanted.at)}
    if wanted == Wanted(plan=wanted.plan) and wanted.plan:
        return _("Undoes plan %(id)d") % {"id": wanted.plan}
    return _("Undoes a set of changes")


def words_for_nothing_differs() -> Words:
    """Say that all numbers are what they were."""
    return Words("ok", _("No number differs"), _("All are what they were then, as far as Diga was read."))
