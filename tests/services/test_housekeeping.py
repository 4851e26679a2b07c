"""What is deleted once a day, and what stays."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from dashboard.cache import JsonCache
from phones.models import Invitation, Project, SyncRun
from phones.services.housekeeping import delete_old
from tests.support.database.dumping import dump

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def project() -> Project:
    """A project that was never synced."""
    return Project.objects.create(name="North", slug="north")


def days_ago(count: float) -> Any:
    return NOW - timedelta(days=count)


def run(project: Project, state: str, age: float) -> SyncRun:
    at = days_ago(age)
    return SyncRun.objects.create(project=project, state=state, started_at=at, heartbeat_at=at, finished_at=at)


def invitation(project: Project, name: str, **ends: Any) -> Invitation:
    values = {"username": name, "username_key": name, "code_hash": name, "role": "VIEWER"}
    times = {"created_at": days_ago(200), "expires_at": days_ago(1)} | ends
    return Invitation.objects.create(project=project, **values, **times)


def test_old_syncs_go_but_not_those_that_pages_rest_on(project: Project) -> None:
    first = run(project, "COMPLETE", 300)
    for age in (250, 200):
        run(project, "COMPLETE", age)
    last_complete = run(project, "COMPLETE", 150)
    run(project, "FAILED", 120)
    young, latest = run(project, "FAILED", 89), run(project, "FAILED", 95)

    assert delete_old(NOW)["sync_runs"] == 3

    assert list(SyncRun.objects.order_by("pk")) == [first, last_complete, young, latest]


def test_invitations_go_once_they_have_been_over_for_long(project: Project, settings: Any) -> None:
    settings.INVITATIONS_DAYS = 30
    for name in ("expires_at", "accepted_at", "revoked_at", "withdrawn_at"):
        invitation(project, f"old {name}", **{name: days_ago(31)})
        invitation(project, f"young {name}", **{name: days_ago(29)})

    assert delete_old(NOW)["invitations"] == 4

    assert all(each.username.startswith("young") for each in Invitation.objects.all())


def test_expired_entries_of_the_cache_go() -> None:
    stored = JsonCache("cache", {"VERSION": 2})
    stored.set("throttle", 1, timeout=1)
    stored.set("presence", 1, timeout=3600)
    stored.set("worker-seen", 1, timeout=None)

    assert delete_old(timezone.now() + timedelta(minutes=1))["cache"] == 1

    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key FROM cache ORDER BY 1")
        assert [key.rpartition(":")[2] for (key,) in cursor.fetchall()] == ["presence", "worker-seen"]


def test_nothing_else_is_touched(project: Project) -> None:
    before = dump()

    assert set(delete_old(NOW + timedelta(days=3650)).values()) == {0}

    assert dump() == before
