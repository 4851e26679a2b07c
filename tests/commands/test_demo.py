"""`demo`: people of every role in two synced projects; twice is the same as once; never in front of the real Diga."""

import io
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from phones.diga.sandbox import Sandbox
from phones.management.commands.demo import PASSWORD
from phones.management.demo_history import WEEKS
from phones.models import Change, Membership, Outcome, Phone, Plan, PlanState, Project, Role, Source
from phones.services.audit.chain.verification import verify_log


def run_demo() -> str:
    """Call the command, and return what it said."""
    out = io.StringIO()
    call_command("demo", stdout=out)
    return out.getvalue()


def picture() -> dict[str, object]:
    """What a second call must leave as it is."""
    return {
        "people": list(User.objects.order_by("pk").values_list("username", "password", "is_superuser")),
        "roles": sorted(Membership.objects.values_list("project__name", "user__username", "role")),
        "phones": dict(Project.objects.values_list("name", "phone_count")),
    }


@pytest.fixture
def site(live_server: LiveServer, diga_url: str, settings: Settings) -> str:
    """The running site's address, as the setting has it."""
    settings.SITE_URL = live_server.url
    return live_server.url


def test_demo_twice_is_the_same_as_once(site: str, sandbox: Sandbox) -> None:
    said = run_demo()
    first = picture()
    run_demo()

    assert picture() == first
    assert first["phones"] == {"Clínicas Aurora": 40, "Talleres Norte": 5}
    assert Membership.objects.count() == len(Role) * 2
    assert Phone.objects.count() == 45
    assert site in said
    for role in Role:
        assert f"{role.value.lower():10}  {PASSWORD}" in said


def test_first_project_has_three_weeks_of_history_that_verifies(site: str, sandbox: Sandbox) -> None:
    run_demo()

    project = Project.objects.get(name="Clínicas Aurora")
    changes = Change.objects.filter(project=project)
    assert set(changes.values_list("source", flat=True)) == {Source.FORM, Source.OUTSIDE, Source.PLAN, Source.REVERT}
    assert set(changes.exclude(source=Source.OUTSIDE).values_list("outcome", flat=True)) == {Outcome.CONFIRMED}
    days = [timezone.localdate(at) for at in changes.order_by("pk").values_list("created_at", flat=True)]
    today = timezone.localdate()
    assert days == sorted(days)
    assert timezone.localdate(project.token_at) == today - WEEKS
    assert today - WEEKS < days[0] < days[-1] == today - timedelta(days=1)
    assert Plan.objects.get(project=project).state == PlanState.FINISHED
    assert Phone.objects.exclude(note="").exists()
    assert project.tags == ["campaña otoño"]
    for chain in (*Project.objects.all(), None):
        assert verify_log(project=chain).faults == []


def test_demo_people_can_sign_in(site: str, sandbox: Sandbox, client: Client) -> None:
    run_demo()

    answer = client.post("/account/login/", {"login": "router", "password": PASSWORD})

    assert answer.status_code == 302
    assert answer["Location"] == "/"


@pytest.mark.parametrize("url", ["https://api.diga.io", "http://localhost:1"])
def test_demo_is_refused_in_front_of_another_diga(db: None, settings: Settings, url: str) -> None:
    settings.DIGA_API_URL = url

    with pytest.raises(CommandError, match="make demo"):
        run_demo()

    assert User.objects.count() == 0
