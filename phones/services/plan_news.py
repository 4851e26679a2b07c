"""News of a plan for whoever made it: that it has ended, or has paused by itself, until they have seen it."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Q
from django.utils.translation import gettext as _

from phones.models import Plan, PlanState

from .permalinks import check_of
from .plan_counts import counted
from .plan_totals import totals_of

# What is news: the end, and a pause that no person has made.
IS_NEWS = Q(is_told=False) & (
    Q(state__in=[PlanState.STOPPED, PlanState.FINISHED]) | (Q(state=PlanState.PAUSED) & ~Q(cause=""))
)


@dataclass(frozen=True, slots=True)
class PlanNews:
    """One plan that has ended or paused, in a sentence."""

    plan_id: int
    check: str
    tone: str
    text: str


def news_of(plan_id: int) -> PlanNews | None:
    """Return the news of a plan, None if there is none any more. Two queries."""
    plan = Plan.objects.filter(IS_NEWS, pk=plan_id).first()
    if plan is None:
        return None
    totals = totals_of(plan)
    values = {"id": plan.pk, "counts": counted(totals, with_left_out=False) or "0"}
    if plan.is_paused:
        return PlanNews(plan.pk, check_of(plan), "warn", _("Plan %(id)d has paused by itself: %(counts)s.") % values)
    if plan.state == PlanState.STOPPED:
        return PlanNews(plan.pk, check_of(plan), "warn", _("Plan %(id)d was stopped: %(counts)s.") % values)
    return PlanNews(plan.pk, check_of(plan), "ok", _("Plan %(id)d has ended: %(counts)s.") % values)


def note_seen(*, plan: Plan, by: User) -> None:
    """Remember that the author has seen how their plan stands; others' looks don't count. One query at most."""
    if plan.author_id == by.pk and not plan.is_told and (plan.is_over or plan.is_paused):
        # A plan that goes on meanwhile will be news again.
        Plan.objects.filter(pk=plan.pk, state=plan.state).update(is_told=True)
        plan.is_told = True
