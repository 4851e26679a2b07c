"""Saved views: named filters of the list, private or shared with the project.

What changes what others see (a shared view) is written down as an act; a private view is its owner's own business.
"""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from phones.models import ActKind, Project, SavedView
from phones.services.audit.acts import record_act

VIEWS_LIMIT = 50


class NameTaken(Exception):
    """The owner has another view of this name in the project."""


class TooManyViews(Exception):
    """The person has `VIEWS_LIMIT` views in the project."""


class ViewGone(Exception):
    """The view was deleted meanwhile."""


def views_for(*, project: Project, person: User) -> QuerySet[SavedView]:
    """Return the views that the person may use: their own and the shared ones, by name, with their owners."""
    usable = SavedView.objects.filter(Q(owner=person) | Q(is_shared=True), project=project)
    return usable.select_related("owner").order_by("name", "pk")


def save_view(
    *,
    project: Project,
    owner: User,
    name: str,
    query: str,
    now: datetime,
    is_shared: bool = False,
    is_default: bool = False,
) -> SavedView:
    """Save a filter under a name. `query` is the query string of the list, without its `?`.

    :raises NameTaken: the owner has a view of this name.
    :raises TooManyViews: the owner has `VIEWS_LIMIT` views.
    """
    if SavedView.objects.filter(project=project, owner=owner).count() >= VIEWS_LIMIT:
        raise TooManyViews
    view = SavedView(project=project, owner=owner, query=query, name=name, is_shared=is_shared, is_default=is_default)
    _store(view, None, owner, now)
    return view


def change_view(*, view: SavedView, name: str, is_shared: bool, is_default: bool, actor: User, now: datetime) -> None:
    """Rename a view, set whether it is shared, and set whether its owner's list opens with it.

    :raises NameTaken: the owner has another view of this name.
    :raises ViewGone: it was deleted meanwhile.
    """
    with transaction.atomic():
        before = _locked(view)
        view.name, view.is_shared, view.is_default = name, is_shared, is_default
        _store(view, before, actor, now)


def _locked(view: SavedView) -> SavedView:
    """Return the view as it is now, with its row locked."""
    current = SavedView.objects.select_for_update().filter(pk=view.pk).first()
    if current is None:
        raise ViewGone
    return current


def _store(view: SavedView, before: SavedView | None, actor: User, now: datetime) -> None:
    try:
        with transaction.atomic():
            if view.is_default:
                # At most one view is the default. The lock makes two saves of one person run one after the other.
                User.objects.select_for_update().get(pk=view.owner_id)
                others = SavedView.objects.filter(project=view.project_id, owner=view.owner_id, is_default=True)
                others.exclude(pk=view.pk).update(is_default=False)
            view.save()
            _record_change(view, before, actor, now)
    except IntegrityError:
        raise NameTaken from None


def _record_change(view: SavedView, before: SavedView | None, actor: User, now: datetime) -> None:
    was_shared = before is not None and before.is_shared
    details = {"view": view.name, "filter": view.query}
    if before is not None and before.name != view.name:
        details["formerly"] = before.name
    if view.is_shared != was_shared:
        _record(ActKind.VIEW_SHARED if view.is_shared else ActKind.VIEW_UNSHARED, view, actor, now, details)
    elif view.is_shared and "formerly" in details:
        _record(ActKind.VIEW_RENAMED, view, actor, now, details)


def delete_view(*, view: SavedView, actor: User, now: datetime) -> None:
    """Delete a view. The phones it showed stay. Deleting it twice is no error."""
    with transaction.atomic():
        try:
            current = _locked(view)
        except ViewGone:
            return
        current.delete()
        if current.is_shared:
            details = {"view": current.name, "filter": current.query}
            _record(ActKind.VIEW_DELETED, current, actor, now, details)


def _record(kind: ActKind, view: SavedView, actor: User, now: datetime, details: dict[str, str]) -> None:
    # Whose view it is, where somebody else has changed it.
    subject = view.owner if view.owner_id != actor.pk else None
    record_act(kind=kind, project=view.project, actor=actor, at=now, subject=subject, details=details)
