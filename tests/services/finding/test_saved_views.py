"""Saved views: whose they are, what their names may be, and which one opens first."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from phones.models import Act, Project, SavedView
from phones.services.finding.saved_views import (
    VIEWS_LIMIT,
    NameTaken,
    TooManyViews,
    ViewGone,
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
    save_view(project=north, owner=lead, name="Shared", query="status=assigned", now=timezone.now(), is_shared=True)
    save_view(project=north, owner=lead, name="Mine", query="", now=timezone.now())
    save_view(project=north, owner=router, name="Theirs", query="", now=timezone.now())
    save_view(project=south, owner=lead, name="Elsewhere", query="", now=timezone.now(), is_shared=True)

    assert names(north, lead) == ["Mine", "Shared"]
    assert names(north, router) == ["Shared", "Theirs"]


def test_name_is_taken_once_a_person_and_project(north: Project, lead: User, router: User) -> None:
    view = save_view(project=north, owner=lead, name="Mine", query="", now=timezone.now())
    other = save_view(project=north, owner=lead, name="Other", query="", now=timezone.now())
    save_view(project=north, owner=router, name="Mine", query="", now=timezone.now())

    with pytest.raises(NameTaken):
        save_view(project=north, owner=lead, name="Mine", query="q=1", now=timezone.now(), is_default=True)
    with pytest.raises(NameTaken):
        change_view(view=other, name="Mine", is_shared=False, is_default=False, actor=lead, now=timezone.now())

    view.refresh_from_db()
    assert (view.query, view.is_default, names(north, lead)) == ("", False, ["Mine", "Other"])


def test_one_view_opens_first(north: Project, lead: User, router: User) -> None:
    first = save_view(project=north, owner=lead, name="First", query="", now=timezone.now(), is_default=True)
    others = save_view(project=north, owner=router, name="First", query="", now=timezone.now(), is_default=True)
    second = save_view(project=north, owner=lead, name="Second", query="", now=timezone.now(), is_default=True)

    assert _defaults() == {second.pk, others.pk}
    change_view(view=first, name="First", is_shared=False, is_default=True, actor=lead, now=timezone.now())
    assert _defaults() == {first.pk, others.pk}
    change_view(view=first, name="First", is_shared=False, is_default=False, actor=lead, now=timezone.now())
    assert _defaults() == {others.pk}


def _defaults() -> set[int]:
    return set(SavedView.objects.filter(is_default=True).values_list("pk", flat=True))


def test_refused_name_leaves_the_old_default(north: Project, lead: User) -> None:
    first = save_view(project=north, owner=lead, name="First", query="", now=timezone.now(), is_default=True)

    with pytest.raises(NameTaken):
        save_view(project=north, owner=lead, name="First", query="", now=timezone.now(), is_default=True)

    assert _defaults() == {first.pk}


def test_number_of_views_is_limited(north: Project, lead: User, router: User) -> None:
    for index in range(VIEWS_LIMIT):
        save_view(project=north, owner=lead, name=str(index), query="", now=timezone.now())

    with pytest.raises(TooManyViews):
        save_view(project=north, owner=lead, name="one more", query="", now=timezone.now())
    save_view(project=north, owner=router, name="of another", query="", now=timezone.now())


def test_deleted_view_is_gone(north: Project, lead: User) -> None:
    view = save_view(project=north, owner=lead, name="Mine", query="", now=timezone.now())
    delete_view(view=view, actor=lead, now=timezone.now())

    assert names(north, lead) == []


def test_what_changes_a_shared_view_is_an_act(north: Project, lead: User, router: User) -> None:
    now = timezone.now()
    view = save_view(project=north, owner=lead, name="Assigned", query="status=assigned", now=now)
    change_view(view=view, name="Ours", is_shared=False, is_default=True, actor=lead, now=now)
    assert Act.objects.count() == 0

    change_view(view=view, name="Shared", is_shared=True, is_default=False, actor=lead, now=now)
    change_view(view=view, name="Renamed", is_shared=True, is_default=False, actor=router, now=now)
    change_view(view=view, name="Renamed", is_shared=True, is_default=True, actor=lead, now=now)
    change_view(view=view, name="Renamed", is_shared=False, is_default=True, actor=lead, now=now)
    other = save_view(project=north, owner=router, name="Mine", query="q=1", now=now, is_shared=True)
    delete_view(view=other, actor=lead, now=now)
    delete_view(view=other, actor=lead, now=now)
    delete_view(view=view, actor=lead, now=now)

    view_filter = {"filter": "status=assigned"}
    assert [(act.kind, act.actor, act.subject, act.details) for act in Act.objects.order_by("pk")] == [
        ("VIEW_SHARED", lead, None, view_filter | {"view": "Shared", "formerly": "Ours"}),
        ("VIEW_RENAMED", router, lead, view_filter | {"view": "Renamed", "formerly": "Shared"}),
        ("VIEW_UNSHARED", lead, None, view_filter | {"view": "Renamed"}),
        ("VIEW_SHARED", router, None, {"view": "Mine", "filter": "q=1"}),
        ("VIEW_DELETED", lead, router, {"view": "Mine", "filter": "q=1"}),
    ]


def test_deleted_view_does_not_come_back_by_a_change(north: Project, lead: User) -> None:
    view = save_view(project=north, owner=lead, name="Mine", query="", now=timezone.now(), is_shared=True)
    delete_view(view=SavedView.objects.get(pk=view.pk), actor=lead, now=timezone.now())

    with pytest.raises(ViewGone):
        change_view(view=view, name="Back", is_shared=True, is_default=False, actor=lead, now=timezone.now())

    assert names(north, lead) == []
