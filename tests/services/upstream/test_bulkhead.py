"""So many threads wait for Diga and no more; while it is silent, one call of all processes."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime

import pytest

from phones.models import Project
from phones.services.upstream import bulkhead
from phones.services.upstream.bulkhead import ACTS_AT_ONCE, READS_AT_ONCE, NotAsked, place_to_act, place_to_read

Place = Callable[[Project], AbstractContextManager[None]]
PLACES = [(place_to_read, READS_AT_ONCE), (place_to_act, ACTS_AT_ONCE)]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulkhead, "ACT_PATIENCE_SECONDS", 0.01)


@pytest.mark.parametrize(("place", "count"), PLACES)
def test_one_more_than_fit_is_told_at_once_and_a_place_is_given_back(place: Place, count: int) -> None:
    project = Project()
    with ExitStack() as taken:
        for _number in range(count):
            taken.enter_context(place(project))
        with pytest.raises(NotAsked), place(project):
            pass

    with pytest.raises(ZeroDivisionError), place(project):
        raise ZeroDivisionError
    with place(project):
        pass


def test_reads_leave_places_to_those_who_act() -> None:
    with ExitStack() as taken:
        for _number in range(READS_AT_ONCE):
            taken.enter_context(place_to_read(Project()))
        with place_to_act(Project()), place_to_act(None):
            pass


@pytest.mark.django_db
@pytest.mark.parametrize("place", [place_to_read, place_to_act])
def test_one_call_at_a_time_finds_out_whether_a_silent_diga_answers_again(place: Place) -> None:
    silent = Project(unreachable_since=datetime(2026, 11, 25, tzinfo=UTC))
    other = Project(unreachable_since=datetime(2026, 11, 25, tzinfo=UTC))

    with place_to_act(silent):
        with pytest.raises(NotAsked), place(silent):
            pass
        with place(other):
            pass

    # Whoever was refused has taken no place with them.
    for _again in range(10):
        with place(silent):
            pass
