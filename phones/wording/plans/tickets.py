"""The record of a plan as one text to paste into a ticket, in the person's language."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from phones.models import Plan, PlanState
from phones.services.clock import local_iso
from phones.services.plans.totals import Totals
from phones.wording.plans.descriptions import plan_what
from phones.wording.plans.totals import counted


def plan_sentence(plan: Plan, totals: Totals, *, url: str) -> str:
    """Return what the plan was, what became of it, who made it and let it run, when, why, and the address `url`.

    One line; times are ISO 8601 with their offset.
    """
    values = {"id": plan.pk, "what": plan_what(plan), "person": plan.author_name or _("Phone Desk")}
    lead = _("Plan %(id)d by %(person)s: %(what)s.") % values
    text = " ".join((lead, *_when(plan), _counts(totals), *_why(plan), url))
    return " ".join(text.split())


def _counts(totals: Totals) -> str:
    text = ngettext("%(total)d number: %(counts)s.", "%(total)d numbers: %(counts)s.", totals.total)
    return text % {"total": totals.total, "counts": counted(totals)}


def _when(plan: Plan) -> list[str]:
    if plan.started_at is None:
        return [_("Made on %(time)s, nothing was sent.") % {"time": local_iso(plan.created_at)}]
    values = {"start": local_iso(plan.started_at), "person": plan.approver_name}
    parts = [_("Started on %(start)s.") % values]
    if plan.approver_id and plan.approver_id != plan.author_id:
        parts.append(_("Let run by %(person)s.") % values)
    if plan.finished_at:
        end = {"end": local_iso(plan.finished_at)}
        is_stopped = plan.state == PlanState.STOPPED
        parts.append(_("Stopped on %(end)s.") % end if is_stopped else _("Ended on %(end)s.") % end)
    else:
        parts.append(_("It has not ended yet."))
    return parts


def _why(plan: Plan) -> list[str]:
    parts = [_("Reason: %(reason)s.") % {"reason": plan.reason.rstrip(". ")}] if plan.reason else []
    if plan.ticket:
        parts.append(_("Ticket: %(ticket)s.") % {"ticket": plan.ticket})
    return parts
