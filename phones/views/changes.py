"""The diary of a project, and the permanent page of one change."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from phones.access import DeskRequest, open_desk
from phones.models import Change

from .change_lines import ChangeLine

PAGE_SIZE = 50


@require_GET
def change_list(request: DeskRequest, slug: str) -> HttpResponse:
    """Show the changes of a project, newest first; `?phone=` narrows to one number, `?before=` pages on."""
    desk = open_desk(request, slug)
    changes = Change.objects.filter(project=desk.project).order_by("-id")
    phone_id = _uuid(request.GET.get("phone", ""))
    if phone_id:
        changes = changes.filter(phone_id=phone_id)
    before = request.GET.get("before", "")
    if before.isdecimal():
        changes = changes.filter(pk__lt=min(int(before), 2**63 - 1))
    found = list(changes[: PAGE_SIZE + 1])
    context = {
        "desk": desk,
        "section": "changes",
        "changes": [ChangeLine.of(change, slug) for change in found[:PAGE_SIZE]],
        "phone_id": phone_id,
        "older_than": found[PAGE_SIZE - 1].pk if len(found) > PAGE_SIZE else None,
    }
    return render(request, "phones/change_list.html", context)


@require_GET
def change_detail(request: DeskRequest, slug: str, change_id: int) -> HttpResponse:
    """Show one change as it was: names and version numbers of the time, Diga's words, how it ended."""
    desk = open_desk(request, slug)
    if change_id > 2**63 - 1:
        raise Http404
    change = get_object_or_404(Change.objects, pk=change_id, project=desk.project)
    context = {
        "desk": desk,
        "section": "changes",
        "change": ChangeLine.of(change, slug),
        "record": change,
    }
    return render(request, "phones/change_detail.html", context)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
