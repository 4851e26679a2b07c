"""The workers' heartbeat: a worker is there as long as it was seen within two minutes."""

from datetime import UTC, datetime, timedelta

import pytest

from phones.services.heartbeat import Silence, beat, silence_of_workers

pytestmark = pytest.mark.django_db
SEEN_AT = datetime(2026, 10, 9, 8, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _one_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the database's clock be the one that is handed in."""
    monkeypatch.setattr("phones.services.heartbeat.database_now", lambda clock: clock())


def test_no_worker_was_ever_seen() -> None:
    assert silence_of_workers(lambda: SEEN_AT) == Silence(None)


@pytest.mark.parametrize(("seconds", "silence"), [(0, None), (119, None), (120, Silence(SEEN_AT))])
def test_silence_begins_two_minutes_after_a_worker_was_seen(seconds: int, silence: Silence | None) -> None:
    beat(lambda: SEEN_AT - timedelta(hours=1))
    beat(lambda: SEEN_AT)

    assert silence_of_workers(lambda: SEEN_AT + timedelta(seconds=seconds)) == silence
