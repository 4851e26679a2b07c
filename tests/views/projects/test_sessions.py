"""Where people are signed in: one's own sessions, those of members, those of everybody; each can be ended."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from phones.models import Act, Membership, Project, Session
from tests.fixtures.desk import make_user
from tests.support.pages.pages import FOR_TABLE, read, sign_in, texts, words

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
FIREFOX = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0"
ITEMS = "//main//ul[@class='line-list']/li"


def _browser(person: User, user_agent: str = CHROME, address: str = "192.0.2.7") -> Client:
    return sign_in(Client(HTTP_USER_AGENT=user_agent, REMOTE_ADDR=address), person)


def _listed(client: Client, path: str) -> list[str]:
    return texts(read(client.get(path)), f"{ITEMS}//strong")


def _handles(client: Client, path: str) -> list[str]:
    return [str(handle) for handle in read(client.get(path)).xpath(f"{ITEMS}//button/@value")]


def _is_in(client: Client, path: str = "/account/") -> bool:
    return client.get(path).status_code == 200


def _sessions_of(person: User, project: Project) -> str:
    membership = Membership.objects.get(project=project, user=person)
    return f"/projects/{project.slug}/settings/people/{membership.pk}/sessions/"


def test_own_sessions_are_listed_this_one_first(viewer: User) -> None:
    here = _browser(viewer, FIREFOX, "2001:db8::9")
    _browser(viewer)

    items = texts(read(here.get("/account/")), ITEMS)

    signed_in = Session.objects.order_by("seen_at")[0].sign_in.at
    assert signed_in is not None
    assert [words.split(" · signed in ")[0] for words in items] == [
        "Firefox on macOS this device 2001:db8::9",
        "Chrome on Windows 192.0.2.7",
    ]
    assert [item.split(" · ")[-1] for item in items] == [
        "last seen just now",
        "last seen just now End: Chrome on Windows, 192.0.2.7",
    ]
    assert re.search(r" · signed in \d\d:\d\d · ", items[0])


def test_idle_and_expired_sessions_are_not_listed(viewer: User) -> None:
    here, idle, expired = _browser(viewer), _browser(viewer), _browser(viewer)
    keys = [client.cookies["session"].value for client in (idle, expired)]
    Session.objects.filter(pk=keys[0]).update(seen_at=timezone.now() - timedelta(minutes=30))
    Session.objects.filter(pk=keys[1]).update(expire_date=timezone.now())

    assert _listed(here, "/account/") == ["Chrome on Windows"]


def test_one_of_the_own_sessions_is_ended_also_for_what_a_page_asks_by_itself(viewer: User) -> None:
    here, lost = _browser(viewer), _browser(viewer)
    (handle,) = _handles(here, "/account/")

    response = here.post("/account/sessions/", {"end": handle}, follow=True)

    assert response.redirect_chain == [("/account/", 302)]
    assert "A session of Viewer Ruiz is ended." in words(read(response))
    polled = lost.get("/projects/aurora/phones/", headers=FOR_TABLE | {"X-Poll": "true"})
    assert (polled["HX-Redirect"], polled.content) == ("/account/login/?next=/", b"")
    assert (_is_in(here), _is_in(lost)) == (True, False)


def test_all_own_sessions_but_this_one_are_ended(viewer: User, lead: User) -> None:
    here, lost, foreign = _browser(viewer), _browser(viewer), _browser(lead)

    response = here.post("/account/sessions/", {"others": "yes"}, follow=True)

    assert "Your other sessions are ended." in words(read(response))
    assert [_is_in(client) for client in (here, lost, foreign)] == [True, False, True]


def test_session_of_somebody_else_can_not_be_ended_by_its_handle(viewer: User, lead: User) -> None:
    own, foreign = _browser(viewer), _browser(lead)
    handle = Session.objects.get(user=lead).handle

    response = own.post("/account/sessions/", {"end": handle}, follow=True)

    assert "This session was over already." in words(read(response))
    assert _is_in(foreign)


def test_no_page_has_the_key_of_a_session(viewer: User, admin: User, superuser: User, aurora: Project) -> None:
    own, chief, root = _browser(viewer), _browser(admin), _browser(superuser)

    pages = [
        client.get(path).content.decode()
        for client, path in ((own, "/account/"), (chief, _sessions_of(viewer, aurora)), (root, "/sessions/"))
    ]

    assert [session.pk for session in Session.objects.all() for page in pages if session.pk in page] == []
    assert [session.handle in pages[2] for session in Session.objects.exclude(user=superuser)] == [True, True]


def test_administrator_ends_a_session_of_a_member(admin: User, viewer: User, aurora: Project) -> None:
    client, lost, kept = _browser(admin), _browser(viewer, FIREFOX), _browser(viewer)
    path = _sessions_of(viewer, aurora)
    assert f'href="{path}"' in client.get("/projects/aurora/settings/people/").content.decode()
    assert _listed(client, path) == ["Chrome on Windows", "Firefox on macOS"]

    response = client.post(path, {"end": _handles(client, path)[1]}, follow=True)

    assert response.redirect_chain == [(path, 302)]
    assert (_is_in(lost), _is_in(kept)) == (False, True)


def test_administrator_ends_all_sessions_of_a_member(admin: User, viewer: User, aurora: Project) -> None:
    client, browsers = _browser(admin), [_browser(viewer), _browser(viewer)]
    path = _sessions_of(viewer, aurora)

    response = client.post(path, {"all": "yes"}, follow=True)

    assert "All sessions of Viewer Ruiz are ended." in words(read(response))
    assert "This person is not signed in anywhere." in words(read(response))
    assert [_is_in(browser) for browser in browsers] == [False, False]


def test_administrator_ends_no_session_of_a_member_of_another_project(
    admin: User, aurora: Project, talleres: Project
) -> None:
    other = make_user("other")
    membership = Membership.objects.create(project=talleres, user=other)
    kept = _browser(other)

    response = _browser(admin).post(f"/projects/aurora/settings/people/{membership.pk}/sessions/", {"all": "yes"})

    assert (response.status_code, _is_in(kept)) == (404, True)


def test_superuser_ends_a_session_of_anybody(superuser: User, stranger: User) -> None:
    client, lost = _browser(superuser), _browser(stranger, FIREFOX)
    assert _listed(client, "/sessions/") == [
        "Superuser Ruiz (superuser) · Chrome on Windows",
        "Stranger Ruiz (stranger) · Firefox on macOS",
    ]

    client.post("/sessions/", {"end": _handles(client, "/sessions/")[0]})

    assert (_is_in(client, "/sessions/"), _is_in(lost)) == (True, False)


def test_only_superusers_see_the_sessions_of_everybody(admin: User, superuser: User) -> None:
    lost = _browser(superuser)
    handle = Session.objects.get(user=superuser).handle
    client = _browser(admin)

    assert client.get("/sessions/").status_code == 403
    assert client.post("/sessions/", {"end": handle}).status_code == 403
    assert _is_in(lost)
    assert 'href="/sessions/"' not in client.get("/account/").content.decode()
    assert 'href="/sessions/"' in lost.get("/account/").content.decode()


def test_ended_sessions_are_written_down(admin: User, viewer: User, aurora: Project) -> None:
    client, path = _browser(admin), _sessions_of(viewer, aurora)
    for _number in range(3):
        _browser(viewer)
    client.post(path, {"end": _handles(client, path)[0]})
    client.post(path, {"all": "yes"})
    client.post(path, {"all": "yes"})
    client.post("/account/sessions/", {"others": "yes"})

    acts = Act.objects.filter(kind="SESSION_ENDED").order_by("pk")
    assert [(act.project, act.actor, act.subject, act.details) for act in acts] == [
        (aurora, admin, viewer, {"count": 1}),
        (aurora, admin, viewer, {"count": 2}),
    ]


def test_ending_ones_own_session_is_an_act_of_the_site(viewer: User) -> None:
    here, _other = _browser(viewer), _browser(viewer)

    here.post("/account/sessions/", {"others": "yes"})

    act = Act.objects.get(kind="SESSION_ENDED")
    assert (act.project, act.actor, act.subject) == (None, viewer, viewer)


def test_two_of_one_name_are_told_apart(admin: User, viewer: User, superuser: User, aurora: Project) -> None:
    twin = make_user("twin")
    User.objects.filter(pk=twin.pk).update(first_name=viewer.first_name, last_name=viewer.last_name)
    _browser(viewer)
    path = _sessions_of(viewer, aurora)

    response = _browser(admin).post(path, {"all": "yes"}, follow=True)

    assert "All sessions of Viewer Ruiz (viewer) are ended." in words(read(response))
    assert "Sessions of Viewer Ruiz (viewer)" in words(read(response))
