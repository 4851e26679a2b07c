"""Rows of a plan are taken once, however many workers reach for them at the same moment."""

import threading
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connections, transaction
from django.utils import timezone

from bench.rig.plans import make_plan, phones_of, start, states
from phones.models import ItemState, Plan, Project
from phones.services.plan_items import claiming
from phones.services.plan_items.following import MAX_TRIES
from phones.services.plans import lifecycle
from tests.support.desk.planned import renames

pytestmark = pytest.mark.django_db(transaction=True)
WORKERS = 4
ROUNDS = 100


def at_barrier(act: Callable[[int], None], rounds: int, between: Callable[[], None]) -> None:
    """Let four threads, each on a database connection of its own, do something at the same moment, again and again."""
    barrier = threading.Barrier(WORKERS, timeout=60)
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for _round in range(rounds):
                barrier.wait()
                act(number)
                if barrier.wait() == 0:
                    between()
        except BaseException as error:
            errors.append(error)
            barrier.abort()
            raise
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


@pytest.fixture
def plan(aurora: Project, lead: User) -> Plan:
    """A running plan of eight rows."""
    return start(make_plan(lead, phones_of(aurora, 8), renames("Line")), lead)


def free_all(plan: Plan) -> None:
    """Let all rows wait again."""
    plan.items.update(state=ItemState.WAITING, owner=None, leased_until=None, try_count=0)


def test_workers_at_a_barrier_never_take_one_row_twice(plan: Plan) -> None:
    owners = [uuid.uuid4() for _ in range(WORKERS)]
    taken: Counter[int] = Counter()
    rounds: list[Counter[int]] = []

    def take_all(number: int) -> None:
        while rows := claiming.claim(plan, owner=owners[number], limit=3, now=timezone.now()):
            taken.update(row.pk for row in rows)
            assert {row.owner for row in rows} == {owners[number]}

    def note_and_free() -> None:
        rounds.append(taken.copy())
        taken.clear()
        free_all(plan)

    at_barrier(take_all, ROUNDS, note_and_free)

    everything = Counter(plan.items.values_list("pk", flat=True))
    assert len(rounds) == ROUNDS
    assert all(round_ == everything for round_ in rounds)


def test_rows_that_publish_are_taken_one_at_a_time(plan: Plan) -> None:
    plan.items.filter(number__in=[3, 5, 6]).update(goes_first=True)
    taken: list[int] = []
    rounds: list[list[int]] = []

    def take(number: int) -> None:
        taken.extend(row.number for row in claiming.claim(plan, owner=uuid.uuid4(), limit=8, now=timezone.now()))

    def note_and_free() -> None:
        rounds.append(taken.copy())
        taken.clear()
        free_all(plan)

    at_barrier(take, ROUNDS, note_and_free)

    assert rounds == [[3]] * ROUNDS


def test_others_are_taken_when_all_that_publish_have_ended(plan: Plan) -> None:
    plan.items.filter(number__in=[3, 5]).update(goes_first=True)
    owner, now = uuid.uuid4(), timezone.now()

    def take() -> list[int]:
        return [row.number for row in claiming.claim(plan, owner=owner, limit=8, now=now)]

    assert take() == [3]
    assert take() == []
    plan.items.filter(number=3).update(state=ItemState.SENDING)
    assert take() == []
    plan.items.filter(number=3).update(state=ItemState.DONE)
    assert take() == [5]
    plan.items.filter(number=5).update(state=ItemState.REFUSED)
    assert take() == [1, 2, 4, 6, 7, 8]


def test_row_of_a_dead_worker_is_taken_over_when_its_lease_is_over(plan: Plan) -> None:
    dead, heir, now = uuid.uuid4(), uuid.uuid4(), timezone.now()
    claiming.claim(plan, owner=dead, limit=3, now=now)

    early = claiming.claim(plan, owner=heir, limit=8, now=now + claiming.LEASE)
    late = claiming.claim(plan, owner=heir, limit=8, now=now + claiming.LEASE + timedelta(seconds=1))

    assert [row.number for row in early] == [4, 5, 6, 7, 8]
    assert [(row.number, row.try_count) for row in late] == [(1, 2), (2, 2), (3, 2)]


def test_worker_that_was_taken_for_dead_can_do_nothing_to_its_rows(plan: Plan) -> None:
    slow, heir, now = uuid.uuid4(), uuid.uuid4(), timezone.now()
    rows = claiming.claim(plan, owner=slow, limit=2, now=now)
    claiming.claim(plan, owner=heir, limit=2, now=now + 2 * claiming.LEASE)

    claiming.end(rows[0], ItemState.CHANGED, owner=slow, now=now)
    claiming.give_back(rows, owner=slow, now=now, counts=True)

    with transaction.atomic():
        assert claiming.still_held(rows, slow) == set()
        assert claiming.still_held(rows, heir) == {row.pk for row in rows}
    assert set(plan.items.filter(number__lte=2).values_list("state", "owner", "try_count")) == {
        (ItemState.CLAIMED, heir, 2)
    }


def test_lease_of_a_clock_that_was_set_back_is_over(plan: Plan) -> None:
    now = timezone.now()
    claiming.claim(plan, owner=uuid.uuid4(), limit=8, now=now + timedelta(hours=1))

    assert len(claiming.claim(plan, owner=uuid.uuid4(), limit=8, now=now)) == 8


@pytest.mark.parametrize("act", [lifecycle.pause_plan, lifecycle.stop_plan])
def test_nothing_is_held_of_a_plan_that_is_held(plan: Plan, act: Callable[..., None]) -> None:
    """Rows may be taken until their worker looks, but none of them can be begun."""
    owner, now = uuid.uuid4(), timezone.now()
    rows = claiming.claim(plan, owner=owner, limit=2, now=now)

    act(plan=plan, clock=timezone.now)

    rows += claiming.claim(plan, owner=owner, limit=8, now=now)
    with transaction.atomic():
        assert claiming.still_held(rows, owner) == set()
    assert set(states(plan)) == ({"CLAIMED"} if plan.is_paused else {"NOT_TRIED"})


def test_row_that_nobody_could_read_ends_after_its_tries(plan: Plan) -> None:
    owner, now = uuid.uuid4(), timezone.now()
    for _try in range(MAX_TRIES):
        claiming.give_back(claiming.claim(plan, owner=owner, limit=1, now=now), owner=owner, now=now, counts=True)

    assert states(plan) == {"FAILED": 1, "WAITING": 7}
    assert plan.items.get(number=1).cause == "unreadable"


def test_row_given_back_for_our_own_reasons_keeps_its_tries(plan: Plan) -> None:
    owner, now = uuid.uuid4(), timezone.now()
    for _try in range(2 * MAX_TRIES):
        claiming.give_back(claiming.claim(plan, owner=owner, limit=1, now=now), owner=owner, now=now, counts=False)

    assert (states(plan), plan.items.get(number=1).try_count) == ({"WAITING": 8}, 0)
