"""The first steps on the overview: facts of the database, for administrators, until all are done or they are hidden."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from phones.models import Invitation, Membership, Preference, Project, Role, SavedView
from tests.fixtures.desk import make_user
from tests.support.pages.pages import read, texts

SignIn = Callable[[User], Client]
OVERVIEW = "/projects/aurora/"
STEPS = "//section[@aria-labelledby='first-steps-title']"


@pytest.fixture
def client(client_of: SignIn, admin: User, aurora: Project) -> Client:
    """The browser of the only member, an administrator of a project whose first sync is complete."""
    Membership.objects.exclude(user=admin).delete()
    return client_of(admin)


def done(client: Client) -> list[bool]:
    """Return which of the first steps the overview says are done; none if it shows no steps."""
    page = read(client.get(OVERVIEW))
    marks = [text.startswith("Done:") for text in texts(page, f"{STEPS}//li/span[@class='hint']")]
    assert texts(page, f"{STEPS}/header/span") == ([f"{sum(marks)} of 3 done"] if marks else [])
    return marks


def test_each_step_is_done_when_the_database_has_it(client: Client, admin: User, aurora: Project) -> None:
    synced = done(client)
    Project.objects.update(synced_at=None)
    nothing = done(client)
    SavedView.objects.create(project=aurora, owner=admin, name="Mine")

    assert (nothing, synced) == ([False] * 3, [True, False, False])
    assert done(client) == [False, False, True]


def test_steps_lead_to_where_they_are_done(client: Client) -> None:
    Project.objects.update(synced_at=None)

    links = read(client.get(OVERVIEW)).xpath(f"{STEPS}//li/a/@href")

    assert links == [f"{OVERVIEW}settings/", f"{OVERVIEW}settings/people/", f"{OVERVIEW}views/"]
    assert [client.get(url).status_code for url in links] == [200, 200, 200]


def test_invitation_counts_until_it_is_over(client: Client, aurora: Project) -> None:
    now = timezone.now()
    times = {"created_at": now, "expires_at": now + timedelta(days=1)}
    Invitation.objects.create(project=aurora, username="marta", username_key="marta", role=Role.VIEWER, **times)
    waiting = done(client)
    Invitation.objects.update(expires_at=now - timedelta(days=1))

    assert (waiting, done(client)) == ([True, True, False], [True, False, False])


def test_steps_go_when_all_are_done(client: Client, aurora: Project) -> None:
    lead = make_user("marta")
    view = SavedView.objects.create(project=aurora, owner=lead, name="Of somebody else")
    Membership.objects.create(project=aurora, user=lead, role=Role.LEAD)
    with_people = done(client)
    SavedView.objects.filter(pk=view.pk).update(is_shared=True)

    assert (with_people, done(client)) == ([True, True, False], [])


def test_hidden_steps_stay_hidden_for_that_person_alone(client: Client, client_of: SignIn, admin: User) -> None:
    Preference.objects.create(user=admin, has_shortcuts=False)
    hide = read(client.get(OVERVIEW)).xpath(f"{STEPS}//form/@action")[0]

    answer = client.post(hide, follow=True)

    assert answer.redirect_chain == [(OVERVIEW, 302)]
    assert done(client) == []
    assert Preference.objects.get(user=admin).has_shortcuts is False
    assert done(client_of(make_user("root", is_superuser=True))) == [True, True, False]


def test_only_administrators_see_them(client_of: SignIn, lead: User) -> None:
    assert done(client_of(lead)) == []


def test_they_are_in_spanish_too(client: Client) -> None:
    page = read(client.get(OVERVIEW, headers={"Accept-Language": "es"}))

    assert texts(page, f"{STEPS}//h2") == ["Primeros pasos"]
    assert texts(page, f"{STEPS}//li[2]/a") == ["Invita a quienes trabajan aquí"]
