"""What people do with a plan. Each act is a POST; the plan is shown as it is then."""

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from phones import tasks
from phones.access import Desk, DeskRequest, Right, open_desk
from phones.forms.plans.plan_again import PlanAgainForm
from phones.models import Plan, PlanKind
from phones.services.editing.spent_forms import SpentForm
from phones.services.plans import create, lifecycle, notices
from phones.services.plans.follow_ups import plan_again as make_again
from phones.services.plans.lock import PlanHasMoved
from phones.services.plans.rows import numbers_to_look_at
from phones.services.upstream import bulkhead
from phones.views.htmx import is_for
from phones.views.parts.addresses import id_from
from phones.views.parts.publish_refusals import PUBLISH_REFUSALS, refusal_of
from phones.views.parts.saving.sent_forms import digest_of_form
from phones.views.plans.pages import plan_of, show_plan
from phones.views.plans.query import PlanQuery, plan_url
from phones.views.post_only import post_only
from phones.wording.history.changes import Words
from phones.wording.plans import actions as plan_actions

# What keeps an act from being done, but for what needs a word of its own.
_REFUSALS: dict[type[Exception], tuple[int, Callable[[], Words]]] = {
    lifecycle.PreviewHasMoved: (409, plan_actions.words_for_moved_preview),
    lifecycle.NothingToApply: (422, plan_actions.words_for_nothing_to_apply),
    lifecycle.CountNotTyped: (422, plan_actions.words_for_count_not_typed),
    lifecycle.NotYourPlan: (403, plan_actions.words_for_own_plan),
    lifecycle.NotItsAuthor: (403, plan_actions.words_for_not_its_author),
}


def _act(
    request: DeskRequest, desk: Desk, plan: Plan, act: Callable[[], object], *, suffix: str | None = None
) -> HttpResponse:
    """Do something with a plan and show it; what can't be done is explained, with the plan as it is now."""
    try:
        act()
    except PlanHasMoved as moved:
        plan.refresh_from_db()
        words = plan_actions.words_for_moved_plan(moved.plan)
        return show_plan(request, desk, plan, words=words, status=409)
    except tuple(_REFUSALS) as refusal:
        plan.refresh_from_db()
        status, words_for = _REFUSALS[type(refusal)]
        typed = request.POST.get("typed", "") if isinstance(refusal, lifecycle.CountNotTyped) else None
        return show_plan(request, desk, plan, words=words_for(), typed=typed, status=status)
    if plan.is_running:
        transaction.on_commit(partial(tasks.run_plan, plan.pk))
    return _done(request, desk, plan, suffix=suffix)


def _done(
    request: DeskRequest, desk: Desk, plan: Plan, *, suffix: str | None = None, words: Words | None = None
) -> HttpResponse:
    """Show the plan after an act, at its address; with a `suffix`, its rows stay as they were shown."""
    url = plan_url("plan_detail", plan, desk.project.slug) + (suffix or "")
    if not is_for(request, "plan-card"):
        return redirect(url)
    notices.note_seen(plan=plan, by=desk.user)
    # A tick box that was ticked keeps the focus; a button that is gone gives it to the card.
    response = show_plan(request, desk, plan, words=words, takes_focus=suffix is None)
    response["HX-Push-Url"] = url
    return response


def _opened(request: DeskRequest, slug: str, plan_id: int) -> tuple[Desk, Plan]:
    desk = open_desk(request, slug, Right.BULK)
    return desk, plan_of(desk, plan_id)


def _steer(request: DeskRequest, slug: str, plan_id: int, step: Callable[..., object]) -> HttpResponse:
    """Take a step of a plan that needs to know no more than who takes it, and show the plan."""
    desk, plan = _opened(request, slug, plan_id)
    return _act(request, desk, plan, partial(step, plan=plan, by=desk.user, clock=timezone.now))


@post_only
def plan_apply(request: DeskRequest, slug: str, plan_id: int) -> HttpResponse:
    """Start a plan exactly as it was shown, or ask for a second person's approval."""
    desk, plan = _opened(request, slug, plan_id)
    reviewed, typed = request.POST.get("reviewed", ""), request.POST.get("typed", "").strip()
    act = partial(lifecycle.apply_plan, plan=plan, by=desk.user, reviewed=reviewed, typed=typed, clock=timezone.now)
    return _act(request, desk, plan, act)


@post_only
def plan_approve(request: DeskRequest, slug: str, plan_id: int) -> HttpResponse:
    """Say yes to a plan of somebody else: it runs."""
    desk, plan = _opened(request, slug, plan_id)
    reviewed = request.POST.get("reviewed", "")
    act = partial(lifecycle.approve_plan, plan=plan, by=desk.user, reviewed=reviewed, clock=timezone.now)
    return _act(request, desk, plan, act)


@post_only
def plan_return(request: DeskRequest, slug: str, plan_id: int) -> HttpResponse:
    """Make a proposed plan a preview again: given back by an approver, or taken back by its author."""
    return _steer(request, slug, plan_id, lifecycle.return_plan)


@post_only
def plan_discard(request: DeskRequest, slug: str, plan_id: int) -> HttpResponse:
    """Put a plan away of which nothing was sent."""
    return _steer(request, slug, plan_id, lifecycle.discard_plan)


@post_only
def plan_pause(request: DeskRequest, slug: str, plan_id: int) -> HttpResponse:
    """Hold a running plan."""
    return _steer(request, slug, plan_id, lifecycle.pause_plan)


@post_only
def plan_resume(request: DeskRequest, slug: str, plan_id: int) -> HttpResponse:
    """Resume a held plan."""
    return _steer(request, slug, plan_id, lifecycle.resume_plan)


@post_only
def plan_stop(request: DeskRequest, slug: str, plan_id: int) -> HttpResponse:
    """End a plan; what it has not attempted stays so."""
    return _steer(request, slug, plan_id, lifecycle.stop_plan)


@post_only
def plan_tick(request: DeskRequest, slug: str, plan_id: int) -> HttpResponse:
    """Take rows that need a look into a plan, or leave them out: one, or all of them."""
    desk, plan = _opened(request, slug, plan_id)
    number = id_from(request.POST.get("number", ""))
    numbers = numbers_to_look_at(plan) if "all" in request.POST else [] if number is None else [number]
    is_ticked = "ticked" in request.POST
    act = partial(lifecycle.tick_rows, plan=plan, by=desk.user, numbers=numbers, is_ticked=is_ticked)
    return _act(request, desk, plan, act, suffix=PlanQuery.of(request.GET).suffix)


@post_only
def plan_renew(request: DeskRequest, slug: str, plan_id: int) -> HttpResponse:
    """Compute a preview anew on what our copy says now."""
    desk, plan = _opened(request, slug, plan_id)
    try:
        has_moved = lifecycle.renew(plan, clock=timezone.now)
    except PlanHasMoved as moved:
        plan.refresh_from_db()
        return show_plan(request, desk, plan, words=plan_actions.words_for_moved_plan(moved.plan), status=409)
    return _done(request, desk, plan, words=plan_actions.words_for_renewed_preview(has_moved=has_moved))


@post_only
def plan_again(request: DeskRequest, slug: str, plan_id: int) -> HttpResponse:
    """Make a plan of another one's failed rows or rest, or one that takes it back, and show its preview."""
    desk, plan = _opened(request, slug, plan_id)
    form = PlanAgainForm(request.POST)
    if not form.is_valid():
        return show_plan(request, desk, plan, again_form=form, status=422)
    if not plan.is_over:
        return show_plan(request, desk, plan, words=plan_actions.words_for_moved_plan(plan), status=409)
    typed = form.cleaned_data
    try:
        with bulkhead.place_to_act(desk.project) if plan.is_publishing else nullcontext():
            made = make_again(
                plan=plan,
                kind=PlanKind(typed["kind"]),
                author=desk.user,
                reason=typed["reason"],
                ticket=typed["ticket"],
                form_token=form.token(),
                form_digest=digest_of_form(request),
                clock=timezone.now,
            )
    except SpentForm as spent:
        return show_plan(request, desk, plan, again_form=form, spent=spent, status=409)
    except create.NothingPlanned:
        return show_plan(request, desk, plan, words=plan_actions.words_for_nothing_planned(), status=422)
    except PUBLISH_REFUSALS as refusal:
        status, words = refusal_of(refusal)
        return show_plan(request, desk, plan, words=words, again_form=form, status=status)
    return redirect(plan_url("plan_detail", made, slug))


@post_only
def plan_seen(request: DeskRequest, slug: str, plan_id: int) -> HttpResponse:
    """Put the news of a plan away."""
    desk = open_desk(request, slug)
    notices.note_seen(plan=plan_of(desk, plan_id), by=desk.user)
    if is_for(request, "plan-news"):
        return render(request, "parts/_plan_news.html", {"desk": desk, "news": None})
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return redirect(back) if is_ours else redirect("plan_list", slug)
