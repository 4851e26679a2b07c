"""Sessions: their limits, the rotation of their key, and what ends them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import DatabaseError
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from phones.models import Session
from phones.tasks import delete_old
from tests.fixtures.desk import PASSWORD
from tests.support.pages.pages import sign_in

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
POLL = {"HX-Request": "true", "X-Poll": "true"}


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """A clock that stands still at noon until it is moved."""
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def _is_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def _key(client: Client) -> str:
    return client.cookies["session"].value


def test_session_ends_after_half_an_hour_without_a_request(
    clock: time_machine.Traveller, client_of: ClientOf, stranger: User
) -> None:
    client = client_of(stranger)
    clock.shift(timedelta(minutes=29))
    assert _is_in(client)

    clock.shift(timedelta(minutes=29))
    assert _is_in(client)
    clock.shift(timedelta(minutes=30))

    assert not _is_in(client)


def test_idle_limit_is_a_setting(
    clock: time_machine.Traveller, client_of: ClientOf, stranger: User, settings: Settings
) -> None:
    settings.SESSION_IDLE_MINUTES = 5
    client = client_of(stranger)

    clock.shift(timedelta(minutes=6))

    assert not _is_in(client)


def test_polls_keep_no_session_alive(clock: time_machine.Traveller, client_of: ClientOf, stranger: User) -> None:
    client = client_of(stranger)
    for _minute in range(29):
        clock.shift(timedelta(minutes=1))
        assert client.get("/account/", headers=POLL).status_code == 200

    clock.shift(timedelta(minutes=1))

    assert client.get("/account/", headers=POLL)["HX-Redirect"] == "/account/login/?next=/"


def test_session_ends_twelve_hours_after_the_sign_in_whatever_happens(
    clock: time_machine.Traveller, client: Client, stranger: User
) -> None:
    sign_in(client, stranger)
    for _step in range(35):
        clock.shift(timedelta(minutes=20))
        assert _is_in(client)
        # Saves the session, after which Django by itself would count from now.
        client.post("/account/reauthenticate/", {"password": PASSWORD})

    clock.shift(timedelta(minutes=20))

    assert not _is_in(client)


def test_last_request_is_recorded_once_a_minute(
    clock: time_machine.Traveller, client_of: ClientOf, stranger: User
) -> None:
    client = client_of(stranger)
    seen = []
    for seconds in (59, 1, 59):
        clock.shift(seconds)
        client.get("/account/")
        seen.append(Session.objects.get().seen_at)

    assert seen == [NOON, NOON + timedelta(minutes=1), NOON + timedelta(minutes=1)]


def test_page_is_shown_though_the_last_request_can_not_be_recorded(
    clock: time_machine.Traveller, client_of: ClientOf, stranger: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_kwargs: object) -> int:
        raise DatabaseError("database or disk is full")

    client = client_of(stranger)
    clock.shift(timedelta(minutes=2))
    monkeypatch.setattr(QuerySet, "update", fail)

    assert _is_in(client)


def test_saving_a_session_leaves_the_last_request_alone(stranger: User, client_of: ClientOf) -> None:
    client = client_of(stranger)
    session = client.session
    assert session["_auth_user_id"] == str(stranger.pk)
    Session.objects.update(seen_at=NOON)

    session["more"] = 1
    session.save()

    assert Session.objects.get().seen_at == NOON


def test_sign_in_gives_the_session_a_new_key(client: Client, stranger: User) -> None:
    session = client.session
    session["before"] = True
    session.save()
    fixed = str(session.session_key)
    client.cookies["session"] = fixed

    sign_in(client, stranger)

    assert (_key(client) == fixed, client.session["before"]) == (False, True)
    assert not Session.objects.filter(pk=fixed).exists()


def test_confirming_who_one_is_gives_the_session_a_new_key(client: Client, stranger: User) -> None:
    sign_in(client, stranger)
    before, signed_in = _key(client), client.session["signed_in"]

    response = client.post("/account/reauthenticate/", {"password": PASSWORD, "next": "/account/"})

    assert response["Location"] == "/account/"
    assert (_key(client) == before, client.session["signed_in"]) == (False, signed_in)
    assert list(Session.objects.values_list("pk", "user")) == [(_key(client), stranger.pk)]


def test_wrong_confirmation_leaves_the_key(client: Client, stranger: User) -> None:
    sign_in(client, stranger)
    before = _key(client)

    client.post("/account/reauthenticate/", {"password": "not the password"})

    assert _key(client) == before


def test_session_knows_where_the_person_signed_in(client: Client, stranger: User) -> None:
    client.defaults["HTTP_USER_AGENT"] = "Browser/1 " + "x" * 400
    before = timezone.now().timestamp()

    sign_in(client, stranger)

    noted = client.session["signed_in"]
    assert before <= noted["at"] <= timezone.now().timestamp()
    assert (noted["address"], len(noted["agent"])) == ("127.0.0.1", 300)
    assert Session.objects.get().user == stranger


def test_signing_out_clears_what_the_browser_keeps_but_not_its_cookies(client: Client, stranger: User) -> None:
    client.post("/account/language/", {"language": "es"})
    sign_in(client, stranger)
    assert "Clear-Site-Data" not in client.get("/account/logout/").headers

    response = client.post("/account/logout/")

    assert response["Clear-Site-Data"] == '"cache", "storage"'
    assert (client.cookies["language"].value, bool(client.cookies["device"].value)) == ("es", True)
    assert not Session.objects.filter(user=stranger).exists()


def test_new_password_ends_the_other_sessions(client: Client, client_of: ClientOf, stranger: User) -> None:
    other = client_of(stranger)
    sign_in(client, stranger)
    new = "another good password"

    client.post("/account/password/", {"oldpassword": PASSWORD, "password1": new, "password2": new})

    assert (_is_in(client), _is_in(other)) == (True, False)
    assert [session.pk for session in Session.objects.filter(user=stranger)] == [_key(client)]


def test_sessions_of_an_account_that_is_switched_off_do_not_come_back(client_of: ClientOf, stranger: User) -> None:
    client = client_of(stranger)
    stranger.is_active = False
    stranger.save()
    assert not _is_in(client)

    stranger.is_active = True
    stranger.save()

    assert not _is_in(client)


@pytest.mark.parametrize("clear", [delete_old.call_local, lambda: call_command("clearsessions")])
def test_sessions_that_are_over_are_deleted(
    client_of: ClientOf, stranger: User, superuser: User, clear: Callable[[], None]
) -> None:
    idle, expired, alive = (client_of(stranger) for _session in range(3))
    off = client_of(superuser)
    User.objects.filter(pk=superuser.pk).update(is_active=False)
    Session.objects.filter(pk=_key(idle)).update(seen_at=timezone.now() - timedelta(minutes=31))
    Session.objects.filter(pk=_key(expired)).update(expire_date=timezone.now())
    assert Session.objects.filter(pk=_key(off)).exists()

    clear()

    assert [session.pk for session in Session.objects.all()] == [_key(alive)]
