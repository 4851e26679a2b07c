"""Uploading an edited export: the file becomes a plan with its preview, or is explained line by line."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from phones.access import Desk, DeskRequest, Right, open_desk
from phones.forms.plans.importing import ImportForm
from phones.models import PlanKind, Upload
from phones.services.editing.spent_forms import SpentForm
from phones.services.exchange import phone_import, uploads
from phones.services.exchange.noted_cells import take_over
from phones.services.plans import create
from phones.services.plans.drafts import Draft, NotedEdit, PlanRequest
from phones.services.routing.catalogue import catalogue_of
from phones.services.tables.limits import NotATable
from phones.views.parts.permalinks import plan_page_url
from phones.views.parts.saving.sent_forms import digest_of_form, spent_context
from phones.wording.imports import words_for_notes

# A page with more lines than that helps nobody; the rest is counted.
PROBLEMS_SHOWN = 1000


@require_http_methods(["GET", "POST"])
def plan_import(request: DeskRequest, slug: str) -> HttpResponse:
    """Ask for a file; make a plan of what is edited in it, which sends nothing yet."""
    desk = open_desk(request, slug, Right.BULK)
    if request.method == "GET":
        return _show(request, desk, ImportForm())

    def find_upload(upload_id: uuid.UUID) -> Upload | None:
        return uploads.find_upload(project=desk.project, owner=desk.user, upload_id=upload_id)

    form = ImportForm(request.POST, request.FILES, find_upload=find_upload)
    if not form.is_valid():
        return _ask_again(request, desk, form)
    try:
        draft = phone_import.draft_from_table(
            project=desk.project,
            table=form.cleaned_data["file"],
            catalogue=catalogue_of(desk.project),
            can_label=desk.may_label,
            can_route=desk.may_route,
        )
    except NotATable as fault:
        form.add_error("file", str(fault))
        return _show(request, desk, form, status=422)
    return _plan(request, desk, form, draft)


def _ask_again(request: DeskRequest, desk: Desk, form: ImportForm) -> HttpResponse:
    """Show what is wrong; a file of which a sheet has to be chosen is kept meanwhile."""
    kept = form.cleaned_data.get("upload")
    if form.sent:
        name, data = form.sent
        upload = uploads.keep_upload(project=desk.project, owner=desk.user, name=name, data=data, now=timezone.now())
        kept = upload.pk
    return _show(request, desk, form, upload_id=kept, status=422)


def _plan(request: DeskRequest, desk: Desk, form: ImportForm, draft: Draft) -> HttpResponse:
    typed = form.cleaned_data
    noted = draft.noted if typed["takes_notes"] else []
    try:
        plan = create.create_plan(
            PlanRequest(
                project=desk.project,
                author=desk.user,
                kind=PlanKind.IMPORT,
                draft=draft,
                reason=typed["reason"],
                ticket=typed["ticket"],
                form_token=typed["form_token"],
                form_digest=digest_of_form(request),
            ),
            clock=timezone.now,
        )
    except SpentForm as spent:
        return _show(request, desk, form, spent=spent, status=409)
    except create.NothingPlanned:
        _take_over(request, desk, noted)
        if noted and not draft.problems:
            uploads.drop_uploads(project=desk.project, owner=desk.user)
            return redirect("phone_list", desk.project.slug)
        return _show(request, desk, form, draft, status=422)
    _take_over(request, desk, noted)
    uploads.drop_uploads(project=desk.project, owner=desk.user)
    return redirect(plan_page_url(plan, desk.project.slug))


def _take_over(request: DeskRequest, desk: Desk, noted: list[NotedEdit]) -> None:
    """Store the notes and tags of a file, and say how many numbers that changed."""
    if not noted:
        return
    stored = take_over(project=desk.project, edits=noted, actor=desk.user, clock=timezone.now)
    words = ngettext(
        "Notes or tags taken over on %(count)d number", "Notes or tags taken over on %(count)d numbers", stored.count
    )
    messages.success(request, words % {"count": stored.count})
    if stored.left:
        words = ngettext(
            "%(count)d number was left as it was: its note has changed meanwhile, or its tags are too many.",
            "%(count)d numbers were left as they were: their notes have changed meanwhile, or their tags are too many.",
            stored.left,
        )
        messages.warning(request, words % {"count": stored.left})


def _show(
    request: DeskRequest,
    desk: Desk,
    form: ImportForm,
    draft: Draft | None = None,
    *,
    spent: SpentForm | None = None,
    upload_id: uuid.UUID | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show the form; `draft` is what came of a file in which nothing could be planned."""
    problems = draft.problems if draft else []
    context = {
        "desk": desk,
        "section": "plans",
        "form": form,
        "upload_id": upload_id,
        "row_count": len(form.cleaned_data["file"].rows) if draft else None,
        "notes": words_for_notes(draft.notes) if draft else [],
        "problems": problems[:PROBLEMS_SHOWN],
        "problem_count": len({problem.line for problem in problems}),
        "more_count": max(0, len(problems) - PROBLEMS_SHOWN),
        **spent_context(spent, desk.project.slug, has_file=True),
    }
    return render(request, "plans/new/plan_import.html", context, status=status)
