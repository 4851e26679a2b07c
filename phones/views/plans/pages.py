"""The plans of a project, and the one page of a plan in whatever state it is."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from phones.access import Desk, DeskRequest, open_desk
from phones.forms.plans.plan_again import PlanAgainForm
from phones.models import Plan
from phones.services.editing.spent_forms import SpentForm
from phones.services.plans import notices, pages
from phones.services.plans.export import csv_lines
from phones.services.plans.totals import Totals
from phones.views.htmx import is_for
from phones.views.parts.addresses import BIGGEST_ID, id_from
from phones.views.parts.badges import Badge
from phones.views.parts.held import held
from phones.views.parts.lists.exporting import export
from phones.views.parts.permalinks import answer_uncertain, is_certain
from phones.views.parts.plan_badges import plan_badge
from phones.views.parts.saving.sent_forms import spent_context
from phones.views.plans.agenda import PlanAgenda
from phones.views.plans.cards import head_of, preview_of, run_of, step_lines
from phones.views.plans.query import PlanQuery, plan_url, suffix_of
from phones.views.plans.sums import Meter, meter_of
from phones.views.plans.tables import table_of
from phones.wording.history.changes import Words
from phones.wording.imports import words_for_notes
from phones.wording.plans.descriptions import plan_what


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A plan of the list."""

    id: int
    url: str
    what: str
    author: str
    created_at: datetime
    badge: Badge
    total: int
    meter: Meter | None

    @classmethod
    def of(cls, plan: Plan, totals: Totals, slug: str) -> "PlanLine":
        """Return a plan with its totals. No query."""
        return cls(
            id=plan.pk,
            url=plan_url("plan_detail", plan, slug),
            what=plan_what(plan),
            author=plan.author_name,
            created_at=plan.created_at,
            badge=plan_badge(plan),
            total=totals.total,
            meter=meter_of(totals) if plan.started_at else None,
        )


@require_GET
def plan_list(request: DeskRequest, slug: str) -> HttpResponse:
    """Show the plans of a project, newest first; `before` and `after` page on."""
    desk = open_desk(request, slug)
    page = pages.plans_page(
        desk.project,
        older_than=id_from(request.GET.get("before", "")),
        newer_than=id_from(request.GET.get("after", "")),
    )
    url = reverse("plan_list", args=[slug])
    context = {
        "desk": desk,
        "section": "plans",
        "plans": [PlanLine.of(plan, totals, slug) for plan, totals in page.plans],
        "older_url": url + suffix_of(before=page.older) if page.older else "",
        "newer_url": url + suffix_of(after=page.newer) if page.newer else "",
    }
    return render(request, "plans/plan_list.html", context)


@require_GET
def plan_detail(request: DeskRequest, slug: str, plan_id: int, check: str = "") -> HttpResponse:
    """Show a plan as it is: its preview, how far it has come, or its result."""
    desk = open_desk(request, slug)
    plan = _found(desk, plan_id)
    if plan is None or not is_certain(desk, plan, check):
        return answer_uncertain(request, desk, plan, plan_id, check)
    notices.note_seen(plan=plan, by=desk.user)
    return show_plan(request, desk, plan)


def plan_of(desk: Desk, plan_id: int) -> Plan:
    """Return a plan of the desk's project.

    :raises Http404: there is none.
    """
    plan = _found(desk, plan_id)
    if plan is None:
        raise Http404
    return plan


def _found(desk: Desk, plan_id: int) -> Plan | None:
    plan = Plan.objects.filter(pk=plan_id, project=desk.project).first() if plan_id <= BIGGEST_ID else None
    if plan:
        plan.project = desk.project
    return plan


def show_plan(
    request: DeskRequest,
    desk: Desk,
    plan: Plan,
    *,
    words: Words | None = None,
    typed: str | None = None,
    again_form: PlanAgainForm | None = None,
    spent: SpentForm | None = None,
    takes_focus: bool = False,
    status: int = 200,
) -> HttpResponse:
    """Answer with a plan as it is, to htmx with its card; `words` say what became of an act, `typed` is kept."""
    desk = replace(desk, shown_plan=plan.pk)
    context = _context(request, desk, plan) | {
        **({"words": words, "earlier_url": ""} if spent is None else spent_context(spent, desk.project.slug)),
        "typed": typed or "",
        "is_count_wrong": typed is not None,
        "takes_focus": takes_focus,
        "again_form": again_form or PlanAgainForm(initial={"reason": plan.reason, "ticket": plan.ticket}),
    }
    name = "plans/plan_detail.html"
    return render(request, f"{name}#plan-card" if is_for(request, "plan-card") else name, context, status=status)


def _context(request: DeskRequest, desk: Desk, plan: Plan) -> dict[str, Any]:
    query = PlanQuery.of(request.GET)
    is_started = plan.started_at is not None
    is_asked = query.state is not None or query.is_all
    return {
        "desk": desk,
        "section": "plans",
        "plan": plan,
        "head": head_of(plan, desk.project.slug),
        "query": query,
        "preview": None if is_started else preview_of(desk, plan),
        "notes": words_for_notes(plan.notes),
        "run": run_of(desk, plan) if is_started else None,
        "table": None if plan.is_running and not is_asked else table_of(desk, plan, query),
        "held": held(desk) if plan.is_running else None,
        "is_author": plan.author_id == desk.user.pk,
        "steps": step_lines(plan),
        "agenda": PlanAgenda.of(plan, desk),
    }


@require_GET
def plan_progress(request: DeskRequest, slug: str, plan_id: int) -> HttpResponse:
    """Show how far a plan is; 286 ends the polling, with the whole card where its state is another than `seen`."""
    desk = open_desk(request, slug)
    plan = plan_of(desk, plan_id)
    if not is_for(request, "plan-progress"):
        return redirect(plan_url("plan_detail", plan, slug))
    seen = request.GET.get("seen", "")
    if seen != plan.state:
        # Who watched it end needs no news of it.
        notices.note_seen(plan=plan, by=desk.user)
        context = _context(request, desk, plan) | {
            "words": None,
            "earlier_url": "",
            "typed": "",
            "is_count_wrong": False,
            "takes_focus": False,
        }
        context["again_form"] = PlanAgainForm(initial={"reason": plan.reason, "ticket": plan.ticket})
        response = render(request, "plans/plan_detail.html#plan-card", context, status=286)
        response["HX-Retarget"], response["HX-Reswap"] = "#plan-card", "outerHTML"
        return response
    run = run_of(desk, plan)
    context = {"desk": desk, "plan": plan, "run": run}
    return render(request, "plans/detail/_progress.html", context, status=200 if run.is_moving else 286)


@require_GET
def plan_rows(request: DeskRequest, slug: str, plan_id: int) -> HttpResponse:
    """Show other rows of a plan: a page of a group, or those in a state."""
    desk = open_desk(request, slug)
    plan = plan_of(desk, plan_id)
    query = PlanQuery.of(request.GET)
    if not is_for(request, "plan-table"):
        return redirect(plan_url("plan_detail", plan, slug) + query.suffix)
    context = {"desk": desk, "plan": plan, "table": table_of(desk, plan, query), "query": query}
    return render(request, "plans/detail/_table.html", context)


@require_GET
def plan_export(request: DeskRequest, slug: str, plan_id: int) -> StreamingHttpResponse:
    """Send all rows of a plan as CSV, in the order of its list."""
    desk = open_desk(request, slug)
    plan = plan_of(desk, plan_id)
    rows = plan.items.all()
    name = f"{slug}-plan-{plan.pk}.csv"
    return export(desk, csv_lines(rows), what="plan", query=f"plan={plan.pk}", row_count=rows.count(), name=name)
