"""The history of a project, and the permanent page of one change."""

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET
from django_htmx.http import trigger_client_event

from phones.access import Desk, DeskRequest, Right, open_desk
from phones.models import Change, Outcome, Phone
from phones.services.audit import queries as audit_queries
from phones.services.audit.chain import breaks as chain_breaks
from phones.services.audit.chain.runs import latest_verification
from phones.services.audit.export import csv_lines
from phones.services.editing.recheck_times import is_soon_known
from phones.services.editing.save import is_sender_dead
from phones.services.routing.catalogue import catalogue_of
from phones.views.history.filters import filters_of, query_of, wanted_from
from phones.views.htmx import is_for, is_htmx
from phones.views.parts.addresses import BIGGEST_ID, id_from
from phones.views.parts.chain_break import acknowledge, break_shown
from phones.views.parts.changes import ChangeLine, FirstSeenLine, ticket_text
from phones.views.parts.lists.exporting import export
from phones.views.parts.no_worker import no_worker
from phones.views.parts.permalinks import answer_uncertain, change_url, is_certain, plan_page_url
from phones.views.post_only import post_only


@require_GET
def change_list(request: DeskRequest, slug: str) -> HttpResponse:
    """Show the changes of a project, newest first, filtered by the address; `before` and `after` page on."""
    desk = open_desk(request, slug)
    context = _list_context(request, desk)
    if not is_for(request, "change-table"):
        return render(request, "history/change_list.html", context | _verification(desk))
    response = render(request, "history/change_list.html#change-table", context)
    response["HX-Push-Url"] = context["here_url"]
    return response


def _verification(desk: Desk) -> dict[str, Any]:
    """Return whether the chain is whole: one query, and one for administrators."""
    return {"chain_break": break_shown(desk), "verified": latest_verification(desk.project)}


def _list_context(request: DeskRequest, desk: Desk) -> dict[str, Any]:
    """Return the template's context. Four queries, those of `history_page`, and one if a phone is filtered for."""
    wanted = wanted_from(request.GET)
    page = audit_queries.history_page(
        desk.project,
        wanted,
        older_than=id_from(request.GET.get("before", "")),
        newer_than=id_from(request.GET.get("after", "")),
    )
    undoings = audit_queries.undoings_of(page.changes)
    phone = Phone.objects.filter(project=desk.project, pk=wanted.phone).first() if wanted.phone else None
    is_end_of_phone = phone is not None and wanted.is_one_phone and page.older is None
    url = reverse("change_list", args=[desk.project.slug])
    return {
        "desk": desk,
        "section": "changes",
        "changes": [
            (
                ChangeLine.of(change, desk.project.slug, desk=desk, phone=change.phone, undone=undoings.get(change.pk)),
                page.made.get(change.plan_id or 0),
            )
            for change in page.changes
        ],
        "first_seen": FirstSeenLine.of(phone, desk) if phone and is_end_of_phone else None,
        "filters": filters_of(
            wanted,
            url=url,
            project=desk.project,
            catalogue=catalogue_of(desk.project),
            people=audit_queries.people_in(desk.project),
            phone=phone,
        ),
        "is_empty_filter": wanted.is_empty,
        "look_count": audit_queries.look_count(desk.project),
        "list_url": url,
        "look_url": url + query_of(audit_queries.Wanted(look=True)),
        "here_url": url + query_of(wanted),
        "past_url": reverse("past_list", args=[desk.project.slug]) + query_of(wanted),
        "export_url": reverse("change_export", args=[desk.project.slug]) + query_of(wanted),
        "older_url": url + query_of(wanted, before=page.older) if page.older else "",
        "newer_url": url + query_of(wanted, after=page.newer) if page.newer else "",
    }


@require_GET
def change_export(request: DeskRequest, slug: str) -> StreamingHttpResponse:
    """Send the filtered changes as CSV, newest first, one row a change."""
    desk = open_desk(request, slug)
    wanted = wanted_from(request.GET)
    changes = audit_queries.matching_changes(desk.project, wanted)
    name = f"{slug}-changes-{timezone.localdate():%Y-%m-%d}.csv"
    return export(
        desk,
        csv_lines(changes),
        what="changes",
        query=query_of(wanted),
        row_count=changes.order_by().count(),
        name=name,
    )


@require_GET
def change_detail(request: DeskRequest, slug: str, change_id: int, check: str = "") -> HttpResponse:
    """Show one change with the names and version numbers of its time, Diga's message, and its outcome."""
    desk = open_desk(request, slug)
    change = _found(desk, change_id)
    if change is None or not is_certain(desk, change, check):
        return answer_uncertain(request, desk, change, change_id, check)
    context = {
        "desk": desk,
        "section": "changes",
        "change": _with_plan(change, ChangeLine.of(change, slug, desk=desk, phone=change.phone), slug),
        "record": change,
        "ticket_text": ticket_text(change, slug),
        "reverts": [ChangeLine.of(later, slug) for later in change.reverted_by.order_by("-id")],
        "is_unknown": change.outcome == Outcome.UNKNOWN and not is_soon_known(change),
        "came_late": [ChangeLine.of(later, slug) for later in change.came_late.order_by("pk")],
    }
    return render(request, "history/change_detail.html", context)


def _with_plan(change: Change, line: ChangeLine, slug: str) -> ChangeLine:
    """Link an older release's entry to the plan it became: the sealed entry doesn't name that plan."""
    plan = audit_queries.plan_of_upgrade(change)
    return replace(line, plan_id=plan.pk, plan_url=plan_page_url(plan, slug)) if plan else line


@require_GET
def change_outcome(request: DeskRequest, slug: str, change_id: int) -> HttpResponse:
    """Return the outcome of a save: 204 while it is as `seen`, 286 once it is known or won't be soon.

    While no worker runs, which would recheck it, the page says so. Diga is not asked; where the process that was saving
    has died, an event lets the page of the number read it.
    """
    desk = open_desk(request, slug)
    change = change_of(desk, change_id)
    if not is_htmx(request):
        return redirect(change_url(change, slug))
    response = _outcome(request, desk, change)
    if change.is_pending and is_sender_dead(change.phone, timezone.now()):
        trigger_client_event(response, "sender-died", {"id": str(change.phone_id)})
    return response


def _outcome(request: DeskRequest, desk: Desk, change: Change) -> HttpResponse:
    slug = desk.project.slug
    line = ChangeLine.of(change, slug, desk=desk, phone=change.phone)
    silence = no_worker() if line.outcome_url else ""
    if line.outcome_url and request.GET.get("seen") == change.outcome and not silence:
        return HttpResponse(status=204)
    context = {"words": line.words.adding(silence), "result": line, "ticket_text": ticket_text(change, slug)}
    context |= {"is_kept": False, "clashes": [], "undo": None}
    if line.outcome_url:
        return render(request, "parts/saving/_result.html", context)
    response = render(request, "parts/saving/_result.html", context, status=286)
    return response if change.is_open else trigger_client_event(response, "phone-updated", {"id": str(change.phone_id)})


def change_of(desk: Desk, change_id: int) -> Change:
    """Return a change of the desk's project, with its phone.

    :raises Http404: there is none.
    """
    change = _found(desk, change_id)
    if change is None:
        raise Http404
    change.phone.project = desk.project
    return change


def _found(desk: Desk, change_id: int) -> Change | None:
    if change_id > BIGGEST_ID:
        return None
    return (
        Change.objects.select_related("phone", *audit_queries.LED_TO).filter(pk=change_id, project=desk.project).first()
    )


@post_only
def chain_acknowledge(request: DeskRequest, slug: str) -> HttpResponse:
    """Record that an administrator has acknowledged a break of the hash chain."""
    desk = open_desk(request, slug, Right.ADMINISTER)
    try:
        acknowledge(desk, request.POST.get("noted", ""))
    except chain_breaks.BreakHasMoved:
        messages.error(request, _("That was acknowledged already, or is something else now. Nothing was written down."))
    else:
        messages.success(request, _("It is written down that you have seen it."))
    return redirect("change_list", slug)
