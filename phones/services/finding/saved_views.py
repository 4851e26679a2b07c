"""Saved views: named filters of the list, private or shared with the project."""

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from phones.models import Project, SavedView

VIEWS_LIMIT = 50


class NameTaken(Exception):
    """The owner has another view of this name in the project."""


class TooManyViews(Exception):
    """The person has `VIEWS_LIMIT` views in the project."""


def views_for(*, project: Project, person: User) -> QuerySet[SavedView]:
    """Return the views that the person may use: their own and the shared ones, by name, with their owners."""
    usable = SavedView.objects.filter(Q(owner=person) | Q(is_shared=True), project=project)
    return usable.select_related("owner").order_by("name", "pk")


def save_view(
    *, project: Project, owner: User, name: str, query: str, is_shared: bool = False, is_default: bool = False
) -> SavedView:
    """Save a filter under a name. `query` is the query string of the list, without its `?`.

    :raises NameTaken: the owner has a view of this name.
    :raises TooManyViews: the owner has `VIEWS_LIMIT` views.
    """
    if SavedView.objects.filter(project=project, owner=owner).count() >= VIEWS_LIMIT:
        raise TooManyViews
    view = SavedView(project=project, owner=owner, query=query)
    _store(view, name, is_shared, is_default)
    return view


def change_view(*, view: SavedView, name: str, is_shared: bool, is_default: bool) -> None:
    """Rename a view, set whether it is shared, and set whether its owner's list opens with it.

    :raises NameTaken: the owner has another view of this name.
    """
    _store(view, name, is_shared, is_default)


def _store(view: SavedView, name: str, is_shared: bool, is_default: bool) -> None:
    view.name, view.is_shared, view.is_default = name, is_shared, is_default
    try:
        with transaction.atomic():
            if is_default:
                # At most one view is the default. The lock makes two saves of one person run one after the other.
                User.objects.select_for_update().get(pk=view.owner_id)
                others = SavedView.objects.filter(project=view.project_id, owner=view.owner_id, is_default=True)
                others.exclude(pk=view.pk).update(is_default=False)
            view.save()
    except IntegrityError:
        raise NameTaken from None


def delete_view(*, view: SavedView) -> None:
    """Delete a view. The phones it showed stay."""
    view.delete()
