"""Saved views as people use them: saving the filter, opening, sharing, and what opens first."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from phones.models import Project, SavedView
from phones.services.finding.saved_views import VIEWS_LIMIT, save_view
from tests.support.pages.hostile import HOSTILE, harmless
from tests.support.pages.pages import find, has, read, texts, values_of, words
from tests.support.pages.skeletons import skeleton

ClientOf = Callable[[User], Client]
VIEWS = "/projects/aurora/views/"
LIST = "/projects/aurora/phones/"


def edit_url(view: SavedView) -> str:
    return f"{VIEWS}{view.pk}/"


@pytest.fixture
def shared_view(aurora: Project, lead: User) -> SavedView:
    """A view that a lead shares."""
    return save_view(
        project=aurora, owner=lead, name="Assigned", query="status=assigned", now=timezone.now(), is_shared=True
    )


@pytest.fixture
def own_view(aurora: Project, viewer: User) -> SavedView:
    """A view that somebody who may only look keeps for themselves."""
    return save_view(project=aurora, owner=viewer, name="Released", query="status=released", now=timezone.now())


def test_filter_is_saved_under_a_name_and_opens_again(client_of: ClientOf, viewer: User) -> None:
    client = client_of(viewer)
    tools = read(client.get(f"{LIST}?status=assigned&q=citas&after=x&nonsense=1"))
    (url,) = tools.xpath("//*[@id='saved-views']/a/@href")
    form = read(client.get(url)).xpath("//main//form")[0]

    answer = client.post(form.get("action"), values_of(form) | {"name": "  Mis   citas "})

    view = SavedView.objects.get()
    assert (view.name, view.owner, view.is_shared, view.is_default) == ("Mis citas", viewer, False, False)
    assert view.query == "q=citas&status=assigned"
    assert answer["Location"] == f"{LIST}?q=citas&status=assigned"


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("", ""),
        ("status=assigned&selection=5&before=x&change=7&name=y", "status=assigned"),
        ("q=%22%3E%3Cscript%3E&evil=//x", "q=%22%3E%3Cscript%3E"),
        ("status=assigned&status=released", "status=released"),
    ],
)
def test_only_filters_are_kept(client_of: ClientOf, viewer: User, query: str, kept: str) -> None:
    client_of(viewer).post(f"{VIEWS}?{query}", {"name": "One"})

    assert SavedView.objects.get().query == kept


def test_menu_of_the_list_holds_the_views(client_of: ClientOf, viewer: User, shared_view: SavedView) -> None:
    client = client_of(viewer)
    headers = {"HX-Request": "true", "HX-Target": "saved-views"}

    menu = read(client.get(VIEWS, headers=headers))

    assert (menu.tag, menu.get("id")) == ("ul", "saved-views")
    assert menu.xpath(".//a/@href") == [f"{LIST}?status=assigned", LIST, VIEWS]
    filtered = read(client.get(f"{VIEWS}?q=a", headers=headers))
    assert texts(filtered, ".//a")[-1] == "Save this filter"


def test_name_is_wanted_once(client_of: ClientOf, viewer: User, own_view: SavedView) -> None:
    client = client_of(viewer)

    for name, said in (("", "This field is required."), ("Released", "You have a view of this name already.")):
        response = client.post(f"{VIEWS}?q=a", {"name": name})
        tree = read(response)
        assert (response.status_code, words(find(tree, "id_name_error"))) == (422, said)
        assert find(tree, "id_name").get("value") in {name, None}
    assert SavedView.objects.count() == 1


def test_too_many_views_are_refused_in_words(client_of: ClientOf, viewer: User, aurora: Project) -> None:
    SavedView.objects.bulk_create(SavedView(project=aurora, owner=viewer, name=str(at)) for at in range(VIEWS_LIMIT))

    response = client_of(viewer).post(VIEWS, {"name": "one more"})

    assert (response.status_code, texts(read(response), "//main//*[@role='alert']/strong")) == (
        422,
        ["You have 50 views; delete one first."],
    )


@pytest.mark.parametrize("role", ["viewer", "router"])
def test_who_may_not_share_can_not(client_of: ClientOf, request: pytest.FixtureRequest, role: str) -> None:
    client = client_of(request.getfixturevalue(role))

    client.post(VIEWS, {"name": "Mine", "is_shared": "on"})

    assert not has(read(client.get(VIEWS)), "id_is_shared")
    assert not SavedView.objects.get().is_shared


@pytest.mark.parametrize("role", ["viewer", "router"])
def test_shared_view_is_for_all_and_changed_by_few(
    client_of: ClientOf, request: pytest.FixtureRequest, shared_view: SavedView, role: str
) -> None:
    client = client_of(request.getfixturevalue(role))
    tree = read(client.get(VIEWS))

    assert texts(tree, "//main//tbody//a") == ["Assigned"]
    for answer in (client.get(edit_url(shared_view)), client.post(edit_url(shared_view), {"delete": "yes"})):
        assert answer.status_code == 403
    assert SavedView.objects.filter(pk=shared_view.pk).exists()


def test_administrator_renames_and_deletes_a_shared_view(
    client_of: ClientOf, admin: User, shared_view: SavedView
) -> None:
    client = client_of(admin)
    shared_view.is_default = True
    shared_view.save()
    form = read(client.get(edit_url(shared_view))).xpath("//main//form")[0]

    # Whether it opens first is the owner's own affair.
    assert set(values_of(form)) == {"csrfmiddlewaretoken", "name", "is_shared"}
    client.post(edit_url(shared_view), values_of(form) | {"name": "Asignados"})
    shared_view.refresh_from_db()
    assert (shared_view.name, shared_view.is_shared, shared_view.is_default) == ("Asignados", True, True)
    client.post(edit_url(shared_view), {"delete": "yes"})
    assert not SavedView.objects.exists()


def test_personal_view_of_somebody_else_is_not_there(client_of: ClientOf, admin: User, own_view: SavedView) -> None:
    client = client_of(admin)

    assert texts(read(client.get(VIEWS)), "//main//tbody//a") == []
    assert client.get(edit_url(own_view)).status_code == 404
    assert client.post(edit_url(own_view), {"delete": "yes"}).status_code == 404


def test_owner_renames_and_deletes(client_of: ClientOf, viewer: User, own_view: SavedView) -> None:
    client = client_of(viewer)
    save_view(project=own_view.project, owner=viewer, name="Other", query="", now=timezone.now())

    taken = client.post(edit_url(own_view), {"name": "Other"})
    client.post(edit_url(own_view), {"name": "Mine"})

    assert (taken.status_code, words(find(read(taken), "id_name_error"))) == (
        422,
        "Another view has this name already.",
    )
    own_view.refresh_from_db()
    assert own_view.name == "Mine"
    assert client.post(edit_url(own_view), {"delete": "yes"})["Location"] == VIEWS
    assert [view.name for view in SavedView.objects.all()] == ["Other"]


def test_default_view_opens_from_the_menu_and_traps_nobody(
    client_of: ClientOf, viewer: User, lead: User, own_view: SavedView
) -> None:
    client = client_of(viewer)
    client.post(edit_url(own_view), {"name": "Released", "is_default": "on"})

    for start in ("/projects/aurora/agents/", LIST):
        (link,) = read(client.get(start)).xpath("//aside//nav//a[contains(@href, '/phones/')]/@href")
        assert link == f"{LIST}?status=released"
    assert client.get("/")["Location"] == f"{LIST}?status=released"
    (everything,) = read(client.get(f"{LIST}?status=released")).xpath("//a[.='Clear all']/@href")
    assert len(read(client.get(everything)).xpath("//tr[contains(@id, 'phone-')]")) == 40
    assert client_of(lead).get("/")["Location"] == LIST


def test_superuser_has_a_default_view_too(client_of: ClientOf, superuser: User, aurora: Project) -> None:
    save_view(
        project=aurora, owner=superuser, name="Mine", query="status=assigned", now=timezone.now(), is_default=True
    )

    assert client_of(superuser).get("/")["Location"] == f"{LIST}?status=assigned"


def test_names_of_views_stay_text(client_of: ClientOf, lead: User, aurora: Project) -> None:
    client = client_of(lead)
    view = save_view(project=aurora, owner=lead, name="x", query="", now=timezone.now(), is_shared=True)
    headers = {"HX-Request": "true", "HX-Target": "saved-views"}

    for hostile in HOSTILE:
        shapes = []
        for name in (harmless(hostile), hostile):
            SavedView.objects.filter(pk=view.pk).update(name=name[:60])
            User.objects.filter(pk=lead.pk).update(first_name=name[:150])
            answers = [client.get(VIEWS), client.get(VIEWS, headers=headers), client.get(edit_url(view))]
            shapes.append([skeleton(answer) for answer in answers])
        assert shapes[0] == shapes[1], hostile
