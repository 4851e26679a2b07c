"""What is agreed to is compared under the lock that starts the plan: whoever is quicker by a moment is seen."""

import threading
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bench.rig.plans import make_plan, phones_of, states
from phones.models import Foreseen, ItemState, Phone, Plan, PlanItem, PlanState, Project
from phones.services.plans import lifecycle
from phones.services.plans.forecasts import preview
from phones.services.plans.forecasts.fingerprint import fingerprint_of
from phones.services.plans.lock import PlanHasMoved
from tests.support.desk.planned import renames

in_real_transactions = pytest.mark.django_db(transaction=True)


@pytest.fixture
def plan(aurora: Project, lead: User) -> Plan:
    """Three rows that will change, of which the last one needed a look and is ticked."""
    plan = make_plan(lead, phones_of(aurora, 3), renames("Line"))
    plan.items.filter(number=3).update(foreseen=Foreseen.NEEDS_LOOK, why="moved_since")
    return plan


def fresh(plan: Plan) -> Plan:
    return Plan.objects.select_related("project").get(pk=plan.pk)


class Aside:
    """Something done in a thread, on a database connection of its own; `raised` is what it came to."""

    def __init__(self, act: Callable[[], object]) -> None:
        self.raised: type[BaseException] | None = None
        self._act = act
        self._thread = threading.Thread(target=self._do)
        self._thread.start()

    def _do(self) -> None:
        try:
            self._act()
        except (PlanHasMoved, lifecycle.PreviewHasMoved) as error:
            self.raised = type(error)
        finally:
            connections.close_all()

    def wait(self, seconds: float = 30) -> bool:
        """Wait for its end, and say whether it has come."""
        self._thread.join(seconds)
        return not self._thread.is_alive()


def apply(plan: Plan, by: User, reviewed: str) -> None:
    lifecycle.apply_plan(plan=fresh(plan), by=by, reviewed=reviewed, typed="", clock=timezone.now)


@in_real_transactions
def test_row_taken_out_in_the_moment_before_the_start_starts_nothing(plan: Plan, lead: User) -> None:
    reviewed = fingerprint_of(plan)
    with transaction.atomic():
        lifecycle.tick_rows(plan=fresh(plan), by=lead, numbers=[3], is_ticked=False)
        applying = Aside(lambda: apply(plan, lead, reviewed))
        assert not applying.wait(0.3)
    assert applying.wait()

    plan.refresh_from_db()
    assert (applying.raised, plan.state, states(plan)) == (
        lifecycle.PreviewHasMoved,
        PlanState.PREVIEW,
        {"WAITING": 2, "LEFT_OUT": 1},
    )


@in_real_transactions
def test_tick_in_the_moment_after_the_start_changes_nothing(plan: Plan, lead: User) -> None:
    with transaction.atomic():
        apply(plan, lead, fingerprint_of(plan))
        ticking = Aside(lambda: lifecycle.tick_rows(plan=fresh(plan), by=lead, numbers=[3], is_ticked=False))
        assert not ticking.wait(0.3)
    assert ticking.wait()

    assert (ticking.raised, states(plan)) == (PlanHasMoved, {"WAITING": 3})


@in_real_transactions
def test_preview_computed_anew_in_the_moment_of_the_start_moves_no_row_that_runs(plan: Plan, lead: User) -> None:
    Phone.objects.filter(pk=plan.items.get(number=1).phone_id).update(nickname="Another before")
    before = plan.items.get(number=1).before
    with transaction.atomic():
        apply(plan, lead, fingerprint_of(plan))
        renewing = Aside(lambda: preview.renew_preview(fresh(plan), clock=timezone.now))
        assert not renewing.wait(0.3)
        plan.items.filter(number=1).update(state=ItemState.DONE)
    assert renewing.wait()

    row = plan.items.get(number=1)
    assert (renewing.raised, row.state, row.before) == (PlanHasMoved, ItemState.DONE, before)


@in_real_transactions
def test_tick_made_while_the_preview_is_computed_anew_is_kept(plan: Plan, lead: User) -> None:
    Phone.objects.filter(pk=plan.items.get(number=3).phone_id).update(nickname="Another before")
    with transaction.atomic():
        lifecycle.tick_rows(plan=fresh(plan), by=lead, numbers=[3], is_ticked=False)
        renewing = Aside(lambda: preview.renew_preview(fresh(plan), clock=timezone.now))
        assert not renewing.wait(0.3)
    assert renewing.wait()

    row = plan.items.get(number=3)
    assert (row.state, row.before) == (ItemState.LEFT_OUT, {"nickname": "Another before"})


OTHERS = [
    {"before": {"nickname": "Other"}},
    {"after": {"nickname": "Other"}},
    {"after": {"inbound": None}},
    {"state": ItemState.LEFT_OUT},
    {"number": 9},
]


@pytest.mark.parametrize("values", OTHERS)
def test_fingerprint_tells_whatever_is_other_in_a_row(plan: Plan, values: dict[str, object]) -> None:
    reviewed = fingerprint_of(plan)
    assert fingerprint_of(fresh(plan)) == reviewed

    plan.items.filter(number=2).update(**values)

    assert fingerprint_of(plan) != reviewed


@pytest.mark.parametrize("values", OTHERS[:3])
def test_fingerprint_is_of_what_will_be_sent_alone(plan: Plan, values: dict[str, object]) -> None:
    plan.items.filter(number=2).update(state=ItemState.LEFT_OUT)
    reviewed = fingerprint_of(plan)

    plan.items.filter(number=2).update(**values)

    assert fingerprint_of(plan) == reviewed


def test_plans_of_the_same_rows_are_told_apart(plan: Plan, lead: User) -> None:
    twin = make_plan(lead, [item.phone for item in plan.items.order_by("number")], renames("Line"))

    assert fingerprint_of(twin) != fingerprint_of(plan)


def test_fingerprint_of_ten_thousand_rows_takes_no_query_more(plan: Plan, aurora: Project) -> None:
    row, now = plan.items.get(number=1), timezone.now()
    phones = Phone.objects.bulk_create(
        Phone(project=aurora, number=f"+3495{n:07d}", shown=f"+34 95{n:07d}", status="assigned", fetched_at=now)
        for n in range(10_000)
    )
    common = {"before": row.before, "after": row.after, "foreseen": row.foreseen, "state": row.state}
    PlanItem.objects.bulk_create(
        PlanItem(plan=plan, number=n, phone=phone, **common) for n, phone in enumerate(phones, 4)
    )

    with CaptureQueriesContext(connection) as queries:
        fingerprint_of(plan)

    assert len(queries) == 2
