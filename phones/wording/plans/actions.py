"""Sentences for what can't be done with a plan: whether anything happened, and what to do next."""

from collections.abc import Callable

from django.utils.translation import gettext as _

from phones.models import Plan, PlanState
from phones.wording.history.changes import Happened, Words, failure

_NOW: dict[PlanState, Callable[[], str]] = {
    PlanState.PREVIEW: lambda: _("It is a preview again."),
    PlanState.PROPOSED: lambda: _("It waits for a second person now."),
    PlanState.RUNNING: lambda: _("It is running already."),
    PlanState.PAUSED: lambda: _("It is paused."),
    PlanState.STOPPED: lambda: _("It was stopped."),
    PlanState.FINISHED: lambda: _("It has ended already."),
    PlanState.DISCARDED: lambda: _("It was discarded."),
}


def words_for_moved_plan(plan: Plan) -> Words:
    """Explain that somebody was quicker."""
    now, then = _NOW[PlanState(plan.state)](), _("You see below how it is now.")
    return failure(_("Not done: the plan has moved on"), Happened.NO, now, then, tone="warn")


def words_for_moved_preview() -> Words:
    """Explain that what the plan will do isn't what was shown."""
    return failure(
        _("Not started: the preview has changed"),
        Happened.NO,
        _("Nothing was sent."),
        _("Below stands what it would do now. Look at it, then apply it again."),
        why=_("Since it was shown, agents or ticks have changed."),
        tone="warn",
    )


def words_for_nothing_to_apply() -> Words:
    """Explain that no row would change anything."""
    then = _("Tick rows that need a look, or discard the plan.")
    return failure(_("There is nothing to apply"), Happened.NO, _("Nothing was sent."), then, tone="warn")


def words_for_count_not_typed() -> Words:
    """Explain that the count has to be typed."""
    then = _("Type how many numbers will change into the field beside the button, then apply it again.")
    return failure(_("Not started"), Happened.NO, _("Nothing was sent."), then)


def words_for_own_plan() -> Words:
    """Explain that a plan needs somebody else's yes."""
    then = _("Ask another lead or administrator of this project.")
    why = _("You have made this plan, and this project asks for a second person.")
    return failure(_("You can’t approve your own plan"), Happened.NO, _("Nothing was sent."), then, why=why)


def words_for_not_its_author() -> Words:
    """Explain that the rows of a plan, and asking for approval, are its author's."""
    why = _("Only whoever made a plan ticks its rows and asks for a second person’s yes.")
    then = _("Ask them, or make a plan of your own.")
    return failure(
        _("Not done: this is somebody else’s plan"), Happened.NO, _("Nothing was sent."), then, why=why, tone="warn"
    )


def words_for_nothing_planned() -> Words:
    """Explain that no plan came about, as no row of it could do anything."""
    then = _("Reload this page to see how its rows are now.")
    return failure(_("No plan was made"), Happened.NO, _("There is no number left for it."), then, tone="warn")


def words_for_spent_form(earlier: Plan | None, *, has_file: bool = False) -> Words:
    """Explain that a form was sent before with other content, which has made the plan `earlier`."""
    made = (
        _("This form was sent before with other content, and plan %(id)d came of it.") % {"id": earlier.pk}
        if earlier
        else ""
    )
    sentence = made or _("This form was sent before with other content.")
    then = _("It is in the form: send it again to make a plan of it as well.")
    if has_file:
        then = _("Choose the file again, which browsers don’t keep, and send it again to make a plan of it as well.")
    why = _("What you chose since has made no plan.")
    return failure(_("Already sent"), Happened.NO, sentence, then, why=why, tone="warn")


def words_for_renewed_preview(*, has_moved: bool) -> Words:
    """Say that the preview was computed anew."""
    text = _("Some rows have moved; look at them below.") if has_moved else _("It is as it was.")
    return Words("ok", _("The preview is computed anew"), text)
