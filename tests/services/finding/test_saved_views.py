"""Saved views: whose they are, what their names may be, and which one opens first."""

import pytest
from django.contrib.auth.models import User

from phones.models import Project, SavedView
from phones.services.finding.saved_views import (
    VIEWS_LIMIT,
    NameTaken,
    TooManyViews,
    change_view,
    delete_view,
    save_view,
    views_for,
)
from tests.fixtures.desk import make_user


@pytest.fixture
def north(db: None) -> Project:
    """A project without views."""
    return Project.objects.create(name="North", slug="north")


@pytest.fixture
def lead(db: None) -> User:
    """A person who saves views."""
    return make_user("lead")


@pytest.fixture
def router(db: None) -> User:
    """Another person."""
    return make_user("router")


def names(project: Project, person: User) -> list[str]:
    return [view.name for view in views_for(project=project, person=person)]


def test_person_sees_their_own_and_the_shared_views_by_name(north: Project, lead: User, router: User) -> None:
    south = Project.objects.create(name="South", slug="south")
    save_view(project=north, owner=lead, name="Shared", query="status=assigned", is_shared=True)
    save_view(project=north, owner=lead, name="Mine", query="")
    save_view(project=north, owner=router, name="Theirs", query="")
    save_view(project=south, owner=lead, name="Elsewhere", query="", is_shared=True)

    assert names(north, lead) == ["Mine", "Shared"]
    assert names(north, router) == ["Shared", "Theirs"]


def test_name_is_taken_once_a_person_and_project(north: Project, lead: User, router: User) -> None:
    view = save_view(project=north, owner=lead, name="Mine", query="")
    other = save_view(project=north, owner=lead, name="Other", query="")
    save_view(project=north, owner=router, name="Mine", query="")

    with pytest.raises(NameTaken):
        save_view(project=north, owner=lead, name="Mine", query="q=1", is_default=True)
    with pytest.raises(NameTaken):
        change_view(view=other, name="Mine", is_shared=False, is_default=False)

    view.refresh_from_db()
    assert (view.query, view.is_default, names(north, lead)) == ("", False, ["Mine", "Other"])


def test_one_view_opens_first(north: Project, lead: User, router: User) -> None:
    first = save_view(project=north, owner=lead, name="First", query="", is_default=True)
    others = save_view(project=north, owner=router, name="First", query="", is_default=True)
    second = save_view(project=north, owner=lead, name="Second", query="", is_default=True)

    assert _defaults() == {second.pk, others.pk}
    change_view(view=first, name="First", is_shared=False, is_default=True)
    assert _defaults() == {first.pk, others.pk}
    change_view(view=first, name="First", is_shared=False, is_default=False)
    assert _defaults() == {others.pk}


def _defaults() -> set[int]:
    return set(SavedView.objects.filter(is_default=True).values_list("pk", flat=True))


def test_refused_name_leaves_the_old_default(north: Project, lead: User) -> None:
    first = save_view(project=north, owner=lead, name="First", query="", is_default=True)

    with pytest.raises(NameTaken):
        save_view(project=north, owner=lead, name="First", query="", is_default=True)

    assert _defaults() == {first.pk}


def test_number_of_views_is_limited(north: Project, lead: User, router: User) -> None:
    for index in range(VIEWS_LIMIT):
        save_view(project=north, owner=lead, name=str(index), query="")

    with pytest.raises(TooManyViews):
        save_view(project=north, owner=lead, name="one more", query="")
    save_view(project=north, owner=router, name="of another", query="")


def test_deleted_view_is_gone(north: Project, lead: User) -> None:
    delete_view(view=save_view(project=north, owner=lead, name="Mine", query=""))

    assert names(north, lead) == []
