"""News of a plan for whoever made it: that it has ended, or has paused by itself, until they have seen it."""

from django.contrib.auth.models import User
from django.db.models import Q

from phones.models import Plan, PlanState
from phones.services.plans.totals import Totals, totals_of

# What is news: the end, and a pause that no person has made.
IS_NEWS = Q(is_told=False) & (
    Q(state__in=[PlanState.STOPPED, PlanState.FINISHED]) | (Q(state=PlanState.PAUSED) & ~Q(cause=""))
)


def news_of(plan_id: int) -> tuple[Plan, Totals] | None:
    """Return a plan of which there is news, with its totals; None if there is none any more. Two queries."""
    plan = Plan.objects.filter(IS_NEWS, pk=plan_id).first()
    return (plan, totals_of(plan)) if plan else None


def note_seen(*, plan: Plan, by: User) -> None:
    """Remember that the author has seen how their plan stands; others' looks don't count. One query at most."""
    if plan.author_id == by.pk and not plan.is_told and (plan.is_over or plan.is_paused):
        # A plan that goes on meanwhile will be news again.
        Plan.objects.filter(pk=plan.pk, state=plan.state).update(is_told=True)
        plan.is_told = True
