"""News of a plan in a sentence: that it has ended, or has paused by itself."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from phones.models import Plan, PlanState
from phones.services.audit.permalinks import check_of
from phones.services.plans.totals import Totals
from phones.wording.plans.totals import counted


@dataclass(frozen=True, slots=True)
class PlanNews:
    """One plan that has ended or paused, in a sentence."""

    plan_id: int
    check: str
    tone: str
    text: str


def words_for_news(plan: Plan, totals: Totals) -> PlanNews:
    """Return what there is to tell of a plan that has ended or paused."""
    values = {"id": plan.pk, "counts": counted(totals, with_left_out=False) or "0"}
    if plan.is_paused:
        return PlanNews(plan.pk, check_of(plan), "warn", _("Plan %(id)d has paused by itself: %(counts)s.") % values)
    if plan.state == PlanState.STOPPED:
        return PlanNews(plan.pk, check_of(plan), "warn", _("Plan %(id)d was stopped: %(counts)s.") % values)
    return PlanNews(plan.pk, check_of(plan), "ok", _("Plan %(id)d has ended: %(counts)s.") % values)
