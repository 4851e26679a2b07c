"""Saved views of the list: choosing, saving, renaming, sharing."""

from dataclasses import dataclass, replace

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from phones.access import Desk, DeskRequest, open_desk
from phones.forms.finding import ViewForm
from phones.models import SavedView
from phones.services.display_names import name_apart, name_of
from phones.services.finding import saved_views
from phones.views.htmx import is_for
from phones.views.parts.lists.address import criteria_from, suffix_of


@dataclass(frozen=True, slots=True)
class ViewLine:
    """A saved view as lists show it. `edit_url` is empty where the person may not change it."""

    name: str
    url: str
    edit_url: str
    owner: str
    is_shared: bool
    is_default: bool
    is_own: bool

    @classmethod
    def of(cls, view: SavedView, desk: Desk) -> "ViewLine":
        """Return the line of a view for the person at this desk."""
        slug, is_own = desk.project.slug, view.owner_id == desk.user.pk
        return cls(
            name=view.name,
            url=reverse("phone_list", args=[slug]) + (f"?{view.query}" if view.query else ""),
            edit_url=reverse("view_edit", args=[slug, view.pk]) if _may_change(view, desk) else "",
            owner=name_apart(name_of(view.owner), view.owner.username),
            is_shared=view.is_shared,
            is_default=view.is_default and is_own,
            is_own=is_own,
        )


def _may_change(view: SavedView, desk: Desk) -> bool:
    """Say whether the person may rename, share and delete: shared views are the leads', others their owner's."""
    return desk.may_share if view.is_shared else view.owner_id == desk.user.pk


def saved_query(query: str) -> str:
    """Return of an address's query what a view keeps: the filters, without cursors and frozen selections."""
    return suffix_of(replace(criteria_from(QueryDict(query)), selection="", after="", before="")).removeprefix("?")


@require_http_methods(["GET", "POST"])
def view_list(request: DeskRequest, slug: str) -> HttpResponse:
    """Show the views a person may use; save the filter in the address under a name."""
    desk = open_desk(request, slug)
    query = saved_query(request.META["QUERY_STRING"])
    if request.method == "GET":
        return _show_views(request, desk, query, ViewForm(can_share=desk.may_share))
    form = ViewForm(request.POST, can_share=desk.may_share)
    if not form.is_valid():
        return _show_views(request, desk, query, form, status=422)
    try:
        view = saved_views.save_view(
            project=desk.project, owner=desk.user, query=query, now=timezone.now(), **form.cleaned_data
        )
    except saved_views.NameTaken:
        form.add_error("name", _("You have a view of this name already."))
        return _show_views(request, desk, query, form, status=422)
    except saved_views.TooManyViews:
        form.add_error(None, _("You have %(count)d views; delete one first.") % {"count": saved_views.VIEWS_LIMIT})
        return _show_views(request, desk, query, form, status=422)
    messages.success(request, _("Saved as “%(name)s”.") % {"name": view.name})
    return redirect(ViewLine.of(view, desk).url)


def _show_views(request: DeskRequest, desk: Desk, query: str, form: ViewForm, *, status: int = 200) -> HttpResponse:
    views = [ViewLine.of(view, desk) for view in saved_views.views_for(project=desk.project, person=desk.user)]
    suffix = f"?{query}" if query else ""
    context = {
        "desk": desk,
        "section": "phones",
        "views": views,
        "views_url": reverse("view_list", args=[desk.project.slug]) + suffix,
        "list_url": reverse("phone_list", args=[desk.project.slug]),
        "here_url": reverse("phone_list", args=[desk.project.slug]) + suffix,
        "has_filter": bool(query),
        "form": form,
    }
    if is_for(request, "saved-views"):
        return render(request, "phones/views/_views_menu.html", context)
    return render(request, "phones/views/view_list.html", context, status=status)


@require_http_methods(["GET", "POST"])
def view_edit(request: DeskRequest, slug: str, view_id: int) -> HttpResponse:
    """Show a view's name and whom it is for; rename, share or delete it."""
    desk = open_desk(request, slug)
    usable = saved_views.views_for(project=desk.project, person=desk.user)
    view = get_object_or_404(usable, pk=view_id)
    if not _may_change(view, desk):
        raise PermissionDenied
    fields = {"can_share": desk.may_share, "is_owner": view.owner_id == desk.user.pk}
    if request.method == "GET":
        initial = {"name": view.name, "is_shared": view.is_shared, "is_default": view.is_default}
        return _show_view(request, desk, view, ViewForm(initial=initial, **fields))
    if "delete" in request.POST:
        saved_views.delete_view(view=view, actor=desk.user, now=timezone.now())
        messages.success(request, _("“%(name)s” is deleted.") % {"name": view.name})
        return redirect("view_list", slug)
    form = ViewForm(request.POST, **fields)
    if not form.is_valid():
        return _show_view(request, desk, view, form, status=422)
    wanted = {"is_shared": view.is_shared, "is_default": view.is_default} | form.cleaned_data
    try:
        saved_views.change_view(view=view, actor=desk.user, now=timezone.now(), **wanted)
    except saved_views.ViewGone:
        raise Http404 from None
    except saved_views.NameTaken:
        form.add_error("name", _("Another view has this name already."))
        return _show_view(request, desk, view, form, status=422)
    messages.success(request, _("“%(name)s” is changed.") % {"name": view.name})
    return redirect("view_list", slug)


def _show_view(request: DeskRequest, desk: Desk, view: SavedView, form: ViewForm, *, status: int = 200) -> HttpResponse:
    context = {"desk": desk, "section": "phones", "view": ViewLine.of(view, desk), "form": form}
    return render(request, "phones/views/view_edit.html", context, status=status)
