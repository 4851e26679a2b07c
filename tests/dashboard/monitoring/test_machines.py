"""Two machines that differ in a setting that has to be the same are told of it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.test import RequestFactory
from pytest_django import Settings

from dashboard.monitoring import machines
from dashboard.monitoring.health import Probes, Readiness
from dashboard.monitoring.machines import SHARED, Difference, compare
from dashboard.sign_in.sso.config import SingleSignOn

# Far ahead, so that what the look of another test notes late, in a thread of its own, is of a machine long gone.
NOON = datetime(2100, 11, 30, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _nobody_noted() -> None:
    cache.clear()
    machines._told.clear()


def _compare(host: str, minutes: int = 0, role: str = "web") -> list[Difference]:
    return compare(role, now=NOON + timedelta(minutes=minutes), host=host)


def test_machines_of_the_same_settings_differ_in_nothing() -> None:
    assert [_compare("web-1"), _compare("web-2"), _compare("web-2", role="worker"), _compare("web-1")] == [[]] * 4


def test_each_of_two_that_differ_is_told_in_what(settings: Settings) -> None:
    settings.REDIS_URL = None
    _compare("web-1")
    settings.SECRET_KEY, settings.REDIS_URL = "another secret of the tests, as long as needed", "redis://127.0.0.1"

    assert _compare("web-2") == [Difference("REDIS_URL", "web-1"), Difference("SECRET_KEY", "web-1")]


def test_web_and_worker_of_one_machine_are_compared(settings: Settings) -> None:
    _compare("desk", role="web")
    settings.SITE_URL = "https://desk.example.com"

    assert _compare("desk", role="worker") == [Difference("SITE_URL", "desk")]


@pytest.mark.parametrize("name", SHARED)
def test_every_shared_setting_counts(settings: Settings, name: str) -> None:
    _compare("web-1")
    sso = SingleSignOn("https://id.example.com", "desk", "secret", "SSO", "groups", {}, creates_accounts=False)
    other = {"SSO": sso, "DIGA_REQUESTS_PER_SECOND": 1.0, "SESSION_IDLE_MINUTES": 7, "REQUIRE_2FA_ROLES": ["LEAD"]}
    setattr(settings, name, other.get(name, "another"))

    assert _compare("web-2") == [Difference(name, "web-1")]


def test_changed_setting_of_a_machine_is_noted_at_once_and_an_old_machine_forgotten(settings: Settings) -> None:
    kept = settings.SITE_URL
    _compare("web-1")
    settings.SITE_URL = "https://desk.example.com"
    assert _compare("web-2", 1) == [Difference("SITE_URL", "web-1")]

    settings.SITE_URL = kept
    assert _compare("web-2", 2) == []
    settings.SITE_URL = "https://desk.example.com"
    assert _compare("web-3", 9) == [Difference("SITE_URL", "web-1"), Difference("SITE_URL", "web-2")]
    assert _compare("web-3", 30) == []


def test_what_is_noted_tells_no_value(settings: Settings) -> None:
    _compare("web-1")

    noted = str(cache.get(machines.KEY))
    assert [value for value in (settings.SECRET_KEY, settings.SITE_URL, settings.DIARY_KEY) if value in noted] == []


def test_difference_is_a_line_of_the_log_once_and_ready_tells_it(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    compare("web", host="web-1")
    settings.TIME_ZONE = "Atlantic/Canary"
    for _time in range(3):
        machines.warn("worker")

    assert [record.message.count("settings differ") for record in caplog.records] == [1]
    probes = Probes(lambda _request: pytest.fail("It is answered before."))
    probes.readiness = Readiness(list)
    answer = probes(RequestFactory().get("/health/ready"))
    assert answer.status_code == 200
    assert b'"settings": "differ between machines"' in answer.content  # type: ignore[attr-defined]
