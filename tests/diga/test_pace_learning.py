"""Goal P6, in virtual time: an unknown limit is used, and seldom overstepped. And people come before bulk."""

import pytest

from phones.diga.rate import RateState
from tests.support.diga.upstream import Advice, Bucket, Caller, Run

ADVICE: list[Advice] = ["none", "second", "exact"]
SLOTS = [("none", 1.3), ("second", 2), ("exact", 25)]


@pytest.mark.parametrize(
    ("limit", "configured", "burst"),
    [(20, 1.05, 0.25), (20, 25.0, 0.25), (20, 25.0, 1), (50, 1.05, 1), (50, 2, 0.25), (50, 25.0, 1), (100, 2, 1)],
)
@pytest.mark.parametrize("advice", ADVICE)
@pytest.mark.parametrize("seed", [1])
def test_unknown_limit_is_used_and_seldom_overstepped(
    limit: int, configured: float, burst: float, advice: Advice, seed: int
) -> None:
    bucket = Bucket(limit, max(1, burst * limit), advice)
    callers = [Caller()] * (8 if limit == 20 else 16)

    run = Run(bucket, configured * limit, callers, seed, jitter=0.02).until(60)

    assert run.use(10, 60) >= 0.90
    assert run.refused(10, 60) <= 0.02
    assert run.use(10, 25) >= 0.85
    assert run.refused(10, 25) <= 0.02


@pytest.mark.parametrize("limit", [20, 50])
@pytest.mark.parametrize(("advice", "configured"), SLOTS)
def test_limit_without_any_burst_is_used_too(limit: int, advice: Advice, configured: float) -> None:
    callers = [Caller()] * (8 if limit == 20 else 16)

    run = Run(Bucket(limit, 1, advice), configured * limit, callers, 2).until(60)

    assert run.use(10, 60) >= 0.88
    assert run.refused(10, 60) <= 0.02


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_plan_leaves_turns_to_people(seed: int) -> None:
    plan = [Caller(reserve=3)] * 16
    person = Caller(pause=1.0)

    run = Run(Bucket(20, 20), 500, [*plan, person], seed, jitter=0.02).until(60)

    waits = run.waits(16)
    assert len(waits) > 30
    assert waits[len(waits) // 2] <= 0.001
    assert waits[int(len(waits) * 0.9)] <= 0.06
    assert run.use(10, 60) >= 0.90


def test_rows_that_need_two_turns_use_the_limit_as_well() -> None:
    run = Run(Bucket(50, 50), 500, [Caller(turns=2, reserve=2)] * 16, 1, jitter=0.02).until(60)

    assert run.use(10, 60) >= 0.90
    assert run.refused(10, 60) <= 0.02


def test_late_refusals_of_one_overshoot_count_once() -> None:
    known = RateState().refused(1000.0, None, per_second=100)

    late = known.refused(1003.0, None, per_second=100, sent_ago=3.1)
    later = known.refused(1003.0, None, per_second=100, sent_ago=0.1)

    assert late == known
    assert later != known


@pytest.mark.parametrize("per_second", [1, 10, 500])
def test_rate_is_back_within_minutes_however_far_it_fell(per_second: float) -> None:
    now, known = 1000.0, RateState()
    for _ in range(40):
        known = known.refused(now, None, per_second=per_second)
        now = known.hold_until + 0.01

    assert known.rate_at(now) <= per_second / 20
    assert known.rate_at(now + 200) >= per_second


def test_rate_refused_only_after_long_falls_only_a_little() -> None:
    known = RateState().refused(1000.0, 1.0, per_second=100)
    now = known.hold_until + 40
    known = known._replace(turn_count=int(40 * known.rate_at(now)))

    again = known.refused(now, 1.0, per_second=200)

    assert 0.95 * known.rate_at(now) <= again.rate_at(again.hold_until) < known.rate_at(now)
