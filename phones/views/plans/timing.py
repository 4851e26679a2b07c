"""Setting a plan for a time: when it starts by itself, and when what it has done is put back."""

from contextlib import suppress
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from phones.access import Desk, DeskRequest, Right, open_desk
from phones.forms.moments import MoveForm
from phones.models import Plan, ScheduleKind
from phones.services.plans.lifecycle import CountNotTyped
from phones.services.plans.lock import PlanHasMoved
from phones.services.schedules.plans import CanNotBeSet, schedule_plan
from phones.views.plans.pages import plan_of
from phones.views.plans.query import plan_url
from phones.views.post_only import post_only
from phones.wording.moments import words_for_moment
from phones.wording.plans.actions import words_for_count_not_typed

_KINDS = {"end": ScheduleKind.PUT_BACK_PLAN, "start": ScheduleKind.START_PLAN}


@post_only
def plan_set(request: DeskRequest, slug: str, plan_id: int) -> HttpResponse:
    """Set a plan for a time: its start, or its end."""
    desk = open_desk(request, slug, Right.BULK)
    plan = plan_of(desk, plan_id)
    kind, form = _KINDS.get(request.POST.get("what", "")), MoveForm(request.POST)
    if kind is None or not form.is_valid():
        for error in form.errors.get("due_at", [_("Nothing was changed.")]):
            messages.error(request, str(error))
    else:
        _set(request, desk, plan, kind, form)
    return redirect(plan_url("plan_detail", plan, slug))


def set_end_with(plan: Plan, desk: Desk, end: datetime | None) -> None:
    """Set the end that was typed when a plan was made; a second send of its form finds it set."""
    if end is not None:
        with suppress(CanNotBeSet, PlanHasMoved):
            schedule_plan(plan=plan, kind=ScheduleKind.PUT_BACK_PLAN, due_at=end, by=desk.user, now=timezone.now())


def _set(request: DeskRequest, desk: Desk, plan: Plan, kind: ScheduleKind, form: MoveForm) -> None:
    now, due_at = timezone.now(), form.cleaned_data["due_at"]
    reviewed, typed = request.POST.get("reviewed", ""), request.POST.get("typed", "").strip()
    try:
        schedule_plan(plan=plan, kind=kind, due_at=due_at, by=desk.user, now=now, reviewed=reviewed, typed=typed)
    except CountNotTyped:
        messages.error(request, words_for_count_not_typed().title)
    except (CanNotBeSet, PlanHasMoved):
        messages.error(request, _("The plan is not as it was shown, or can’t do this by itself. Nothing was set."))
    else:
        messages.success(request, _("It is set: %(moment)s.") % {"moment": words_for_moment(due_at, now)})
