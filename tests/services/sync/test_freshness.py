"""How old a copy may be, and what silence of Diga does to a project."""

from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings

from phones import diga
from phones.diga.sandbox import Fault, Sandbox
from phones.models import Phone, Project
from phones.services.sync import refresh
from phones.services.sync.freshness import Freshness, freshness_of, is_stale

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (timedelta(0), Freshness.FRESH),
        (timedelta(minutes=5), Freshness.FRESH),
        (timedelta(minutes=5, seconds=1), Freshness.AGEING),
        (timedelta(minutes=60), Freshness.AGEING),
        (timedelta(minutes=61), Freshness.STALE),
        (timedelta(hours=25), Freshness.STALE),
        (timedelta(seconds=-60), Freshness.FRESH),
        # Of a clock that was set back: nobody can tell how old it is.
        (timedelta(seconds=-61), Freshness.STALE),
    ],
)
def test_a_copy_ages_in_steps(age: timedelta, expected: Freshness) -> None:
    assert freshness_of(NOW - age, NOW) == expected
    assert is_stale(NOW - age, NOW) == (expected is Freshness.STALE)


def test_what_was_never_read_is_not_fresh() -> None:
    assert freshness_of(None, NOW) is Freshness.NEVER
    assert is_stale(None, NOW)


def test_the_threshold_is_a_setting(settings: Settings) -> None:
    settings.STALE_AFTER_MINUTES = 5

    assert is_stale(NOW - timedelta(minutes=6), NOW)


def read_at(project: Project, phone: Phone, now: datetime) -> None:
    refresh.refresh_phone(project=project, phone=phone, clock=lambda: now)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (Fault("status", status=503, times=None), "server_error"),
        (Fault("html", status=200, times=None), "not_json"),
    ],
)
def test_silence_is_noted_once_and_ends_with_an_answer(
    aurora: Project, sales_phone: Phone, sandbox: Sandbox, fault: Fault, cause: str
) -> None:
    sandbox.faults.add(fault)
    for minutes in (0, 1):
        with pytest.raises(diga.DigaError):
            read_at(aurora, sales_phone, NOW + timedelta(minutes=minutes))

    aurora.refresh_from_db()
    assert (aurora.unreachable_since, aurora.unreachable_cause, aurora.is_open) == (NOW, cause, False)

    sandbox.faults.clear()
    read_at(aurora, sales_phone, NOW + timedelta(minutes=2))

    aurora.refresh_from_db()
    assert (aurora.unreachable_since, aurora.unreachable_cause, aurora.is_open) == (None, "", True)


@pytest.mark.django_db
@pytest.mark.parametrize("status", [400, 403, 404, 422])
def test_a_refusal_is_an_answer(aurora: Project, sales_phone: Phone, sandbox: Sandbox, status: int) -> None:
    Project.objects.filter(pk=aurora.pk).update(unreachable_since=NOW, unreachable_cause="timeout")
    aurora.refresh_from_db()
    sandbox.faults.add(Fault("status", status=status))

    with pytest.raises(diga.DigaError):
        read_at(aurora, sales_phone, NOW)

    aurora.refresh_from_db()
    assert aurora.is_reachable


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["wrong_types", "missing_field"])
def test_one_odd_answer_does_not_close_the_project(
    aurora: Project, sales_phone: Phone, sandbox: Sandbox, kind: str
) -> None:
    sandbox.faults.add(Fault(kind))  # type: ignore[arg-type]

    with pytest.raises(diga.DigaError):
        read_at(aurora, sales_phone, NOW)

    aurora.refresh_from_db()
    assert aurora.is_reachable
