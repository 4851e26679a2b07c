"""The cache: JSON in a table, never code; an entry is there until its second is over, and one of two adds wins."""

import base64
import pickle
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection

from dashboard.cache import JsonCache
from tests.support.machine.pickled import TRACES, Pickled, runs_when_read

NOW = datetime(2026, 10, 9, 10, 40, tzinfo=UTC)


@pytest.fixture
def cache(db: None) -> JsonCache:
    """The cache of a real installation, in this test's database."""
    made = JsonCache("cache", {})
    # Workers that other tests started may have left a word there.
    made.clear()
    return made


@pytest.mark.parametrize("value", [None, True, 0, 1.5, "ñ", [1, [2.5, "x"]], {"a": [1, None]}])
def test_value_comes_back_as_it_was(cache: JsonCache, value: object) -> None:
    cache.set("one", value)

    assert cache.get("one", "nothing") == value


def test_pickle_in_the_table_is_never_run(cache: JsonCache) -> None:
    cache.set("one", 1)
    TRACES.clear()
    evil = pickle.dumps(Pickled())
    with connection.cursor() as cursor:
        cursor.execute('UPDATE "cache" SET value = %s', [base64.b64encode(evil).decode()])

    with pytest.raises(ValueError, match="Expecting value"):
        cache.get("one")

    assert TRACES == []
    assert runs_when_read(evil)


@pytest.mark.parametrize("value", [{1, 2}, NOW, Pickled()])
def test_what_json_cannot_hold_is_refused(cache: JsonCache, value: Any) -> None:
    with pytest.raises(TypeError):
        cache.set("one", value)


def test_entry_is_there_for_its_whole_time_and_no_longer(cache: JsonCache) -> None:
    with time_machine.travel(NOW + timedelta(seconds=0.9), tick=False):
        cache.set("one", 1, timeout=30)
    with time_machine.travel(NOW + timedelta(seconds=30.8), tick=False):
        assert cache.get("one") == 1
        assert not cache.add("one", 2, timeout=30)
    with time_machine.travel(NOW + timedelta(seconds=31), tick=False):
        assert cache.get("one") is None
        assert cache.add("one", 3, timeout=30)
        assert cache.get("one") == 3


def test_touch_prolongs_what_is_there_only(cache: JsonCache) -> None:
    with time_machine.travel(NOW, tick=False):
        cache.set("one", 1, timeout=30)
        assert cache.touch("one", 60)
        assert not cache.touch("two", 60)
    with time_machine.travel(NOW + timedelta(seconds=45), tick=False):
        assert cache.get_many(["one", "two"]) == {"one": 1}
    with time_machine.travel(NOW + timedelta(seconds=61), tick=False):
        assert not cache.touch("one", 60)


def test_entry_without_an_end_stays(cache: JsonCache) -> None:
    cache.set("one", 1, timeout=None)

    with time_machine.travel(NOW + timedelta(days=9_999)):
        assert cache.get("one") == 1


def test_full_cache_drops_what_has_expired_then_what_would_first(cache: JsonCache) -> None:
    small = JsonCache("cache", {"OPTIONS": {"MAX_ENTRIES": 2}})
    with time_machine.travel(NOW, tick=False):
        for name, seconds in {"old": 10, "later": 300, "next": 200, "last": 400}.items():
            cache.set(name, 1, timeout=seconds)
    with time_machine.travel(NOW + timedelta(seconds=60), tick=False):
        small.set("new", 1, timeout=60)

        assert small.get_many(["old", "next", "later", "last", "new"]) == {"later": 1, "last": 1, "new": 1}
        assert rows() == 3


def rows() -> int:
    """Count the entries in the table, expired or not."""
    with connection.cursor() as cursor:
        cursor.execute('SELECT count(*) FROM "cache"')
        count: int = cursor.fetchone()[0]
    return count
